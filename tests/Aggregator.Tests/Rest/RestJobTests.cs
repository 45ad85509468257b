using System.Net;
using System.Text.Json;
using SecureAggregation.Accounts;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests.Rest;

/// <summary>Questions that a coordinator has signed, asked and followed by REST.</summary>
public sealed class RestJobTests
{
    private static readonly Permission[] s_all = [.. Permissions.All];

    [Fact]
    public async Task Job_runs_to_its_result_and_its_evidence_verifies()
    {
        await using var scene = await RestScene.Open(3);
        var key = await scene.Key("service", s_all);
        using var submitted = await scene.Send("POST", "/api/v1/jobs", key, scene.Job());
        Assert.Equal(HttpStatusCode.Accepted, submitted.StatusCode);
        var address = submitted.Headers.Location!.OriginalString;
        var id = address[(address.LastIndexOf('/') + 1)..];
        await scene.Ended(id);

        var job = await scene.Ask(HttpStatusCode.OK, "GET", address, key);
        Assert.Equal(("done", "how many", 1.0, "local", 3), (Text(job, "state"), Text(job, "title"), job.GetProperty("epsilon").GetDouble(), Text(job, "noise"), job.GetProperty("nodes").GetArrayLength()));
        var result = await scene.Ask(HttpStatusCode.OK, "GET", address + "/result", key);
        Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2]), result.GetProperty("statistics").EnumerateArray().Select(s => s.GetProperty("value").GetDouble()));
        Assert.Equal(3, result.GetProperty("contributors").GetInt32());

        using var evidence = await scene.Send("GET", address + "/transcript", key);
        Assert.Equal("application/octet-stream", evidence.Content.Headers.ContentType!.MediaType);
        Assert.True(AuditTests.Verify(scene.Rounds, await evidence.Content.ReadAsByteArrayAsync().Guard()).Passed);
        using var transcript = await scene.Send("GET", address + "/transcript?head=1&vectors=false", key);
        var report = AuditTests.Verify(scene.Rounds, await transcript.Content.ReadAsByteArrayAsync().Guard());
        Assert.False(report.Passed);
        Assert.True(report.Steps[3].Passed, "all but the vectors is there");

        var member = await scene.Key("member", [Permission.ReadTranscript]);
        using var less = await scene.Send("GET", address + "/transcript", member);
        Assert.False(AuditTests.Verify(scene.Rounds, await less.Content.ReadAsByteArrayAsync().Guard()).Passed);
        Assert.Equal("not-permitted", await scene.Refusal("GET", address + "/transcript?vectors=true", member));

        var listed = await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/jobs?state=done&find=how&limit=1", key);
        Assert.Equal((1, id), (listed.GetProperty("total").GetInt32(), Text(listed.GetProperty("jobs")[0], "id")));
        Assert.Equal(0, (await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/jobs?state=running", key)).GetProperty("total").GetInt32());
        Assert.Equal("query-refused", await scene.Refusal("POST", "/api/v1/jobs", key, scene.Job()));
        Assert.Equal("job-ended", await scene.Refusal("POST", address + "/cancel", key));
    }

    [Fact]
    public async Task Same_request_with_its_key_gets_the_same_job_also_after_a_restart()
    {
        await using var scene = await RestScene.Open(3);
        var key = await scene.Key("service", s_all);
        (string, string) idempotency = ("Idempotency-Key", "first");
        var request = scene.Job();
        var first = await scene.Ask(HttpStatusCode.Accepted, "POST", "/api/v1/jobs", key, request, idempotency);
        using (var again = await scene.Send("POST", "/api/v1/jobs", key, request, idempotency))
        {
            Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
            Assert.Equal("true", Assert.Single(again.Headers.GetValues("Idempotency-Replayed")));
            Assert.EndsWith(Text(first, "id"), again.Headers.Location!.OriginalString, StringComparison.Ordinal);
        }

        Assert.Equal("idempotency-key-reused", await scene.Refusal("POST", "/api/v1/jobs", key, scene.Job(2), idempotency));
        Assert.Equal("parameter-invalid", await scene.Refusal("POST", "/api/v1/jobs", key, scene.Job(2), ("Idempotency-Key", new string('x', 129))));
        await scene.Ended(Text(first, "id"));
        await scene.Restart();
        using (var after = await scene.Send("POST", "/api/v1/jobs", key, request, idempotency))
        {
            Assert.Equal("true", Assert.Single(after.Headers.GetValues("Idempotency-Replayed")));
            Assert.EndsWith(Text(first, "id"), after.Headers.Location!.OriginalString, StringComparison.Ordinal);
        }

        Assert.Equal("idempotency-key-reused", await scene.Refusal("POST", "/api/v1/jobs", key, scene.Job(2), idempotency));
        Assert.Equal("query-refused", await scene.Refusal("POST", "/api/v1/jobs", key, request));
        Assert.Equal("query-refused", await scene.Refusal("POST", "/api/v1/jobs", await scene.Key("other", s_all), request, idempotency));
    }

    [Fact]
    public async Task Aborted_job_is_tried_again_with_a_new_key_only_and_the_old_one_gets_the_old_job_also_after_a_restart()
    {
        await using var scene = await RestScene.Open(3, station => station.Options.Deadlines.Join = TimeSpan.FromMinutes(5));
        foreach (var outpost in scene.Rounds.Outposts) outpost.SilentFrom = MessageKind.Join;
        var (key, request) = (await scene.Key("service", s_all), scene.Job());
        var first = await Asked("attempt-1");
        await scene.Restart();
        Assert.Equal((first, "running"), (await Asked("attempt-1"), await State(first)));
        await scene.Ask(HttpStatusCode.OK, "POST", $"/api/v1/jobs/{first}/cancel", key);
        await scene.Restart();
        Assert.Equal((first, "aborted"), (await Asked("attempt-1"), await State(first)));
        foreach (var outpost in scene.Rounds.Outposts)
        {
            outpost.SilentFrom = MessageKind.Unspecified;
            await outpost.Connect();
        }

        var twice = await Task.WhenAll(Asked("attempt-2"), Asked("attempt-2"), Asked("attempt-2"));
        Assert.NotEqual(first, Assert.Single(twice.Distinct(StringComparer.Ordinal)));
        Assert.Equal(RoundState.Done, (await scene.Ended(twice[0])).State);
        Assert.Equal(2, (await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/jobs", key)).GetProperty("total").GetInt32());

        async Task<string> Asked(string name) => Text(await scene.Ask(HttpStatusCode.Accepted, "POST", "/api/v1/jobs", key, request, ("Idempotency-Key", name)), "id");

        async Task<string> State(string id) => Text(await scene.Ask(HttpStatusCode.OK, "GET", $"/api/v1/jobs/{id}", key), "state");
    }

    [Fact]
    public async Task Stopped_job_says_in_the_log_who_stopped_it()
    {
        await using var scene = await RestScene.Open(3, station => station.Options.Deadlines.Join = TimeSpan.FromMinutes(5));
        foreach (var outpost in scene.Rounds.Outposts) outpost.SilentFrom = MessageKind.Join;
        var token = await scene.Account("alice", [Role.Coordinator]);
        var id = Text(await scene.Ask(HttpStatusCode.Accepted, "POST", "/api/v1/jobs", token, scene.Job()), "id");
        Assert.Equal("job-running", await scene.Refusal("GET", $"/api/v1/jobs/{id}/result", token));
        Assert.Equal("query-running", await scene.Refusal("POST", "/api/v1/jobs", token, scene.Job()));
        var stopped = await scene.Ask(HttpStatusCode.OK, "POST", $"/api/v1/jobs/{id}/cancel", token);
        Assert.Equal("aborted", Text(stopped, "state"));
        Assert.Equal("job-aborted", await scene.Refusal("GET", $"/api/v1/jobs/{id}/result", token));
        var act = (await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/acts?limit=1", token)).GetProperty("acts")[0];
        Assert.Equal(("round_stopped", id, "alice"), (Text(act, "what"), Text(act, "subject"), Text(act, "by")));

        // The round is of no study; who is for one reads of neither the round nor what alice is for.
        var heart = await scene.Account("ada", [Role.Auditor], ["heart"]);
        var seen = (await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/acts", heart)).GetProperty("acts").EnumerateArray().ToList();
        Assert.Equal([("account_added", "ada", ""), ("account_added", "alice", "")], seen.Select(a => (Text(a, "what"), Text(a, "subject"), Text(a, "detail"))));
    }

    [Fact]
    public async Task Caller_for_one_study_neither_sees_nor_asks_for_others()
    {
        await using var scene = await RestScene.Open(3);
        var (all, heart) = (await scene.Key("all", s_all), await scene.Key("heart", s_all, ["heart"]));
        var own = Text(await scene.Ask(HttpStatusCode.Accepted, "POST", "/api/v1/jobs", heart, scene.Job(1, q => q.Study = "heart")), "id");
        var other = Text(await scene.Ask(HttpStatusCode.Accepted, "POST", "/api/v1/jobs", all, scene.Job(2, q => q.Study = "lung")), "id");
        var none = Text(await scene.Ask(HttpStatusCode.Accepted, "POST", "/api/v1/jobs", all, scene.Job(3)), "id");
        foreach (var id in new[] { own, other, none }) await scene.Ended(id);

        for (var start = 0; start < 2; start++)
        {
            var listed = await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/jobs", heart);
            Assert.Equal((1, own), (listed.GetProperty("total").GetInt32(), Text(listed.GetProperty("jobs")[0], "id")));
            Assert.Equal(3, (await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/jobs", all)).GetProperty("total").GetInt32());
            foreach (var path in new[] { "", "/result", "/transcript" })
            {
                Assert.Equal("study-not-permitted", await scene.Refusal("GET", $"/api/v1/jobs/{other}{path}", heart));
                Assert.Equal("study-not-permitted", await scene.Refusal("GET", $"/api/v1/jobs/{none}{path}", heart));
            }

            Assert.Equal("study-not-permitted", await scene.Refusal("POST", $"/api/v1/jobs/{other}/cancel", heart));
            Assert.Equal("study-not-permitted", await scene.Refusal("POST", "/api/v1/jobs", heart, scene.Job(4, q => q.Study = "lung")));
            Assert.Equal("study-not-permitted", await scene.Refusal("POST", "/api/v1/jobs/plan", heart, scene.Job(4, q => q.Study = "lung")));

            // Views that were read back from the store know their study too.
            await scene.Restart();
        }
    }

    [Fact]
    public async Task Plan_spends_nothing_and_what_is_not_in_order_is_named()
    {
        await using var scene = await RestScene.Open(3);
        var key = await scene.Key("service", s_all);
        var plan = await scene.Ask(HttpStatusCode.OK, "POST", "/api/v1/jobs/plan", key, scene.Job(1, q => q.Attempts = 0));
        Assert.All(plan.GetProperty("nodes").EnumerateArray(), node => Assert.True(node.GetProperty("answered").GetBoolean()));
        Assert.Equal(0, (await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/jobs", key)).GetProperty("total").GetInt32());

        using var stranger = Crypto.IdentityKey.Generate();
        var forged = scene.Station.Consortium.Query(1, null, stranger);
        Assert.Equal("signature-refused", await scene.Refusal("POST", "/api/v1/jobs", key, new { query = forged.Body.ToBase64(), signature = forged.Signature.ToBase64() }));
        Assert.Equal("query-invalid", await scene.Refusal("POST", "/api/v1/jobs/plan", key, scene.Job()));
        Assert.Equal("query-invalid", await scene.Refusal("POST", "/api/v1/jobs", key, scene.Job(1, q => q.Title = "nonsense")));
        Assert.Equal("query-refused", await scene.Refusal("POST", "/api/v1/jobs", key, scene.Job(1, q => q.Dataset = "nothing")));
        Assert.Equal("body-invalid", await scene.Refusal("POST", "/api/v1/jobs", key, new { query = "not base64!", signature = "" }));
        Assert.Equal("body-invalid", await scene.Refusal("POST", "/api/v1/jobs", key, new { query = 7 }));
        Assert.Equal("body-invalid", await scene.Refusal("POST", "/api/v1/jobs", key, new { query = "", signature = "", more = 1 }));
        Assert.Equal("query-invalid", await scene.Refusal("POST", "/api/v1/jobs", key, new { query = new string('A', 360_000), signature = "" }));
        Assert.Equal("body-too-large", await scene.Refusal("POST", "/api/v1/jobs", key, new { query = new string('A', 600_000), signature = "" }));
        Assert.Equal("parameter-invalid", await scene.Refusal("POST", "/api/v1/jobs", key, new { query = "", signature = "", deadline_ms = 0 }));
        Assert.Equal("parameter-invalid", await scene.Refusal("GET", "/api/v1/jobs?state=asleep", key));
        Assert.Equal("parameter-invalid", await scene.Refusal("GET", "/api/v1/jobs?limit=many", key));
        Assert.Equal("job-not-found", await scene.Refusal("GET", "/api/v1/jobs/7", key));
        Assert.Equal("not-found", await scene.Refusal("GET", "/api/v1/job", key));
        Assert.Equal("method-not-allowed", await scene.Refusal("PUT", "/api/v1/jobs", key, new { }));
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
