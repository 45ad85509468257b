using Google.Protobuf;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Vectors arrive side by side, each on its own stream.</summary>
public sealed class UploadTests
{
    private const int Whole = 1204;

    [Fact]
    public async Task Outpost_that_stops_in_the_middle_of_its_vector_holds_up_no_other()
    {
        await using var scene = await RoundScene.Open();
        using var go = new ManualResetEventSlim();
        scene.Outposts[2].Alter = frame =>
        {
            if (frame.Chunk is { Offset: > 7 }) go.Wait(AsyncGuard.Limit);
            return frame;
        };
        var round = await scene.Ask();
        await scene.Station.Logs.Until(l => l.Id == Whole, 4);
        Assert.Equal(RoundPhase.Input, (await scene.View(round)).Phase);
        go.Set();
        var view = await scene.Until(round, v => v.State != RoundState.Running);
        Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2, 3, 4]), view.Statistics.Select(s => s.Value));
    }

    [Fact]
    public async Task Vectors_of_many_parties_in_small_parts_give_the_sum_of_all()
    {
        await using var scene = await RoundScene.Open(12, 2, s => s.Meaning = new SumMeaning(29, 10_000));
        foreach (var outpost in scene.Outposts) outpost.ChunkSize = 1000 + (int)outpost.Index;
        var view = await scene.Until(await scene.Ask(), v => v.State != RoundState.Running);
        Assert.Equal(scene.Station.Meaning.Sum(Enumerable.Range(0, 12).Select(i => (uint)i)), view.Statistics.Select(s => s.Value));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public async Task Station_that_goes_down_in_the_middle_of_a_vector_takes_it_again_and_counts_it_once(ulong last)
    {
        await using var scene = await RoundScene.Open();
        var cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        scene.Outposts[3].Alter = frame =>
        {
            if (frame.Chunk is not { } chunk || chunk.Offset <= last) return frame;
            cut.TrySetResult();
            return null;
        };
        var round = await scene.Ask();
        await cut.Task.Guard();
        await scene.Station.Logs.Until(l => l.Id == Whole, 4);
        await scene.Station.Stop();
        Assert.Equal(4, Directory.GetFiles(Path.Combine(scene.Station.Data, "vectors"), "*", SearchOption.AllDirectories).Length);
        scene.Outposts[3].Alter = frame => frame;
        await scene.StartStation();
        foreach (var outpost in scene.Outposts)
        {
            await outpost.Connect();
            await outpost.Resend();
        }

        var view = await scene.Until(round, v => v.State != RoundState.Running);
        Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2, 3, 4]), view.Statistics.Select(s => s.Value));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Streams_that_break_anywhere_in_a_vector_and_come_back_change_no_total(ulong seed)
    {
        await using var scene = await RoundScene.Open(6, 1, s => s.Meaning = new SumMeaning(29, 30_000));
        var random = new SeededRandom(seed);
        var returns = scene.Outposts.ConvertAll(outpost => new Returning(outpost, [.. Enumerable.Range(0, 3).Select(_ => (ulong)random.Next(108_750))], 500 + random.Next(4000)));
        var view = await scene.Until(await scene.Ask(), v => v.State != RoundState.Running);
        foreach (var returning in returns) await returning.Done.Guard();
        Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2, 3, 4, 5]), view.Statistics.Select(s => s.Value));
    }

    [Fact]
    public async Task Vector_that_grows_too_long_is_dropped_and_can_be_sent_again()
    {
        await using var scene = await RoundScene.Open();
        var outpost = scene.Outposts[1];
        outpost.ChunkSize = 1 << 20;
        var spoilt = false;
        outpost.Alter = frame =>
        {
            if (frame.Chunk is { } chunk && !spoilt)
            {
                spoilt = true;
                chunk.Data = ByteString.CopyFrom([.. chunk.Data, 0]);
            }

            return frame;
        };
        var round = await scene.Ask();
        await scene.Station.Logs.Until(l => l.Id == 1205);
        await outpost.Resend();
        var view = await scene.Until(round, v => v.State != RoundState.Running);
        Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2, 3, 4]), view.Statistics.Select(s => s.Value));
    }

    [Fact]
    public async Task Vector_that_is_begun_again_and_again_is_refused_in_the_end()
    {
        await using var scene = await RoundScene.Open();
        var outpost = scene.Outposts[1];
        outpost.ChunkSize = 8;
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        outpost.Alter = frame =>
        {
            if (frame.Chunk is not null) begun.TrySetResult();
            return frame.Chunk is { Offset: > 0 } ? null : frame;
        };
        var round = await scene.Ask();
        // What it has not said yet it cannot say again.
        await begun.Task.Guard();
        await scene.Station.Logs.Until(l => l.Id == Whole, 4);
        for (var i = 0; i < Limits.Uploads; i++) await outpost.Resend();
        await scene.Station.Logs.Until(l => l.Id == 1205 && l.Text.Contains($"begun {Limits.Uploads} times", StringComparison.Ordinal));
        Assert.Equal(RoundPhase.Input, (await scene.View(round)).Phase);
    }

    [Theory]
    [InlineData(3, 8 * 1024 * 1024)]
    [InlineData(50, 128 * 1024 * 1024 / 50)]
    [InlineData(Limits.Parties, 128 * 1024)]
    public void What_all_parties_may_send_ahead_is_bounded(int parties, int window)
    {
        Assert.Equal(window, ConnectionLimits.Window(parties));
        Assert.InRange((long)parties * ConnectionLimits.Window(parties), 0, 128 * 1024 * 1024);
    }

    [Fact]
    public async Task More_connections_than_the_limit_are_closed()
    {
        await using var scene = await RoundScene.Open(3, change: s => s.Options.Limits.Connections = 5);
        // Three outposts and the coordinator hold theirs; one is left.
        await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard();
        using var fits = scene.Station.Consortium.Channel(scene.Station.Host!, scene.Station.Consortium.Auditor);
        await new Coordination.CoordinationClient(fits).GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard();
        using var over = scene.Station.Consortium.Channel(scene.Station.Host!, scene.Station.Consortium.Auditor);
        await Assert.ThrowsAsync<Grpc.Core.RpcException>(
            () => new Coordination.CoordinationClient(over).GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard());
    }

    [Fact]
    public async Task Outpost_that_opens_many_connections_loses_its_oldest_and_takes_nobodys_place()
    {
        await using var scene = await RoundScene.Open(3);
        var consortium = scene.Station.Consortium;
        var channels = Enumerable.Range(0, ConnectionLimits.PerParty + 1).Select(_ => consortium.Channel(scene.Station.Host!, consortium.Parties[1])).ToList();
        foreach (var channel in channels)
        {
            var denied = await Assert.ThrowsAsync<Grpc.Core.RpcException>(
                () => new Coordination.CoordinationClient(channel).SubmitQueryAsync(new SubmitQueryRequest()).ResponseAsync.Guard());
            Assert.Equal(Grpc.Core.StatusCode.PermissionDenied, denied.StatusCode);
        }

        // The stream of the outpost stood on its oldest connection.
        await scene.Outposts[1].Ended.Guard();
        Assert.False(scene.Outposts[0].Ended.IsCompleted);
        await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard();
        channels.ForEach(channel => channel.Dispose());
    }

    /// <summary>An outpost whose connection breaks at some places of its vector; each time it comes back and says everything again.</summary>
    private sealed class Returning
    {
        private readonly TestOutpost _outpost;
        private readonly Queue<ulong> _breaks;

        public Returning(TestOutpost outpost, IEnumerable<ulong> breaks, int chunk)
        {
            (_outpost, _breaks) = (outpost, new Queue<ulong>(breaks));
            outpost.ChunkSize = chunk;
            outpost.Alter = frame =>
            {
                if (frame.Chunk is not { } part || !_breaks.TryPeek(out var at) || part.Offset < at) return frame;
                _breaks.Dequeue();
                _outpost.Break();
                Done = Return(Done);
                return frame;
            };
        }

        /// <summary>Completed while nothing is broken.</summary>
        public Task Done { get; private set; } = Task.CompletedTask;

        private async Task Return(Task before)
        {
            await Task.Yield();
            await before;
            await _outpost.Connect();
            await _outpost.Resend();
        }
    }
}
