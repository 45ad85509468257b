using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>The station's own key is replaced while it runs: the roster that names the new one is in force from its entry on, and so is the key.</summary>
public sealed class StationKeyTests : IDisposable
{
    private readonly IdentityKey _next = IdentityKey.Generate();

    public void Dispose() => _next.Dispose();

    [Fact]
    public async Task New_key_signs_and_is_shown_from_the_roster_that_names_it_on_and_evidence_of_both_times_verifies()
    {
        await using var scene = await RoundScene.Open();
        var (station, members) = (scene.Station, scene.Station.Consortium);
        var first = await Witnessed(scene);
        var next = Next(scene);
        await Publish(scene, next);
        var log = station.Host!.Services.GetRequiredService<StationLog>();
        Checkpoint.Parse(log.Head.Note).CheckStation(next);

        // Who is connected learns the roster on the connection that stands; who connects now meets the new key, and by the old one finds nobody.
        foreach (var outpost in scene.Outposts) Assert.Equal([ByteString.CopyFrom(next.Signed)], (await outpost.Offered.Task.Guard()).Rosters);
        using (var old = members.Channel(station.Host!, members.Coordinator))
            Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => new Coordination.CoordinationClient(old).GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard())).StatusCode);
        members.Pinned = _next.Public;
        await Follow(scene, next);

        var second = await Done(scene, Ask(scene, next, 2));
        var act = new Act { Code = ActCode.RoundStopped, Subject = "00ff", By = "alice" };
        await station.Host!.Services.GetRequiredService<ActRecorder>().AppendAsync([act]).Guard();
        Assert.Equal(act, ActEntry.Open(next, station.Entries()[^1]));
        await Verify(scene, (first, members.Roster), (second, next));

        // The file of the new key is in its place, and a start with the old roster file goes on with both as they are in the log.
        await station.Stop();
        Assert.Equal(_next.ToPem(), File.ReadAllText(station.Options.KeyFile));
        Assert.Equal(members.Station.ToPem(), File.ReadAllText(station.Options.KeyFile + ".old"));
        await scene.StartStation();
        Assert.False(station.Logs.Has(1012));
        await Verify(scene, (first, members.Roster), (second, next));
    }

    [Fact]
    public async Task Round_under_way_ends_under_the_old_key()
    {
        await using var scene = await RoundScene.Open();
        var members = scene.Station.Consortium;
        scene.Outposts[0].SilentFrom = MessageKind.Share;
        var round = await scene.Ask();
        await scene.Until(round, v => v.Phase == RoundPhase.Share);
        var publishing = Publish(scene, Next(scene));
        await scene.PassDeadline(round, RoundPhase.Share, 0);
        await publishing.Guard();
        members.Pinned = _next.Public;
        await Verify(scene, (round, members.Roster));
    }

    [Fact]
    public async Task Key_that_no_roster_names_is_neither_shown_nor_used()
    {
        await using var station = new TestStation(3, 0);
        Write(station.Options.KeyFile + ".next", _next);
        var host = await station.Start();
        using var channel = station.Consortium.Channel(host, station.Consortium.Auditor);
        Assert.Equal(1ul, (await new Coordination.CoordinationClient(channel).GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard()).Epoch);
        await station.Stop();
        Assert.Equal(station.Consortium.Station.ToPem(), File.ReadAllText(station.Options.KeyFile));

        // Nor does it help to put it in place by hand.
        File.Move(station.Options.KeyFile + ".next", station.Options.KeyFile, overwrite: true);
        var failure = await Assert.ThrowsAsync<StartException>(station.Start);
        Assert.Equal(ExitCode.Identity, failure.Code);
        Assert.Contains(_next.Public.Fingerprint, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_that_others_may_read_is_not_taken_and_the_roster_not_either()
    {
        if (OperatingSystem.IsWindows()) return;
        await using var scene = await RoundScene.Open(3, 0);
        var next = Next(scene);
        File.SetUnixFileMode(scene.Station.Options.KeyFile + ".next", UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var refused = await Assert.ThrowsAsync<RpcException>(() => Publish(scene, next));
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Contains("chmod 600", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(1ul, (await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard()).Epoch);
    }

    /// <summary>The entry is on disk, the key's file not yet in place: a crash in between.</summary>
    [Fact]
    public async Task Start_puts_the_key_in_place_that_the_newest_roster_of_the_log_names()
    {
        await using var scene = await RoundScene.Open(3, 0);
        var (station, next) = (scene.Station, Next(scene));
        await Publish(scene, next);
        await station.Stop();
        File.Move(station.Options.KeyFile, station.Options.KeyFile + ".next");
        File.Move(station.Options.KeyFile + ".old", station.Options.KeyFile);
        var again = await station.Start();
        Assert.Equal(next.Hash, again.Services.GetRequiredService<RosterHistory>().Current.Hash);
        Assert.Equal(_next.ToPem(), File.ReadAllText(station.Options.KeyFile));
    }

    [Fact]
    public async Task Start_with_a_roster_file_that_names_the_next_key_takes_both_and_keeps_a_head_of_the_old_one()
    {
        await using var scene = await RoundScene.Open();
        var station = scene.Station;
        var round = await Done(scene, scene.Ask());
        File.WriteAllBytes(station.Options.RosterFile, Next(scene).Signed);
        await station.Stop();
        station.Consortium.Pinned = _next.Public;
        await scene.StartStation();
        Assert.Equal(_next.ToPem(), File.ReadAllText(station.Options.KeyFile));
        await Verify(scene, (round, station.Consortium.Roster));

        // Who did it stands behind the roster, signed with the key that it names: the one before may be lost.
        var acts = station.Host!.Services.GetRequiredService<ActRecorder>().All;
        var act = Assert.Single(acts);
        Assert.Equal((ActCode.RosterPublished, "epoch 2", "operator"), (act.Act.Code, act.Act.Subject, act.Act.By));
        Assert.Equal(act.Act, ActEntry.Open(Roster.Open(station.Entries()[(int)act.Index - 1].Envelope.Body.Span), station.Entries()[(int)act.Index]));
        await station.Stop();
        await scene.StartStation();
        Assert.Equal(act, Assert.Single(station.Host!.Services.GetRequiredService<ActRecorder>().All));
    }

    [Fact]
    public async Task Rounds_before_and_after_a_change_of_the_key_verify_from_what_was_published_after_it()
    {
        await using var scene = await RoundScene.Open();
        var (station, members) = (scene.Station, scene.Station.Consortium);
        var first = await Witnessed(scene);
        var next = Next(scene);
        await Publish(scene, next);
        members.Pinned = _next.Public;
        await Follow(scene, next);

        var second = await Done(scene, Ask(scene, next, 2));
        using var folder = new TempFolder();
        await using (var consortium = Client.Consortium.Connect(new Client.ConsortiumOptions { Address = new Uri(station.Host!.Address), Roster = next, Identity = members.Auditor, Time = station.Clock }))
            await new Client.TileExport(consortium, next, folder.Path).RunAsync(vectors: true).Guard();
        await station.Stop();

        var log = await Client.TileLog.OpenAsync(new Client.TileFolder(folder.Path));
        Assert.Empty((await log.VerifyAsync(next)).Unsaid);
        foreach (var (round, roster) in new[] { (first, members.Roster), (second, next) })
        {
            using var bundle = new MemoryStream();
            await log.WriteBundleAsync(round.ToByteArray(), bundle);
            bundle.Position = 0;
            Assert.All(TranscriptVerifier.Verify(bundle, new VerifyOptions { RosterHash = roster.Hash, ShapeOf = station.Meaning.Shape }).Steps, s => Assert.True(s.Passed, $"{s.Name}: {s.Detail}"));
            if (SecondVerifier.Missing is not null) continue;
            var (code, said, errors) = await SecondVerifier.RunAsync(["--tiles", folder.Path, "--round", PublicBytes.Hex(round.Span), "--roster-hash", PublicBytes.Hex(roster.Hash)]);
            Assert.True(code == 0, said + errors);
        }
    }

    /// <summary>An outpost gets another key, and cosigns: what it signed is none of the earlier roster's members' words.</summary>
    [Fact]
    public async Task Round_of_before_an_outposts_new_key_verifies_under_its_own_roster()
    {
        await using var scene = await RoundScene.Open();
        var (station, members) = (scene.Station, scene.Station.Consortium);
        var first = await Witnessed(scene);
        var next = members.NextEpoch(r => r.Parties[0].PublicKey = ByteString.CopyFrom(_next.Public.Point), [_next, .. members.Parties.Skip(1)]);
        await Publish(scene, next);
        (scene.Outposts[0].Key, scene.Outposts[0].Roster) = (_next, next);
        await Follow(scene, next);

        var second = await Done(scene, Ask(scene, next, 2));
        await scene.Until(second, v => v.Cosignatures == 5);
        await Verify(scene, (first, members.Roster), (second, next));
        await station.Stop();
        await scene.StartStation();
        await Verify(scene, (first, members.Roster), (second, next));
    }

    private Roster Next(RoundScene scene)
    {
        Write(scene.Station.Options.KeyFile + ".next", _next);
        return scene.Station.Consortium.NextEpoch(r => r.AggregatorKey = ByteString.CopyFrom(_next.Public.Point));
    }

    private static void Write(string file, IdentityKey key)
    {
        File.WriteAllText(file, key.ToPem());
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static async Task<PublishRosterReply> Publish(RoundScene scene, Roster next) =>
        await scene.Coordinator.PublishRosterAsync(new PublishRosterRequest { Roster = ByteString.CopyFrom(next.Signed) }).ResponseAsync.Guard();

    private static async Task<ByteString> Ask(RoundScene scene, Roster roster, byte id)
    {
        var query = scene.Station.Consortium.Query(id, q => q.RosterHash = ByteString.CopyFrom(roster.Hash));
        return (await scene.Coordinator.SubmitQueryAsync(new SubmitQueryRequest { Query = query }).ResponseAsync.Guard()).RoundId;
    }

    private static async Task<ByteString> Done(RoundScene scene, Task<ByteString> asking)
    {
        var round = await asking;
        Assert.Equal(RoundState.Done, (await scene.Until(round, v => v.State != RoundState.Running)).State);
        return round;
    }

    /// <summary>A round that is done, and whose log every outpost has cosigned.</summary>
    private static async Task<ByteString> Witnessed(RoundScene scene)
    {
        var round = await Done(scene, scene.Ask());
        foreach (var outpost in scene.Outposts) await outpost.Cosigned.Task.Guard();
        return round;
    }

    /// <summary>All outposts take a roster and come back.</summary>
    private static async Task Follow(RoundScene scene, Roster next)
    {
        foreach (var outpost in scene.Outposts)
        {
            outpost.Roster = next;
            await outpost.Connect();
        }
    }

    /// <summary>Both verifiers, each round under the roster that was in force then.</summary>
    private static async Task Verify(RoundScene scene, params (ByteString Round, Roster Roster)[] rounds)
    {
        foreach (var (round, roster) in rounds)
        {
            var bundle = await AuditTests.Export(scene, scene.Station.Consortium.Auditor, round);
            using var stream = new MemoryStream(bundle);
            var report = TranscriptVerifier.Verify(stream, new VerifyOptions { RosterHash = roster.Hash, ShapeOf = scene.Station.Meaning.Shape });
            Assert.All(report.Steps, s => Assert.True(s.Passed, $"{s.Name}: {s.Detail}"));
            if (SecondVerifier.Missing is not null) continue;
            var (verdict, text) = Assert.Single(await SecondVerifier.VerifyAsync([bundle], "--roster-hash", PublicBytes.Hex(roster.Hash)));
            Assert.True(verdict.Passed, text);
        }
    }
}
