using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>A roster takes the place of another while the station runs.</summary>
public sealed class SuccessionTests
{
    [Fact]
    public async Task Roster_is_published_between_rounds_and_the_next_round_is_under_it()
    {
        await using var scene = await RoundScene.Open(5);
        var (members, next) = (scene.Station.Consortium, scene.Station.Consortium.NextEpoch());
        await Cosigned(scene, await scene.Ask());
        var reply = await Publish(scene, next);
        Assert.Empty(reply.Revoked);
        Assert.Equal(next.Signed, scene.Station.Entries()[(int)reply.Entry].Envelope.Body.ToByteArray());
        // Who brought it stands right before it, under the roster before.
        var brought = ActEntry.Open(members.Roster, scene.Station.Entries()[(int)reply.Entry - 1]);
        Assert.Equal((ActCode.RosterPublished, $"epoch {next.Epoch}", members.Roster.FindCoordinator(members.Coordinator.Public)!.Name), (brought.Code, brought.Subject, brought.By));
        Assert.Equal(next.Epoch, (await Consortium(scene)).Epoch);
        Assert.All((await Consortium(scene)).Outposts, o => Assert.False(o.Online));

        foreach (var outpost in scene.Outposts)
        {
            Assert.Equal([ByteString.CopyFrom(next.Signed)], (await outpost.Offered.Task.Guard()).Rosters);
            outpost.Roster = next;
            await outpost.Connect();
        }

        var old = await Assert.ThrowsAsync<RpcException>(() => scene.Ask(2));
        Assert.Equal(StatusCode.FailedPrecondition, old.StatusCode);
        var round = (await scene.Coordinator.SubmitQueryAsync(new SubmitQueryRequest { Query = members.Query(3, q => q.RosterHash = ByteString.CopyFrom(next.Hash)) }).ResponseAsync.Guard()).RoundId;
        Assert.Equal(RoundState.Done, (await scene.Until(round, v => v.State != RoundState.Running)).State);
    }

    [Fact]
    public async Task Outpost_is_shown_the_newest_head_that_its_present_key_has_cosigned()
    {
        await using var scene = await RoundScene.Open(5);
        var members = scene.Station.Consortium;
        Assert.All(scene.Outposts, o => Assert.Equal("", o.Welcome.Cosigned));
        for (byte id = 1; id <= 2; id++)
        {
            await scene.Until(await scene.Ask(id), v => v.Cosignatures == 5);
            var sizes = new HashSet<long>();
            foreach (var outpost in scene.Outposts)
            {
                await outpost.Connect();
                var head = Checkpoint.Parse(outpost.Welcome.Cosigned);
                Assert.Equal([outpost.Index], head.Cosigners(members.Roster).Select(c => c.Index));
                Assert.True(head.IsCosignedBy(members.Roster.Parties[(int)outpost.Index]));
                Assert.False(head.IsCosignedBy(members.Roster.Parties[((int)outpost.Index + 1) % 5]));
                sizes.Add(head.Size);
            }

            Assert.Equal(scene.Station.Host!.Services.GetRequiredService<StationLog>().Head.Size, Assert.Single(sizes));
        }

        var shown = scene.Outposts[0].Welcome.Cosigned;
        await scene.Station.Stop();
        await scene.StartStation();
        await scene.Outposts[0].Connect();
        Assert.Equal(shown, scene.Outposts[0].Welcome.Cosigned);

        // What the key before has cosigned is nothing that the new one could be asked about.
        using var replaced = IdentityKey.Generate();
        var next = members.NextEpoch(r => r.Parties[0].PublicKey = ByteString.CopyFrom(replaced.Public.Point), [replaced, .. members.Parties.Skip(1)]);
        await Publish(scene, next);
        foreach (var (outpost, key) in new[] { (scene.Outposts[0], replaced), (scene.Outposts[1], scene.Outposts[1].Key) })
        {
            (outpost.Roster, outpost.Key) = (next, key);
            await outpost.Connect();
        }

        Assert.Equal(("", shown.Split('\n')[1]), (scene.Outposts[0].Welcome.Cosigned, scene.Outposts[1].Welcome.Cosigned.Split('\n')[1]));
    }

    [Fact]
    public async Task Round_under_way_ends_under_its_own_roster_and_what_is_asked_meanwhile_waits()
    {
        await using var scene = await RoundScene.Open(5);
        var next = scene.Station.Consortium.NextEpoch();
        // Silent in the first round only: which of the two below comes to the station first is open.
        ByteString? first = null;
        scene.Outposts[0].Alter = frame => frame.Message?.Envelope is { Kind: >= MessageKind.Share } && (first ??= frame.Message.RoundId).Equals(frame.Message.RoundId) ? null : frame;
        var round = await scene.Ask();
        await scene.Until(round, v => v.Phase == RoundPhase.Share);
        var publishing = Publish(scene, next);
        var asking = scene.Ask(2);
        Assert.Equal(1ul, (await Consortium(scene)).Epoch);
        Assert.False(publishing.IsCompleted);
        await scene.PassDeadline(round, RoundPhase.Share, 0);
        Assert.Equal(RoundState.Done, (await scene.Until(round, v => v.State != RoundState.Running)).State);
        await publishing.Guard();
        Assert.Equal(next.Epoch, (await Consortium(scene)).Epoch);
        // The one of the two that came second waited for the first; a question of the old roster is refused either way, or has ended before.
        if (await Record.ExceptionAsync(() => asking) is { } refused) Assert.Equal(StatusCode.FailedPrecondition, Assert.IsType<RpcException>(refused).StatusCode);
    }

    [Fact]
    public async Task Revoked_key_loses_its_stream_and_is_refused_from_then_on()
    {
        await using var scene = await RoundScene.Open(5);
        var members = scene.Station.Consortium;
        using var replaced = IdentityKey.Generate();
        var next = members.NextEpoch(
            r =>
            {
                r.Parties.RemoveAt(4);
                r.Parties[3].PublicKey = ByteString.CopyFrom(replaced.Public.Point);
                r.Auditors.Clear();
                r.MaxColluders = 1;
                r.Witnesses = (uint)Roster.DefaultWitnesses(4, 1);
            },
            [.. members.Parties.Take(3), replaced]);
        using var auditing = members.Channel(scene.Station.Host!, members.Auditor);
        var auditor = new Coordination.CoordinationClient(auditing);
        using var watch = auditor.Watch(new WatchRequest());
        await watch.ResponseHeadersAsync.Guard();

        var reply = await Publish(scene, next);
        Assert.Equal(["Clinic 3", "Clinic 4", "Auditor"], reply.Revoked);
        Assert.Equal(StatusCode.PermissionDenied, (await scene.Outposts[4].Ended.Guard()).StatusCode);
        await scene.Outposts[3].Offered.Task.Guard();
        var ended = await Assert.ThrowsAsync<RpcException>(async () => { while (await watch.ResponseStream.MoveNext()) { } });
        Assert.Contains("The roster was replaced", ended.Status.Detail, StringComparison.Ordinal);
        foreach (var revoked in new[] { 3, 4 })
        {
            await scene.Outposts[revoked].Connect();
            Assert.Equal(StatusCode.Unauthenticated, (await scene.Outposts[revoked].Ended.Guard()).StatusCode);
        }

        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(() => auditor.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard())).StatusCode);
        (scene.Outposts[3].Key, scene.Outposts[3].Roster) = (replaced, next);
        await scene.Outposts[3].Connect();
        Assert.True((await Consortium(scene)).Outposts.Single(o => o.Index == 3).Online);
        Assert.Equal(4, (await Consortium(scene)).Outposts.Count);
    }

    [Fact]
    public async Task Outpost_that_was_away_is_told_all_rosters_that_followed_its_own()
    {
        await using var scene = await RoundScene.Open(3, 0);
        var second = scene.Station.Consortium.NextEpoch();
        var third = scene.Station.Consortium.NextEpoch(after: second);
        await scene.Outposts[0].Disconnect();
        await Publish(scene, second);
        await Publish(scene, third);
        await scene.Outposts[0].Connect();
        Assert.Equal([ByteString.CopyFrom(second.Signed), ByteString.CopyFrom(third.Signed)], (await scene.Outposts[0].Offered.Task.Guard()).Rosters);
        Assert.Equal(StatusCode.FailedPrecondition, (await scene.Outposts[0].Ended.Guard()).StatusCode);
        Assert.True(scene.Station.Logs.Has(1107));
        var chain = await scene.Coordinator.GetSuccessionAsync(new GetSuccessionRequest { RosterHash = ByteString.CopyFrom(second.Hash) }).ResponseAsync.Guard();
        Assert.Equal([ByteString.CopyFrom(third.Signed)], chain.Rosters);
        var unknown = await Assert.ThrowsAsync<RpcException>(() => scene.Coordinator.GetSuccessionAsync(new GetSuccessionRequest { RosterHash = ByteString.CopyFrom(new byte[32]) }).ResponseAsync.Guard());
        Assert.Equal(StatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task Station_that_starts_again_with_the_older_file_goes_on_with_the_published_roster()
    {
        await using var station = new TestStation(3, 0);
        var next = station.Consortium.NextEpoch();
        await station.Start();
        using (var channel = station.Consortium.Channel(station.Host!, station.Consortium.Coordinator))
            await new Coordination.CoordinationClient(channel).PublishRosterAsync(new PublishRosterRequest { Roster = ByteString.CopyFrom(next.Signed) }).ResponseAsync.Guard();
        await station.Stop();
        var again = await station.Start();
        Assert.Equal(next.Hash, again.Services.GetRequiredService<RosterHistory>().Current.Hash);
        Assert.True(station.Logs.Has(1013));
    }

    [Fact]
    public async Task Stream_that_stays_after_its_roster_was_replaced_is_ended_at_its_third_heartbeat()
    {
        await using var scene = await RoundScene.Open(3, 0);
        await Publish(scene, scene.Station.Consortium.NextEpoch());
        for (var i = 0; i < 3; i++) await scene.Outposts[1].Send(new PartyFrame { Heartbeat = new Heartbeat { TimeMs = 1 } });
        Assert.Equal(StatusCode.FailedPrecondition, (await scene.Outposts[1].Ended.Guard()).StatusCode);
    }

    /// <summary>As many parties as the protocol allows, all of them founders, with names as long as they may be.</summary>
    [Fact]
    public async Task Largest_roster_is_published_to_a_station_that_was_started_for_three()
    {
        await using var scene = await RoundScene.Open(3, 0);
        var members = scene.Station.Consortium;
        var crowd = Enumerable.Range(3, Limits.Parties - 3).Select(_ => IdentityKey.Generate()).ToList();
        var next = members.NextEpoch(
            r =>
            {
                r.Parties.Add(crowd.Select((key, i) => new RosterParty
                {
                    Index = (uint)i + 3, Name = $"{i + 3:0000}".PadRight(64, '\u9662'), PublicKey = ByteString.CopyFrom(key.Public.Point), Founder = true,
                }));
                r.Witnesses = (uint)Roster.DefaultWitnesses(Limits.Parties, 0);
            },
            [.. members.Parties, .. crowd]);
        Assert.InRange(next.Signed.Length, 400_000, Limits.Roster);
        await Publish(scene, next);
        Assert.Equal(Limits.Parties, (await Consortium(scene)).Outposts.Count);
        Assert.Equal([ByteString.CopyFrom(next.Signed)], (await scene.Outposts[0].Offered.Task.Guard()).Rosters);
        var limits = scene.Station.Host!.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits;
        Assert.Equal(ConnectionLimits.Window(Limits.Parties), limits.Http2.InitialStreamWindowSize);

        // Its own limit refuses a message as large as any of such a round may be, not that of a small roster's frames.
        var outpost = scene.Outposts[2];
        outpost.Roster = next;
        await outpost.Connect();
        var envelope = new Envelope { Kind = MessageKind.Share, Body = ByteString.CopyFrom(new byte[Limits.PartyEnvelope(Limits.Parties) - 200]) };
        await outpost.Send(new PartyFrame { Message = new PartyMessage { RoundId = ByteString.CopyFrom(new byte[16]), Envelope = envelope } });
        await UntilRefusedAsync(scene, outpost);
        crowd.ForEach(key => key.Dispose());
    }

    private static async Task UntilRefusedAsync(RoundScene scene, TestOutpost outpost)
    {
        await scene.Station.Logs.Until(l => l.Id == 1104 && l.Text.Contains("a round that is not open", StringComparison.Ordinal));
        Assert.False(outpost.Ended.IsCompleted);
    }

    public static TheoryData<string> Wrong => [.. s_wrong.Keys];

    private static readonly Dictionary<string, (StatusCode Code, string Said, Func<TestConsortium, byte[]> Roster)> s_wrong = new(StringComparer.Ordinal)
    {
        ["the one in force"] = (StatusCode.AlreadyExists, "in force already", c => c.Roster.Signed),
        ["another of the same epoch"] = (StatusCode.FailedPrecondition, "only goes forward", c => c.NextEpoch(r => (r.Epoch, r.PreviousHash, r.Consortium) = (1, ByteString.Empty, "Other")).Signed),
        ["an epoch too far"] = (StatusCode.FailedPrecondition, "after epoch 1 comes 2", c => c.NextEpoch(r => r.Epoch = 3).Signed),
        ["one that follows another"] = (StatusCode.FailedPrecondition, "names", c => c.NextEpoch(r => r.PreviousHash = ByteString.CopyFrom(new byte[32])).Signed),
        ["one of another log"] = (StatusCode.FailedPrecondition, "log", c => c.NextEpoch(r => r.LogOrigin = "other/log").Signed),
        ["one with another key of the station"] = (StatusCode.FailedPrecondition, "which it does not have", c => c.NextEpoch(r => r.AggregatorKey = ByteString.CopyFrom(IdentityKey.Generate().Public.Point)).Signed),
        ["one that has expired"] = (StatusCode.FailedPrecondition, "expired", c => c.NextEpoch(r => r.NotAfter = 1).Signed),
        ["one without a founder's signature"] = (StatusCode.InvalidArgument, "lacks the signature of its founder Clinic 0", WithoutOne),
        ["one that a member made up with keys of its own"] = (StatusCode.FailedPrecondition, "more than half", MadeUp),
        ["noise"] = (StatusCode.InvalidArgument, "not a roster", _ => [1, 2, 3]),
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Roster_is_refused(string name)
    {
        await using var scene = await RoundScene.Open(3, 0);
        var (code, said, roster) = s_wrong[name];
        var refused = await Assert.ThrowsAsync<RpcException>(
            () => scene.Coordinator.PublishRosterAsync(new PublishRosterRequest { Roster = ByteString.CopyFrom(roster(scene.Station.Consortium)) }).ResponseAsync.Guard());
        Assert.Equal(code, refused.StatusCode);
        Assert.Contains(said, refused.Status.Detail, StringComparison.Ordinal);
        Assert.True(scene.Station.Logs.Has(1015));
        Assert.Equal(1ul, (await Consortium(scene)).Epoch);
        Assert.All((await Consortium(scene)).Outposts, o => Assert.True(o.Online));
    }

    private static byte[] WithoutOne(TestConsortium members)
    {
        var signed = SignedRoster.Parser.ParseFrom(members.NextEpoch().Signed);
        var key = ByteString.CopyFrom(members.Parties[0].Public.Point);
        signed.Signatures.Remove(signed.Signatures.Single(s => s.PublicKey == key));
        return signed.ToByteArray();
    }

    private static byte[] MadeUp(TestConsortium members)
    {
        IdentityKey[] own = [members.Parties[0], IdentityKey.Generate(), IdentityKey.Generate()];
        return members.NextEpoch(r => { for (var i = 0; i < own.Length; i++) r.Parties[i].PublicKey = ByteString.CopyFrom(own[i].Public.Point); }, own).Signed;
    }

    private static async Task<PublishRosterReply> Publish(RoundScene scene, Roster next) =>
        await scene.Coordinator.PublishRosterAsync(new PublishRosterRequest { Roster = ByteString.CopyFrom(next.Signed) }).ResponseAsync.Guard();

    private static async Task<ConsortiumView> Consortium(RoundScene scene) => await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard();

    private static async Task Cosigned(RoundScene scene, ByteString round)
    {
        Assert.Equal(RoundState.Done, (await scene.Until(round, v => v.State != RoundState.Running)).State);
        foreach (var outpost in scene.Outposts) await outpost.Cosigned.Task.Guard();
    }
}
