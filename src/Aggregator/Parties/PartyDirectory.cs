using Grpc.Core;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Parties;

/// <summary>Which outposts are here, and what each said about itself.</summary>
internal sealed class PartyDirectory
{
    /// <summary>For how long the times at which an outpost was connected are kept, and how many.</summary>
    private static readonly TimeSpan s_remembered = TimeSpan.FromHours(24);
    private const int MostSpans = 200;
    private const int LongestName = 128;

    /// <summary>An outpost's clock may say anything; what is further away is shown as this far.</summary>
    private static readonly long s_furthest = (long)TimeSpan.FromDays(1).TotalMilliseconds;

    /// <summary>A clock that moved by less than this against the one that was told last is not told again.</summary>
    private const long ClockStep = 1_000;

    private readonly EventHub _events;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<uint, Presence> _presences;
    private Roster _roster;

    public PartyDirectory(RosterHistory rosters, EventHub events, TimeProvider clock)
    {
        var roster = rosters.Current;
        (_roster, _events, _clock) = (roster, events, clock);
        _presences = new SortedDictionary<uint, Presence>(roster.Parties.ToDictionary(p => p.Index, p => new Presence(p)));
    }

    /// <summary>Takes the next roster: nobody is here under it until their stream comes anew, and who has left is forgotten.</summary>
    /// <returns>The streams that stood.</returns>
    public IReadOnlyList<PartySession> Replace(Roster next)
    {
        var sessions = new List<PartySession>();
        lock (_gate)
        {
            _roster = next;
            foreach (var presence in _presences.Values.ToList())
            {
                if (presence.Session is { } session)
                {
                    sessions.Add(session);
                    End(presence);
                }

                if (next.FindParty(presence.Member.Index) is { } member) presence.Member = member;
                else _presences.Remove(presence.Member.Index);
            }

            foreach (var party in next.Parties) _presences.TryAdd(party.Index, new Presence(party));
        }

        return sessions;
    }

    /// <summary>Makes a session the party's own; an older one is ended.</summary>
    /// <returns>Whether there was an older one; null if its roster has been replaced meanwhile, and the session is none.</returns>
    public bool? Attach(PartySession session)
    {
        PartySession? older;
        lock (_gate)
        {
            if (!_presences.TryGetValue(session.Party, out var presence) || !PublicBytes.Equal(session.Hello.RosterHash.Span, _roster.Hash)) return null;
            (older, presence.Session) = (presence.Session, session);
            (presence.LastSeen, presence.Software, presence.Datasets) = (_clock.GetUtcNow(), session.Hello.Software, [.. session.Hello.Datasets]);
            if (older is null) presence.Spans.AddLast(new OnlineSpan { FromMs = NowMs() });
        }

        older?.Close(new Status(StatusCode.Aborted, "A newer stream of this outpost has taken over."));
        Announce(session.Party);
        return older is not null;
    }

    /// <summary>Forgets a session; false when a newer one has taken its place.</summary>
    public bool Detach(PartySession session)
    {
        lock (_gate)
        {
            if (!_presences.TryGetValue(session.Party, out var presence) || presence.Session != session) return false;
            End(presence);
        }

        Announce(session.Party);
        return true;
    }

    public void Touch(uint party)
    {
        lock (_gate)
        {
            if (_presences.TryGetValue(party, out var presence)) presence.LastSeen = _clock.GetUtcNow();
        }
    }

    /// <summary>Takes the time of an outpost's heartbeat: how far its clock is from this one, the way of the message included.</summary>
    public void Heard(uint party, ulong timeMs)
    {
        lock (_gate)
        {
            if (!_presences.TryGetValue(party, out var presence)) return;
            // Times beyond what a long holds are as absurd as the largest one.
            var ahead = Math.Clamp((long)Math.Min(timeMs, long.MaxValue / 2) - (long)NowMs(), -s_furthest, s_furthest);
            presence.ClockAhead = ahead;
            if (presence.ToldAhead is { } told && Math.Abs(ahead - told) < ClockStep) return;
            presence.ToldAhead = ahead;
        }

        Announce(party);
    }

    /// <summary>Takes an outpost's word on what is left of its budgets; null, or why it is of no use.</summary>
    public string? Take(uint party, BudgetStatement statement)
    {
        if (Broken(statement) is { } rule) return rule;
        lock (_gate)
        {
            if (!_presences.TryGetValue(party, out var presence)) return null;
            var same = presence.BudgetsAtMs != 0 && presence.Budgets.SequenceEqual(statement.Lines);
            (presence.Budgets, presence.BudgetsAtMs) = ([.. statement.Lines], NowMs());
            if (same) return null;
        }

        Announce(party);
        return null;
    }

    /// <summary>Counts what a finished round says of its parties.</summary>
    public void Count(RoundView finished)
    {
        lock (_gate)
        {
            foreach (var party in finished.Parties)
            {
                if (!_presences.TryGetValue(party.Index, out var presence)) continue;
                if (party.State is not (PartyState.Declined or PartyState.Invited)) presence.Joined++;
                if (party.State is PartyState.Dropped or PartyState.Blamed) presence.Dropped++;
            }
        }
    }

    /// <summary>The same, and tells the readers of events.</summary>
    public void CountAndAnnounce(RoundView finished)
    {
        Count(finished);
        foreach (var party in finished.Parties) Announce(party.Index);
    }

    public PartySession? Session(uint party)
    {
        lock (_gate) return _presences.GetValueOrDefault(party)?.Session;
    }

    /// <summary>The parties that are online and offer a dataset, ascending.</summary>
    public IReadOnlyList<uint> Offering(string dataset)
    {
        lock (_gate)
        {
            return [.. _presences.Values.Where(p => p.Session is not null && p.Datasets.Any(d => d.Name == dataset)).Select(p => p.Member.Index)];
        }
    }

    public OutpostView View(uint party)
    {
        lock (_gate) return View(_presences[party]);
    }

    public IReadOnlyList<OutpostView> Views()
    {
        lock (_gate) return [.. _presences.Values.Select(View)];
    }

    public string Name(uint party) => _roster.FindParty(party)?.Name ?? $"party {party}";

    /// <summary>Ends all streams, when the station stops.</summary>
    public void CloseAll(Status status)
    {
        List<PartySession> sessions;
        lock (_gate) sessions = [.. _presences.Values.Where(p => p.Session is not null).Select(p => p.Session!)];
        sessions.ForEach(s => s.Close(status));
    }

    private static string? Broken(BudgetStatement statement) => statement switch
    {
        { Lines.Count: > Limits.BudgetLines } => $"{statement.Lines.Count} lines of budgets; at most {Limits.BudgetLines} are taken",
        _ when statement.CalculateSize() > Limits.BudgetStatement => $"budgets of {statement.CalculateSize()} bytes; at most {Limits.BudgetStatement} are taken",
        _ when statement.Lines.Any(l => l.Dataset.Length is 0 or > LongestName || l.Subject.Length > LongestName) => $"a budget whose dataset has no name, or a name of more than {LongestName} characters",
        _ when statement.Lines.Any(l => l.Scope is not (BudgetScope.Dataset or BudgetScope.Coordinator or BudgetScope.Study)) => "a budget that is neither a dataset's nor a coordinator's nor a study's",
        _ when statement.Lines.Any(l => l.LeftMicro > l.CapMicro) => "a budget of which more is left than there is",
        _ => null,
    };

    private void End(Presence presence)
    {
        (presence.Session, presence.LastSeen) = (null, _clock.GetUtcNow());
        // What was shown is not changed under its readers.
        presence.Spans.Last!.Value = new OnlineSpan { FromMs = presence.Spans.Last.Value.FromMs, ToMs = NowMs() };
    }

    private ulong NowMs() => (ulong)_clock.GetUtcNow().ToUnixTimeMilliseconds();

    private void Announce(uint party)
    {
        OutpostView view;
        lock (_gate)
        {
            if (!_presences.TryGetValue(party, out var presence)) return;
            view = View(presence);
        }

        _events.Publish(new Event { Outpost = view });
    }

    private OutpostView View(Presence presence)
    {
        var (spans, since) = (presence.Spans, (ulong)(_clock.GetUtcNow() - s_remembered).ToUnixTimeMilliseconds());
        while (spans.First is { } oldest && (spans.Count > MostSpans || (oldest.Value.ToMs != 0 && oldest.Value.ToMs < since))) spans.RemoveFirst();
        var view = new OutpostView
        {
            Index = presence.Member.Index,
            Name = presence.Member.Name,
            Online = presence.Session is not null,
            LastSeenMs = presence.LastSeen is { } seen ? (ulong)seen.ToUnixTimeMilliseconds() : 0,
            ConnectedSinceMs = presence.Session is { } session ? (ulong)session.Since.ToUnixTimeMilliseconds() : 0,
            Software = presence.Software,
            KeyFingerprint = presence.Member.Key.Fingerprint,
            RoundsJoined = presence.Joined,
            RoundsDropped = presence.Dropped,
            BudgetsAtMs = presence.BudgetsAtMs,
        };
        if (presence.ClockAhead is { } ahead) view.ClockAheadMs = ahead;
        view.Spans.Add(spans);
        view.Budgets.Add(presence.Budgets);
        view.Datasets.Add(presence.Datasets.Select(d => new DatasetView { Name = d.Name, Schema = d.Schema, Version = d.Version }));
        return view;
    }

    private sealed class Presence(RosterMember member)
    {
        public RosterMember Member { get; set; } = member;

        public PartySession? Session { get; set; }

        public DateTimeOffset? LastSeen { get; set; }

        public string Software { get; set; } = "";

        public IReadOnlyList<DatasetOffer> Datasets { get; set; } = [];

        public LinkedList<OnlineSpan> Spans { get; } = [];

        public long? ClockAhead { get; set; }

        /// <summary>What of it the readers of events were told last.</summary>
        public long? ToldAhead { get; set; }

        public IReadOnlyList<BudgetLine> Budgets { get; set; } = [];

        /// <summary>0 = it has not said.</summary>
        public ulong BudgetsAtMs { get; set; }

        public uint Joined { get; set; }

        public uint Dropped { get; set; }
    }
}
