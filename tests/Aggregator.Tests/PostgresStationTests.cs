using System.Net;
using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>A station on PostgreSQL, and a server that is killed in the middle of a round.</summary>
public sealed class PostgresStationTests : IDisposable
{
    private const int Away = 1303;
    private const int Back = 1301;
    private const int RoundWaits = 1304;
    private const int VectorWhole = 1204;

    private readonly PostgresServer _server = new();

    public void Dispose() => _server.Dispose();

    [PostgresFact]
    public async Task Second_station_on_the_database_of_a_running_one_is_refused_whatever_its_folder()
    {
        await using var station = new TestStation(3);
        Configure(station);
        await station.Start();
        station.Options.DataDirectory = station.Folder.File("other");
        var refused = await Assert.ThrowsAsync<StartException>(station.Start);
        Assert.Equal(ExitCode.DataDirectory, refused.Code);
        Assert.Contains("another running station", refused.Message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Folder_with_a_transcript_and_a_database_are_not_taken_together()
    {
        await using var station = new TestStation(3);
        await station.Start();
        await station.Stop();
        Configure(station);
        var refused = await Assert.ThrowsAsync<StartException>(station.Start);
        Assert.Equal(ExitCode.DataDirectory, refused.Code);
        Assert.Contains("one place only", refused.Message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Server_that_is_killed_in_any_phase_makes_the_round_wait_and_the_total_right()
    {
        await using var scene = await RoundScene.Open(4, change: Configure);
        using var http = new HttpClient(scene.Station.Consortium.Handler(null)) { BaseAddress = new Uri(scene.Station.Host!.Address) };
        byte query = 0;
        foreach (var kind in (MessageKind[])[MessageKind.Join, MessageKind.Advertise, MessageKind.Share, MessageKind.Input, MessageKind.Agree, MessageKind.Unmask])
        {
            var outpost = scene.Outposts[1];
            outpost.SilentFrom = kind;
            var round = await scene.Ask(++query);
            await scene.Until(round, v => v.Parties.Count(p => p.Marks.Any(m => (int)m.Phase == (int)Phase(kind))) == 3);
            // The others' vectors follow their messages; a stream whose vector could not be kept would end, and only the one outpost comes back.
            if (kind == MessageKind.Input) await scene.Station.Logs.Until(l => l.Id == VectorWhole && l.Text.Contains(PublicBytes.Hex(round.Span), StringComparison.Ordinal), 3);
            _server.Kill();
            outpost.SilentFrom = MessageKind.Unspecified;
            await outpost.Resend();
            await scene.Until(round, _ => Waits(scene));

            var ready = await http.GetAsync(new Uri("/ready", UriKind.Relative)).Guard();
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
            var consortium = await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard();
            Assert.Contains(consortium.Alerts, a => a.Severity == Severity.Critical && a.Text.Contains("wait until the database is back", StringComparison.Ordinal));
            Assert.Equal(RoundState.Running, (await scene.View(round)).State);
            // The stream that brought a vector which could not be kept was ended.
            if (kind != MessageKind.Input) Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => scene.Ask(100))).StatusCode);

            // Far beyond every deadline: who could not be heard must not be dropped for it.
            scene.Station.Clock.Advance(TimeSpan.FromMinutes(20));
            _server.Start();
            while (Waits(scene)) await TryAgain(scene);
            using var over = new CancellationTokenSource();
            await outpost.Connect();
            await outpost.Resend();
            var returns = Task.WhenAll(scene.Outposts.Select(o => KeepComing(o, over.Token)).Append(KeepTrying(scene, round, over.Token)));
            var view = await scene.Until(round, v => v.State != RoundState.Running);
            await over.CancelAsync();
            await returns.Guard();
            Assert.Equal((RoundState.Done, ""), (view.State, view.Failure));
            Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2, 3]), view.Statistics.Select(s => s.Value));
            await scene.Until(round, v => v.Cosignatures == 4);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/ready", UriKind.Relative)).Guard()).StatusCode);
            Assert.True(AuditTests.Verify(scene, await AuditTests.Export(scene, scene.Station.Consortium.Auditor, round)).Passed);
        }
    }

    [PostgresFact]
    public async Task Vector_under_way_when_the_server_is_killed_is_sent_again_and_counted_once()
    {
        await using var scene = await RoundScene.Open(4, change: s =>
        {
            Configure(s);
            s.Meaning = new SumMeaning(32, 100_000);
        });
        foreach (var outpost in scene.Outposts) outpost.ChunkSize = 30_000;
        using var go = new ManualResetEventSlim();
        var half = new TaskCompletionSource();
        scene.Outposts[2].Alter = frame =>
        {
            if (frame.Chunk is not { Offset: > 200_000 }) return frame;
            half.TrySetResult();
            go.Wait(AsyncGuard.Limit);
            return frame;
        };
        var round = await scene.Ask();
        await half.Task.Guard();
        await scene.Station.Logs.Until(l => l.Id == VectorWhole, 3);
        _server.Kill();
        go.Set();
        Assert.Equal(StatusCode.Unavailable, (await scene.Outposts[2].Ended.Guard()).StatusCode);
        Assert.Equal(RoundState.Running, (await scene.View(round)).State);
        _server.Start();
        await scene.Outposts[2].Connect();
        await scene.Outposts[2].Resend();
        var view = await scene.Until(round, v => v.State != RoundState.Running);
        Assert.Equal((RoundState.Done, ""), (view.State, view.Failure));
        Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2, 3]), view.Statistics.Select(s => s.Value));
        var bundle = await AuditTests.Export(scene, scene.Station.Consortium.Auditor, round);
        Assert.True(AuditTests.Verify(scene, bundle).Passed);
    }

    [PostgresFact]
    public async Task Station_stops_and_starts_again_on_what_is_in_the_database()
    {
        await using var scene = await RoundScene.Open(3, change: Configure);
        var round = await scene.Ask();
        var before = await scene.Until(round, v => v.State == RoundState.Done && v.Cosignatures == 3);
        await scene.Station.Stop();
        await scene.StartStation();
        Assert.Equal(before, await scene.View(round));
        var bundle = await AuditTests.Export(scene, scene.Station.Consortium.Auditor, round);
        Assert.True(AuditTests.Verify(scene, bundle).Passed);
        Assert.False(Directory.Exists(Path.Combine(scene.Station.Data, "vectors")));
    }

    /// <summary>An outpost comes back whenever its stream is ended.</summary>
    private static async Task KeepComing(TestOutpost outpost, CancellationToken over)
    {
        while (true)
        {
            await ((Task)outpost.Ended).WaitAsync(over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (over.IsCancellationRequested) return;
            await outpost.Connect();
            await outpost.Resend();
        }
    }

    /// <summary>A server that has just started may refuse once more: the next try of the log, or of the round, comes with the clock.</summary>
    private static async Task KeepTrying(RoundScene scene, ByteString round, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            if (Waits(scene) || Of(scene, round, RoundWaits) > 0) scene.Station.Clock.Advance(scene.Station.Options.Limits.StorageRetry);
            await Task.Delay(20, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task TryAgain(RoundScene scene)
    {
        scene.Station.Clock.Advance(scene.Station.Options.Limits.StorageRetry);
        // A real server is asked: the clock must not run hours ahead of its answer.
        await Task.Delay(20);
    }

    private static RoundPhase Phase(MessageKind kind) => kind switch
    {
        MessageKind.Join => RoundPhase.Propose,
        MessageKind.Advertise => RoundPhase.Advertise,
        MessageKind.Share => RoundPhase.Share,
        MessageKind.Input => RoundPhase.Input,
        MessageKind.Agree => RoundPhase.Agree,
        _ => RoundPhase.Unmask,
    };

    private static bool Waits(RoundScene scene) => Said(scene, Away) > Said(scene, Back);

    private static int Said(RoundScene scene, int id) => scene.Station.Logs.Lines.Count(l => l.Id == id);

    private static int Of(RoundScene scene, ByteString round, int id) =>
        scene.Station.Logs.Lines.Count(l => l.Id == id && l.Text.Contains(PublicBytes.Hex(round.Span), StringComparison.Ordinal));

    private void Configure(TestStation station)
    {
        station.Options.Database = _server.NewDatabase();
        station.Options.Vectors = VectorPlace.Database;
        // The clock runs while the test waits for a real server, and must not run far.
        station.Options.Limits.StorageRetry = TimeSpan.FromMilliseconds(100);
    }
}
