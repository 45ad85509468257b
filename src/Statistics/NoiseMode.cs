namespace SecureAggregation.Statistics;

/// <summary>Who adds the noise.</summary>
public enum NoiseMode
{
    /// <summary>Each party adds all of it to its own vector: private against everybody, dropouts never matter.</summary>
    Local = 1,

    /// <summary>Each party adds a share, of which as many as there are honest parties in every total make the whole: less noise, private
    /// against all but that many parties. A total of fewer must not be opened.</summary>
    Distributed = 2,

    /// <summary>Nobody: sums and what follows from sums, ungrouped, where a party's own policy allows it by name. The transcript shows the
    /// total as it is.</summary>
    None = 3,
}
