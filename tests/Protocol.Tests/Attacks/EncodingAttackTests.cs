using System.Numerics;
using Google.Protobuf;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Attacks;

/// <summary>A station whose broadcasts are not what they must be as bytes: signatures, lengths, fields, and those of other rounds and kinds.</summary>
public sealed class EncodingAttackTests
{
    private static readonly BigInteger s_order =
        BigInteger.Parse("0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);

    private static readonly uint[] s_parties = [1, 2, 3];
    private static readonly Fault[] s_faults = [new Fault(0, FaultKind.Silent, MessageKind.Input), new Fault(4, FaultKind.Silent, MessageKind.Unmask)];

    /// <summary>Every broadcast that a party acts on.</summary>
    public static TheoryData<MessageKind> Broadcasts =>
        [MessageKind.Propose, MessageKind.Advertised, MessageKind.Shared, MessageKind.Survivors, MessageKind.Agreed, MessageKind.Recovery];

    /// <summary>The other signature that anybody can make of one: r‖(order − s).</summary>
    [Theory]
    [MemberData(nameof(Broadcasts))]
    public void Malleated_signature_of_the_station_is_refused(MessageKind kind) => Refused(kind, RefusalCode.BadSignature, kind == MessageKind.Propose
        ? new Lie(kind, (_, _, truth) => [Resigned(truth, HighS)])
        : Lie.Signature(kind, HighS));

    [Theory]
    [InlineData(MessageKind.Shared)]
    [InlineData(MessageKind.Agreed)]
    public void Malleated_signature_of_a_party_is_refused(MessageKind kind) => Refused(kind, RefusalCode.BadSignature, kind == MessageKind.Shared
        ? Lie.Change<Shared>(kind, m => Malleate(m.Shares[5]))
        : Lie.Change<Agreed>(kind, m => Malleate(m.Agreements[^1])));

    [Theory]
    [MemberData(nameof(Broadcasts))]
    public void Unsigned_broadcast_is_refused(MessageKind kind)
    {
        // Left empty it would be filled in.
        Refused(kind, RefusalCode.BadSignature, new Lie(kind, (_, _, truth) => [Resigned(truth, _ => new byte[64])]));
        Refused(kind, RefusalCode.BadSignature, new Lie(kind, (_, _, truth) => [Resigned(truth, _ => [0])]));
    }

    [Theory]
    [MemberData(nameof(Broadcasts))]
    public void Truncated_broadcast_is_refused(MessageKind kind)
    {
        foreach (var keep in new Func<int, int>[] { n => n - 1, n => n / 2, n => 1, _ => 0 })
        {
            // What is left may be a shorter message in itself, so that another rule says no; or one of nothing, as an empty Recovery is.
            using var station = Recovering(Lie.Bytes(kind, body => ByteString.CopyFrom(body.Span[..keep(body.Length)])));
            station.Run();
            var codes = new[] { RefusalCode.BadMessage, RefusalCode.OwnMessageChanged, RefusalCode.SurvivorSet, RefusalCode.NoQuorum, RefusalCode.Floors };
            if (kind != MessageKind.Recovery) Assert.All(s_parties, p => Assert.Contains(station.Harness.Refusals.GetValueOrDefault(p), codes));
            station.Stops();
        }
    }

    [Theory]
    [MemberData(nameof(Broadcasts))]
    public void Unknown_field_in_a_broadcast_is_refused(MessageKind kind) =>
        Refused(kind, RefusalCode.BadMessage, Lie.Bytes(kind, body => ByteString.CopyFrom([.. body.Span, 0xF8, 0x06, 0x01])));

    [Theory]
    [InlineData(MessageKind.Advertised)]
    [InlineData(MessageKind.Shared)]
    [InlineData(MessageKind.Survivors)]
    [InlineData(MessageKind.Agreed)]
    public void Unknown_field_in_a_partys_message_inside_a_broadcast_is_refused(MessageKind kind)
    {
        static void Add(SignedBody body) => body.Body = ByteString.CopyFrom([.. body.Body.Span, 0xF8, 0x06, 0x01]);
        Refused(kind, RefusalCode.BadMessage, kind switch
        {
            MessageKind.Advertised => Lie.Change<Advertised>(kind, m => Add(m.Advertisements[5])),
            MessageKind.Shared => Lie.Change<Shared>(kind, m => Add(m.Shares[5])),
            MessageKind.Survivors => Lie.Change<Survivors>(kind, m => Add(m.Inputs[^1])),
            _ => Lie.Change<Agreed>(kind, m => Add(m.Agreements[^1])),
        });
    }

    [Theory]
    [MemberData(nameof(Broadcasts))]
    public void Broadcast_over_its_limit_does_not_reach_the_decoder(MessageKind kind)
    {
        var limit = kind == MessageKind.Propose ? Limits.Broadcast(Limits.Parties) + Limits.Query : Limits.Broadcast(6);
        Refused(kind, RefusalCode.BadMessage, new Lie(kind, (_, _, truth) => [Resigned(truth, _ => new byte[64], new byte[limit + 1])]));
    }

    [Theory]
    [MemberData(nameof(Broadcasts))]
    public void Broadcast_of_another_round_is_refused(MessageKind kind)
    {
        using var other = new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), seed: 2, faults: s_faults) { CheckReplay = false };
        other.Run();
        var old = other.Station.Round.Broadcasts.Single(b => b.Kind == kind);
        if (kind == MessageKind.Propose)
        {
            // A round of its own: what follows is not of it.
            old = other.Proposal;
            using var station = Recovering(Lie.Instead(kind, (_, _) => old).To(1));
            station.Run().GoesOnWithout(1);
            return;
        }

        Refused(kind, RefusalCode.BadSignature, Lie.Instead(kind, (_, _) => old));
    }

    [Theory]
    [InlineData(MessageKind.Shared)]
    [InlineData(MessageKind.Survivors)]
    [InlineData(MessageKind.Agreed)]
    [InlineData(MessageKind.Recovery)]
    public void Body_of_the_broadcast_before_under_this_kind_is_refused(MessageKind kind)
    {
        using var station = Recovering(Lie.Instead(kind, (s, party) => s.Sign(party, kind, s.Harness.Station.Round.Broadcasts[^2].Body)));
        station.Run();
        Assert.All(s_parties, p => Assert.NotEqual(RefusalCode.Unspecified, station.Harness.Refusals.GetValueOrDefault(p)));
        station.Stops();
    }

    [Theory]
    [InlineData(MessageKind.Shared)]
    [InlineData(MessageKind.Survivors)]
    [InlineData(MessageKind.Agreed)]
    [InlineData(MessageKind.Recovery)]
    [InlineData(MessageKind.Join)]
    [InlineData(MessageKind.Roster)]
    [InlineData(MessageKind.Act)]
    [InlineData(MessageKind.Unspecified)]
    public void Broadcast_out_of_order_is_refused(MessageKind kind)
    {
        using var station = new LyingStation();
        station.RunThrough(MessageKind.Propose);
        foreach (var party in s_parties) Assert.Equal([MessageKind.Decline], station.Tell(party, new Envelope { Kind = kind }).Messages.Select(m => m.Kind));
        station.Refused(RefusalCode.OutOfOrder, s_parties).Run().OpensNothing();
    }

    [Theory]
    [InlineData(MessageKind.Advertised)]
    [InlineData(MessageKind.Shared)]
    public void Second_broadcast_of_a_kind_that_differs_is_refused(MessageKind kind)
    {
        using var station = Recovering(kind == MessageKind.Advertised
            ? Lie.Also<Advertised>(kind, m => m.Advertisements.RemoveAt(4))
            : Lie.Also<Shared>(kind, m => m.Shares.RemoveAt(4)));
        station.Run().Refused(RefusalCode.OutOfOrder, s_parties).Stops();
    }

    [Fact]
    public void Second_proposal_of_a_round_that_differs_is_refused()
    {
        using var station = new LyingStation();
        station.RunThrough(MessageKind.Shared);
        var other = Proposal.Parser.ParseFrom(station.Harness.Proposal.Body);
        other.DeadlinesMs[4]++;
        foreach (var party in s_parties) Assert.Empty(station.Tell(party, MessageKind.Propose, other).Messages);
        station.Refused(RefusalCode.OutOfOrder, s_parties).Run().Stops(AbortReason.TooFewAgreements);
    }

    [Fact]
    public void Broadcast_sent_twice_is_answered_once()
    {
        using var round = new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), faults: s_faults) { CheckReplay = false, OnDeliver = (_, b) => [b, b] };
        using var station = new LyingStation(round, []);
        station.Run().GoesOnWithout(0);
        Assert.DoesNotContain(round.Refusals.Keys, p => p != 0);
        Assert.All(round.Parties.Values, p => Assert.Equal(p.Sent.Count, p.Sent.DistinctBy(e => e.Kind).Count()));
    }

    /// <summary>A round in which every broadcast occurs.</summary>
    private static LyingStation Recovering(params Lie[] lies) =>
        new(new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), faults: s_faults) { CheckReplay = false }, lies);

    private static void Refused(MessageKind kind, RefusalCode code, Lie lie)
    {
        using var station = Recovering(lie);
        station.Run().Refused(code, s_parties);

        // Of seeds that were rightly shown before a false recovery, one party's is missing.
        Assert.True(kind == MessageKind.Recovery || station.Harness.Parties.Values.All(p => !p.Released));
        station.Stops();
    }

    private static Broadcast Resigned(Broadcast truth, Func<byte[], byte[]> change, byte[]? body = null)
    {
        var changed = truth.Clone();
        changed.Envelope.Signature = ByteString.CopyFrom(change(truth.Envelope.Signature.ToByteArray()));
        if (body is not null) changed.Envelope.Body = ByteString.CopyFrom(body);
        return changed;
    }

    private static void Malleate(SignedBody signed) => signed.Signature = ByteString.CopyFrom(HighS(signed.Signature.ToByteArray()));

    private static byte[] HighS(byte[] signature)
    {
        var s = s_order - new BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true);
        var high = s.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. signature[..32], .. new byte[32 - high.Length], .. high];
    }
}
