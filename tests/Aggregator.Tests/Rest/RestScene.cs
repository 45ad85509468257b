using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests.Rest;

/// <summary>A station with its REST interface, outposts if a test wants rounds, and somebody who calls.</summary>
internal sealed class RestScene : IAsyncDisposable
{
    public const string Password = "four words nobody links";

    private RestScene(RoundScene rounds) => Rounds = rounds;

    public RoundScene Rounds { get; }

    public TestStation Station => Rounds.Station;

    public HttpClient Client { get; private set; } = null!;

    public StationRights Rights => Station.Host!.Rest!.Services.GetRequiredService<StationRights>();

    public AccessTokens Tokens => Station.Host!.Rest!.Services.GetRequiredService<AccessTokens>();

    public static async Task<RestScene> Open(int outposts = 0, Action<TestStation>? change = null)
    {
        var scene = new RestScene(await RoundScene.Open(
            3,
            colluders: 0,
            station =>
            {
                station.Options.Rest.Listen = "127.0.0.1:0";
                (station.Options.Rest.Rates.Identity, station.Options.Rest.Rates.Address, station.Options.Rest.Rates.SignIn) = (1_000_000, 1_000_000, 1_000_000);
                change?.Invoke(station);
            },
            outposts));
        scene.Connect();
        return scene;
    }

    public async Task Restart()
    {
        await Station.Stop();
        await Rounds.StartStation();
        Connect();
    }

    /// <summary>A token of a new account.</summary>
    public async Task<string> Account(string name, IReadOnlyList<Role> roles, IReadOnlyCollection<string>? studies = null)
    {
        var account = Rights.Book.Add(name, Password, roles, studies, "test");
        await Rights.RecordAsync("test").Guard();
        return Tokens.Issue(account);
    }

    /// <summary>A new key.</summary>
    public async Task<string> Key(string name, IReadOnlyList<Permission> may, IReadOnlyCollection<string>? studies = null)
    {
        var (_, text) = Rights.Book.AddKey(name, may, studies, TimeSpan.FromDays(1), "test");
        await Rights.RecordAsync("test").Guard();
        return text;
    }

    public async Task<HttpResponseMessage> Send(string method, string path, string? token, object? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        if (body is not null) request.Content = JsonContent.Create(body);
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Guard();
    }

    /// <summary>The answer, which must have this status.</summary>
    public async Task<JsonElement> Ask(HttpStatusCode status, string method, string path, string? token, object? body = null, params (string Name, string Value)[] headers)
    {
        using var answer = await Send(method, path, token, body, headers);
        var text = await answer.Content.ReadAsStringAsync().Guard();
        Assert.True(answer.StatusCode == status, $"{method} {path}: {(int)answer.StatusCode} {text}");
        using var json = JsonDocument.Parse(text.Length > 0 ? text : "null");
        return json.RootElement.Clone();
    }

    /// <summary>The code of a refusal, which must be as the table says.</summary>
    public async Task<string> Refusal(string method, string path, string? token, object? body = null, params (string Name, string Value)[] headers)
    {
        using var answer = await Send(method, path, token, body, headers);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>().Guard();
        var code = problem.GetProperty("code").GetString()!;
        Assert.Equal(Aggregator.Rest.Problems.All[code].Status, (int)answer.StatusCode);
        Assert.Equal((int)answer.StatusCode, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        return code;
    }

    public object Job(byte id = 1, Action<Protocol.Wire.Query>? change = null)
    {
        var signed = Station.Consortium.Query(id, change);
        return new { query = signed.Body.ToBase64(), signature = signed.Signature.ToBase64() };
    }

    /// <summary>Waits until a job has ended.</summary>
    public Task<Protocol.Wire.RoundView> Ended(string job) => Rounds.Until(ByteString.CopyFrom(Convert.FromHexString(job)), v => v.State != Protocol.Wire.RoundState.Running);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Rounds.DisposeAsync();
    }

    private void Connect()
    {
        Client?.Dispose();
        Client = new HttpClient { BaseAddress = new Uri(Station.Host!.Rest!.Address) };
    }
}
