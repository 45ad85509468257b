using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests.Rest;

/// <summary>Heads, acts, budgets and events.</summary>
public sealed class RestLogTests
{
    [Fact]
    public async Task Checkpoint_is_the_signed_head_and_extends_an_earlier_one()
    {
        await using var scene = await RestScene.Open();
        var key = await scene.Key("auditor", [Permission.ReadTranscript]);
        var first = await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/checkpoints", key);
        await scene.Key("one", [Permission.ReadResults]);
        await scene.Key("two", [Permission.ReadResults]);
        var size = first.GetProperty("size").GetInt64();
        var second = await scene.Ask(HttpStatusCode.OK, "GET", $"/api/v1/checkpoints?from={size}", key);
        Assert.Equal(size + 2, second.GetProperty("size").GetInt64());
        Checkpoint.Parse(second.GetProperty("checkpoint").GetString()!).CheckStation(scene.Station.Consortium.Roster);
        Assert.True(MerkleTree.VerifyConsistency(
            size, Root(first), size + 2, Root(second), [.. second.GetProperty("consistency").EnumerateArray().Select(h => Convert.FromHexString(h.GetString()!))]));
        Assert.Equal("parameter-invalid", await scene.Refusal("GET", $"/api/v1/checkpoints?from={size + 3}", key));
        Assert.Equal("parameter-invalid", await scene.Refusal("GET", "/api/v1/checkpoints?from=0", key));

        var acts = (await scene.Ask(HttpStatusCode.OK, "GET", $"/api/v1/acts?before={size + 1}", key)).GetProperty("acts");
        Assert.Equal((size, "one"), (acts[0].GetProperty("entry").GetInt64(), acts[0].GetProperty("subject").GetString()));
        Assert.Equal("parameter-invalid", await scene.Refusal("GET", "/api/v1/acts?limit=0", key));

        static byte[] Root(JsonElement head) => Convert.FromHexString(head.GetProperty("root").GetString()!);
    }

    [Fact]
    public async Task Budgets_are_the_outposts_word_and_those_of_other_studies_do_not_show()
    {
        await using var scene = await RestScene.Open(1);
        var statement = new BudgetStatement();
        statement.Lines.Add(new BudgetLine { Dataset = "patients", Scope = BudgetScope.Dataset, CapMicro = 10_000_000, LeftMicro = 7_500_000 });
        statement.Lines.Add(new BudgetLine { Dataset = "patients", Scope = BudgetScope.Study, Subject = "heart", CapMicro = 2_000_000, LeftMicro = 1_000_000 });
        statement.Lines.Add(new BudgetLine { Dataset = "patients", Scope = BudgetScope.Study, Subject = "lung", CapMicro = 2_000_000, LeftMicro = 1_000_000 });
        Assert.Null(scene.Station.Host!.Services.GetService(typeof(Parties.PartyDirectory)) is Parties.PartyDirectory parties ? parties.Take(0, statement) : "no directory");
        var all = (await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/budgets", await scene.Key("all", [Permission.ReadResults]))).GetProperty("budgets");
        Assert.Equal(("Clinic 0", "dataset", 10.0, 7.5), (all[0].GetProperty("node").GetString(), all[0].GetProperty("scope").GetString(), all[0].GetProperty("cap_epsilon").GetDouble(), all[0].GetProperty("left_epsilon").GetDouble()));
        Assert.Equal(3, all.GetArrayLength());
        var heart = (await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/budgets", await scene.Key("heart", [Permission.ReadResults], ["heart"]))).GetProperty("budgets");
        Assert.Equal(["", "heart"], heart.EnumerateArray().Select(b => b.GetProperty("subject").GetString()));

        var catalogs = await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/data-catalogs", await scene.Key("one", [Permission.ReadResults]));
        Assert.Equal("patients", catalogs.GetProperty("catalogs")[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task Events_of_a_job_come_as_they_happen_and_only_to_those_who_may_see_them()
    {
        await using var scene = await RestScene.Open(3);
        var all = await scene.Key("all", [.. Permissions.All]);
        var heart = await scene.Key("heart", [Permission.ReadResults, Permission.WatchOperations], ["heart"]);
        await using var everything = await Watch(scene, all);
        await using var own = await Watch(scene, heart);
        foreach (var reader in new[] { everything, own }) Assert.Equal("open", (await reader.Next()).EventType);
        var lung = (await scene.Ask(HttpStatusCode.Accepted, "POST", "/api/v1/jobs", all, scene.Job(1, q => q.Study = "lung"))).GetProperty("id").GetString()!;
        await scene.Ended(lung);
        var mine = (await scene.Ask(HttpStatusCode.Accepted, "POST", "/api/v1/jobs", all, scene.Job(2, q => q.Study = "heart"))).GetProperty("id").GetString()!;
        await scene.Ended(mine);

        var seen = await everything.Until(e => e.EventType == "job" && Of(e) == (lung, "done"));
        Assert.Contains(seen, e => e.EventType == "head");
        Assert.Contains(seen, e => e.EventType == "log");
        var last = seen[^1].EventId!;
        var others = await own.Until(e => e.EventType == "job" && Of(e) == (mine, "done"));
        Assert.DoesNotContain(others, e => e.EventType is "log" or "alert" || (e.EventType == "job" && Of(e).Id == lung));

        await using var again = await Watch(scene, all, ("Last-Event-ID", last));
        var missed = await again.Until(e => e.EventType == "job" && Of(e) == (mine, "done"));
        Assert.All(missed.Skip(1), e => Assert.True(ulong.Parse(e.EventId!, System.Globalization.CultureInfo.InvariantCulture) > ulong.Parse(last, System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal("parameter-invalid", await scene.Refusal("GET", "/api/v1/events", all, null, ("Last-Event-ID", "x")));

        // An open stream does not hold up the station's end.
        await scene.Station.Stop();
    }

    [Theory]
    [InlineData("key")]
    [InlineData("account")]
    [InlineData("time")]
    public async Task Stream_of_events_ends_when_its_key_is_revoked_its_account_changed_or_its_token_expired(string what)
    {
        await using var scene = await RestScene.Open();
        var token = what == "key" ? await scene.Key("watcher", [Permission.ReadResults]) : await scene.Account("watcher", [Role.Analyst]);
        var stays = await scene.Key("stays", [Permission.ReadResults]);
        await using var ends = await Watch(scene, token);
        await using var goes = await Watch(scene, stays);
        await ends.Until(e => e.EventType == "open");
        await scene.Key("before", [Permission.ReadResults]);
        await ends.Until(e => e.EventType == "head");
        if (what == "key") scene.Rights.Book.RevokeKey("watcher");
        if (what == "account") scene.Rights.Book.SetRoles("watcher", [Role.Auditor]);
        if (what == "time") scene.Station.Clock.Advance(AccessTokens.Life);
        await scene.Key("after", [Permission.ReadResults]);
        Assert.True(await ends.HasEnded());
        await goes.Until(e => e.EventType == "head");
        await goes.Until(e => e.EventType == "head");
    }

    private static (string Id, string State) Of(SseItem<string> item)
    {
        using var json = JsonDocument.Parse(item.Data);
        var job = json.RootElement.GetProperty("job");
        return (job.GetProperty("id").GetString()!, job.GetProperty("state").GetString()!);
    }

    private static async Task<Reader> Watch(RestScene scene, string token, params (string, string)[] headers)
    {
        var answer = await scene.Send("GET", "/api/v1/events", token, null, headers);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        return new Reader(answer, await answer.Content.ReadAsStreamAsync().Guard());
    }

    private sealed class Reader(HttpResponseMessage answer, Stream stream) : IAsyncDisposable
    {
        private readonly IAsyncEnumerator<SseItem<string>> _items = SseParser.Create(stream).EnumerateAsync().GetAsyncEnumerator();

        public async Task<SseItem<string>> Next()
        {
            Assert.True(await _items.MoveNextAsync().AsTask().Guard(), "the stream has ended");
            return _items.Current;
        }

        public async Task<bool> HasEnded() => !await _items.MoveNextAsync().AsTask().Guard();

        public async Task<IReadOnlyList<SseItem<string>>> Until(Func<SseItem<string>, bool> last)
        {
            var seen = new List<SseItem<string>>();
            do seen.Add(await Next());
            while (!last(seen[^1]));
            return seen;
        }

        public async ValueTask DisposeAsync()
        {
            answer.Dispose();
            await _items.DisposeAsync();
        }
    }
}
