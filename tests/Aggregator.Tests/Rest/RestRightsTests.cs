using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests.Rest;

/// <summary>Accounts, keys and sessions: what changes takes effect at once, and is an act in the log before it counts.</summary>
public sealed class RestRightsTests
{
    [Fact]
    public async Task Admin_makes_changes_and_removes_accounts_and_keys_and_each_is_an_act_by_name()
    {
        await using var scene = await RestScene.Open();
        var admin = await scene.Account("root", [Role.Admin]);
        await scene.Ask(HttpStatusCode.Created, "POST", "/api/v1/accounts", admin, new { name = "ada", password = RestScene.Password, roles = new[] { "analyst" }, studies = new[] { "heart" } });
        var session = await SignIn(scene, "ada", RestScene.Password);
        var token = Text(session, "access_token");
        await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/nodes", token);

        var changed = await scene.Ask(HttpStatusCode.OK, "PATCH", "/api/v1/accounts/ada", admin, new { roles = new[] { "auditor" }, all_studies = true });
        Assert.Equal(("auditor", JsonValueKind.Null), (changed.GetProperty("roles")[0].GetString(), changed.GetProperty("studies").ValueKind));
        Assert.Equal("token-invalid", await scene.Refusal("GET", "/api/v1/nodes", token));
        Assert.Equal("sign-in-refused", await scene.Refusal("POST", "/api/v1/auth/token", null, new { grant_type = "refresh_token", refresh_token = Text(session, "refresh_token") }));

        var made = await scene.Ask(HttpStatusCode.Created, "POST", "/api/v1/keys", admin, new { name = "nightly", may = new[] { "read-results" }, days = 1 });
        var key = Text(made, "key");
        await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/nodes", key);
        Assert.DoesNotContain(key, (await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/keys", admin)).GetRawText(), StringComparison.Ordinal);
        await scene.Ask(HttpStatusCode.NoContent, "DELETE", "/api/v1/keys/nightly", admin);
        Assert.Equal("token-invalid", await scene.Refusal("GET", "/api/v1/nodes", key));
        await scene.Ask(HttpStatusCode.NoContent, "DELETE", "/api/v1/accounts/ada", admin);
        Assert.Equal("account-not-found", await scene.Refusal("DELETE", "/api/v1/accounts/ada", admin));
        Assert.Equal("key-not-found", await scene.Refusal("DELETE", "/api/v1/keys/nightly", admin));
        Assert.Equal("account-invalid", await scene.Refusal("POST", "/api/v1/accounts", admin, new { name = "Operator", password = RestScene.Password, roles = new[] { "analyst" } }));
        Assert.Equal("account-invalid", await scene.Refusal("POST", "/api/v1/accounts", admin, new { name = "b", password = "short", roles = new[] { "analyst" } }));
        Assert.Equal("account-invalid", await scene.Refusal("POST", "/api/v1/accounts", admin, new { name = "b", password = RestScene.Password, roles = new[] { "king" } }));
        Assert.Equal("account-invalid", await scene.Refusal("POST", "/api/v1/keys", admin, new { name = "b", may = new[] { "read-results" }, days = 367 }));
        Assert.Equal("body-invalid", await scene.Refusal("POST", "/api/v1/keys", admin, new { name = "b" }));

        var acts = Acts(scene);
        Assert.Equal(
            [
                (ActCode.AccountAdded, "root", "test", "roles: admin; all studies"),
                (ActCode.AccountAdded, "ada", "root", "roles: analyst; studies: heart"),
                (ActCode.AccountChanged, "ada", "root", "roles: auditor; all studies"),
                (ActCode.KeyAdded, "nightly", "root", $"may: read-results; all studies; until {scene.Station.Clock.GetUtcNow().AddDays(1):yyyy-MM-ddTHH:mm:ss}Z"),
                (ActCode.KeyRevoked, "nightly", "root", ""),
                (ActCode.AccountRemoved, "ada", "root", ""),
            ],
            acts.Select(a => (a.Code, a.Subject, a.By, a.Detail)));
        var log = string.Join('\n', acts.Select(a => a.ToString())) + string.Join('\n', scene.Station.Logs.Lines.Select(l => l.Text));
        Assert.All([RestScene.Password, key, key[4..], token, Text(session, "refresh_token")], secret => Assert.DoesNotContain(secret, log, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_another_program_writes_counts_once_it_is_in_the_log_and_not_before()
    {
        await using var scene = await RestScene.Open();
        var other = AccountBook.Open(Path.Combine(scene.Station.Data, "accounts.json"), System.Security.Cryptography.RandomNumberGenerator.Create(), scene.Station.Clock, administered: false);
        var (_, key) = other.AddKey("quiet", [Permission.ReadResults], null, TimeSpan.FromDays(1), "operator");
        scene.Rights.Book.Reload();
        Assert.Equal("token-invalid", await scene.Refusal("GET", "/api/v1/nodes", key));

        scene.Station.Clock.Advance(TimeSpan.FromSeconds(2));
        await scene.Rights.RecordAsync("operator").Guard();
        await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/nodes", key);
        Assert.Equal((ActCode.KeyAdded, "quiet", "operator"), Acts(scene).Select(a => (a.Code, a.Subject, a.By)).Single());

        // What happens while the station is down is found at its start: one key for another of the same name, and an account.
        await scene.Station.Stop();
        other.RevokeKey("quiet");
        var (_, next) = other.AddKey("quiet", [Permission.ReadResults], null, TimeSpan.FromDays(1), "operator");
        other.Add("ada", RestScene.Password, [Role.Analyst], null, "operator");
        await scene.Restart();
        Assert.Equal("token-invalid", await scene.Refusal("GET", "/api/v1/nodes", key));
        await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/nodes", next);
        Assert.Equal([(ActCode.KeyAdded, "quiet"), (ActCode.AccountAdded, "ada"), (ActCode.KeyRevoked, "quiet"), (ActCode.KeyAdded, "quiet")], Acts(scene).Select(a => (a.Code, a.Subject)));
    }

    [Fact]
    public async Task Act_about_a_dashboards_account_says_nothing_of_the_stations_account_of_that_name()
    {
        await using var scene = await RestScene.Open();
        var members = scene.Station.Consortium;
        await scene.Account("ada", [Role.Analyst]);
        var removed = ActEntry.Sign(members.Roster, new Act { Code = ActCode.AccountRemoved, Subject = "ada", By = "root", Number = 1 }, members.Auditor);
        await scene.Station.Host!.Services.GetRequiredService<ActRecorder>().AppendAsync(removed, members.Auditor.Public).Guard();
        await scene.Station.Stop();
        await scene.Restart();
        Assert.True(scene.Rights.Counts(scene.Rights.Book.Find("ada")!));
        Assert.Equal([(ActCode.AccountAdded, "ada"), (ActCode.AccountRemoved, "ada")], Acts(scene).Select(a => (a.Code, a.Subject)));
    }

    [Fact]
    public async Task Older_file_that_is_put_back_revives_nobody_and_an_alert_says_what_to_do()
    {
        await using var scene = await RestScene.Open();
        var file = Path.Combine(scene.Station.Data, "accounts.json");
        var (nightly, steady) = (await scene.Key("nightly", [Permission.ReadResults]), await scene.Key("steady", [Permission.ReadResults]));
        foreach (var name in new[] { "ada", "bob" }) await scene.Account(name, [Role.Admin]);
        var old = await File.ReadAllTextAsync(file);
        scene.Rights.Book.RevokeKey("nightly");
        scene.Rights.Book.SetRoles("ada", [Role.Analyst]);
        scene.Rights.Book.Remove("bob");
        await scene.Rights.RecordAsync("test").Guard();
        var (acts, now) = (Acts(scene).Count, await File.ReadAllTextAsync(file));

        await PutBack(old);
        await IsOver();
        var alert = scene.Station.Host!.Services.GetRequiredService<AlertBoard>().All.Single(a => a.Id == "accounts-over");
        Assert.Contains("account ada, account bob, key nightly", alert.Text, StringComparison.Ordinal);
        Assert.Contains("keys revoke NAME", alert.Text, StringComparison.Ordinal);
        Assert.Equal(1u, alert.Count);

        // The same at a start.
        await scene.Station.Stop();
        await scene.Restart();
        await IsOver();
        Assert.Single(scene.Station.Host!.Services.GetRequiredService<AlertBoard>().All, a => a.Id == "accounts-over");

        // The right file back: ada is who she was. What the alert says helps the others.
        await PutBack(now);
        await SignIn(scene, "ada", RestScene.Password);
        Assert.Equal(acts, Acts(scene).Count);
        await PutBack(old);
        scene.Rights.Book.SetPassword("bob", "another four of words", "test");
        scene.Rights.Book.RevokeKey("nightly");
        await scene.Rights.RecordAsync("test").Guard();
        await SignIn(scene, "bob", "another four of words");
        Assert.Equal((ActCode.AccountAdded, "bob"), Acts(scene).Skip(acts).Select(a => (a.Code, a.Subject)).Single());

        async Task PutBack(string text)
        {
            await File.WriteAllTextAsync(file, text);
            scene.Station.Clock.Advance(TimeSpan.FromSeconds(2));
            scene.Rights.Book.Reload();
            for (var i = 0; i < 3; i++) await scene.Rights.RecordAsync("operator").Guard();
        }

        async Task IsOver()
        {
            await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/nodes", steady);
            Assert.Equal("token-invalid", await scene.Refusal("GET", "/api/v1/nodes", nightly));
            foreach (var name in new[] { "ada", "bob" })
                Assert.Equal("sign-in-refused", await scene.Refusal("POST", "/api/v1/auth/token", null, new { grant_type = "password", username = name, password = RestScene.Password }));
            Assert.Equal(acts, Acts(scene).Count);
        }
    }

    [Fact]
    public async Task Another_password_or_key_in_an_old_line_of_the_file_does_not_count_before_the_log_says_so()
    {
        await using var scene = await RestScene.Open();
        await scene.Account("ada", [Role.Admin]);
        await scene.Account("mallory", [Role.Analyst]);
        await scene.Key("nightly", Permissions.All);
        var mine = await scene.Key("mine", [Permission.ReadResults]);
        var file = Path.Combine(scene.Station.Data, "accounts.json");
        var json = System.Text.Json.Nodes.JsonNode.Parse(await File.ReadAllTextAsync(file))!;
        json["accounts"]![0]!["password"] = json["accounts"]![1]!["password"]!.GetValue<string>();
        json["keys"]![0]!["hash"] = json["keys"]![1]!["hash"]!.GetValue<string>();
        json["keys"]!.AsArray().RemoveAt(1);
        await File.WriteAllTextAsync(file, json.ToJsonString());
        scene.Rights.Book.Reload();
        Assert.Equal("sign-in-refused", await scene.Refusal("POST", "/api/v1/auth/token", null, new { grant_type = "password", username = "ada", password = RestScene.Password }));
        Assert.Equal("token-invalid", await scene.Refusal("GET", "/api/v1/nodes", mine));
        await scene.Rights.RecordAsync("operator").Guard();
        Assert.Equal([(ActCode.AccountChanged, "ada"), (ActCode.KeyRevoked, "nightly"), (ActCode.KeyAdded, "nightly"), (ActCode.KeyRevoked, "mine")], Acts(scene).Skip(4).Select(a => (a.Code, a.Subject)));
    }

    [Fact]
    public async Task Refresh_token_is_good_once_and_a_second_use_ends_the_session()
    {
        await using var scene = await RestScene.Open();
        await scene.Account("ada", [Role.Analyst]);
        var first = await SignIn(scene, "ADA", RestScene.Password);
        var second = await scene.Ask(HttpStatusCode.OK, "POST", "/api/v1/auth/token", null, new { grant_type = "refresh_token", refresh_token = Text(first, "refresh_token") });
        await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/nodes", Text(second, "access_token"));
        Assert.Equal("sign-in-refused", await scene.Refusal("POST", "/api/v1/auth/token", null, new { grant_type = "refresh_token", refresh_token = Text(first, "refresh_token") }));
        Assert.Equal("sign-in-refused", await scene.Refusal("POST", "/api/v1/auth/token", null, new { grant_type = "refresh_token", refresh_token = Text(second, "refresh_token") }));

        var ended = await SignIn(scene, "ada", RestScene.Password);
        await scene.Ask(HttpStatusCode.NoContent, "POST", "/api/v1/auth/end", null, new { refresh_token = Text(ended, "refresh_token") });
        Assert.Equal("sign-in-refused", await scene.Refusal("POST", "/api/v1/auth/token", null, new { grant_type = "refresh_token", refresh_token = Text(ended, "refresh_token") }));
        Assert.Equal("body-invalid", await scene.Refusal("POST", "/api/v1/auth/token", null, new { grant_type = "client_credentials" }));
    }

    [Fact]
    public async Task Own_password_is_changed_and_guessing_waits()
    {
        await using var scene = await RestScene.Open();
        await scene.Account("ada", [Role.Analyst]);
        const string Next = "another four of words";
        await scene.Ask(HttpStatusCode.NoContent, "POST", "/api/v1/auth/password", null, new { username = "ada", password = RestScene.Password, new_password = Next });
        Assert.Equal((ActCode.AccountChanged, "ada", "ada"), Acts(scene).Select(a => (a.Code, a.Subject, a.By)).Last());
        for (var i = 0; i < 5; i++) Assert.Equal("sign-in-refused", await scene.Refusal("POST", "/api/v1/auth/token", null, new { grant_type = "password", username = "ada", password = RestScene.Password }));
        using var waits = await scene.Send("POST", "/api/v1/auth/token", null, new { grant_type = "password", username = "ada", password = Next });
        Assert.Equal((HttpStatusCode.TooManyRequests, "1"), (waits.StatusCode, waits.Headers.RetryAfter!.ToString()));
        scene.Station.Clock.Advance(TimeSpan.FromSeconds(1));
        await SignIn(scene, "ada", Next);
    }

    [Fact]
    public async Task Files_of_secrets_are_the_owners_alone_and_hold_none()
    {
        await using var scene = await RestScene.Open();
        await scene.Account("ada", [Role.Analyst]);
        var session = await SignIn(scene, "ada", RestScene.Password);
        foreach (var name in new[] { "accounts.json", "tokens.json", "token-key.pem" })
        {
            var path = Path.Combine(scene.Station.Data, name);
            if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            Assert.DoesNotContain(Text(session, "refresh_token")[22..], await File.ReadAllTextAsync(path), StringComparison.Ordinal);
            Assert.DoesNotContain(RestScene.Password, await File.ReadAllTextAsync(path), StringComparison.Ordinal);
        }

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(scene.Station.Data));
            var key = Path.Combine(scene.Station.Data, "token-key.pem");
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
            Assert.Contains("open to other users", (await Assert.ThrowsAsync<Hosting.StartException>(scene.Restart)).Message, StringComparison.Ordinal);
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        // Sessions outlive a restart.
        await scene.Restart();
        await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/nodes", Text(session, "access_token"));
    }

    private static Task<JsonElement> SignIn(RestScene scene, string name, string password) =>
        scene.Ask(HttpStatusCode.OK, "POST", "/api/v1/auth/token", null, new { grant_type = "password", username = name, password });

    private static IReadOnlyList<Act> Acts(RestScene scene) => [.. scene.Station.Host!.Services.GetRequiredService<ActRecorder>().All.Select(a => a.Act)];

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
