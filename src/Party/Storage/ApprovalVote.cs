namespace SecureAggregation.Party.Storage;

/// <summary>What a person said.</summary>
internal sealed record ApprovalVote
{
    /// <summary>The name that the person gave. Two names count as two persons.</summary>
    public required string Approver { get; init; }

    /// <summary>The account of the machine under which the command ran.</summary>
    public required string Account { get; init; }

    public required bool Accepted { get; init; }

    public string Reason { get; init; } = "";

    public long AtMs { get; init; }
}
