using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Rounds as they are listed: which, in what order, and what of them.</summary>
public sealed class ListingTests
{
    [Fact]
    public async Task Rounds_are_listed_by_state_text_time_and_content_and_after_a_restart_the_same()
    {
        // Of the rounds before the last one the store has the only view.
        await using var scene = await RoundScene.Open(4, change: station => station.Options.Limits.RecentRounds = 1);
        // The last of them says that it has no budget left; the others are enough.
        scene.Outposts[3].Declines = RefusalCode.Budget;
        var begin = Now(scene);
        var heart = await Played(scene, 1, q => q.Title = "Heart rate");
        scene.Station.Clock.Advance(TimeSpan.FromMinutes(10));
        var again = await Played(scene, 2, q => q.Title = "Heart rate, once more");
        var border = Now(scene);
        scene.Station.Clock.Advance(TimeSpan.FromMinutes(10));
        var dearer = await Played(scene, 3, q => (q.Title, q.EpsilonMicro) = ("Blood", 2_000_000));
        await Check();

        await scene.Station.Stop();
        foreach (var outpost in scene.Outposts) await outpost.Disconnect();
        await scene.StartStation();
        await Check();

        async Task Check()
        {
            Assert.Equal([dearer, again, heart], await Ids(scene, new ListRoundsRequest()));
            Assert.Equal([again, heart], await Ids(scene, new ListRoundsRequest { Find = "HEART" }));
            Assert.Equal([again], await Ids(scene, new ListRoundsRequest { Find = "heart", Limit = 1 }, total: 2));
            Assert.Equal([heart], await Ids(scene, new ListRoundsRequest { Find = "heart", Offset = 1 }, total: 2));
            Assert.Equal([dearer], await Ids(scene, new ListRoundsRequest { Find = Convert.ToHexString(dearer.Span)[..9] }));
            Assert.Equal([dearer, again, heart], await Ids(scene, new ListRoundsRequest { Find = "clinic 2" }));
            Assert.Empty(await Ids(scene, new ListRoundsRequest { Find = "clinic 7" }));
            Assert.Equal([again, heart], await Ids(scene, new ListRoundsRequest { SinceMs = begin, UntilMs = border + 1 }));
            Assert.Equal([dearer], await Ids(scene, new ListRoundsRequest { SinceMs = border + 1 }));
            Assert.Equal([dearer, again, heart], await Ids(scene, new ListRoundsRequest { State = RoundState.Done }));
            Assert.Empty(await Ids(scene, new ListRoundsRequest { State = RoundState.Aborted }));
            var (one, two) = (await scene.View(heart), await scene.View(dearer));
            Assert.Equal((32, false), (one.Content.Length, one.Content.Equals(two.Content)));
            Assert.Equal([again, heart], await Ids(scene, new ListRoundsRequest { Content = one.Content }));
            Assert.Equal([(1_000_000ul, RefusalCode.Unspecified), (1_000_000ul, RefusalCode.Unspecified), (1_000_000ul, RefusalCode.Unspecified), (0ul, RefusalCode.Budget)], one.Parties.Select(p => (p.ChargedMicro, p.Refusal)));
            Assert.All(two.Parties.Take(3), p => Assert.Equal(2_000_000ul, p.ChargedMicro));
        }
    }

    [Fact]
    public async Task Rounds_with_many_statistics_are_not_kept_for_long()
    {
        // 200 statistics are 70 kB as they lie in memory; all messages of both rounds are less than a third of what may be kept.
        await using var scene = await RoundScene.Open(3, change: station => (station.Meaning, station.Options.Limits.RecentBytes) = (new SumMeaning(length: 200), 100_000));
        var rounds = scene.Station.Host!.Services.GetRequiredService<RoundBook>();
        var first = await Played(scene, 1);
        var driver = rounds.Find(first.Memory)!;
        var second = await Played(scene, 2);
        await driver.Stopped.Guard();
        Assert.Null(rounds.Find(first.Memory));
        Assert.NotNull(rounds.Find(second.Memory));
        Assert.Equal(200, (await scene.View(first)).Statistics.Count);
    }

    [Fact]
    public async Task View_that_was_changed_in_the_store_is_not_shown_and_is_made_anew_at_the_next_start()
    {
        await using var scene = await RoundScene.Open(3, change: station => station.Options.Limits.RecentRounds = 1);
        var round = await Played(scene, 1);
        var told = await scene.View(round);
        await Played(scene, 2);
        await Played(scene, 3);
        Assert.Equal(told, await scene.View(round));
        using (var store = new SqliteTranscriptStore(Path.Combine(scene.Station.Data, "transcript.db")))
        {
            var changed = store.View(round.ToByteArray())!;
            changed[^1] ^= 1;
            store.SaveView(round.ToByteArray(), changed);
        }

        var refused = await Assert.ThrowsAsync<RpcException>(() => scene.View(round));
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
        Assert.Contains("was changed while the station ran", refused.Status.Detail, StringComparison.Ordinal);
        await scene.Station.Stop();
        foreach (var outpost in scene.Outposts) await outpost.Disconnect();
        await scene.StartStation();
        Assert.Equal(told, await scene.View(round));
    }

    [Fact]
    public async Task Round_of_long_ago_is_not_replayed_at_a_start_and_is_shown_as_before()
    {
        await using var scene = await RoundScene.Open(3, change: station => (station.Options.Limits.RecentRounds, station.Options.Limits.BlobRetention) = (1, TimeSpan.FromHours(3)));
        var (old, kept) = (await Played(scene, 1), ByteString.Empty);
        var told = await scene.View(old);
        foreach (var outpost in scene.Outposts) await outpost.Disconnect();
        scene.Station.Clock.Advance(TimeSpan.FromHours(2));
        foreach (var outpost in scene.Outposts) await outpost.Connect();
        kept = await Played(scene, 2);
        var newest = await Played(scene, 3);
        foreach (var outpost in scene.Outposts) await outpost.Disconnect();
        // The vectors of the first have reached their age, those of the others not.
        scene.Station.Clock.Advance(TimeSpan.FromHours(2));
        await scene.Station.Stop();
        FaultyStore? store = null;
        scene.Station.Wrap = inner => store = new FaultyStore(inner);
        await scene.StartStation();
        Assert.Equal(new HashSet<ByteString> { kept, newest }, store!.Replayed.ToHashSet());
        Assert.Equal(told, await scene.View(old));
        Assert.Equal([newest, kept, old], await Ids(scene, new ListRoundsRequest()));
        Assert.Equal(3u, (await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard()).Outposts[0].RoundsJoined);
    }

    [Fact]
    public async Task Brief_rounds_lack_statistics_and_marks_and_nothing_else()
    {
        await using var scene = await RoundScene.Open(3);
        var round = await Played(scene, 1);
        var brief = (await scene.Coordinator.ListRoundsAsync(new ListRoundsRequest { Brief = true }).ResponseAsync.Guard()).Rounds.Single();
        var whole = await scene.View(round);
        Assert.NotEmpty(whole.Statistics);
        Assert.All(whole.Parties, p => Assert.NotEmpty(p.Marks));
        whole.Statistics.Clear();
        foreach (var party in whole.Parties) party.Marks.Clear();
        Assert.Equal(whole, brief);
        // What is listed is a copy: the round itself has kept all.
        Assert.NotEmpty((await scene.View(round)).Statistics);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Filter_out_of_bounds_is_refused_with_its_rule(ListRoundsRequest request, string rule)
    {
        await using var scene = await RoundScene.Open(3);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await scene.Coordinator.ListRoundsAsync(request).ResponseAsync.Guard());
        Assert.Equal((StatusCode.InvalidArgument, rule), (refused.StatusCode, refused.Status.Detail));
    }

    public static TheoryData<ListRoundsRequest, string> Bad => new()
    {
        { new ListRoundsRequest { Find = new string('x', 101) }, "find has 101 characters; at most 100 are looked for." },
        { new ListRoundsRequest { Content = ByteString.CopyFrom(new byte[31]) }, "content has 31 bytes; it must have 32, as a round's content has, or none." },
        { new ListRoundsRequest { State = (RoundState)77 }, "state is 77; a round is running (1), done (2) or aborted (3)." },
        { new ListRoundsRequest { Limit = 501 }, "limit is 501; at most 500 rounds are listed at a time." },
    };

    private static ulong Now(RoundScene scene) => (ulong)scene.Station.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static async Task<ByteString> Played(RoundScene scene, byte id, Action<Query>? change = null)
    {
        var reply = await scene.Coordinator.SubmitQueryAsync(new SubmitQueryRequest { Query = scene.Station.Consortium.Query(id, change) }).ResponseAsync.Guard();
        await scene.Until(reply.RoundId, v => v.State == RoundState.Done && v.Cosignatures >= 3);
        return reply.RoundId;
    }

    private static async Task<IEnumerable<ByteString>> Ids(RoundScene scene, ListRoundsRequest request, int? total = null)
    {
        var reply = await scene.Coordinator.ListRoundsAsync(request).ResponseAsync.Guard();
        Assert.Equal(total ?? reply.Rounds.Count, (int)reply.Total);
        return reply.Rounds.Select(r => r.RoundId);
    }
}
