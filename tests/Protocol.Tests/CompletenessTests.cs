using Google.Protobuf;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>The end of a round is signed over all of its entries: a transcript is whole, or it fails.</summary>
public sealed class CompletenessTests
{
    private static readonly Consortium s_consortium = Consortium.Of(5);
    private static readonly RoundShape s_shape = new(32, 5);
    private static readonly Fault[] s_noise = [new(1, FaultKind.Garbage, MessageKind.Share), new(2, FaultKind.Garbage, MessageKind.Unmask)];
    private static readonly Fault[] s_tooFew = [.. s_noise, .. Enumerable.Range(0, 3).Select(i => new Fault((uint)i, FaultKind.Silent, MessageKind.Agree))];

    public static TheoryData<string> Ends => ["total", "abort"];

    [Theory]
    [MemberData(nameof(Ends))]
    public void Transcript_without_any_one_of_its_entries_fails(string end)
    {
        using var harness = Play(end);
        var log = harness.Station.Log;

        Assert.Contains(log, e => e.Rejection != RejectionCode.None);
        for (var i = 0; i < log.Count - 1; i++) Assert.False(Holds(log.Where((_, at) => at != i)), $"without entry {i}, {log[i].Envelope.Kind}");
        Assert.True(Holds(log));
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void Evidence_that_is_slipped_in_fails(string end)
    {
        using var harness = Play(end);
        var log = harness.Station.Log;
        var evidence = log.First(e => e.Rejection != RejectionCode.None);
        var at = log.IndexOf(evidence);

        var error = Assert.Throws<TranscriptException>(() => Replay([.. log.Take(at), evidence, .. log.Skip(at)]));

        Assert.Contains("entries before it", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void Entry_whose_time_was_changed_fails(string end)
    {
        using var harness = Play(end);
        var log = harness.Station.Log.ConvertAll(e => e.Clone());
        log[3].TimeMs++;

        var error = Assert.Throws<TranscriptException>(() => Replay(log));

        Assert.Contains("signed over other entries", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Total_that_blames_whom_nothing_convicts_fails()
    {
        using var harness = Play("total");
        var log = harness.Station.Log;
        var total = Total.Parser.ParseFrom(log[^1].Envelope.Body);
        total.Blamed.Add(new Blame { Party = 2, Code = BlameCode.BadShare });
        log[^1].Envelope = harness.Lie(MessageKind.Total, total);

        Assert.Throws<TranscriptException>(() => Replay(log));
    }

    [Fact]
    public void Total_of_a_round_in_which_somebody_contradicts_itself_blames_it()
    {
        using var harness = new RoundHarness(s_consortium, s_shape);
        harness.OnSend = (from, e) => from == 3 && e.Kind == MessageKind.Agree ? [e, harness.SignAs(3, MessageKind.Input, Other(harness))] : [e];
        harness.Run();

        Assert.Equal(new Blame { Party = 3, Code = BlameCode.ConflictingMessages }, Assert.Single(harness.Station.Round.Total!.Blamed));

        static Input Other(RoundHarness harness)
        {
            var input = Input.Parser.ParseFrom(harness.Parties[3].Sent.Single(e => e.Kind == MessageKind.Input).Body);
            return new Input(input) { InputCommitment = input.VectorDigest };
        }
    }

    private static RoundHarness Play(string end) => new RoundHarness(s_consortium, s_shape, faults: end == "total" ? s_noise : s_tooFew).Run();

    private static bool Holds(IEnumerable<Entry> entries)
    {
        try
        {
            return Replay(entries).State is RoundState.Done or RoundState.Aborted;
        }
        catch (Exception e) when (e is TranscriptException or InvalidOperationException)
        {
            return false;
        }
    }

    private static AggregatorRound Replay(IEnumerable<Entry> entries)
    {
        var round = new AggregatorRound(s_consortium.Roster, (_, _) => s_shape);
        foreach (var entry in entries) round.Apply(Entry.Parser.ParseFrom(entry.ToByteArray()));
        return round;
    }
}
