using System.Net;
using Grpc.Core;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>The disk is full, or the power goes.</summary>
public sealed class StorageTests
{
    [Fact]
    public async Task Full_disk_stops_the_round_with_a_reason_and_reading_goes_on_until_there_is_space()
    {
        FaultyStore? store = null;
        await using var scene = await RoundScene.Open(3, change: s => s.Wrap = inner => store = new FaultyStore(inner));
        scene.Outposts[2].SilentFrom = MessageKind.Share;
        var round = await scene.Ask();
        await scene.Until(round, v => v.Phase == RoundPhase.Share && v.Parties.Count(p => p.Marks.Any(m => m.Phase == RoundPhase.Share)) == 2);
        var before = scene.Station.Entries().Count;

        store!.Full = true;
        scene.Outposts[2].SilentFrom = MessageKind.Unspecified;
        await scene.Outposts[2].Resend();
        // What it says now cannot be logged; a share is what it owes.
        scene.Station.Clock.Advance(TimeSpan.FromSeconds(31));
        var view = await scene.Until(round, v => v.State == RoundState.Aborted);
        Assert.Contains("disk is full", view.Failure, StringComparison.Ordinal);
        Assert.Equal(before, scene.Station.Entries().Count);
        using var http = new HttpClient(scene.Station.Consortium.Handler(null)) { BaseAddress = new Uri(scene.Station.Host!.Address) };
        var ready = await http.GetAsync(new Uri("/ready", UriKind.Relative)).Guard();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Contains("disk is full", await ready.Content.ReadAsStringAsync().Guard(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/health", UriKind.Relative)).Guard()).StatusCode);
        var consortium = await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard();
        Assert.Contains(consortium.Alerts, a => a.Severity == Severity.Critical && a.Text.Contains("disk is full", StringComparison.Ordinal));
        var refused = await Assert.ThrowsAsync<RpcException>(() => scene.Ask(2));
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);

        store.Full = false;
        scene.Station.Clock.Advance(scene.Station.Options.Limits.StorageRetry);
        view = await scene.Until(round, v => v.State == RoundState.Aborted && v.FinishedMs != 0);
        Assert.Equal("The station could not use its storage.", view.Failure);
        Assert.Contains(scene.Station.Entries(), e => e.Envelope.Kind == MessageKind.Abort);
        var next = await scene.Ask(3);
        await scene.Until(next, v => v.State == RoundState.Done);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/ready", UriKind.Relative)).Guard()).StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Power_cut_at_any_append_and_restart_give_the_same_total_or_a_reason(bool afterWriting)
    {
        // How many appends a whole round takes; a cut at each of them.
        var cut = 2;
        var done = false;
        var totals = 0;
        for (; !done; cut++)
        {
            FaultyStore? store = null;
            var at = cut;
            await using var scene = await RoundScene.Open(4, change: s => s.Wrap = inner => store = new FaultyStore(inner) { CutAt = at, CutAfterWriting = afterWriting });
            Google.Protobuf.ByteString? round = null;
            try
            {
                round = await scene.Ask();
                var ended = scene.Until(round, v => v.State == RoundState.Done);
                await Task.WhenAny(ended, store!.Cut.Task).Guard();
                done = !store.Cut.Task.IsCompleted;
            }
            catch (RpcException)
            {
                // The proposal itself was not written, or was it: the coordinator does not know.
            }

            await scene.Station.Stop();
            scene.Station.Wrap = inner => inner;
            await scene.StartStation();
            foreach (var outpost in scene.Outposts) await outpost.Connect();
            foreach (var outpost in scene.Outposts) await outpost.Resend();
            var rounds = await scene.Coordinator.ListRoundsAsync(new ListRoundsRequest()).ResponseAsync.Guard();
            Assert.Equal(round is not null || afterWriting ? 1u : 0u, rounds.Total);
            if (rounds.Total == 0) continue;
            var view = await scene.Until(rounds.Rounds[0].RoundId, v => v.State != RoundState.Running);
            Assert.Equal((RoundState.Done, ""), (view.State, view.Failure));
            Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2, 3]), view.Statistics.Select(s => s.Value));
            totals++;
            var bundle = await AuditTests.Export(scene, scene.Station.Consortium.Auditor, view.RoundId);
            Assert.True(AuditTests.Verify(scene, bundle).Passed);
            Assert.All(scene.Outposts, o => Assert.Empty(o.Refusals));
        }

        Assert.True(totals >= 10, $"only {totals} cuts were tried");
    }

    [Fact]
    public async Task Outposts_that_restart_with_the_station_are_silent_and_the_round_ends_with_a_reason()
    {
        await using var scene = await RoundScene.Open(3);
        scene.Outposts[0].SilentFrom = MessageKind.Share;
        var round = await scene.Ask();
        await scene.Until(round, v => v.Phase == RoundPhase.Share);
        await scene.Station.Stop();
        foreach (var outpost in scene.Outposts) outpost.Restart();
        scene.Station.Clock.Advance(TimeSpan.FromMinutes(5));
        await scene.StartStation();
        Assert.True(scene.Station.Logs.Has(1005));
        // Its deadline passed while the station was away; the outposts get time to come back all the same.
        Assert.Equal(RoundState.Running, (await scene.View(round)).State);
        scene.Station.Clock.Advance(scene.Station.Options.Limits.RestartGrace);
        var view = await scene.Until(round, v => v.State != RoundState.Running);
        Assert.Equal(RoundState.Aborted, view.State);
        Assert.Contains("shared their seeds", view.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Finished_rounds_are_shown_after_a_restart_also_when_only_the_entries_are_left()
    {
        FaultyStore? store = null;
        await using var scene = await RoundScene.Open(3, change: s => s.Wrap = inner => store = new FaultyStore(inner));
        var round = await scene.Ask();
        var before = await scene.Until(round, v => v.State == RoundState.Done && v.Cosignatures == 3);
        await scene.Station.Stop();
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(scene.Station.Data, "transcript.db")};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "DELETE FROM views";
            command.ExecuteNonQuery();
        }

        await scene.StartStation();
        Assert.Equal(before, await scene.View(round));
    }

    [Fact]
    public async Task Power_cut_between_the_total_and_its_publication_is_made_good_after_the_restart()
    {
        FaultyStore? store = null;
        await using var scene = await RoundScene.Open(
            3, change: s => s.Wrap = inner => store = new FaultyStore(inner) { CutWith = MessageKind.Total, CutAfterWriting = true });
        var round = await scene.Ask();
        await store!.Cut.Task.Guard();
        await scene.Station.Stop();
        scene.Station.Wrap = inner => inner;
        await scene.StartStation();
        foreach (var outpost in scene.Outposts) await outpost.Connect();
        foreach (var outpost in scene.Outposts) await outpost.Cosigned.Task.Guard();
        var view = await scene.Until(round, v => v.Cosignatures == 3);
        Assert.Equal(RoundState.Done, view.State);
    }

    [Fact]
    public async Task Power_cut_between_the_abort_and_the_deletion_leaves_no_vector_after_the_restart()
    {
        FaultyStore? store = null;
        await using var scene = await RoundScene.Open(
            3, change: s => s.Wrap = inner => store = new FaultyStore(inner) { CutWith = MessageKind.Abort, CutAfterWriting = true });
        foreach (var outpost in scene.Outposts) outpost.SilentFrom = MessageKind.Agree;
        var round = await scene.Ask();
        await scene.Until(round, v => v.Phase == RoundPhase.Agree);
        var folder = Path.Combine(scene.Station.Data, "vectors", Convert.ToHexStringLower(round.Span));
        scene.Station.Clock.Advance(TimeSpan.FromMinutes(10));
        await store!.Cut.Task.Guard();
        await scene.Station.Stop();
        Assert.Equal(3, Directory.GetFiles(folder).Length);
        scene.Station.Wrap = inner => inner;
        await scene.StartStation();
        var view = await scene.Until(round, v => v.State != RoundState.Running && !Directory.Exists(folder));
        Assert.Equal(RoundState.Aborted, view.State);
    }

    [Fact]
    public async Task What_the_abort_blames_a_party_for_is_in_the_log_also_when_it_came_while_the_disk_was_full()
    {
        FaultyStore? store = null;
        await using var scene = await RoundScene.Open(4, change: s => s.Wrap = inner => store = new FaultyStore(inner));
        scene.Outposts[2].SilentFrom = MessageKind.Share;
        PartyFrame? advertise = null;
        scene.Outposts[3].Alter = frame => frame.Message?.Envelope.Kind == MessageKind.Advertise ? advertise = frame : frame;
        var round = await scene.Ask();
        // Everything else is in: what meets the full disk is the contradiction and nothing before it.
        await scene.Until(round, _ => scene.Station.Entries().Count(e => e.Envelope.Kind == MessageKind.Share) == 3);
        var proposed = scene.Station.Entries().First(e => e.Envelope.Kind == MessageKind.Propose);

        store!.Full = true;
        await scene.Outposts[3].Send(scene.Contradict(advertise!, proposed));
        await scene.Until(round, v => v.State == RoundState.Aborted);
        store.Full = false;
        scene.Station.Clock.Advance(scene.Station.Options.Limits.StorageRetry);
        await scene.Until(round, v => v.FinishedMs != 0);
        var bundle = await AuditTests.Export(scene, scene.Station.Consortium.Auditor, round);
        var report = AuditTests.Verify(scene, bundle);
        Assert.True(report.Passed, string.Join('\n', report.Steps));
        Assert.Contains(scene.Station.Entries(), e => e.Rejection == RejectionCode.Conflict);
    }

    [Fact]
    public async Task Finished_round_outlives_a_party_that_comes_back_while_the_disk_is_full()
    {
        FaultyStore? store = null;
        await using var scene = await RoundScene.Open(3, change: s => s.Wrap = inner => store = new FaultyStore(inner));
        // It misses its publication, and then the log grows.
        scene.Outposts[2].Alter = frame => frame.Cosign is null ? frame : null;
        var round = await scene.Ask();
        await scene.Until(round, v => v.State == RoundState.Done && v.Cosignatures == 2);
        scene.Outposts[0].SilentFrom = MessageKind.Join;
        await scene.Ask(2);
        store!.Full = true;
        await scene.Outposts[2].Connect();
        await scene.Station.Logs.Until(l => l.Id is 1300 or 1212);
        Assert.False(scene.Station.Logs.Has(1212), scene.Station.Logs.Text);
        scene.Outposts[2].Alter = frame => frame;
        store.Full = false;
        await scene.Outposts[2].Connect();
        await scene.Until(round, v => v.Cosignatures == 3);
    }
}
