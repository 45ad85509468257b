using Google.Protobuf;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>Whom a broadcast of the station concerns, and what goes with it to each.</summary>
internal sealed class Addressees(RoundRecord record, IReadOnlyDictionary<uint, Attendance> parties, Unmasking masks, MessageJudge judge)
{
    public bool Concerns(MessageKind broadcast, uint party) => broadcast switch
    {
        MessageKind.Advertised => record.Advertised.ContainsKey(party),
        MessageKind.Shared or MessageKind.Survivors => record.Shared.ContainsKey(party),
        MessageKind.Agreed => record.Survivors.ContainsKey(party),
        MessageKind.Recovery => masks.IsAsked(party, judge.Recovery!),
        _ => true,
    };

    /// <summary>The broadcast for one party; Shared brings what each of its neighbours dealt to it.</summary>
    public Broadcast For(Envelope envelope, uint party)
    {
        var broadcast = new Broadcast { RoundId = ByteString.CopyFrom(record.RoundId), Envelope = envelope };
        if (envelope.Kind == MessageKind.Shared) broadcast.Deliveries.Add(record.Peers(party).Select(dealer => Deliver(dealer, party)));
        return broadcast;
    }

    private Delivery Deliver(uint dealer, uint party)
    {
        var entries = parties[dealer].Entries;
        return new Delivery { Dealer = dealer, Entry = entries[party].Wire, Path = { entries.PathOf(party) } };
    }
}
