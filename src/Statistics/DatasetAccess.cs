namespace SecureAggregation.Statistics;

/// <summary>Who may have queries on a dataset answered, as its owner tells everybody. The outpost's policy decides within it.</summary>
public enum DatasetAccess
{
    /// <summary>Any coordinator of the consortium, answered by rule; the description may be shown to anybody.</summary>
    Open = 1,

    /// <summary>The coordinators that the outpost's policy names, answered by rule.</summary>
    Members = 2,

    /// <summary>The coordinators that the outpost's policy names, and a person at the outpost approves each query.</summary>
    Approval = 3,
}
