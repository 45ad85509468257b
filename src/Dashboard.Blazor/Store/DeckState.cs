using System.Collections.Immutable;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Store;

public enum StationLink
{
    /// <summary>No answer yet since the dashboard started.</summary>
    Connecting,
    Live,
    Offline,
}

/// <summary>Where the dashboard's own check of a round stands.</summary>
public enum CheckState
{
    Waiting,
    Running,
    Verified,
    Failed,

    /// <summary>The evidence could not be fetched; says nothing about the round.</summary>
    Unavailable,
}

public sealed record RoundCheck(CheckState State, DateTimeOffset At, RoundReport? Report = null, string Problem = "")
{
    /// <summary>How many outposts had countersigned the round, as the station says, when the evidence was fetched.</summary>
    public uint Cosignatures { get; init; }
}

/// <summary>Which numbers of a round the pages show.</summary>
internal static class RoundChecks
{
    /// <summary>Those that this program computed from the evidence, once it has; the station's until then, and where its evidence failed.</summary>
    public static IReadOnlyList<ReleasedStatistic> StatisticsOf(this RoundCheck? check, RoundView round) =>
        check is { State: CheckState.Verified, Report: { } report } ? report.Statistics : round.Shown();
}

public sealed record LogEntry(ulong Sequence, DateTimeOffset At, LogLine Line);

/// <summary>
/// Everything that the pages show, at one moment. Immutable: a page that holds one can never see half an update. The messages inside are
/// the contract's own and are never changed after they arrived.
/// </summary>
public sealed record DeckState
{
    public const int MaxRounds = 500;
    public const int MaxAlerts = 100;
    public const int MaxLog = 400;

    /// <summary>Checks that are kept: of as many rounds as the pages list, and of older ones that people asked for.</summary>
    public const int MaxChecks = 2 * MaxRounds;

    public static DeckState Empty { get; } = new();

    public StationLink Link { get; init; }

    /// <summary>Why the station is away; empty unless it is.</summary>
    public string LinkProblem { get; init; } = "";

    /// <summary>When the station was last heard.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>Consortium, quorum, software: the last full view, without what changes by events.</summary>
    public ConsortiumView? Consortium { get; init; }

    public ImmutableSortedDictionary<uint, OutpostView> Outposts { get; init; } = ImmutableSortedDictionary<uint, OutpostView>.Empty;

    /// <summary>Newest first.</summary>
    public ImmutableArray<RoundView> Rounds { get; init; } = [];

    public int RoundsInAll { get; init; }

    /// <summary>Newest first.</summary>
    public ImmutableArray<AlertView> Alerts { get; init; } = [];

    /// <summary>Oldest first.</summary>
    public ImmutableArray<LogEntry> Log { get; init; } = [];

    public LogHead? Head { get; init; }

    public ImmutableDictionary<string, RoundCheck> Checks { get; init; } = ImmutableDictionary<string, RoundCheck>.Empty;

    public int Online => Outposts.Values.Count(outpost => outpost.Online);

    public int Quorum => (int)(Consortium?.Quorum ?? 0);

    /// <summary>Whether a round could start now.</summary>
    public bool HasQuorum => Link == StationLink.Live && Online >= Quorum;

    public RoundView? Running => Rounds.FirstOrDefault(round => round.State == RoundState.Running);

    public RoundView? LastDone => Rounds.FirstOrDefault(round => round.State == RoundState.Done);

    public RoundView? FindRound(string id) => Rounds.FirstOrDefault(round => round.Id() == id);

    public RoundCheck? CheckOf(RoundView round) => Checks.GetValueOrDefault(round.Id());

    public DeckState WithView(ConsortiumView view, ListRoundsReply rounds, DateTimeOffset now) => this with
    {
        Link = StationLink.Live,
        LinkProblem = "",
        AsOf = now,
        Consortium = view,
        Outposts = view.Outposts.ToImmutableSortedDictionary(outpost => outpost.Index, outpost => outpost),
        Rounds = [.. rounds.Rounds.OrderByDescending(round => round.StartedMs).Take(MaxRounds)],
        RoundsInAll = (int)rounds.Total,
        Alerts = [.. view.Alerts.Take(MaxAlerts)],
        Head = view.Head,
        // A round that is in the log under the same id keeps the check that was made of it.
        Checks = Checks,
    };

    public DeckState With(Event happened, DateTimeOffset now)
    {
        var next = this with { AsOf = now };
        return happened.EventCase switch
        {
            Event.EventOneofCase.Round => next.WithRound(happened.Round),
            Event.EventOneofCase.Outpost => next with { Outposts = Outposts.SetItem(happened.Outpost.Index, happened.Outpost) },
            Event.EventOneofCase.Alert => next.WithAlert(happened.Alert),
            Event.EventOneofCase.Log => next.WithLog(new LogEntry(happened.Sequence, Contract.Time(happened.TimeMs), happened.Log)),
            Event.EventOneofCase.Head => Head is null || happened.Head.Size >= Head.Size ? next with { Head = happened.Head } : next,
            // A newer station may send kinds that this dashboard does not know yet.
            _ => next,
        };
    }

    public DeckState WithOffline(string problem) => this with { Link = StationLink.Offline, LinkProblem = problem };

    /// <summary>Of too many the oldest is forgotten, one that waits or failed last of all.</summary>
    public DeckState WithCheck(string roundId, RoundCheck check)
    {
        var checks = Checks.SetItem(roundId, check);
        if (checks.Count > MaxChecks)
            checks = checks.Remove(checks.Where(known => known.Key != roundId).MinBy(known => (known.Value.State is CheckState.Waiting or CheckState.Running or CheckState.Failed, known.Value.At)).Key);
        return this with { Checks = checks };
    }

    private DeckState WithRound(RoundView round)
    {
        var id = round.Id();
        for (var i = 0; i < Rounds.Length; i++)
        {
            if (Rounds[i].Id() != id) continue;
            // Events overlap with the view that was fetched beside them: an older picture never replaces a newer one.
            var known = Rounds[i];
            var stale = round.State == RoundState.Running && (known.State != RoundState.Running || known.Phase > round.Phase);
            return stale ? this : this with { Rounds = Rounds.SetItem(i, round) };
        }

        var at = 0;
        while (at < Rounds.Length && Rounds[at].StartedMs > round.StartedMs) at++;

        // Older than all that are held: no new one, but news of one that the station counted long ago.
        if (at == MaxRounds) return this;
        var grown = Rounds.Insert(at, round);
        return this with
        {
            Rounds = grown.Length > MaxRounds ? grown.RemoveAt(MaxRounds) : grown,
            RoundsInAll = RoundsInAll + 1,
        };
    }

    private DeckState WithAlert(AlertView alert)
    {
        var others = Alerts.RemoveAll(known => known.Id == alert.Id);
        return this with { Alerts = [alert, .. others.Take(MaxAlerts - 1)] };
    }

    private DeckState WithLog(LogEntry entry)
    {
        if (Log.Any(known => known.Sequence == entry.Sequence)) return this;
        var grown = Log.Add(entry);
        return this with { Log = grown.Length > MaxLog ? grown.RemoveAt(0) : grown };
    }
}
