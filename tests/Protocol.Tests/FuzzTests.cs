using FsCheck.Fluent;
using Google.Protobuf;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests;

/// <summary>
/// Corrupt bytes under a good signature: whoever may sign can say anything, so nothing that is said may throw, and nothing that is not canonical may count.
/// </summary>
public sealed class FuzzTests
{
    private static readonly RoundShape s_shape = new(16, 3);

    [Fact]
    public void Station_survives_any_bytes_that_a_party_signs() => Testing.Property.Holds(
        Gen.Choose(0, int.MaxValue),
        seed =>
        {
            var random = new SeededRandom((ulong)seed);
            using var round = new RoundHarness(
                Consortium.Of(4), s_shape, faults: random.Next(2) == 0 ? [] : [new Fault(0, FaultKind.Silent, MessageKind.Unmask)]) { CheckReplay = false };
            round.OnSend = (party, e) => party != 3 ? [e] : [Mutated(e, random, b => round.SignAs(3, e.Kind, b)), e];
            round.OnVector = (party, v) => party == 3 && random.Next(4) == 0 ? Mutated(v, random) : v;
            round.Run();
            Assert.NotEqual(RoundState.Running, round.Station.Round.State);
            round.Station.CheckReplay();
            if (round.Station.Round.State == RoundState.Done)
            {
                using var expected = round.Expected(round.Station.Round.Survivors);
                Assert.Equal(expected.Pack(), round.Station.Round.Total!.Packed.ToByteArray());
            }

            return true;
        },
        cases: 100);

    [Fact]
    public void Party_survives_any_bytes_that_the_station_signs() => Testing.Property.Holds(
        Gen.Choose(0, int.MaxValue),
        seed =>
        {
            var random = new SeededRandom((ulong)seed);
            var at = Fault.Heard[random.Next(Fault.Heard.Count)];
            using var round = new RoundHarness(Consortium.Of(4), s_shape, faults: [new Fault(0, FaultKind.Silent, MessageKind.Unmask)]) { CheckReplay = false };
            round.OnDeliver = (party, b) =>
            {
                if (party != 3 || b.Envelope.Kind != at) return [b];
                var changed = b.Clone();
                if (changed.Deliveries.Count != 0 && random.Next(2) == 0)
                {
                    var delivery = changed.Deliveries[random.Next(changed.Deliveries.Count)];
                    if (random.Next(2) == 0) delivery.Entry = ByteString.CopyFrom(Mutated(delivery.Entry.ToByteArray(), random));
                    else delivery.Path[0] = ByteString.CopyFrom(Mutated(delivery.Path[0].ToByteArray(), random));
                }
                else
                {
                    changed.Envelope = Mutated(b.Envelope, random, body => RoundHarness.Sign(Consortium.Station, at, body, ContextsBefore(round, at)));
                }

                return [changed];
            };
            round.Run();
            if (round.Refusals.TryGetValue(3, out var code)) Assert.True(code != RefusalCode.Unspecified);
            else Assert.True(round.Parties[3].State == PartyRoundState.Ended, "A changed broadcast was neither refused nor the same.");
            return true;
        },
        cases: 100);

    [Fact]
    public void Proposal_of_any_bytes_that_the_station_signs_is_opened_or_refused() => Testing.Property.Holds(
        Gen.Choose(0, int.MaxValue),
        seed =>
        {
            var random = new SeededRandom((ulong)seed);
            using var round = new RoundHarness(Consortium.Of(4), s_shape);
            var proposal = Proposal.Parser.ParseFrom(round.Proposal.Body);
            if (random.Next(2) == 0)
            {
                // The coordinator signs anything too.
                var query = ByteString.CopyFrom(Mutated(proposal.Query.ToByteArray(), random));
                proposal.Query = query;
                proposal.QuerySignature = ByteString.CopyFrom(Consortium.Coordinator.Sign(Digests.QuerySignature(round.Consortium.Roster.Hash, query.Span)));
            }

            var body = random.Next(3) == 0 ? proposal.ToByteString() : ByteString.CopyFrom(Mutated(proposal.ToByteArray(), random));
            var contexts = new RoundContexts { Context0 = ContextOf(body, round) };
            try
            {
                using var party = PartyRound.Open(
                    round.Consortium.Setup(1, 1), RoundHarness.Sign(Consortium.Station, MessageKind.Propose, body, contexts), round.Now);
                return true;
            }
            catch (RefusalException e)
            {
                return e.Code != RefusalCode.Unspecified;
            }
        },
        cases: 300);

    [Fact]
    public void Roster_of_any_bytes_is_opened_or_refused() => Testing.Property.Holds(
        Gen.Choose(0, int.MaxValue),
        seed =>
        {
            var random = new SeededRandom((ulong)seed);
            var signed = SignedRoster.Parser.ParseFrom(Consortium.Of(4).Roster.Signed);
            if (random.Next(2) == 0) signed.Body = ByteString.CopyFrom(Mutated(signed.Body.ToByteArray(), random));
            else signed.Signatures[random.Next(signed.Signatures.Count)].Signature = ByteString.CopyFrom(Mutated(signed.Signatures[0].Signature.ToByteArray(), random));
            var bytes = random.Next(2) == 0 ? signed.ToByteArray() : Mutated(signed.ToByteArray(), random);
            Assert.Throws<RosterException>(() => Roster.Open(bytes));
            return true;
        },
        cases: 300);

    /// <summary>What the station binds such a proposal to; nothing, where there is nothing to hash.</summary>
    private static byte[] ContextOf(ByteString body, RoundHarness round)
    {
        try
        {
            return Digests.Context0(round.Consortium.Roster.Hash, Proposal.Parser.ParseFrom(body));
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or ArgumentException)
        {
            return new byte[32];
        }
    }

    /// <summary>The contexts under which the station signed a broadcast.</summary>
    private static RoundContexts ContextsBefore(RoundHarness round, MessageKind kind)
    {
        var now = round.Station.Record.Contexts;
        return kind switch
        {
            MessageKind.Advertised => new RoundContexts { Context0 = now.Context0 },
            MessageKind.Shared => new RoundContexts { Context0 = now.Context0, Context1 = now.Context1 },
            _ => now,
        };
    }

    private static Envelope Mutated(Envelope envelope, SeededRandom random, Func<ByteString, Envelope> sign)
    {
        var changed = sign(random.Next(5) == 0 ? envelope.Body : ByteString.CopyFrom(Mutated(envelope.Body.ToByteArray(), random)));
        changed.Detached.Add(envelope.Detached.Select(d => random.Next(3) == 0 ? ByteString.CopyFrom(Mutated(d.ToByteArray(), random)) : d));
        if (random.Next(8) == 0) changed.Detached.Add(ByteString.CopyFrom(1, 2, 3));
        return changed;
    }

    private static byte[] Mutated(byte[] bytes, SeededRandom random)
    {
        if (bytes.Length == 0) return [(byte)random.Next(256)];
        var at = random.Next(bytes.Length);
        switch (random.Next(5))
        {
            case 0: return bytes[..at];
            case 1: return [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]];
            case 2: return [.. bytes, .. bytes[at..]];
            case 3: return [.. bytes[..at], .. bytes[(at + 1)..]];
            default:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
        }
    }
}
