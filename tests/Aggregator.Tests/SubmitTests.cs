using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

public sealed class SubmitTests
{
    public static TheoryData<string, StatusCode, string> Wrong => new()
    {
        { "none", StatusCode.InvalidArgument, "holds no query" },
        { "unsigned", StatusCode.InvalidArgument, "does not verify" },
        { "signed by another key", StatusCode.PermissionDenied, "does not verify" },
        { "foreign coordinator", StatusCode.PermissionDenied, "not one of the roster's coordinators" },
        { "other roster", StatusCode.FailedPrecondition, "another roster" },
        { "expired", StatusCode.FailedPrecondition, "expired" },
        { "epsilon 0", StatusCode.InvalidArgument, "epsilon is 0; it must be greater than 0" },
        { "garbage", StatusCode.InvalidArgument, "not a Query" },
        { "nonsense", StatusCode.InvalidArgument, "nonsense cannot be laid out" },
        { "unknown dataset", StatusCode.FailedPrecondition, "No outpost offers a dataset \"cats\"; offered are: patients" },
        { "long deadline", StatusCode.InvalidArgument, "over the limit" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Query_that_may_not_run_is_refused_with_a_sentence(string fault, StatusCode status, string said)
    {
        await using var scene = await RoundScene.Open(3);
        using var stranger = IdentityKey.Generate();
        var consortium = scene.Station.Consortium;
        var request = new SubmitQueryRequest
        {
            Query = fault switch
            {
                "none" => null,
                "unsigned" => new SignedQuery { Body = consortium.Query().Body },
                "signed by another key" => consortium.Query(signer: stranger),
                "foreign coordinator" => consortium.Query(change: q => q.CoordinatorKey = ByteString.CopyFrom(stranger.Public.Point), signer: stranger),
                "other roster" => consortium.Query(change: q => q.RosterHash = ByteString.CopyFrom(new byte[32])),
                "expired" => consortium.Query(change: q => q.NotAfter = (ulong)(consortium.Now - TimeSpan.FromHours(1)).ToUnixTimeSeconds()),
                "epsilon 0" => consortium.Query(change: q => q.EpsilonMicro = 0),
                "garbage" => new SignedQuery { Body = ByteString.CopyFromUtf8("garbage"), Signature = ByteString.CopyFrom(new byte[64]) },
                "nonsense" => consortium.Query(change: q => q.Title = "nonsense"),
                "unknown dataset" => consortium.Query(change: q => q.Dataset = "cats"),
                _ => consortium.Query(),
            },
            DeadlineMs = fault == "long deadline" ? 3_600_000u : 0,
        };
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await scene.Coordinator.SubmitQueryAsync(request).ResponseAsync.Guard());
        Assert.Equal(status, failure.StatusCode);
        Assert.Contains(said, failure.Status.Detail, StringComparison.Ordinal);
        Assert.True(scene.Station.Logs.Has(1400));
        Assert.Single(scene.Station.Entries());
    }

    [Fact]
    public async Task Too_few_outposts_online_are_named()
    {
        await using var scene = await RoundScene.Open();
        await scene.Outposts[1].Disconnect();
        await scene.Outposts[2].Disconnect();
        await scene.Outposts[3].Disconnect();
        using var watch = scene.Coordinator.Watch(new WatchRequest());
        while ((await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest())).Outposts.Count(o => o.Online) > 2) await watch.ResponseStream.MoveNext().Guard();
        var failure = await Assert.ThrowsAsync<RpcException>(() => scene.Ask());
        Assert.Equal(StatusCode.FailedPrecondition, failure.StatusCode);
        Assert.Contains("2 of 5 (missing: Clinic 1, Clinic 2, Clinic 3)", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_runs_once_at_a_time_is_answered_once_and_has_so_many_attempts()
    {
        await using var scene = await RoundScene.Open(3);
        scene.Outposts[0].SilentFrom = MessageKind.Share;
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var round = await scene.Ask();
            var running = await Assert.ThrowsAsync<RpcException>(() => scene.Ask());
            Assert.Equal(StatusCode.AlreadyExists, running.StatusCode);
            await scene.Coordinator.AbortRoundAsync(new AbortRoundRequest { RoundId = round }).ResponseAsync.Guard();
        }

        var used = await Assert.ThrowsAsync<RpcException>(() => scene.Ask());
        Assert.Contains("All 3 attempts", used.Status.Detail, StringComparison.Ordinal);
        scene.Outposts[0].SilentFrom = MessageKind.Unspecified;
        var answered = await scene.Ask(2);
        await scene.Until(answered, v => v.State == RoundState.Done);
        var again = await Assert.ThrowsAsync<RpcException>(() => scene.Ask(2));
        Assert.Contains("was answered in round", again.Status.Detail, StringComparison.Ordinal);
        var list = await scene.Coordinator.ListRoundsAsync(new ListRoundsRequest { Limit = 2 }).ResponseAsync.Guard();
        Assert.Equal((4u, 2), (list.Total, list.Rounds.Count));
        Assert.Equal(answered, list.Rounds[0].RoundId);
    }
}
