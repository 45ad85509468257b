using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Attacks;

/// <summary>A station that lies about who takes part and with which keys.</summary>
public sealed class KeyAttackTests
{
    private const uint Victim = 1;
    private const uint Corrupt = 5;

    [Fact]
    public void U1_shrunk_below_the_floors_is_refused()
    {
        using var station = new LyingStation(Lie.Without(MessageKind.Advertised, 0, 2, 3, 4).To(Victim));
        station.Run().Refused(RefusalCode.Floors, Victim).GoesOnWithout(Victim);
        Assert.DoesNotContain(station.Harness.Parties[Victim].Sent, e => e.Kind == MessageKind.Share);
    }

    /// <summary>Within the floors, but shown so to one party alone: what it takes for the round is nobody else's.</summary>
    [Fact]
    public void U1_shown_smaller_to_one_party_gets_no_vector()
    {
        using var station = new LyingStation(Lie.Without(MessageKind.Advertised, 3, 4).To(Victim));
        station.RunThrough(MessageKind.Advertised);
        Assert.Contains(station.Harness.Station.Rejected, r => r is { Party: Victim, Kind: MessageKind.Share, Code: RejectionCode.BadSignature });
        var shares = new Shared();
        shares.Shares.Add(new uint[] { 0, Victim, 2, Corrupt }.Select(p => station.SignedBy(p, MessageKind.Share)));
        Assert.Null(station.Tell(Victim, MessageKind.Shared, shares).Vector);
        station.Refused(RefusalCode.BadSignature, Victim).Run().GoesOnWithout(Victim);
    }

    [Fact]
    public void Keys_of_the_stations_own_get_the_shares_that_are_sealed_to_them_but_no_vector()
    {
        using var station = new LyingStation(Planted(0, 2, 3, 4).To(Victim));
        station.RunThrough(MessageKind.Advertised);
        var shares = new Shared();
        shares.Shares.Add(station.Harness.Parties.Keys.Select(p => station.SignedBy(p, MessageKind.Share)));
        var step = station.Tell(Victim, MessageKind.Shared, shares);
        Assert.Equal((RefusalCode.BadSignature, (MaskedVector?)null), (step.Refusal, step.Vector));
        station.Run().GoesOnWithout(Victim);
    }

    /// <summary>Shares sealed to keys of the station's own give it q, and q opens the vault: so no vector may leave before every key of U1 has been vouched for.</summary>
    [Fact]
    public void Forged_keys_of_parties_that_then_drop_out_get_shares_but_no_vector()
    {
        using var station = new LyingStation(Lie.Withhold(MessageKind.Advertised));
        station.RunThrough(MessageKind.Advertised);
        var keys = new Advertised();
        keys.Advertisements.Add(station.Harness.Parties.Keys.Select(p => station.SignedBy(p, MessageKind.Advertise)));
        foreach (var forged in new[] { keys.Advertisements[3], keys.Advertisements[4] })
        {
            var advertise = Advertise.Parser.ParseFrom(forged.Body);
            advertise.PublicKey = ByteString.CopyFrom(station.Plant().PublicKey);
            forged.Body = advertise.ToByteString();
        }

        // Everybody but those whose keys are forged is told the same, and deals: with the colluder's the station has as many shares as rebuild a secret.
        var shares = new Shared();
        foreach (var party in new uint[] { 0, 1, 2, Corrupt })
        {
            Assert.Equal(MessageKind.Share, station.Tell(party, MessageKind.Advertised, keys).Messages.Single().Kind);
            shares.Shares.Add(station.SignedBy(party, MessageKind.Share));
        }

        foreach (var party in new uint[] { 0, 1, 2 }) Assert.Null(station.Tell(party, MessageKind.Shared, shares, station.DealtTo(party, [0, 1, 2, Corrupt])).Vector);
        station.Refused(RefusalCode.BadSignature, 0, 1, 2).Run().Stops(AbortReason.TooFewShares);
    }

    [Fact]
    public void Key_of_the_receiver_put_in_the_place_of_its_own_is_refused()
    {
        using var station = new LyingStation(Lie.Change<Advertised>(
            MessageKind.Advertised, (s, party, m) => Change(m, party, a => a.PublicKey = ByteString.CopyFrom(s.Plant().PublicKey))));
        station.Run().AllRefused(RefusalCode.OwnMessageChanged).Stops(AbortReason.TooFewShares);
    }

    [Fact]
    public void Fresh_bytes_of_the_receiver_that_are_not_its_own_are_refused()
    {
        using var station = new LyingStation(Lie.Change<Advertised>(
            MessageKind.Advertised, (_, party, m) => Change(m, party, a => a.Fresh = ByteString.CopyFrom(new byte[32]))));
        station.Run().AllRefused(RefusalCode.OwnMessageChanged).Stops(AbortReason.TooFewShares);
    }

    [Fact]
    public void Broadcast_without_the_receivers_key_is_refused()
    {
        using var station = new LyingStation(Lie.Change<Advertised>(MessageKind.Advertised, (_, party, m) => m.Advertisements.RemoveAt((int)party)));
        station.Run().AllRefused(RefusalCode.OwnMessageChanged).Stops(AbortReason.TooFewShares);
    }

    [Fact]
    public void Advertisement_replayed_from_another_round_gets_no_vector()
    {
        using var earlier = new LyingStation(new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), seed: 2), []);
        earlier.RunThrough(MessageKind.Propose);
        var old = earlier.SignedBy(4, MessageKind.Advertise);
        using var station = new LyingStation(Lie.Change<Advertised>(MessageKind.Advertised, m => m.Advertisements[4] = old));
        station.RunThrough(MessageKind.Advertised);

        // All but the owner of the old one believe the same, and deal; the others' shares vouch for their own keys only.
        var shares = new Shared();
        shares.Shares.Add(new uint[] { 0, 1, 2, 3, Corrupt }.Select(p => station.SignedBy(p, MessageKind.Share)));
        foreach (var party in new uint[] { 0, 1, 2, 3 }) Assert.Null(station.Tell(party, MessageKind.Shared, shares).Vector);
        station.Refused(RefusalCode.BadSignature, 0, 1, 2, 3).Refused(RefusalCode.OwnMessageChanged, 4).Run().Stops(AbortReason.TooFewShares);
    }

    [Fact]
    public void Key_copied_from_another_party_opens_nothing()
    {
        using var station = new LyingStation(Lie.Change<Advertised>(
            MessageKind.Advertised, (s, _, m) => Change(m, Corrupt, a => a.PublicKey = Advertise.Parser.ParseFrom(m.Advertisements[0].Body).PublicKey)));
        station.Run().Stops(AbortReason.TooFewShares);
    }

    [Theory]
    [InlineData("twice")]
    [InlineData("twice with two keys")]
    [InlineData("in another order")]
    [InlineData("not invited")]
    public void Party_that_is_listed_twice_out_of_order_or_not_invited_is_refused(string how)
    {
        using var station = new LyingStation(Lie.Change<Advertised>(MessageKind.Advertised, (s, _, m) =>
        {
            if (how == "in another order") (m.Advertisements[2], m.Advertisements[3]) = (m.Advertisements[3], m.Advertisements[2]);
            else m.Advertisements.Add(m.Advertisements[(int)Corrupt].Clone());
            if (how == "twice with two keys") Change(m, 6, a => a.PublicKey = ByteString.CopyFrom(s.Plant().PublicKey));
            if (how == "not invited") Change(m, 6, a => (a.Party, a.PublicKey) = (6, ByteString.CopyFrom(s.Plant().PublicKey)));
        }));
        station.Run().AllRefused(RefusalCode.BadMessage).Stops(AbortReason.TooFewShares);
    }

    [Theory]
    [InlineData("off the curve")]
    [InlineData("compressed")]
    [InlineData("hybrid")]
    [InlineData("zero")]
    [InlineData("infinity")]
    [InlineData("x beyond the field")]
    [InlineData("short")]
    [InlineData("long")]
    [InlineData("nothing")]
    public void Wrong_encoding_of_a_point_is_refused(string how)
    {
        using var station = new LyingStation(Lie.Change<Advertised>(MessageKind.Advertised, m => Change(m, Corrupt, a =>
        {
            var key = a.PublicKey.ToByteArray();
            a.PublicKey = ByteString.CopyFrom(how switch
            {
                "off the curve" => [.. key[..64], (byte)(key[64] ^ 1)],
                "compressed" => [(byte)(2 + (key[64] & 1)), .. key[1..33]],
                "hybrid" => [(byte)(6 + (key[64] & 1)), .. key[1..]],
                "zero" => [4, .. new byte[64]],
                "infinity" => [0],
                "x beyond the field" => [4, .. Enumerable.Repeat((byte)0xff, 32), .. key[33..]],
                "short" => key[..64],
                "long" => [.. key, 0],
                _ => [],
            });
        })));
        station.Run().AllRefused(RefusalCode.BadMessage).Stops(AbortReason.TooFewShares);
    }

    [Theory]
    [InlineData(-1801)]
    [InlineData(3600 + 1801)]
    [InlineData(long.MaxValue / 2)]
    public void Key_outside_of_its_life_is_refused(long secondsFromNow)
    {
        var end = (ulong)(Consortium.Start.ToUnixTimeSeconds() + Math.Min(secondsFromNow, long.MaxValue / 4));
        using var station = new LyingStation(Lie.Change<Advertised>(MessageKind.Advertised, m => Change(m, Corrupt, a => a.KeyNotAfter = end)));
        station.Run().AllRefused(RefusalCode.Expired).Stops(AbortReason.TooFewShares);
    }

    [Fact]
    public void No_key_is_derived_twice_in_many_rounds_though_the_agreement_keys_are_the_same()
    {
        // Every sealing, vault and mask key, whose nonces and counters all begin at zero; also where a round is proposed again to parties that forgot it.
        var keys = new List<string>();
        ulong[] seeds = [1, 2, 3, 4, 5, 6, 7, 8, 8, 8];
        foreach (var (seed, i) in seeds.Select((s, i) => (s, i)))
        {
            using var round = new RoundHarness(Consortium.Of(5), new RoundShape(32, 4), seed)
            {
                CheckReplay = false, OnSetup = s => s with { Random = new Testing.SeededRandom(((ulong)i * 1000) + s.Index) },
            };
            round.RunThrough(MessageKind.Shared);
            var contexts = round.Station.Record.Contexts;
            foreach (var u in round.Parties.Keys)
            {
                var dealing = round.Parties[u].Dealt();
                Add(PairKeys.Mask(dealing.SelfSeed.Span, contexts.Context2));
                foreach (var v in round.Parties.Keys.Where(v => v != u))
                {
                    keys.Add(Convert.ToHexString(dealing.SealKey(v).Span));
                    Add(PairKeys.Vault(dealing.RecoverySeed().Span, contexts.Context1, u, v));
                    if (u < v) Add(PairKeys.Mask(dealing.PairSeed(v).Span, contexts.Context2));
                }
            }
        }

        Assert.Equal(seeds.Length * (5 + 20 + 20 + 10), keys.Count);
        Assert.Equal(keys.Count, keys.Distinct().Count());

        void Add(SecretBytes key)
        {
            keys.Add(Convert.ToHexString(key.Span));
            key.Dispose();
        }
    }

    private static Lie Planted(params uint[] parties) => Lie.Change<Advertised>(MessageKind.Advertised, (s, _, m) =>
    {
        foreach (var party in parties) Change(m, party, a => a.PublicKey = ByteString.CopyFrom(s.Plant().PublicKey));
    });

    private static void Change(Advertised keys, uint place, Action<Advertise> change)
    {
        var advertise = Advertise.Parser.ParseFrom(keys.Advertisements[(int)place].Body);
        change(advertise);
        keys.Advertisements[(int)place].Body = advertise.ToByteString();
    }
}
