using System.Text;
using SecureAggregation.Aggregator.Rest;
using SecureAggregation.Protocol.Wire;
using Role = SecureAggregation.Accounts.Role;

namespace SecureAggregation.Aggregator.Tests.Rest;

/// <summary>Numbers, words and bodies at and beyond every end: each is answered, or refused with a code that says whose fault it is, and none is the station's.</summary>
public sealed class RestHostileTests
{
    private const string Number = "2147483647";

    [Fact]
    public async Task No_address_fails_at_whatever_stands_behind_the_question_mark()
    {
        await using var scene = await RestScene.Open(3);
        var token = await scene.Account("root", [.. Enum.GetValues<Role>()]);
        var job = Convert.ToHexStringLower((await scene.Rounds.Ask()).Span);
        await scene.Ended(job);
        string[] values = ["-1", "0", "1", Number, "-" + Number, "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1e9", "NaN", "%00", "%F0%9F%92%A9", "'", "", "9999-12-31T23:59:59.9999999%2B00:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00%2B14:00", "true"];
        string[] addresses =
        [
            "/api/v1/jobs?limit=", "/api/v1/jobs?offset=", "/api/v1/jobs?limit=500&offset=", "/api/v1/jobs?state=", "/api/v1/jobs?find=", "/api/v1/jobs?since=", "/api/v1/jobs?until=", $"/api/v1/jobs/{job}/transcript?head=",
            $"/api/v1/jobs/{job}/transcript?vectors=", "/api/v1/jobs/", "/api/v1/data-catalogs/", "/api/v1/acts?before=", "/api/v1/acts?limit=", "/api/v1/checkpoints?from=",
        ];
        foreach (var address in addresses)
        {
            foreach (var value in values) await Sound(scene, "GET", address + value, token);
        }

        foreach (var value in values)
        {
            foreach (var address in new[] { "/api/v1/accounts/", "/api/v1/keys/" }) await Sound(scene, "DELETE", address + value, token);
            using var events = await scene.Send("GET", "/api/v1/events", token, null, ("Last-Event-ID", value));
            Assert.True((int)events.StatusCode < 500, $"Last-Event-ID: {value}");
        }
    }

    [Theory]
    [InlineData("POST", "/api/v1/keys", """{"name":"k","may":["read-results"],"days":2147483647}""")]
    [InlineData("POST", "/api/v1/keys", """{"name":"k","may":["read-results"],"days":-2147483648}""")]
    [InlineData("POST", "/api/v1/keys", """{"name":"k","may":[null]}""")]
    [InlineData("POST", "/api/v1/keys", """{"name":"k","may":["read-results"],"studies":[null]}""")]
    [InlineData("POST", "/api/v1/accounts", """{"name":null,"password":"four words nobody links","roles":["admin"]}""")]
    [InlineData("POST", "/api/v1/accounts", """{"name":"a","password":"four words nobody links","roles":[null]}""")]
    [InlineData("POST", "/api/v1/accounts", """{"name":"a","password":null,"roles":["admin"]}""")]
    [InlineData("POST", "/api/v1/accounts", """{"name":"a","password":"\ud800\ud800\ud800\ud800\ud800\ud800abcdefgh","roles":["admin"]}""")]
    [InlineData("PATCH", "/api/v1/accounts/root", """{"password":"\u0000"}""")]
    [InlineData("PATCH", "/api/v1/accounts/root", """{"roles":[null]}""")]
    [InlineData("PATCH", "/api/v1/accounts/root", """{"studies":[]}""")]
    [InlineData("POST", "/api/v1/jobs", """{"query":"","signature":""}""")]
    [InlineData("POST", "/api/v1/jobs", """{"query":"AAAA","signature":"AAAA","deadline_ms":-1}""")]
    [InlineData("POST", "/api/v1/jobs", """{"query":null,"signature":null}""")]
    [InlineData("POST", "/api/v1/jobs", """{"query":"AAAA","signature":"AAAA","deadline_ms":1e400}""")]
    [InlineData("POST", "/api/v1/jobs", "null")]
    [InlineData("POST", "/api/v1/jobs", "[")]
    [InlineData("POST", "/api/v1/jobs/plan", """{"query":"=","signature":"="}""")]
    [InlineData("POST", "/api/v1/auth/token", """{"grant_type":"password","username":"\u0000","password":"\ud800"}""")]
    [InlineData("POST", "/api/v1/auth/token", """{"grant_type":"password","username":null,"password":null}""")]
    [InlineData("POST", "/api/v1/auth/token", """{"grant_type":"refresh_token","refresh_token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""")]
    [InlineData("POST", "/api/v1/auth/end", """{"refresh_token":null}""")]
    [InlineData("POST", "/api/v1/auth/end", "{}")]
    [InlineData("POST", "/api/v1/auth/password", """{"username":"root","password":"four words nobody links","new_password":null}""")]
    [InlineData("POST", "/api/v1/auth/password", """{"username":"root"}""")]
    public async Task No_body_is_the_stations_fault(string method, string address, string body)
    {
        await using var scene = await RestScene.Open();
        var token = await scene.Account("root", [.. Enum.GetValues<Role>()]);
        using var request = new HttpRequestMessage(new HttpMethod(method), address) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Bearer", token);
        using var answer = await scene.Client.SendAsync(request);
        Assert.True((int)answer.StatusCode is >= 200 and < 500, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>Records print themselves whole, into whatever message somebody puts them.</summary>
    [Fact]
    public void Bodies_with_secrets_do_not_print_them()
    {
        const string Secret = "four words nobody links";
        object[] bodies =
        [
            new TokenRequest("password", "ada", Secret, Secret), new TokenView(Secret, "Bearer", 1, Secret), new EndRequest(Secret), new PasswordRequest("ada", Secret, Secret), new NewAccount("ada", Secret, []),
            new AccountChange(Password: Secret), new KeyView("nightly", [], null, default, default, Secret),
        ];
        Assert.All(bodies, body => Assert.DoesNotContain(Secret, $"{body}", StringComparison.Ordinal));
    }

    private static async Task Sound(RestScene scene, string method, string address, string token)
    {
        using var answer = await scene.Send(method, address, token);
        Assert.True((int)answer.StatusCode < 500, $"{method} {address}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }
}
