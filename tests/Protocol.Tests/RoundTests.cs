using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>
/// Whole rounds. Each must come to what <see cref="Outcome"/> says: the plain sum of the survivors bit for bit, or no total and the right reason.
/// </summary>
public sealed class RoundTests
{
    private static readonly RoundShape s_shape = new(32, 5);

    public static TheoryData<int, FaultCase> Dropouts
    {
        get
        {
            var cases = new TheoryData<int, FaultCase>();
            foreach (var parties in new[] { 3, 5, 8 })
            {
                foreach (var kind in Fault.Said) cases.Add(parties, FaultCase.Silent(kind, 1));
                cases.Add(parties, new FaultCase("declines", [new Fault(1, FaultKind.Declines, MessageKind.Join)]));
                cases.Add(parties, new FaultCase("header without vector", [new Fault(1, FaultKind.NoVector, MessageKind.Input)]));
                cases.Add(parties, new FaultCase("half a vector", [new Fault(1, FaultKind.HalfVector, MessageKind.Input)]));
                cases.Add(parties, new FaultCase("late vector", [new Fault(1, FaultKind.LateVector, MessageKind.Input)]));
            }

            return cases;
        }
    }

    public static TheoryData<FaultCase> Combinations => new(
        new FaultCase("one silent in each phase", [.. Fault.Said.Select((kind, i) => new Fault((uint)i * 2, FaultKind.Silent, kind))]),
        new FaultCase("dropped, and silent when it matters", [new Fault(0, FaultKind.Silent, MessageKind.Input), new Fault(11, FaultKind.Silent, MessageKind.Unmask)]),
        new FaultCase("silent before and after its agreement", [new Fault(4, FaultKind.Silent, MessageKind.Agree), new Fault(5, FaultKind.Silent, MessageKind.Unmask)]),
        new FaultCase("the last moment of 5b", [new Fault(4, FaultKind.Silent, MessageKind.Unmask), .. Enumerable.Range(6, 3).Select(i => new Fault((uint)i, FaultKind.Silent, MessageKind.Recover))]),
        new FaultCase("too few in 5b", [new Fault(4, FaultKind.Silent, MessageKind.Unmask), .. Enumerable.Range(6, 6).Select(i => new Fault((uint)i, FaultKind.Silent, MessageKind.Recover))]),
        new FaultCase("too few agree", [.. Enumerable.Range(6, 6).Select(i => new Fault((uint)i, FaultKind.Silent, MessageKind.Agree))]));

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(12)]
    [InlineData(16)]
    [InlineData(23)]
    [InlineData(33)]
    [InlineData(50)]
    public void Round_without_faults_opens_the_plain_sum(int parties) => Play(parties, s_shape, []);

    [Theory]
    [MemberData(nameof(Dropouts))]
    public void Round_with_one_fault_opens_the_sum_of_the_others_or_stops(int parties, FaultCase faults) => Play(parties, s_shape, faults.Faults);

    [Theory]
    [MemberData(nameof(Combinations))]
    public void Round_with_many_faults_opens_the_sum_of_the_survivors_or_stops(FaultCase faults) => Play(12, s_shape, faults.Faults);

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(10)]
    [InlineData(14)]
    [InlineData(19)]
    [InlineData(27)]
    [InlineData(40)]
    public void Round_of_any_size_with_a_dropout_before_and_one_after_the_vectors_opens_the_sum_or_stops(int parties) => Play(
        parties, s_shape,
        [new Fault((uint)parties - 1, FaultKind.Silent, MessageKind.Share), new Fault(1, FaultKind.Silent, MessageKind.Input), new Fault(2, FaultKind.Silent, MessageKind.Unmask)]);

    [Fact]
    public void Round_of_fifty_with_dropouts_in_every_phase_opens_the_sum_of_the_survivors() =>
        Play(50, s_shape, [.. Fault.Said.Select((kind, i) => new Fault((uint)(7 * i) + 1, FaultKind.Silent, kind))]);

    [Theory]
    [InlineData(8, 1)]
    [InlineData(9, 3)]
    [InlineData(13, 17)]
    [InlineData(16, 4)]
    [InlineData(17, 9)]
    [InlineData(31, 5)]
    [InlineData(32, 8)]
    [InlineData(33, 7)]
    [InlineData(40, 2)]
    [InlineData(63, 11)]
    [InlineData(64, 3)]
    [InlineData(20, 40_000)]
    public void Round_in_every_kind_of_ring_undoes_every_mask(int bits, int length) => Play(
        6, new RoundShape(bits, length), [new Fault(0, FaultKind.Silent, MessageKind.Input), new Fault(5, FaultKind.Silent, MessageKind.Unmask)]);

    [Fact]
    public void Round_at_every_number_of_bits_opens_the_plain_sum()
    {
        for (var bits = 8; bits <= 64; bits++) Play(3, new RoundShape(bits, 5), [], seed: (ulong)bits);
    }

    [Theory]
    [InlineData(FaultKind.Twice)]
    [InlineData(FaultKind.Garbage)]
    public void Round_with_repeated_or_garbage_messages_of_every_kind_opens_the_plain_sum(FaultKind kind) =>
        Play(6, s_shape, [new Fault(5, FaultKind.Silent, MessageKind.Unmask), .. Fault.Said.Select((at, i) => new Fault((uint)i % 4, kind, at))]);

    [Fact]
    public void Party_whose_stream_breaks_at_any_broadcast_comes_back_and_finishes() =>
        Play(6, s_shape, [new Fault(5, FaultKind.Silent, MessageKind.Unmask), .. Fault.Heard.Select((at, i) => new Fault((uint)i, FaultKind.LostStream, at))]);

    [Fact]
    public void Station_that_restarts_after_every_message_opens_the_same_total() => Play(
        5, s_shape,
        [new Fault(0, FaultKind.Silent, MessageKind.Input), new Fault(1, FaultKind.Garbage, MessageKind.Share), new Fault(4, FaultKind.Twice, MessageKind.Agree)],
        restart: true);

    [Fact]
    public void Station_that_restarts_after_every_message_of_a_recovery_opens_the_same_total() => Play(
        6, s_shape, [new Fault(0, FaultKind.Silent, MessageKind.Input), new Fault(4, FaultKind.Silent, MessageKind.Agree)], restart: true);

    [Fact]
    public void Verifier_recomputes_the_total_from_the_log_and_the_vectors()
    {
        using var harness = new RoundHarness(Consortium.Of(6), s_shape, faults: [new Fault(0, FaultKind.Silent, MessageKind.Input), new Fault(4, FaultKind.Silent, MessageKind.Unmask)]);
        harness.Run();
        using var total = harness.Station.Replayed().Recompute(harness.Station);
        Assert.Equal(harness.Station.Round.Total!.Packed.ToByteArray(), total.Pack());
    }

    [Fact]
    public void Progress_says_who_fell_out_and_where()
    {
        using var harness = new RoundHarness(
            Consortium.Of(8), s_shape,
            faults: [new Fault(0, FaultKind.Declines, MessageKind.Join), new Fault(1, FaultKind.Silent, MessageKind.Share), new Fault(2, FaultKind.NoVector, MessageKind.Input)]);
        harness.Run();
        var progress = harness.Station.Round.Progress;
        Assert.Equal(
            [PartyState.Declined, PartyState.Dropped, PartyState.Dropped, .. Enumerable.Repeat(PartyState.Done, 5)], progress.Select(p => p.State));
        Assert.Contains("Share", progress[1].Reason, StringComparison.Ordinal);
        Assert.Contains("Input", progress[2].Reason, StringComparison.Ordinal);
        Assert.Equal([RoundPhase.Propose, RoundPhase.Advertise, RoundPhase.Share, RoundPhase.Input, RoundPhase.Agree, RoundPhase.Unmask], progress[7].Stamps.Select(s => s.Phase));
    }

    [Fact]
    public void Cancelled_round_ends_for_everybody()
    {
        using var harness = new RoundHarness(Consortium.Of(4), s_shape);
        harness.RunThrough(MessageKind.Advertised);
        var abort = harness.Station.Round.Cancel(AbortReason.Cancelled, Consortium.Station);
        harness.Station.Broadcast(abort, harness.Now);
        foreach (var (party, broadcast) in harness.Station.Round.Deliveries(abort))
        {
            harness.Parties[party].Receive(broadcast, harness.Now);
            Assert.Equal(PartyRoundState.Ended, harness.Parties[party].State);
        }

        Assert.Equal(RoundState.Aborted, harness.Station.Round.State);
        Assert.Null(harness.Station.Round.Next(harness.Now.AddHours(1), Consortium.Station, harness.Station));
    }

    [Fact]
    public void One_share_too_few_ends_the_round_and_convicts_nobody()
    {
        Fault[] faults =
        [
            new(0, FaultKind.Silent, MessageKind.Unmask), new(1, FaultKind.Silent, MessageKind.Unmask), new(2, FaultKind.Silent, MessageKind.Recover),
        ];
        using var harness = new RoundHarness(Consortium.Of(5), s_shape, faults: faults).Run();

        Assert.Equal(3, harness.Station.Round.Rules.ShareThreshold);
        Assert.Equal(AbortReason.Unrecoverable, harness.Station.Round.Abort!.Reason);
        Assert.Empty(harness.Station.Round.Abort.Blamed);
    }

    internal static void Play(int parties, RoundShape shape, IReadOnlyList<Fault> faults, ulong seed = 1, bool restart = false)
    {
        using var harness = new RoundHarness(Consortium.Of(parties), shape, seed, faults) { RestartAlways = restart, CheckReplay = parties <= 8 };
        harness.Run();
        if (parties > 8) harness.Station.CheckReplay();
        Outcome.Of(harness.Consortium.Roster, faults).Check(harness);
    }
}
