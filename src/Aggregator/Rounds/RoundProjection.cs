using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>A round as it is shown: everything in it comes from the round's entries, and it can hold no single party's values.</summary>
internal sealed class RoundProjection(Roster roster, Func<AggregatorRound, IReadOnlyList<StatisticView>> statistics, long firstEntry)
{
    private readonly long _firstEntry = firstEntry;
    private IReadOnlyList<StatisticView>? _statistics;
    private string _failure = "";

    /// <summary>The last entry of the round in the log.</summary>
    public long LastEntry { get; private set; } = firstEntry;

    public void Extend(long lastEntry) => LastEntry = lastEntry;

    /// <summary>Shows a running round as aborted: its end cannot be logged yet.</summary>
    public void Fail(string reason) => _failure = reason;

    public RoundView Of(AggregatorRound round)
    {
        var query = round.Question.Query;
        var failed = round.State == RoundState.Running && _failure.Length > 0;
        var view = new RoundView
        {
            RoundId = ByteString.CopyFrom(round.RoundId),
            QueryId = query.QueryId,
            Title = query.Title,
            Dataset = query.Dataset,
            Study = query.Study,
            Coordinator = round.Question.Coordinator.Name,
            EpsilonMicro = query.EpsilonMicro,
            Noise = query.Noise,
            State = failed ? RoundState.Aborted : round.State,
            Phase = round.Phase,
            StartedMs = Milliseconds(round.Started),
            FinishedMs = Milliseconds(round.Ended),
            PhaseStartedMs = Milliseconds(round.PhaseStarted),
            PhaseDeadlineMs = failed ? 0 : Milliseconds(round.Deadline),
            Threshold = (uint)Rules(round).Threshold,
            MaxColluders = (uint)roster.MaxColluders,
            MinSurvivors = (uint)MinimumSurvivors(query),
            Failure = failed ? _failure : round.Abort is { } abort ? Sentence(round, abort.Reason) : "",
            FirstEntry = (ulong)_firstEntry,
            LastEntry = (ulong)LastEntry,
            Bits = (uint)round.Shape.Bits,
            Length = (uint)round.Shape.Length,
            Content = ByteString.CopyFrom(Question.ContentOf(query)),
        };
        view.Parties.Add(round.Progress.Select(Party));
        if (round.State != RoundState.Done) return view;
        view.TotalHash = ByteString.CopyFrom(SHA256.HashData(round.Total!.Packed.Span));
        _statistics ??= Read(round);
        view.Statistics.Add(_statistics);
        view.Failure = _failure;
        return view;
    }

    private IReadOnlyList<StatisticView> Read(AggregatorRound round)
    {
        _failure = "";
        try
        {
            return statistics(round);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The total is open, signed and in the log whatever comes of reading it.
            _failure = $"The total was opened, but cannot be read as statistics: {e.Message}";
            return [];
        }
    }

    private static RoundPartyView Party(PartyProgress progress)
    {
        var view = new RoundPartyView
        {
            Index = progress.Index, Name = progress.Name, State = progress.State, Reason = progress.Reason, EarlierRound = ByteString.CopyFrom(progress.EarlierRound),
            ChargedMicro = progress.ChargedMicro, Refusal = progress.Refusal,
        };
        view.Marks.Add(progress.Stamps.Select(s => new PhaseMark { Phase = s.Phase, AtMs = Milliseconds(s.At), Bytes = (ulong)s.Bytes }));
        return view;
    }

    /// <summary>Before U1 is fixed, what it would be if all that were invited came.</summary>
    private RoundRules Rules(AggregatorRound round)
    {
        if (round.Rules.Threshold != 0) return round.Rules;
        _ = RoundRules.TryFor(round.Invited.Count, roster.MaxColluders, MinimumSurvivors(round.Question.Query), roster.MinHonest, out var rules);
        return rules;
    }

    private int MinimumSurvivors(Query query) => Math.Max(roster.MinSurvivors, (int)query.MinSurvivors);

    private string Sentence(AggregatorRound round, AbortReason reason)
    {
        var needed = Rules(round).Threshold;
        return reason switch
        {
            AbortReason.TooFewJoined => $"{Count(round, RoundPhase.Propose)} of {round.Invited.Count} outposts joined; {needed} are needed.",
            AbortReason.TooFewKeys => $"{Count(round, RoundPhase.Advertise)} outposts sent a key; {needed} are needed.",
            AbortReason.TooFewShares => $"{Count(round, RoundPhase.Share)} outposts shared their seeds; {needed} are needed.",
            AbortReason.TooFewInputs => $"Too few masked vectors arrived whole and in time; {needed} are needed.",
            AbortReason.TooFewAgreements => $"{Count(round, RoundPhase.Agree)} outposts agreed on the survivors; {needed} are needed, so nothing was unmasked.",
            AbortReason.Unrecoverable => "Too few outposts helped to undo the masks of those that fell silent; nothing was opened.",
            AbortReason.Cancelled => "A coordinator stopped the round.",
            AbortReason.StationRestarted => "The roster changed while the station was down.",
            AbortReason.Storage => "The station could not use its storage.",
            AbortReason.GraphCut => "The outposts that vanished left holes in the graph that joins the others; every outpost would have refused the rest.",
            AbortReason.Internal => "The station had an internal error; see its log.",
            _ => $"The round was aborted ({reason}).",
        };
    }

    private static int Count(AggregatorRound round, RoundPhase phase) =>
        round.Progress.Count(p => p.State != PartyState.Declined && p.Stamps.Any(s => s.Phase == phase));

    private static ulong Milliseconds(DateTimeOffset? time) => time is { } t && t > DateTimeOffset.UnixEpoch ? (ulong)t.ToUnixTimeMilliseconds() : 0;
}
