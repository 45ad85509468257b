using SecureAggregation.Aggregator.Events;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

public sealed class EventHubTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public async Task Reader_gets_what_happens_from_now_on_in_order()
    {
        var hub = new EventHub(_clock, 8, 8);
        hub.Publish(Log("before"));
        using var subscription = hub.Subscribe(0);
        await using var reader = subscription.Read().GetAsyncEnumerator();
        hub.Publish(Log("a"));
        hub.Publish(Log("b"));
        Assert.True(await reader.MoveNextAsync().AsTask().Guard());
        Assert.Equal("a", reader.Current.Log.Text);
        var sequence = reader.Current.Sequence;
        Assert.True(await reader.MoveNextAsync().AsTask().Guard());
        Assert.Equal(("b", sequence + 1), (reader.Current.Log.Text, reader.Current.Sequence));
    }

    [Fact]
    public async Task Slow_reader_gets_one_empty_event_then_what_is_new()
    {
        var hub = new EventHub(_clock, 4, 4);
        using var subscription = hub.Subscribe(0);
        await using var reader = subscription.Read().GetAsyncEnumerator();
        for (var i = 0; i < 100; i++) hub.Publish(Log($"{i}"));
        Assert.True(await reader.MoveNextAsync().AsTask().Guard());
        Assert.Equal(Event.EventOneofCase.None, reader.Current.EventCase);
        var marker = reader.Current.Sequence;
        hub.Publish(Log("new"));
        Assert.True(await reader.MoveNextAsync().AsTask().Guard());
        Assert.Equal(("new", marker + 1), (reader.Current.Log.Text, reader.Current.Sequence));
    }

    [Fact]
    public async Task Reader_that_comes_back_gets_what_it_missed()
    {
        var hub = new EventHub(_clock, 8, 8);
        var events = Enumerable.Range(0, 5).Select(i => Log($"{i}")).ToList();
        events.ForEach(hub.Publish);
        using var subscription = hub.Subscribe(events[1].Sequence);
        await using var reader = subscription.Read().GetAsyncEnumerator();
        for (var i = 2; i < 5; i++)
        {
            Assert.True(await reader.MoveNextAsync().AsTask().Guard());
            Assert.Equal($"{i}", reader.Current.Log.Text);
        }
    }

    [Fact]
    public async Task Reader_of_an_earlier_run_or_of_long_ago_gets_the_empty_event()
    {
        var before = new EventHub(_clock, 4, 4);
        var old = Log("old");
        before.Publish(old);
        _clock.Advance(TimeSpan.FromSeconds(1));
        var hub = new EventHub(_clock, 4, 4);
        for (var i = 0; i < 3; i++) hub.Publish(Log($"{i}"));
        using var subscription = hub.Subscribe(old.Sequence);
        await using var reader = subscription.Read().GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync().AsTask().Guard());
        Assert.Equal(Event.EventOneofCase.None, reader.Current.EventCase);
    }

    [Fact]
    public async Task Newer_view_of_a_round_takes_the_place_of_the_older()
    {
        var hub = new EventHub(_clock, 4, 4);
        var first = Log("first");
        hub.Publish(first);
        using var slow = hub.Subscribe(0);
        for (var i = 0; i < 100; i++) hub.Publish(Round(1, $"{i}"));
        hub.Publish(Round(2, "other"));
        hub.Publish(Log("last"));
        using var late = hub.Subscribe(first.Sequence);
        foreach (var subscription in new[] { slow, late })
        {
            await using var reader = subscription.Read().GetAsyncEnumerator();
            foreach (var expected in new[] { "99", "other" })
            {
                Assert.True(await reader.MoveNextAsync().AsTask().Guard());
                Assert.Equal(expected, reader.Current.Round?.Title);
            }

            Assert.True(await reader.MoveNextAsync().AsTask().Guard());
            Assert.Equal("last", reader.Current.Log?.Text);
        }
    }

    private static Event Round(byte id, string title) => new() { Round = new RoundView { RoundId = Google.Protobuf.ByteString.CopyFrom(id), Title = title } };

    private static Event Log(string text) => new() { Log = new LogLine { Text = text } };
}
