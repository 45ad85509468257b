namespace SecureAggregation.Party.Storage;

/// <summary>A question that persons look at.</summary>
internal sealed record Approval
{
    /// <summary>Hash of the signed query, 32 bytes: what is approved is this query and no other.</summary>
    public required byte[] QueryHash { get; init; }

    /// <summary>The query as it was signed.</summary>
    public required byte[] Body { get; init; }

    public required byte[] Signature { get; init; }

    /// <summary>Name in the roster of who asks.</summary>
    public required string Coordinator { get; init; }

    public required long CostMicro { get; init; }

    /// <summary>How many different persons must agree.</summary>
    public required int Needed { get; init; }

    /// <summary>Until when it may be answered.</summary>
    public required long NotAfterMs { get; init; }

    public long AtMs { get; init; }

    public int Accepted { get; init; }

    public int Rejected { get; init; }

    public ApprovalState StateAt(long nowMs) =>
        Rejected > 0 ? ApprovalState.Rejected
        : Accepted >= Needed ? ApprovalState.Accepted
        : nowMs > NotAfterMs ? ApprovalState.Expired
        : ApprovalState.Waiting;
}

/// <summary>How a question stands.</summary>
internal enum ApprovalState
{
    Waiting,
    Accepted,
    Rejected,
    Expired,
}
