using Google.Protobuf;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>A log in which something does not follow from what stands before it is not a log of a round, whoever signed it.</summary>
public sealed class ReplayTests
{
    private static readonly RoundShape s_shape = new(32, 4);
    private static readonly Lazy<RoundHarness> s_played = new(() => Played());

    private static List<Entry> Log => s_played.Value.Station.Log;

    public static TheoryData<int> Entries => new(Enumerable.Range(0, 40));

    [Theory]
    [MemberData(nameof(Entries))]
    public void Log_with_one_entry_left_out_is_refused_or_gives_no_total(int index)
    {
        if (index >= Log.Count - 1 || Log[index].Rejection != RejectionCode.None) return;
        Assert.Throws<TranscriptException>(() => Replay(Log.Where((_, i) => i != index)));
    }

    [Theory]
    [MemberData(nameof(Entries))]
    public void Log_with_one_bit_of_a_body_flipped_is_refused(int index)
    {
        if (index >= Log.Count || Log[index].Rejection != RejectionCode.None) return;
        Assert.Throws<TranscriptException>(() => Replay(Log.Select((e, i) => i == index ? Flipped(e) : e)));
    }

    [Theory]
    [MemberData(nameof(Entries))]
    public void Log_with_a_rejection_that_does_not_hold_is_refused(int index)
    {
        if (index >= Log.Count || Log[index].Sender == 0) return;
        Assert.Throws<TranscriptException>(() => Replay(Log.Select((e, i) =>
        {
            var changed = e.Clone();
            if (i == index) changed.Rejection = e.Rejection == RejectionCode.BadContent ? RejectionCode.None : RejectionCode.BadContent;
            return changed;
        })));
    }

    [Theory]
    [InlineData(MessageKind.Advertised)]
    [InlineData(MessageKind.Shared)]
    [InlineData(MessageKind.Survivors)]
    [InlineData(MessageKind.Agreed)]
    [InlineData(MessageKind.Recovery)]
    [InlineData(MessageKind.Total)]
    [InlineData(MessageKind.Propose)]
    [InlineData(MessageKind.Join)]
    [InlineData(MessageKind.Unspecified)]
    public void Broadcast_that_comes_too_early_is_refused(MessageKind kind)
    {
        // Before any broadcast but the proposal, then after each other one, except where this one belongs.
        var broadcast = Log.FirstOrDefault(e => e.Sender == 0 && e.Envelope.Kind == kind) ?? new Entry { Envelope = new Envelope { Kind = kind } };
        foreach (var (entry, i) in Log.Select((e, i) => (e, i)).Where(e => e.e.Sender == 0))
        {
            if (i + 1 < Log.Count && Log[i + 1].Envelope.Kind == kind) continue;
            if (Follows(entry.Envelope.Kind, kind)) continue;
            Assert.Throws<TranscriptException>(() => Replay([.. Log.Take(i + 1), broadcast]));
        }
    }

    [Fact]
    public void Recovery_may_not_be_asked_for_twice()
    {
        var at = Log.FindIndex(e => e.Envelope.Kind == MessageKind.Recovery);
        Assert.Throws<TranscriptException>(() => Replay([.. Log.Take(at + 1), Log[at]]));
    }

    [Fact]
    public void Entry_of_an_uninvited_party_is_refused()
    {
        var stranger = Log[1].Clone();
        stranger.Sender = 100;
        Assert.Throws<TranscriptException>(() => Replay([Log[0], stranger]));
    }

    [Fact]
    public void Log_without_a_proposal_or_with_an_empty_entry_is_refused()
    {
        Assert.Throws<TranscriptException>(() => Replay(Log.Skip(1)));
        Assert.Throws<TranscriptException>(() => Replay([new Entry()]));
        Assert.Throws<TranscriptException>(() => Replay([Log[0], new Entry { Sender = 2 }]));
    }

    [Fact]
    public void Entry_after_the_end_is_refused() => Assert.Throws<TranscriptException>(() => Replay([.. Log, Log[^1]]));

    [Fact]
    public void Total_over_others_or_of_another_shape_is_refused()
    {
        foreach (var change in new Action<Total>[]
        {
            t => t.Survivors.RemoveAt(0), t => t.Survivors.Add(0), t => t.Bits++, t => t.Length--, t => t.Packed = ByteString.CopyFrom(t.Packed.Span[1..]),
        })
        {
            var total = Total.Parser.ParseFrom(Log[^1].Envelope.Body);
            change(total);
            var entry = Log[^1].Clone();
            entry.Envelope = s_played.Value.Lie(MessageKind.Total, total);
            Assert.Throws<TranscriptException>(() => Replay([.. Log.SkipLast(1), entry]));
        }
    }

    [Fact]
    public void Cheating_station_cannot_name_survivors_whose_input_it_does_not_have()
    {
        var at = Log.FindIndex(e => e.Envelope.Kind == MessageKind.Survivors);
        var without = Log.Take(at + 1).Where(e => e.Sender != 3 || e.Envelope.Kind != MessageKind.Input);
        Assert.Contains("not in the log", Assert.Throws<TranscriptException>(() => Replay(without)).Message, StringComparison.Ordinal);
    }

    private static bool Follows(MessageKind before, MessageKind next) => (before, next) is (MessageKind.Agreed, MessageKind.Total);

    private static RoundHarness Played()
    {
        var harness = new RoundHarness(
            Consortium.Of(5), s_shape,
            faults: [new Fault(0, FaultKind.Silent, MessageKind.Input), new Fault(4, FaultKind.Silent, MessageKind.Unmask), new Fault(2, FaultKind.Garbage, MessageKind.Agree)]);
        harness.Run();
        Assert.Equal(RoundState.Done, harness.Station.Round.State);
        return harness;
    }

    private static void Replay(IEnumerable<Entry> entries)
    {
        var round = new AggregatorRound(s_played.Value.Consortium.Roster, (_, _) => s_shape);
        foreach (var entry in entries) round.Apply(entry);
        using var total = round.Recompute(s_played.Value.Station);
        if (round.Total is null || ByteString.CopyFrom(total.Pack()) != round.Total.Packed) throw new TranscriptException("Another total.");
    }

    private static Entry Flipped(Entry entry)
    {
        var changed = entry.Clone();
        var body = entry.Envelope.Body.IsEmpty ? new byte[1] : entry.Envelope.Body.ToByteArray();
        body[body.Length / 2] ^= 4;
        changed.Envelope.Body = ByteString.CopyFrom(body);
        return changed;
    }
}
