using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests.SecondVerifier;

/// <summary>Rounds that differ in all that a transcript can tell: size, shape, noise, who is lost where, who lies how, and how they end.</summary>
internal static class PlayedRounds
{
    private static readonly Action<RoundHarness, SeededRandom>[] s_lies =
    [
        (_, _) => { },
        (round, random) => round.Dispute(Somebody(round, random), Somebody(round, random)),
        (round, random) => Spoil(round, random, ShareEntry.Size - 1, everybody: true),
        (round, random) => Spoil(round, random, ShareEntry.Size - 1 - random.Next(64)),
        (round, random) => Spoil(round, random, random.Next(4)),
        (round, random) => Spoil(round, random, 4 + random.Next(ShareEntry.Size - 4), everybody: random.Next(2) == 0),
        (round, random) => Contradict(round, Somebody(round, random)),
        (round, random) => round.Corrupt<Share>(Somebody(round, random), MessageKind.Share, m => m.SelfCommitment = Bytes(random, 32)),
        (round, random) => round.Corrupt<Share>(Somebody(round, random), MessageKind.Share, m => m.RecoveryCommitment = Bytes(random, random.Next(3) == 0 ? 31 : 32)),
        (round, random) => round.Corrupt<Advertise>(Somebody(round, random), MessageKind.Advertise, m => m.KeyNotAfter += (ulong)random.Next(8000)),
        (round, random) => round.Corrupt<Advertise>(Somebody(round, random), MessageKind.Advertise, m => m.Fresh = Bytes(random, 31 + random.Next(3))),
        (round, random) => round.Corrupt<Input>(Somebody(round, random), MessageKind.Input, m => m.VectorDigest = Bytes(random, 32)),
        (round, random) => round.Corrupt<Input>(Somebody(round, random), MessageKind.Input, m => m.ChargedMicro = (ulong)random.Next(1_000_000)),
        (round, random) => round.Corrupt<Agree>(Somebody(round, random), MessageKind.Agree, m => m.SurvivorsDigest = Bytes(random, 32)),
        (round, random) => round.Corrupt<Unmask>(Somebody(round, random), MessageKind.Unmask, m => m.SelfSeed = Bytes(random, 32)),
        (round, random) => round.Corrupt<Unmask>(Somebody(round, random), MessageKind.Unmask, m => m.Dropped.Add(new PairSeed { Neighbour = 99, Seed = Bytes(random, 32) })),
        (round, random) => round.Corrupt<Recover>(Somebody(round, random), MessageKind.Recover, m =>
        {
            foreach (var share in m.SelfShares.Concat(m.RecoveryShares)) share.Blinder = Bytes(random, 32);
        }),
        (round, random) => round.Corrupt<Recover>(Somebody(round, random), MessageKind.Recover, m =>
        {
            if (random.Next(2) == 0 || m.SelfShares.Count == 0) m.RecoveryShares.Add(new RevealedShare { Dealer = (uint)random.Next(9), Share = Bytes(random, 32) });
            else m.SelfShares.RemoveAt(0);
        }),
        (round, random) => ByAnother(round, random),
        (round, random) => Spoil(round, random, 4 + random.Next(112)),
        (round, random) => Spoil(round, random, 4 + random.Next(144)),
        (round, random) => Complain(round, Somebody(round, random), Somebody(round, random), random.Next(3)),
    ];

    /// <summary>The round of this number.</summary>
    public static RoundHarness Play(ulong number)
    {
        var random = new SeededRandom(number ^ 0x5ec0de);
        var parties = 3 + random.Next(7);
        var faults = Enumerable.Range(0, Math.Max(0, random.Next(parties + 2) - 2)).Select(_ => Fault(random, parties)).ToList();
        var shape = new RoundShape(8 + random.Next(57), 1 + random.Next(40));
        var noise = (QueryNoise)(1 + random.Next(3));
        var round = new RoundHarness(Consortium.Of(parties, random.Next(4) == 0 ? 0 : null), shape, number, faults, q => q.Noise = noise) { CheckReplay = false };
        for (var lies = 1 + random.Next(3); lies > 0; lies--) s_lies[random.Next(s_lies.Length)](round, random);
        return round.Run();
    }

    private static Fault Fault(SeededRandom random, int parties)
    {
        var kind = random.Next(2) == 0 ? FaultKind.Silent : (FaultKind)random.Next(Enum.GetValues<FaultKind>().Length);
        var kinds = kind == FaultKind.LostStream ? Harness.Fault.Heard : Harness.Fault.Said;
        var at = kind == FaultKind.Declines ? MessageKind.Join : kinds[random.Next(kinds.Count)];
        return new Fault((uint)random.Next(parties), kind, at);
    }

    private static uint Somebody(RoundHarness round, SeededRandom random) => (uint)random.Next(round.Consortium.Roster.Parties.Count);

    private static ByteString Bytes(SeededRandom random, int count)
    {
        var bytes = new byte[count];
        random.GetBytes(bytes);
        return ByteString.CopyFrom(bytes);
    }

    /// <summary>A dealer changes a byte of its entry for one holder, or for all.</summary>
    private static void Spoil(RoundHarness round, SeededRandom random, int at, bool everybody = false)
    {
        var only = Somebody(round, random);
        round.CorruptEntries(Somebody(round, random), (holder, entry) => entry[at] ^= (byte)(everybody || holder == only ? 1 : 0));
    }

    /// <summary>A holder complains of a dealer without reason: under the right key, under another, or not as complaints are to be.</summary>
    private static void Complain(RoundHarness round, uint holder, uint dealer, int how)
    {
        var before = round.OnSend;
        round.OnSend = (from, envelope) => before(from, envelope).Select(e =>
        {
            if (from != holder || dealer == holder || e.Kind != MessageKind.Input || !round.Station.Record.Advertised.ContainsKey(dealer)) return e;
            using var pair = round.PairKey(holder, dealer);
            using var key = PairKeys.Seal(pair, round.Station.Record.Contexts.Context1, how == 1 ? holder : dealer, how == 1 ? dealer : holder);
            using var other = PairKeys.Seal(pair, round.Station.Record.Contexts.Context1, holder, dealer);
            var complaint = Complaint.Create(dealer, key.Span, Commitments.SealKey(round.Station.Record.Contexts.Context1, holder, dealer, other.Span)).Wire;
            e.Detached.Add(how == 2 ? ByteString.CopyFrom([.. complaint.Span, 0]) : complaint);
            var input = new Input(Input.Parser.ParseFrom(e.Body)) { ComplaintsRoot = Complaint.Root(e.Detached) };
            var signed = round.SignAs(holder, MessageKind.Input, input);
            (e.Body, e.Signature) = (signed.Body, signed.Signature);
            return e;
        });
    }

    /// <summary>A party says its input, or its agreement, again and differently.</summary>
    private static void Contradict(RoundHarness round, uint party)
    {
        var before = round.OnSend;
        round.OnSend = (from, envelope) => before(from, envelope).SelectMany(e => from == party && e.Kind is MessageKind.Agree or MessageKind.Unmask
            ? [e, round.SignAs(party, MessageKind.Decline, new Decline { Party = party, Code = RefusalCode.Policy, EarlierRound = ByteString.CopyFrom(1) }), round.SignAs(party, MessageKind.Input, Other())]
            : new[] { e });

        Input Other()
        {
            var said = Input.Parser.ParseFrom(round.Parties[party].Sent.Single(e => e.Kind == MessageKind.Input).Body);
            return new Input(said) { InputCommitment = said.VectorDigest };
        }
    }

    /// <summary>A party sends what another has said, in its own name or as it is, or with parts that do not belong there.</summary>
    private static void ByAnother(RoundHarness round, SeededRandom random)
    {
        var (liar, how) = (Somebody(round, random), random.Next(4));
        var before = round.OnSend;
        Envelope? heard = null;
        round.OnSend = (from, envelope) => before(from, envelope).SelectMany(e =>
        {
            if (from != liar)
            {
                heard = e;
                return [e];
            }

            if (heard is null) return [e];
            Envelope other = how switch
            {
                0 => heard,
                1 => new(e) { Signature = heard.Signature },
                2 => new(e) { Detached = { ByteString.CopyFrom(1, 2, 3) } },
                _ => new(e) { Kind = MessageKind.Survivors },
            };
            return new[] { other, e };
        });
    }
}
