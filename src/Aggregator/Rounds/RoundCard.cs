using Google.Protobuf;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>
/// What of a round that has ended stays in memory: enough to find it. Its view, which grows with the parties and the cells, is read from the store when it
/// is asked for.
/// </summary>
internal sealed record RoundCard
{
    public required ByteString RoundId { get; init; }

    public required ByteString QueryId { get; init; }

    public required ByteString Content { get; init; }

    public required string Title { get; init; }

    public required string Dataset { get; init; }

    public required string Study { get; init; }

    public required string Coordinator { get; init; }

    /// <summary>The names of all that were invited, a line each; one string for all rounds that invited the same.</summary>
    public required string Parties { get; init; }

    public required RoundState State { get; init; }

    public required ulong StartedMs { get; init; }

    public required ulong FinishedMs { get; init; }

    /// <summary>Whether an outpost declined because a person had to look at the query first.</summary>
    public required bool Waited { get; init; }

    /// <summary>SHA-256 of the view as it is stored, which was this station's when it was last looked at.</summary>
    public byte[] Stored { get; init; } = [];

    /// <summary>The view, where the store has none.</summary>
    public RoundView? Kept { get; init; }

    public static RoundCard Of(RoundView view) => new()
    {
        RoundId = view.RoundId,
        QueryId = view.QueryId,
        Content = view.Content,
        Title = view.Title,
        Dataset = string.Intern(view.Dataset),
        Study = string.Intern(view.Study),
        Coordinator = string.Intern(view.Coordinator),
        Parties = string.Intern(string.Join('\n', view.Parties.Select(p => p.Name))),
        State = view.State,
        StartedMs = view.StartedMs,
        FinishedMs = view.FinishedMs,
        Waited = view.Parties.Any(p => p.Reason == nameof(RefusalCode.PendingApproval)),
    };
}
