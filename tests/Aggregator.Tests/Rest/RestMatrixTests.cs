using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Security;

namespace SecureAggregation.Aggregator.Tests.Rest;

/// <summary>Every address × every role × every kind of token, held against the table in docs/rest.md: a new address without a row fails.</summary>
public sealed partial class RestMatrixTests
{
    [Fact]
    public async Task Every_cell_of_the_matrix_is_as_the_document_says()
    {
        await using var scene = await RestScene.Open();
        var rows = Rows();
        Assert.Equal(Endpoints(scene), rows.Select(r => $"{r.Method} {r.Path}").Order(StringComparer.Ordinal));

        // Whoever is expired must have been valid once.
        var expired = new Dictionary<Role, string>();
        foreach (var role in Accounts.Roles.All) expired[role] = await scene.Account(role.Word(), [role]);
        scene.Station.Clock.Advance(AccessTokens.Life);
        var (_, old) = scene.Rights.Book.AddKey("old", Permissions.All, null, TimeSpan.FromSeconds(1));
        var gone = await scene.Key("gone", Permissions.All);
        scene.Rights.Book.RevokeKey("gone");
        scene.Station.Clock.Advance(TimeSpan.FromSeconds(1));
        var valid = Accounts.Roles.All.ToDictionary(role => role, role => scene.Tokens.Issue(scene.Rights.Book.Find(role.Word())!));
        var holds = new Dictionary<Permission, string>();
        var lacks = new Dictionary<Permission, string>();
        foreach (var permission in Permissions.All)
        {
            holds[permission] = await scene.Key($"holds-{permission.Word()}", [permission]);
            lacks[permission] = await scene.Key($"lacks-{permission.Word()}", [.. Permissions.All.Where(p => p != permission)]);
        }

        var wrong = new List<string>();
        var cells = 0;
        foreach (var row in rows)
        {
            await Is(row, "no token", null, row.Permission is null ? "let in" : "token-missing");
            foreach (var role in Accounts.Roles.All)
            {
                var account = scene.Rights.Book.Find(role.Word())!;
                await Is(row, $"{role}", valid[role], row.Allowed.Contains(role) ? "let in" : "not-permitted");
                await Is(row, $"{role}, expired", expired[role], row.Permission is null ? "let in" : "token-expired");
                await Is(row, $"{role}, for somebody else", Forged(scene, account, audience: "somebody-else"), row.Permission is null ? "let in" : "token-invalid");
                await Is(row, $"{role}, by another issuer", Forged(scene, account, issuer: "somebody-else"), row.Permission is null ? "let in" : "token-invalid");
                await Is(row, $"{role}, signed by another key", Forged(scene, account, ownKey: false), row.Permission is null ? "let in" : "token-invalid");
                await Is(row, $"{role}, not signed", Unsigned(valid[role]), row.Permission is null ? "let in" : "token-invalid");
            }

            await Is(row, "expired key", old, row.Permission is null ? "let in" : "token-invalid");
            await Is(row, "revoked key", gone, row.Permission is null ? "let in" : "token-invalid");
            await Is(row, "made-up key", "sak_" + new string('A', 43), row.Permission is null ? "let in" : "token-invalid");
            if (row.Permission is not { } needed) continue;
            await Is(row, "key with the permission", holds[needed], "let in");
            await Is(row, "key with all others", lacks[needed], "not-permitted");
        }

        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.True(cells > 850, $"{cells} cells");

        async Task Is(Row row, string who, string? token, string expected)
        {
            cells++;
            var path = row.Path.Replace("{id}", new string('0', 32), StringComparison.Ordinal).Replace("{name}", "nobody", StringComparison.Ordinal).Replace("{documentName}", "v1", StringComparison.Ordinal);
            using var answer = await scene.Send(row.Method, path, token, row.Method is "POST" or "PATCH" && !path.EndsWith("/cancel", StringComparison.Ordinal) ? new { } : null);
            var code = answer.Content.Headers.ContentType?.MediaType == "application/problem+json" ? CodeOf(await answer.Content.ReadAsStringAsync()) : "";
            var found = code is "token-missing" or "token-expired" or "token-invalid" or "not-permitted" ? code : "let in";
            if (found != expected || (found != "let in" && answer.StatusCode != (code == "not-permitted" ? HttpStatusCode.Forbidden : HttpStatusCode.Unauthorized)))
                wrong.Add($"{row.Method} {row.Path}, {who}: {(int)answer.StatusCode} {found}, not {expected}");
        }
    }

    private static List<string> Endpoints(RestScene scene) =>
        [.. scene.Station.Host!.Rest!.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} /{e.RoutePattern.RawText!.Trim('/')}")).Order(StringComparer.Ordinal)];

    private static string Forged(RestScene scene, Account account, string? audience = null, string? issuer = null, bool ownKey = true)
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var own = ECDsa.Create();
        own.ImportFromPem(File.ReadAllText(Path.Combine(scene.Station.Data, "token-key.pem")));
        var now = scene.Station.Clock.GetUtcNow().UtcDateTime;
        // Not cached: the keys of two calls are different ones under one name.
        var key = new ECDsaSecurityKey(ownKey ? own : other) { CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false } };
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            TokenType = "at+jwt", Issuer = issuer ?? scene.Tokens.Issuer, Audience = audience ?? scene.Tokens.Audience, NotBefore = now, IssuedAt = now, Expires = now.AddMinutes(5),
            SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.EcdsaSha256),
            Claims = new Dictionary<string, object> { ["sub"] = account.Name, [AccessTokens.MarkClaim] = Base64UrlEncoder.Encode(LoggedRights.MarkOf(account)) },
        });
    }

    /// <summary>The claims of a valid token under the algorithm "none".</summary>
    private static string Unsigned(string token) => $"{Base64UrlEncoder.Encode("""{"alg":"none","typ":"at+jwt"}""")}.{token.Split('.')[1]}.";

    private static string CodeOf(string problem) => Regex.Match(problem, "\"code\":\"(?<code>[a-z-]+)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["code"].Value;

    private static List<Row> Rows()
    {
        var page = File.ReadAllText(Repository.File("docs", "rest.md"));
        var table = page[page.IndexOf("<!-- matrix", StringComparison.Ordinal)..page.IndexOf("<!-- /matrix", StringComparison.Ordinal)];
        return [.. Line().Matches(table).Select(m => new Row(
            m.Groups["method"].Value, m.Groups["path"].Value, m.Groups["may"].Length > 0 ? Permissions.Parse(m.Groups["may"].Value) : null,
            [.. Accounts.Roles.All.Where((_, i) => m.Groups["cells"].Value.Split('|')[i].Contains('●', StringComparison.Ordinal))]))];
    }

    [GeneratedRegex(@"^\| (?<method>[A-Z]+) \| `(?<path>[^`]+)` \| (`(?<may>[a-z-]+)` )?\|(?<cells>.*)\|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Line();

    private sealed record Row(string Method, string Path, Permission? Permission, IReadOnlyList<Role> Allowed);
}
