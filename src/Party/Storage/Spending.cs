namespace SecureAggregation.Party.Storage;

/// <summary>What one coordinator has spent for one study on a dataset.</summary>
internal sealed record Spending
{
    public string Dataset { get; init; } = "";

    /// <summary>Fingerprint of the asking key.</summary>
    public string Coordinator { get; init; } = "";

    public string Study { get; init; } = "";

    /// <summary>Millionths of ε.</summary>
    public long Micro { get; init; }
}
