using System.Reflection;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>One party: what it remembers before it speaks, what it forgets afterwards, how it is called wrongly.</summary>
public sealed class PartyRoundTests
{
    private static readonly RoundShape s_shape = new(32, 4);

    [Fact]
    public void Memory_is_written_before_the_message_that_depends_on_it_leaves()
    {
        using var round = new RoundHarness(Consortium.Of(4), s_shape);
        var writtenBefore = new List<(MessageKind, string)>();
        round.OnSend = (party, e) =>
        {
            if (party == 1) writtenBefore.Add((e.Kind, round.Memories[1].Calls[^1]));
            return [e];
        };
        round.Run();
        Assert.Equal(
            [
                (MessageKind.Join, "begin"), (MessageKind.Advertise, "begin"), (MessageKind.Share, "begin"), (MessageKind.Input, "begin"),
                (MessageKind.Agree, "sign"), (MessageKind.Unmask, "release"),
            ],
            writtenBefore);
    }

    [Theory]
    [InlineData("begin")]
    [InlineData("sign")]
    [InlineData("release")]
    public void Disk_that_fails_keeps_the_message_from_leaving(string call)
    {
        using var round = new RoundHarness(Consortium.Of(4), s_shape) { OnSetup = s => s.Index == 1 ? s with { Memory = new FailingMemory(s.Memory, call) } : s };
        Assert.Throws<IOException>(() => round.Run());
        var kept = call switch { "begin" => MessageKind.Join, "sign" => MessageKind.Agree, _ => MessageKind.Unmask };
        Assert.DoesNotContain(round.Parties.GetValueOrDefault(1u)?.Sent ?? [], e => e.Kind == kept);
        Assert.False(round.Parties.GetValueOrDefault(1u)?.Released ?? false);
    }

    [Fact]
    public void Declined_round_leaves_no_trace_and_says_its_code_once()
    {
        using var harness = new RoundHarness(Consortium.Of(4), s_shape);
        var memory = new MemoryParty();
        using var party = PartyRound.Open(harness.Consortium.Setup(1, 1, memory), harness.Proposal, harness.Now);
        var step = party.Decline(RefusalCode.Budget);
        Assert.Equal(RefusalCode.Budget, Decline.Parser.ParseFrom(step.Messages.Single().Body).Code);
        Assert.Equal(RefusalCode.Budget, party.Refusal);
        Assert.Empty(memory.Calls);
        Assert.Same(PartyStep.Nothing, party.Decline(RefusalCode.Policy));
        Assert.Same(PartyStep.Nothing, party.Join(s_shape, harness.Now));
        using var input = new RingVector(32, 4);
        Assert.Same(PartyStep.Nothing, party.ProvideInput(input, party.Question.ChargeMicro));
    }

    [Fact]
    public void Input_may_come_before_or_after_the_shares_and_only_once()
    {
        using var harness = new RoundHarness(Consortium.Of(4), s_shape);
        using var party = PartyRound.Open(harness.Consortium.Setup(1, 1), harness.Proposal, harness.Now);
        Assert.Throws<InvalidOperationException>(() => party.ProvideInput(harness.InputOf(1), party.Question.ChargeMicro));
        party.Join(s_shape, harness.Now);
        Assert.Throws<ArgumentException>(() => party.ProvideInput(new RingVector(32, 5), party.Question.ChargeMicro));
        Assert.Throws<ArgumentException>(() => party.ProvideInput(new RingVector(33, 4), party.Question.ChargeMicro));
        Assert.Empty(party.ProvideInput(harness.InputOf(1), party.Question.ChargeMicro).Messages);
        Assert.Throws<InvalidOperationException>(() => party.ProvideInput(harness.InputOf(1), party.Question.ChargeMicro));
    }

    [Fact]
    public void Input_that_comes_last_leaves_at_once()
    {
        using var harness = new RoundHarness(Consortium.Of(4), s_shape);
        using var late = PartyRound.Open(harness.Consortium.Setup(1, 1), harness.Proposal, harness.Now);
        harness.OnSend = (party, e) => party == 1 ? [late.Sent.Single(s => s.Kind == e.Kind)] : [e];
        late.Join(s_shape, harness.Now);
        PartyStep? input = null;
        harness.OnDeliver = (party, b) =>
        {
            if (party == 1 && input is null)
            {
                Assert.Equal(RefusalCode.Unspecified, late.Receive(b, harness.Now).Refusal);
                if (late.State == PartyRoundState.AwaitingInput) input = late.ProvideInput(harness.InputOf(1), late.Question.ChargeMicro);
            }

            return [b];
        };
        harness.OnVector = (party, v) => party == 1 ? late.SentVector!.ToArray() : v;
        harness.RunThrough(MessageKind.Shared);
        Assert.Equal(MessageKind.Input, input!.Messages.Single().Kind);
        Assert.Same(late.SentVector, input.Vector);
        Assert.Equal(16, input.Vector!.Length);
    }

    [Fact]
    public void Party_that_has_sent_its_input_leaves_without_a_word()
    {
        using var round = new RoundHarness(Consortium.Of(4), s_shape);
        round.RunThrough(MessageKind.Shared);
        var step = round.Parties[1].Decline(RefusalCode.DataSource);
        Assert.Empty(step.Messages);
        Assert.Equal(RefusalCode.DataSource, step.Refusal);
    }

    [Fact]
    public void Secrets_are_erased_when_the_round_ends_refuses_or_is_disposed()
    {
        foreach (var end in new Action<RoundHarness>[]
        {
            r => r.Run(),
            r => r.Parties[1].Receive(r.Wrap(new Envelope { Kind = MessageKind.Recovery }), r.Now),
            r => r.Parties[1].Dispose(),
        })
        {
            using var round = new RoundHarness(Consortium.Of(4), s_shape);
            round.RunThrough(MessageKind.Shared);
            var secrets = SecretsOf(round.Parties[1]).ToList();

            // b, q, the seeds of 3 pairs and the keys under which those seal, the shares of 3 dealers.
            Assert.Equal(2 + 3 + 3 + 3, secrets.Count);
            Assert.All(secrets, s => Assert.NotEqual(0, s.Span.Length));
            var lease = Field<KeyLease>(round.Parties[1], "_key");
            end(round);
            Assert.Throws<ObjectDisposedException>(() => lease.PublicKey);
            Assert.Equal(PartyRoundState.Ended, round.Parties[1].State);
            Assert.All(secrets, s => Assert.Throws<ObjectDisposedException>(() => s.Span.Length));
            Assert.Empty(SecretsOf(round.Parties[1]));
        }
    }

    [Fact]
    public void Input_that_was_given_is_erased_when_the_round_ends_before_it_is_sent()
    {
        using var harness = new RoundHarness(Consortium.Of(4), s_shape);
        var party = PartyRound.Open(harness.Consortium.Setup(1, 1), harness.Proposal, harness.Now);
        party.Join(s_shape, harness.Now);
        var input = harness.InputOf(1);
        party.ProvideInput(input, party.Question.ChargeMicro);
        party.Dispose();
        Assert.Throws<ObjectDisposedException>(() => input[0]);
    }

    [Fact]
    public void Nothing_that_holds_a_secret_prints_it()
    {
        using var round = new RoundHarness(Consortium.Of(4), s_shape);
        round.RunThrough(MessageKind.Shared);
        var party = round.Parties[1];
        var seeds = SecretsOf(party).Select(s => Convert.ToHexString(s.Span)).ToList();
        foreach (var shown in new object[] { party, party.Question, round.Consortium.Ring(1), round.Consortium.Setup(1, 1), PartyStep.Nothing, round.Station.Round })
        {
            Assert.DoesNotContain(seeds, s => shown.ToString()!.Contains(s, StringComparison.OrdinalIgnoreCase));
        }
    }

    private static IEnumerable<SecretBytes> SecretsOf(PartyRound party)
    {
        foreach (var shares in Field<SortedDictionary<uint, ReceivedShares>>(party, "_received").Values) yield return Field<SecretBytes>(shares, "_plain");
        if (typeof(PartyRound).GetField("_dealing", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(party) is not Dealing dealing) yield break;
        yield return dealing.SelfSeed;
        yield return Property(dealing, "RecoverySeed");
        foreach (var key in Field<Dictionary<uint, SecretBytes>>(dealing, "_incoming").Values) yield return key;
        foreach (var seed in Field<Dictionary<uint, SecretBytes>>(dealing, "_pairSeeds").Values) yield return seed;
    }

    private static T Field<T>(object of, string name) => (T)of.GetType().GetField(name, BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(of)!;

    private static SecretBytes Property(object of, string name) =>
        (SecretBytes)of.GetType().GetProperty(name, BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(of)!;

    /// <summary>A disk that is full at one call.</summary>
    private sealed class FailingMemory(IPartyMemory inner, string at) : IPartyMemory
    {
        public LogPosition? LastHead => inner.LastHead;

        public RefusalCode TryBeginRound(byte[] roundId, byte[] queryId, uint attemptsAllowed) =>
            at == "begin" ? throw new IOException("The disk is full.") : inner.TryBeginRound(roundId, queryId, attemptsAllowed);

        public bool TrySignSurvivors(byte[] roundId, byte[] digest) =>
            at == "sign" ? throw new IOException("The disk is full.") : inner.TrySignSurvivors(roundId, digest);

        public void MarkReleased(byte[] roundId, byte[] queryId)
        {
            if (at == "release") throw new IOException("The disk is full.");
            inner.MarkReleased(roundId, queryId);
        }

        public void StoreHead(LogPosition head) => inner.StoreHead(head);
    }
}
