using Google.Protobuf;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>
/// The attack that the agreement phase is there for: one outpost is told that it survives, so that it opens its self mask, and others that it does not, so
/// that they open the seeds that they share with it. The colluders sign both sets. With both the station could read the one outpost.
/// </summary>
internal sealed class Isolation(World world, string round, uint victim, int with)
{
    private readonly Dictionary<uint, Envelope> _agreed = [];
    private int _strikes;

    public string Round => round;

    public void Heard(uint party, Envelope envelope)
    {
        if (envelope.Kind == MessageKind.Agree) _agreed.TryAdd(party, envelope);
    }

    /// <summary>To the others, survivors without the victim; null for what follows the true ones, which they must not hear.</summary>
    public Broadcast? Twist(Incarnation open, Broadcast broadcast)
    {
        if (broadcast.Envelope.Kind < MessageKind.Survivors || IsWithVictim(open.Party)) return broadcast;
        var record = Inside.Record(open.Round);
        if (broadcast.Envelope.Kind != MessageKind.Survivors || !LyingStation.Reached(MessageKind.Survivors, record)) return null;
        var survivors = Survivors.Parser.ParseFrom(broadcast.Envelope.Body);
        var without = new Survivors { Inputs = { survivors.Inputs.Where(i => Input.Parser.ParseFrom(i.Body).Party != victim) } };
        return Wrap(LyingStation.Seal(MessageKind.Survivors, without, record.Contexts));
    }

    /// <summary>First the agreements to each side, then, to the others, a recovery of the victim's other secret.</summary>
    public bool Strike()
    {
        if (_strikes == 2 || _agreed.Count == 0 || !world.Spoken.TryGetValue(round, out var spoken)) return false;
        _strikes++;
        foreach (var open in spoken.Where(o => o.Said(MessageKind.Agree)))
        {
            var record = Inside.Record(open.Round);
            var lie = _strikes == 1
                ? LyingStation.Seal(MessageKind.Agreed, Agreements(record), record.Contexts)
                : LyingStation.Seal(MessageKind.Recovery, IsWithVictim(open.Party) ? new Recovery() : new Recovery { Dropped = { victim } }, record.Contexts);
            world.Outposts[(int)open.Party].Link.Send(new BroadcastPacket(Wrap(lie).ToByteArray(), Final: true));
        }

        return true;
    }

    private bool IsWithVictim(uint party) => party == victim || !world.Invariants.IsHonest(party) || (party + world.Outposts.Count - victim) % world.Outposts.Count <= with;

    /// <summary>Whoever agreed to the set of this record, and the colluders.</summary>
    private Agreed Agreements(RoundRecord record)
    {
        var agreements = new Agreed();
        foreach (var party in record.Survivors.Keys)
        {
            var agree = new Agree { Party = party, SurvivorsDigest = ByteString.CopyFrom(record.Contexts.Survivors) }.ToByteString();
            if (world.Setting.Corrupt.Contains((int)party))
            {
                var signature = Consortium.PartyKey(party).Sign(Digests.Message(MessageKind.Agree, record.Contexts, agree.Span));
                agreements.Agreements.Add(new SignedBody { Body = agree, Signature = ByteString.CopyFrom(signature) });
            }
            else if (_agreed.TryGetValue(party, out var said) && said.Body.Equals(agree))
            {
                agreements.Agreements.Add(new SignedBody { Body = said.Body, Signature = said.Signature });
            }
        }

        return agreements;
    }

    private Broadcast Wrap(Envelope envelope) => new() { RoundId = ByteString.CopyFrom(Convert.FromHexString(round)), Envelope = envelope };
}
