namespace SecureAggregation.Statistics;

/// <summary>Who adds the noise.</summary>
public enum NoiseMode
{
    /// <summary>Each party adds all of it to its own vector: private against everybody, dropouts never matter.</summary>
    Local = 1,

    /// <summary>Each party adds a share. Not accepted by the layouts of this version.</summary>
    Distributed = 2,

    /// <summary>Nobody. Not accepted by the layouts of this version.</summary>
    None = 3,
}
