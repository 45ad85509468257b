using System.Text.Json;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>The rounds that an independent implementation played (tools/vectors): every byte that a party or the station of ours would send is the same.</summary>
public sealed class VectorTests
{
    public static TheoryData<string> Rounds => new(VectorRound.Rounds);

    [Fact]
    public void Vectors_are_all_there()
    {
        Assert.Equal(8, VectorRound.Rounds.Count());
        Assert.Equal(64, VectorRound.Negatives.Count());
    }

    [Theory]
    [MemberData(nameof(Rounds))]
    public void Roster_has_the_hash_and_words_of_the_vector(string name)
    {
        var vector = new VectorRound(name);
        var roster = vector.Json.GetProperty("roster");
        Assert.Equal(roster.Bytes("hash"), vector.Roster.Hash);
        using var list = new StreamReader(typeof(Fingerprint).Assembly.GetManifestResourceStream(
            typeof(Fingerprint).Assembly.GetManifestResourceNames().Single(n => n.EndsWith("bip39-english.txt", StringComparison.Ordinal)))!);
        var words = list.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(roster.Set("words").Select(i => words[i]), vector.Roster.Words);
    }

    [Theory]
    [MemberData(nameof(Rounds))]
    public void Party_with_the_tape_of_the_vector_sends_its_bytes(string name)
    {
        var vector = new VectorRound(name);
        foreach (var json in vector.Parties.Where(p => !p.GetProperty("corrupt").GetBoolean()))
        {
            PlayParty(vector, (uint)json.Number("index"));
        }
    }

    [Theory]
    [MemberData(nameof(Rounds))]
    public void Station_that_gets_the_messages_of_the_vector_sends_its_broadcasts_and_total(string name)
    {
        var vector = new VectorRound(name);
        var host = vector.PlayStation(vector.Messages.Count);
        var total = vector.Json.GetProperty("total");
        Assert.Equal(RoundState.Done, host.Round.State);
        Assert.Equal(total.Set("survivors"), host.Round.Total!.Survivors);
        using var opened = RingVector.Unpack(vector.Shape.Bits, vector.Shape.Length, host.Round.Total.Packed.Span);
        Assert.Equal(total.GetProperty("values").EnumerateArray().Select(v => ulong.Parse(v.GetString()!)), Enumerable.Range(0, opened.Length).Select(i => opened[i]));
        host.CheckReplay();
    }

    [Theory]
    [MemberData(nameof(Rounds))]
    public void Contexts_and_numbers_are_those_of_the_vector(string name)
    {
        var vector = new VectorRound(name);
        var record = vector.PlayStation(vector.Messages.Count).Record;
        var derived = vector.Derived;
        vector.CheckContextsAndSets(record);
        Assert.Equal((derived.Number("t"), derived.Number("t_shares"), derived.Number("k")), (record.Rules.Threshold, record.Rules.ShareThreshold, record.Rules.Degree));
    }

    [Theory]
    [MemberData(nameof(Rounds))]
    public void Keys_seeds_masks_and_commitments_are_those_of_the_vector(string name)
    {
        var vector = new VectorRound(name);
        var (context1, context2) = (vector.Derived.Bytes("context1"), vector.Derived.Bytes("context2"));
        foreach (var secret in vector.Derived.GetProperty("secrets").EnumerateArray())
        {
            var party = (uint)secret.Number("party");
            Assert.Equal(secret.Bytes("b_commitment"), Commitments.SelfSeed(context1, party, secret.Bytes("b")));
            Assert.Equal(secret.Bytes("q_commitment"), Commitments.RecoverySeed(context1, party, secret.Bytes("q")));
            Assert.Equal(secret.Bytes("self_mask"), MaskOf(secret.Bytes("b")));
            if (!secret.TryGetProperty("salt", out _)) continue;
            using var input = vector.Input(party);
            using var commitment = Commitments.BeginInput(context2, party, secret.Bytes("salt"), vector.Shape.PackedLength);
            Assert.Equal(secret.Bytes("input_commitment"), commitment.Append(input.Pack()).Finish());
        }

        foreach (var pair in vector.Derived.GetProperty("pairs").EnumerateArray())
        {
            var (lower, higher) = ((uint)pair.Number("lower"), (uint)pair.Number("higher"));
            foreach (var (self, peer) in new[] { (lower, higher), (higher, lower) })
            {
                var setup = vector.Setup(self, vector.Tape(self));
                using var lease = setup.Keys.Take(vector.Now);
                var peerPublic = vector.Party(peer).Bytes("ephemeral_public");
                using var key = PairKeys.Pair(
                    vector.Roster.Hash, self, lease.PublicKey, peer, peerPublic, lease.Agree(peerPublic), setup.PreSharedKeys.GetValueOrDefault(peer));
                using var seed = PairKeys.PairSeed(key, context1);
                Assert.Equal(pair.Bytes("pair_key"), key.Span);
                Assert.Equal(pair.Bytes("pair_seed"), seed.Span);
                Assert.Equal(pair.Bytes("mask"), MaskOf(seed.Span));
            }
        }

        foreach (var dealt in vector.Derived.GetProperty("dealt").EnumerateArray()) CheckDealt(dealt, context1);

        byte[] MaskOf(ReadOnlySpan<byte> seed)
        {
            using var mask = new RingVector(vector.Shape.Bits, vector.Shape.Length);
            using var key = PairKeys.Mask(seed, context2);
            using var masks = new MaskBatch();
            masks.Add(key.Span, MaskSign.Add);
            masks.ApplyTo(mask);
            return mask.Pack();
        }
    }

    [Theory]
    [MemberData(nameof(Rounds))]
    public void Vaults_open_with_the_recovered_seeds_of_the_vector(string name)
    {
        var vector = new VectorRound(name);
        var context1 = vector.Derived.Bytes("context1");
        var recovered = vector.Derived.GetProperty("recovered_q").EnumerateArray().ToDictionary(q => q.Number("party"), q => q.Bytes("q"));
        foreach (var vault in vector.Derived.GetProperty("vault_seeds").EnumerateArray())
        {
            var (owner, neighbour) = ((uint)vault.Number("owner"), (uint)vault.Number("neighbour"));
            var dealt = vector.Derived.GetProperty("dealt").EnumerateArray().Single(d => d.Number("dealer") == owner && d.Number("holder") == neighbour);
            using var key = PairKeys.Vault(recovered[(int)owner], context1, owner, neighbour);
            var seed = new byte[32];
            Assert.True(Aead.TryOpen(key.Span, ShareEntry.TryRead(ByteString.CopyFrom(dealt.Bytes("entry")), neighbour)!.Vault, PairKeys.AssociatedData(context1, owner, neighbour), seed));
            Assert.Equal(vault.Bytes("seed"), seed);
        }
    }

    private static void CheckDealt(JsonElement dealt, byte[] context1)
    {
        var (dealer, holder) = ((uint)dealt.Number("dealer"), (uint)dealt.Number("holder"));
        var entry = ShareEntry.TryRead(ByteString.CopyFrom(dealt.Bytes("entry")), holder)!;
        using var shares = new ReceivedShares([.. dealt.Bytes("b_share"), .. dealt.Bytes("q_share"), .. dealt.Bytes("r")]);
        Assert.Equal(dealt.Bytes("commitment"), shares.Commitment(context1, dealer, holder));
        Assert.Equal(dealt.Bytes("commitment"), entry.ShareCommitment);
        Assert.Equal(dealt.Bytes("seed_commitment"), entry.SeedCommitment);
        Assert.Equal(dealt.Bytes("seal_commitment"), entry.SealCommitment);
        var (own, other) = (shares.Reveal(context1, dealer, holder, SharedSecret.SelfSeed), shares.Reveal(context1, dealer, holder, SharedSecret.RecoverySeed));
        Assert.Equal(dealt.Bytes("b_share"), own.Share);
        Assert.Equal(dealt.Bytes("blinder_b"), own.Blinder);
        Assert.Equal(dealt.Bytes("commitment_q"), own.Sibling);
        Assert.Equal(dealt.Bytes("q_share"), other.Share);
        Assert.Equal(dealt.Bytes("blinder_q"), other.Blinder);
        Assert.Equal(dealt.Bytes("commitment_b"), other.Sibling);
        Assert.True(ReceivedShares.Fits(own, context1, holder, SharedSecret.SelfSeed, entry.ShareCommitment));
        Assert.False(ReceivedShares.Fits(own, context1, holder, SharedSecret.RecoverySeed, entry.ShareCommitment));
    }

    private static void PlayParty(VectorRound vector, uint index)
    {
        var expected = new Queue<VectorMessage>(vector.Messages.Where(m => m.From == index));
        var tape = vector.Tape(index);
        using var party = PartyRound.Open(vector.Setup(index, tape), vector.Messages[0].Envelope, vector.Now);
        if (expected.Peek().Kind == MessageKind.Decline)
        {
            Expect(party.Decline(Decline.Parser.ParseFrom(expected.Peek().Envelope.Body).Code));
            return;
        }

        Expect(party.Join(vector.Shape, vector.Now));
        if (vector.Party(index).TryGetProperty("x", out _)) Expect(party.ProvideInput(vector.Input(index), party.Question.ChargeMicro));
        foreach (var broadcast in vector.Messages.Skip(1).Where(m => m.From is null))
        {
            // A party that fell silent is not asked what it would have said.
            if (expected.Count == 0 && broadcast.Kind != MessageKind.Total) break;
            Expect(party.Receive(broadcast.BroadcastTo(index), vector.Now));
        }

        Assert.Empty(expected);
        Assert.Equal(0, tape.Left);

        void Expect(PartyStep step)
        {
            Assert.True(step.Detail.Length == 0, $"Party {index} refuses: {step.Detail}");
            foreach (var message in step.Messages)
            {
                var next = expected.Dequeue();
                Assert.Equal(next.Kind, message.Kind);
                Assert.Equal(next.Envelope.Body, message.Body);
                Assert.Equal(next.Envelope.Detached, message.Detached);
                if (next.Vector is not null) Assert.Equal(next.Vector, step.Vector!.ToArray());
            }
        }
    }
}
