namespace SecureAggregation.Protocol;

/// <summary>What a verification is held against.</summary>
public sealed record VerifyOptions
{
    /// <summary>Hash of the roster that the verifier pinned; null to accept any roster that its founders signed, and only say which.</summary>
    public byte[]? RosterHash { get; init; }

    /// <summary>The round that the verifier asked for, 16 bytes; null to accept any.</summary>
    public byte[]? RoundId { get; init; }

    /// <summary>Hash of the question that the verifier asked (<see cref="Question.Hash"/>); null to accept any, and only say which.</summary>
    public byte[]? QuestionHash { get; init; }

    /// <summary>
    /// The head of the log that the verifier remembers; null if it remembers none. Its signatures were checked when it was stored, and are not again.
    /// </summary>
    public Checkpoint? Remembered { get; init; }

    /// <summary>Shape of the vectors from the question and the number of invited parties. Whatever it throws fails step "privacy".</summary>
    public required Func<Question, int, RoundShape> ShapeOf { get; init; }

    /// <summary>Told as the verification goes on, on its own thread; null for nobody.</summary>
    public Action<VerificationProgress>? Progress { get; init; }

    /// <summary>Threads to recompute with, 1 or more.</summary>
    public int Cores { get; init; } = 1;
}
