using Grpc.Core;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Parties;

/// <summary>Which outposts are here, and what each said about itself.</summary>
internal sealed class PartyDirectory
{
    private readonly Roster _roster;
    private readonly EventHub _events;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<uint, Presence> _presences;

    public PartyDirectory(Roster roster, EventHub events, TimeProvider clock)
    {
        (_roster, _events, _clock) = (roster, events, clock);
        _presences = new SortedDictionary<uint, Presence>(roster.Parties.ToDictionary(p => p.Index, p => new Presence(p)));
    }

    /// <summary>Makes a session the party's own; an older one is ended.</summary>
    /// <returns>Whether there was an older one.</returns>
    public bool Attach(PartySession session)
    {
        PartySession? older;
        lock (_gate)
        {
            var presence = _presences[session.Party];
            (older, presence.Session) = (presence.Session, session);
            (presence.LastSeen, presence.Software, presence.Datasets) = (_clock.GetUtcNow(), session.Hello.Software, [.. session.Hello.Datasets]);
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
            var presence = _presences[session.Party];
            if (presence.Session != session) return false;
            (presence.Session, presence.LastSeen) = (null, _clock.GetUtcNow());
        }

        Announce(session.Party);
        return true;
    }

    public void Touch(uint party)
    {
        lock (_gate) _presences[party].LastSeen = _clock.GetUtcNow();
    }

    /// <summary>Counts what a finished round says of its parties, and tells the readers of events.</summary>
    public void Count(RoundView finished)
    {
        var known = finished.Parties.Where(p => _presences.ContainsKey(p.Index)).ToList();
        lock (_gate)
        {
            foreach (var party in known)
            {
                var presence = _presences[party.Index];
                if (party.State is not (PartyState.Declined or PartyState.Invited)) presence.Joined++;
                if (party.State is PartyState.Dropped or PartyState.Blamed) presence.Dropped++;
            }
        }

        known.ForEach(p => Announce(p.Index));
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

    private void Announce(uint party) => _events.Publish(new Event { Outpost = View(party) });

    private static OutpostView View(Presence presence)
    {
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
        };
        view.Datasets.Add(presence.Datasets.Select(d => new DatasetView { Name = d.Name, Schema = d.Schema, Version = d.Version }));
        return view;
    }

    private sealed class Presence(RosterMember member)
    {
        public RosterMember Member => member;

        public PartySession? Session { get; set; }

        public DateTimeOffset? LastSeen { get; set; }

        public string Software { get; set; } = "";

        public IReadOnlyList<DatasetOffer> Datasets { get; set; } = [];

        public uint Joined { get; set; }

        public uint Dropped { get; set; }
    }
}
