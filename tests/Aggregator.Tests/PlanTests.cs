using Grpc.Core;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Questions that are only planned: passed to the outposts, answered, and never run.</summary>
public sealed class PlanTests
{
    [Fact]
    public async Task Outposts_say_what_they_would_do_and_nothing_is_logged()
    {
        await using var scene = await RoundScene.Open(4);
        await scene.Outposts[3].Disconnect();
        scene.Outposts[0].Plans = request => new PlanAnswer { CostMicro = request.Invited };
        scene.Outposts[1].Plans = _ => new PlanAnswer { Code = RefusalCode.Budget };
        var reply = await Plan(scene);
        Assert.Equal([0, 1, 2, 3], reply.Outposts.Select(o => (int)o.Index));
        Assert.Equal([true, true, true, false], reply.Outposts.Select(o => o.Online));
        Assert.Equal(3u, reply.Outposts[0].Answer.CostMicro);
        Assert.Equal(RefusalCode.Budget, reply.Outposts[1].Answer.Code);
        Assert.Null(reply.Outposts[3].Answer);
        Assert.Equal(0u, reply.TypicalMs);
        Assert.Single(scene.Station.Entries());
    }

    [Fact]
    public async Task Who_says_nothing_is_shown_so_after_a_while()
    {
        await using var scene = await RoundScene.Open(3);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var left = 3;
        foreach (var outpost in scene.Outposts)
        {
            var silent = outpost.Index == 2;
            outpost.Plans = _ =>
            {
                if (Interlocked.Decrement(ref left) == 0) asked.SetResult();
                return silent ? null : new PlanAnswer { CostMicro = 7 };
            };
        }

        var reply = Plan(scene);
        await asked.Task.Guard();
        // The others' answers are on their way: they arrive before a round that is asked for afterwards.
        await scene.Ask();
        scene.Station.Clock.Advance(TimeSpan.FromSeconds(5));
        var outposts = (await reply.Guard()).Outposts;
        Assert.Null(outposts[2].Answer);
        Assert.True(outposts[2].Online);
    }

    [Fact]
    public async Task A_question_that_could_be_run_is_not_planned_and_a_planned_one_is_not_run()
    {
        await using var scene = await RoundScene.Open(3);
        var runnable = await Assert.ThrowsAsync<RpcException>(async () =>
            await scene.Coordinator.PlanQueryAsync(new PlanQueryRequest { Query = scene.Station.Consortium.Query() }).ResponseAsync.Guard());
        Assert.Equal((StatusCode.InvalidArgument, "Attempts is 3; a query that is only planned has 0, so that nobody can run it."), (runnable.StatusCode, runnable.Status.Detail));
        var planned = await Assert.ThrowsAsync<RpcException>(async () =>
            await scene.Coordinator.SubmitQueryAsync(new SubmitQueryRequest { Query = scene.Station.Consortium.Query(change: q => q.Attempts = 0) }).ResponseAsync.Guard());
        Assert.Equal("Attempts is 0; it must be from 1 to 10.", planned.Status.Detail);
        var missing = await Assert.ThrowsAsync<RpcException>(async () => await scene.Coordinator.PlanQueryAsync(new PlanQueryRequest()).ResponseAsync.Guard());
        Assert.Equal("The request holds no query.", missing.Status.Detail);
    }

    [Fact]
    public async Task Only_coordinators_plan()
    {
        await using var scene = await RoundScene.Open(3);
        using var channel = scene.Station.Consortium.Channel(scene.Station.Host!, scene.Station.Consortium.Parties[0]);
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Coordination.CoordinationClient(channel).PlanQueryAsync(new PlanQueryRequest { Query = Planned(scene) }).ResponseAsync.Guard());
        Assert.Equal(StatusCode.PermissionDenied, failure.StatusCode);
    }

    private static SignedQuery Planned(RoundScene scene) => scene.Station.Consortium.Query(change: q => q.Attempts = 0);

    private static async Task<PlanQueryReply> Plan(RoundScene scene) =>
        await scene.Coordinator.PlanQueryAsync(new PlanQueryRequest { Query = Planned(scene) }).ResponseAsync.Guard();
}
