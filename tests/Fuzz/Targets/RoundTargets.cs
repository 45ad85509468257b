using Google.Protobuf;
using SecureAggregation.Client;
using SecureAggregation.Fuzz.Engine;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using static SecureAggregation.Fuzz.Engine.Outcome;
using Consortium = SecureAggregation.Protocol.Tests.Harness.Consortium;

namespace SecureAggregation.Fuzz.Targets;

/// <summary>Whole state machines: whatever is said to them, signed or not, they go on, or refuse by code.</summary>
internal static class RoundTargets
{
    private static readonly MessageKind[] s_broadcasts =
        [MessageKind.Advertised, MessageKind.Shared, MessageKind.Survivors, MessageKind.Agreed, MessageKind.Recovery, MessageKind.Total, MessageKind.Abort];

    public static IEnumerable<Target> All =>
    [
        new("station-message", 30_000, StationSeeds, Considering) { Make = ToStation, Words = CodecTargets.Points, Allowance = 256 * 1024, PerByte = 120 },
        new("party-proposal", 12_000, () => [.. Round.All.Select(r => r.Proposal.ToByteArray())], () => Proposed)
        {
            Make = Proposals, Words = CodecTargets.Points, Allowance = 256 * 1024, PerByte = 120,
        },
        new("party-broadcast", 6_000, PartySeeds, () => Told) { Make = ToParty, Words = CodecTargets.Points, Allowance = 1024 * 1024, PerByte = 200 },
        new("bundle", 3_000, () => [.. Round.All.Select(r => r.Bundle())], () => Verified) { Make = Bundles, Words = CodecTargets.Points, Allowance = 2 * 1024 * 1024, PerByte = 200 },
    ];

    /// <summary>Number of a round, number of the message that comes next in it, party, envelope.</summary>
    private static byte[][] StationSeeds() =>
        [.. Round.All.SelectMany((r, i) => r.Messages.Select((m, at) => (byte[])[(byte)i, (byte)at, (byte)m.Party, .. m.Envelope.ToByteArray()]))];

    private static byte[] ToStation(Draw draw)
    {
        var seed = draw.Seed;
        byte[] head = [draw.OneIn(20) ? draw.AnyByte() : seed[0], draw.OneIn(10) ? draw.AnyByte() : seed[1], draw.OneIn(20) ? (byte)draw.Below(6) : seed[2]];
        if (draw.OneIn(4) || seed[0] >= Round.All.Count || !TryParse(Envelope.Parser, seed.AsSpan(3), out var envelope)) return [.. head, .. Mutation.Changed(draw, seed[3..])];
        var changed = Round.All[seed[0]].Signed(Consortium.PartyKey(seed[2]), draw.OneIn(20) ? (MessageKind)draw.Below(20) : envelope.Kind, ByteString.CopyFrom(WireTree.Mutated(draw, envelope.Body.ToByteArray(), draw.OneIn(8))));
        changed.Detached.Add(envelope.Detached.Select(d => draw.OneIn(5) ? ByteString.CopyFrom(Mutation.Changed(draw, d.ToByteArray())) : d));
        if (draw.OneIn(30)) changed.Detached.Add(ByteString.CopyFrom(draw.Bytes(draw.Below(300))));
        return [.. head, .. changed.ToByteArray()];
    }

    /// <summary>A station for each message of each round, just before that message; considering changes nothing.</summary>
    private static Func<byte[], bool> Considering()
    {
        var stations = Round.All.Select(Stations).ToList();
        return input =>
        {
            if (input.Length < 3 || input[0] >= stations.Count || input[1] >= stations[input[0]].Count || !TryParse(Envelope.Parser.WithDiscardUnknownFields(true), input.AsSpan(3), out var envelope)) return false;
            var (station, now) = stations[input[0]][input[1]];
            var phase = station.Phase;
            var offer = station.Consider(input[2], envelope, now);
            Must(Enum.IsDefined(offer.Outcome) && station.Phase == phase, "considering a message changed the round");
            Must(offer.Outcome == OfferOutcome.Reject == (offer.Rejection != RejectionCode.None), "a rejection without a code, or a code without one");
            return offer.Outcome == OfferOutcome.Accept;
        };
    }

    private static List<(AggregatorRound Round, DateTimeOffset Now)> Stations(Round round)
    {
        var stations = new List<(AggregatorRound, DateTimeOffset)>();
        foreach (var (party, message) in round.Messages)
        {
            var index = round.Log.FindIndex(e => e.Sender == party + 1 && e.Envelope.Equals(message));
            var station = new AggregatorRound(Round.Consortium.Roster, (_, _) => Round.Shape);
            foreach (var entry in round.Log.Take(index)) Replay(station, entry);
            stations.Add((station, DateTimeOffset.FromUnixTimeMilliseconds((long)round.Log[index].TimeMs)));
        }

        return stations;
    }

    private static void Replay(AggregatorRound station, Entry entry)
    {
        station.Apply(Entry.Parser.ParseFrom(entry.ToByteArray()));
        if (entry.Envelope.Kind == MessageKind.Input) station.MarkVectorStored(entry.Sender - 1);
    }

    private static byte[] Proposals(Draw draw)
    {
        if (draw.OneIn(3)) return Mutation.OfMessage(draw);
        var round = Round.All[draw.Below(Round.All.Count)];
        var proposal = Proposal.Parser.ParseFrom(round.Proposal.Body);
        if (draw.OneIn(2))
        {
            // The coordinator signs anything too.
            proposal.Query = ByteString.CopyFrom(WireTree.Mutated(draw, proposal.Query.ToByteArray(), draw.OneIn(8)));
            proposal.QuerySignature = ByteString.CopyFrom(Consortium.Coordinator.Sign(Digests.QuerySignature(Round.Consortium.Roster.Hash, proposal.Query.Span)));
        }

        var body = ByteString.CopyFrom(draw.OneIn(3) ? proposal.ToByteArray() : WireTree.Mutated(draw, proposal.ToByteArray(), draw.OneIn(8)));
        var context = TryParse(Proposal.Parser, body.Span, out var read) ? Digests.Context0(Round.Consortium.Roster.Hash, Sorted(read)) : new byte[32];
        return RoundHarness.Sign(Consortium.Station, MessageKind.Propose, body, new RoundContexts { Context0 = context }).ToByteArray();
    }

    /// <summary>Only what can be hashed as a set.</summary>
    private static Proposal Sorted(Proposal proposal)
    {
        var sorted = proposal.Invited.Distinct().Order().ToList();
        if (sorted.Count == proposal.Invited.Count && sorted.SequenceEqual(proposal.Invited)) return proposal;
        proposal.Invited.Clear();
        proposal.Invited.Add(sorted);
        return proposal;
    }

    private static bool Proposed(byte[] input) => TryParse(Envelope.Parser, input, out var envelope) && SignedTargets.Refused(() =>
    {
        using var round = PartyRound.Open(Round.Consortium.Setup(1, 1), envelope, Consortium.Start);
        Must(round.RoundId.Length == 16 && round.Invited.Contains(1u) && round.State == PartyRoundState.Proposed, "a proposal that was taken does not fit");
    });

    /// <summary>Number of a round, how many broadcasts party 0 has had, the next one.</summary>
    private static byte[][] PartySeeds() => [.. Round.All.SelectMany((r, i) => Heard(r).Select((b, at) => (byte[])[(byte)i, (byte)at, .. b.ToByteArray()]))];

    private static IEnumerable<Broadcast> Heard(Round round) => round.Broadcasts.Where(b => b.Party == 0).Select(b => b.Broadcast);

    private static byte[] ToParty(Draw draw)
    {
        var seed = draw.Seed;
        if (draw.OneIn(4) || seed[0] >= Round.All.Count || !TryParse(Broadcast.Parser, seed.AsSpan(2), out var broadcast) || broadcast.Envelope is not { } envelope)
            return [.. seed[..2], .. WireTree.Mutated(draw, seed[2..], draw.OneIn(3))];
        if (broadcast.Deliveries.Count > 0 && draw.OneIn(2)) broadcast = Broadcast.Parser.ParseFrom(Gently(draw, broadcast));
        var kind = draw.OneIn(15) ? s_broadcasts[draw.Below(s_broadcasts.Length)] : envelope.Kind;
        broadcast.Envelope = Round.All[seed[0]].Signed(Consortium.Station, kind, ByteString.CopyFrom(WireTree.Mutated(draw, envelope.Body.ToByteArray(), draw.OneIn(8))));
        return [.. seed[..2], .. broadcast.ToByteArray()];
    }

    private static byte[] Gently(Draw draw, Broadcast broadcast)
    {
        var delivery = broadcast.Deliveries[draw.Below(broadcast.Deliveries.Count)];
        if (draw.OneIn(2)) delivery.Entry = ByteString.CopyFrom(Mutation.Changed(draw, delivery.Entry.ToByteArray()));
        else if (delivery.Path.Count > 0) delivery.Path[draw.Below(delivery.Path.Count)] = ByteString.CopyFrom(draw.Bytes(draw.Below(40)));
        return broadcast.ToByteArray();
    }

    private static bool Told(byte[] input)
    {
        if (input.Length < 2 || input[0] >= Round.All.Count || !TryParse(Broadcast.Parser, input.AsSpan(2), out var broadcast)) return false;
        var source = Round.All[input[0]];
        // The same seeds as in the recorded round, so that what was recorded fits.
        using var round = PartyRound.Open(Round.Consortium.Setup(0, (ulong)input[0] + 1), source.Proposal, Consortium.Start);
        round.Join(Round.Shape, Consortium.Start);
        round.ProvideInput(Crypto.RingVector.Unpack(Round.Shape.Bits, Round.Shape.Length, source.FirstInput), round.Question.ChargeMicro);
        foreach (var before in Heard(source).Take(input[1])) round.Receive(before, Consortium.Start);
        var state = round.State;
        var step = round.Receive(broadcast, Consortium.Start);
        Must(round.State != PartyRoundState.Ended || step.Messages.All(m => m.Kind == MessageKind.Decline), "a party that has left says more");
        Must(step.Refusal == RefusalCode.Unspecified || (round.State == PartyRoundState.Ended && Enum.IsDefined(step.Refusal)), "a party that refused goes on");
        Must(round.State >= state, "a party went back in its round");
        return step.Refusal == RefusalCode.Unspecified;
    }

    private static byte[] Bundles(Draw draw)
    {
        var seed = draw.Seed;
        if (draw.OneIn(3)) return Records(draw, seed);
        if (draw.OneIn(3)) return Mutation.Changed(draw, seed);
        // A station that signs whatever it has logged.
        var round = Round.All[draw.Below(Round.All.Count)];
        var entries = round.Log.ConvertAll(e => e.ToByteArray());
        var at = draw.Below(entries.Count);
        var entry = Entry.Parser.ParseFrom(entries[at]);
        switch (draw.Below(5))
        {
            case 0: entries[at] = WireTree.Mutated(draw, entries[at], harsh: draw.OneIn(4)); break;
            case 1: entries.RemoveAt(at); break;
            case 2: entries.Insert(draw.Below(entries.Count + 1), entries[at]); break;
            default:
                var key = entry.Sender == 0 ? Consortium.Station : Consortium.PartyKey(entry.Sender - 1);
                var detached = entry.Envelope.Detached.ToList();
                entry.Envelope = round.Signed(key, entry.Envelope.Kind, ByteString.CopyFrom(WireTree.Mutated(draw, entry.Envelope.Body.ToByteArray(), draw.OneIn(8))));
                entry.Envelope.Detached.Add(detached);
                entries[at] = entry.ToByteArray();
                break;
        }

        return round.Bundle(entries);
    }

    /// <summary>One record changed by its fields, and framed again; or frames taken out, doubled and swapped.</summary>
    private static byte[] Records(Draw draw, byte[] bundle)
    {
        var stream = new MemoryStream(bundle) { Position = BundleWriter.Magic.Length };
        var records = new List<byte[]>();
        try
        {
            while (stream.Position < stream.Length) records.Add(BundleRecord.Parser.ParseDelimitedFrom(stream).ToByteArray());
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            return Mutation.Changed(draw, bundle);
        }

        var at = draw.Below(records.Count);
        switch (draw.Below(4))
        {
            case 0: records.RemoveAt(at); break;
            case 1: records.Insert(at, records[draw.Below(records.Count)]); break;
            default: records[at] = WireTree.Mutated(draw, records[at], harsh: draw.OneIn(3)); break;
        }

        return [.. BundleWriter.Magic, .. records.SelectMany(r => (byte[])[.. Draw.Varint(draw.OneIn(200) ? draw.Number() : (ulong)r.Length, draw.OneIn(200) ? 1 : 0), .. r])];
    }

    private static bool Verified(byte[] input)
    {
        var options = new VerifyOptions { ShapeOf = (_, _) => Round.Shape, RosterHash = Round.Consortium.Roster.Hash };
        var report = TranscriptVerifier.Verify(new MemoryStream(input), options);
        var piped = TranscriptVerifier.Verify(new Piped(input), options);
        Must(report.Steps.Select(Said).SequenceEqual(piped.Steps.Select(Said)) || report.Steps.Count == piped.Steps.Count && !report.Passed && !piped.Passed, "a file and a pipe are verified differently");
        Must(report.Passed || (report.Total is null && report.Steps.Any(s => s.Passed == false && s.Detail.Length > 0)), "a bundle fails without a reason");
        // Another reader, which gives every exception a place in its report too.
        Must(!BundleCheck.Of(new MemoryStream(input)).Passed, "a bundle without an analysis has statistics");
        return report.Passed;
    }

    private static string Said(VerificationStep step) => $"{step.Name} {step.Passed} {step.Detail} {string.Join('|', step.Facts)}";

    public static bool TryParse<T>(MessageParser<T> parser, ReadOnlySpan<byte> bytes, out T message)
        where T : IMessage<T>
    {
        try
        {
            message = parser.ParseFrom(bytes);
            return true;
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            message = default!;
            return false;
        }
    }
}
