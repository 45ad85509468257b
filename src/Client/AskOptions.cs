using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Client;

/// <summary>How a question is asked.</summary>
public sealed record AskOptions
{
    /// <summary>Rounds that may be tried for it, 1 to 10; outposts count them. An attempt that failed after an outpost's masked vector had left is charged there again.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>How long it may be answered after it was signed.</summary>
    public TimeSpan Validity { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Time for each phase; null for the station's default.</summary>
    public TimeSpan? PhaseDeadline { get; init; }

    /// <summary>Told each round once it is asked; of a regression over several rounds one after the other. Null if nobody wants to know.</summary>
    public Action<RoundHandle>? Asked { get; init; }

    /// <summary>Told each view of a round that the station sends until it ends. Null if nobody wants to know.</summary>
    public Action<RoundView>? Progress { get; init; }

    /// <summary>How long a station that is away is dialled again, once the question is asked; the round may go on meanwhile.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(1);
}
