using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Simulation;

/// <summary>
/// What a lying station tells single outposts in the place of its broadcasts. It signs with the station's key under the contexts of the outpost that it lies
/// to, so that nothing but the lie itself is wrong.
/// </summary>
internal sealed class LyingStation(World world)
{
    private readonly List<(uint Party, StationLie Lie, uint About)> _armed = [];
    private readonly List<Isolation> _isolations = [];

    public void Arm(uint party, StationLie lie, uint about) => _armed.Add((party, lie, about));

    public void Isolate(uint victim, int with)
    {
        if (world.Station.Running.LastOrDefault() is not { } round) return;
        world.Facts(round.Id).StationLied = true;
        _isolations.Add(new Isolation(world, round.Id, victim, with));
        world.Tally.Count("isolations");
    }

    public void Heard(StationRound round, uint party, Envelope envelope)
    {
        foreach (var isolation in _isolations.Where(i => i.Round == round.Id)) isolation.Heard(party, envelope);
    }

    /// <summary>What the outpost is told.</summary>
    public IEnumerable<Broadcast> Twist(SimulatedOutpost to, Broadcast broadcast)
    {
        var id = Convert.ToHexString(broadcast.RoundId.Span);
        var open = to.In(id);
        foreach (var isolation in _isolations.Where(i => i.Round == id && open is not null))
        {
            if (isolation.Twist(open!, broadcast) is not { } twisted) return [];
            broadcast = twisted;
        }

        foreach (var armed in _armed.Where(a => a.Party == to.Index).ToList())
        {
            if (Tell(armed.Lie, armed.About, to, open, broadcast) is not { } told) continue;
            Told(armed, id);
            return told;
        }

        return [broadcast];
    }

    /// <summary>Whether the station looks away from a vector, so that its party does not survive although it was well.</summary>
    public bool Ignores(uint party, string round)
    {
        if (!_armed.Exists(a => a.Party == party && a.Lie == StationLie.IgnoreVector)) return false;
        world.Facts(round).StationLied = true;
        return true;
    }

    /// <summary>A publication with one of the outpost's own entries left out; whether it was.</summary>
    public bool Twist(SimulatedOutpost to, Publication publication)
    {
        var armed = _armed.Find(a => a.Party == to.Index && a.Lie == StationLie.OmitOwnEntry);
        var id = Convert.ToHexString(publication.RoundId.Span);
        // What no broadcast has shown to have arrived may rightly be missing.
        var known = publication.Own.Where(o => to.In(id)?.Round.Confirmed.Contains(Entry.Parser.ParseFrom(o.Leaf).Envelope.Kind) == true).ToList();
        if (armed.Lie != StationLie.OmitOwnEntry || known.Count == 0) return false;
        Told(armed, id);
        return publication.Own.Remove(known[(int)armed.About % known.Count]);
    }

    /// <summary>Goes on with the isolations once nothing else happens; whether something was sent.</summary>
    public bool Strike() => _isolations.Aggregate(false, (any, isolation) => isolation.Strike() || any);

    /// <summary>Signs a broadcast as the outpost expects it.</summary>
    public static Envelope Seal(MessageKind kind, IMessage body, RoundContexts contexts) => new()
    {
        Kind = kind, Body = body.ToByteString(),
        Signature = ByteString.CopyFrom(Consortium.Station.Sign(Digests.Message(kind, contexts, body.ToByteArray()))),
    };

    private void Told((uint Party, StationLie Lie, uint About) armed, string round)
    {
        _armed.Remove(armed);
        world.Facts(round).StationLied = true;
        world.Tally.Count("lies of the station");
    }

    private Broadcast[]? Tell(StationLie lie, uint about, SimulatedOutpost to, Incarnation? open, Broadcast broadcast)
    {
        var (kind, self) = (broadcast.Envelope.Kind, to.Index);
        if (kind == MessageKind.Propose) return lie is StationLie.OtherDeadlines or StationLie.ChangedQuery ? [Proposal(lie, broadcast)] : null;
        if (open is not { Round.State: not (PartyRoundState.Ended or PartyRoundState.Proposed) } || !Reached(kind, Inside.Record(open.Round))) return null;
        return (lie, kind) switch
        {
            (StationLie.OmitKey, MessageKind.Advertised) => Change<Advertised>(m => Drop(m.Advertisements, b => Advertise.Parser.ParseFrom(b).Party == about)),
            (StationLie.ForeignKey, MessageKind.Advertised) => Change<Advertised>(m => Foreign(m.Advertisements, about)),
            (StationLie.OmitShare, MessageKind.Shared) => Change<Shared>(m => Drop(m.Shares, b => Share.Parser.ParseFrom(b).Party == about)),
            (StationLie.SwapDeliveries, MessageKind.Shared) => Deliver(d => (d[0].Entry, d[1].Entry) = (d[1].Entry, d[0].Entry)),
            (StationLie.NoDelivery, MessageKind.Shared) => Deliver(d => d.RemoveAt(0)),
            (StationLie.ChangedDelivery, MessageKind.Shared) => Deliver(d => d[0].Entry = Flip(d[0].Entry)),
            (StationLie.OmitSurvivor, MessageKind.Survivors) => Change<Survivors>(m => Drop(m.Inputs, b => Input.Parser.ParseFrom(b).Party == about)),
            (StationLie.SecondSurvivors, MessageKind.Survivors) =>
                Change<Survivors>(m => Drop(m.Inputs, b => Input.Parser.ParseFrom(b).Party == about)) is { } second ? [broadcast, .. second] : null,
            (StationLie.TooFewAgreements, MessageKind.Agreed) => Change<Agreed>(m => Fewer(m, again: false)),
            (StationLie.RepeatedAgreement, MessageKind.Agreed) => Change<Agreed>(m => Fewer(m, again: true)),
            (StationLie.UnaskedRecovery, MessageKind.Agreed) => [broadcast, .. After(new Recovery { Silent = { about } })],
            (StationLie.SurvivorCalledDropped, MessageKind.Agreed) => [broadcast, .. After(new Recovery { Dropped = { about } })],
            (StationLie.DroppedCalledSilent, MessageKind.Agreed) => [broadcast, .. After(new Recovery { Silent = { Dropped() } })],
            (StationLie.ReaderCalledSilent, MessageKind.Agreed) => [broadcast, .. After(new Recovery { Silent = { self } })],
            (StationLie.OtherRecovery, MessageKind.Recovery) => Change<Recovery>(m => Other(m, about)),
            (StationLie.SecondRecovery, MessageKind.Recovery) => [broadcast, .. After(new Recovery { Silent = { about } })],
            (StationLie.OtherTotal, MessageKind.Total) => Change<Total>(m => m.Survivors.Remove(about)),
            (StationLie.OldBroadcast, _) => Old(),
            (StationLie.WrongSignature, _) => [With(new Envelope { Kind = kind, Body = broadcast.Envelope.Body, Signature = Flip(broadcast.Envelope.Signature) })],
            (StationLie.GarbageBody, _) => [With(Sealed(kind, ByteString.CopyFrom(Enumerable.Repeat((byte)0xa7, 60).ToArray())))],
            _ => null,
        };

        Broadcast[]? Change<T>(Func<T, bool> change)
            where T : IMessage<T>, new()
        {
            var body = new T();
            body.MergeFrom(broadcast.Envelope.Body);
            return change(body) ? [With(Sealed(kind, body.ToByteString()))] : null;
        }

        Broadcast[]? Deliver(Action<Google.Protobuf.Collections.RepeatedField<Delivery>> change)
        {
            if (broadcast.Deliveries.Count < 2) return null;
            change(broadcast.Deliveries);
            return [broadcast];
        }

        // Sent as soon as the party has taken what it follows, so that it is signed over the set that this one agreed to.
        Broadcast[] After(Recovery request) => [With(Sealed(MessageKind.Recovery, request.ToByteString()))];

        IEnumerable<uint> Dropped() => Inside.Record(open.Round).Dropped.Take(1);

        Broadcast[]? Old() => world.Spoken.Keys.Where(other => other != open.Id).SelectMany(other => world.Station.Find(other)?.Round.Broadcasts ?? [])
            .FirstOrDefault(b => b.Kind == kind) is { } old ? [With(old)] : null;

        bool Other(Recovery request, uint silent)
        {
            if (silent == self || !Inside.Record(open.Round).Survivors.ContainsKey(silent) || request.Silent.Contains(silent)) return false;
            var all = request.Silent.Append(silent).Order().ToList();
            request.Silent.Clear();
            request.Silent.Add(all);
            return true;
        }

        Envelope Sealed(MessageKind what, ByteString body)
        {
            var digest = Digests.Message(what, Inside.Record(open.Round).Contexts, body.Span);
            return new Envelope { Kind = what, Body = body, Signature = ByteString.CopyFrom(Consortium.Station.Sign(digest)) };
        }

        Broadcast With(Envelope envelope)
        {
            var changed = new Broadcast { RoundId = broadcast.RoundId, Envelope = envelope };
            changed.Deliveries.Add(broadcast.Deliveries);
            return changed;
        }

        bool Fewer(Agreed agreed, bool again)
        {
            var t = Inside.Record(open.Round).Rules.Threshold;
            while (agreed.Agreements.Count >= t) agreed.Agreements.RemoveAt(agreed.Agreements.Count - 1);
            if (again) agreed.Agreements.Add(agreed.Agreements[^1]);
            return true;
        }
    }

    /// <summary>Whether the outpost has what a broadcast of this kind is signed over.</summary>
    public static bool Reached(MessageKind kind, RoundRecord record) => kind switch
    {
        MessageKind.Advertised or MessageKind.Abort => true,
        MessageKind.Shared => record.Advertised.Count > 0,
        MessageKind.Survivors => record.Shared.Count > 0,
        _ => record.Survivors.Count > 0,
    };

    private Broadcast Proposal(StationLie lie, Broadcast broadcast)
    {
        var proposal = Protocol.Wire.Proposal.Parser.ParseFrom(broadcast.Envelope.Body);
        if (lie == StationLie.OtherDeadlines)
        {
            proposal.DeadlinesMs[0]++;
        }
        else
        {
            var query = Query.Parser.ParseFrom(proposal.Query);
            query.Noise = query.Noise == QueryNoise.None ? QueryNoise.Local : QueryNoise.None;
            proposal.Query = query.ToByteString();
        }

        var contexts = new RoundContexts { Context0 = Digests.Context0(world.Consortium.Roster.Hash, proposal) };
        return new Broadcast { RoundId = broadcast.RoundId, Envelope = Seal(MessageKind.Propose, proposal, contexts) };
    }

    private static bool Drop(Google.Protobuf.Collections.RepeatedField<SignedBody> bodies, Func<ByteString, bool> which)
    {
        if (bodies.FirstOrDefault(b => which(b.Body)) is not { } found) return false;
        return bodies.Remove(found);
    }

    private static bool Foreign(Google.Protobuf.Collections.RepeatedField<SignedBody> bodies, uint about)
    {
        if (bodies.FirstOrDefault(b => Advertise.Parser.ParseFrom(b.Body).Party == about) is not { } found) return false;
        using var own = AgreementKey.Generate(new SeededRandom(7));
        var advertise = Advertise.Parser.ParseFrom(found.Body);
        advertise.PublicKey = ByteString.CopyFrom(own.PublicKey);
        found.Body = advertise.ToByteString();
        return true;
    }

    private static ByteString Flip(ByteString bytes)
    {
        var flipped = bytes.ToByteArray();
        flipped[^1] ^= 1;
        return ByteString.CopyFrom(flipped);
    }
}
