using System.Net;
using System.Net.Sockets;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.EndToEnd;

/// <summary>Each wrong thing ends with the code that its program documents and a sentence that names the thing, the rule and the fix.</summary>
[Collection(nameof(MadeDemo))]
public sealed class BadInputTests(MadeDemo demo) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    // ---- an outpost's data: `--check` reads every row, as a start reads the first thousand

    [Theory]
    [InlineData("empty", "", "header")]
    [InlineData("ragged", "citizen_id,full_name,visit_date,sex,age,systolic,glucose,diagnosis,smoker\nC1,A B,2031-01-01,F,44\n", "line 2")]
    [InlineData("text", "citizen_id,full_name,visit_date,sex,age,systolic,glucose,diagnosis,smoker\nC1,A B,2031-01-01,F,old,120,5.0,none,no\n", "'age'")]
    [InlineData("category", "citizen_id,full_name,visit_date,sex,age,systolic,glucose,diagnosis,smoker\nC1,A B,2031-01-01,X,44,120,5.0,none,no\n", "'sex'")]
    [InlineData("column", "citizen_id,full_name,visit_date,sex,systolic,glucose,diagnosis,smoker\nC1,A B,2031-01-01,F,120,5.0,none,no\n", "'age'")]
    public async Task Outpost_does_not_start_on_data_that_is_not_what_its_schema_says(string name, string text, string named)
    {
        var run = await Check(_folder.Write(name + ".csv", text));

        Assert.True(run.Code == 4, run.ToString());
        Assert.Contains(name + ".csv", run.Error, StringComparison.Ordinal);
        Assert.Contains(named, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outpost_refuses_a_file_that_is_not_utf8()
    {
        File.WriteAllBytes(_folder["latin1.csv"], [.. "citizen_id,full_name,visit_date,sex,age,systolic,glucose,diagnosis,smoker\nC1,J"u8, 0xF6, .. "rg,2031-01-01,F,44,120,5.0,none,no\n"u8]);

        var run = await Check(_folder["latin1.csv"]);

        Assert.True(run.Code == 4, run.ToString());
        Assert.Contains("UTF-8", run.Error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Outpost_names_a_data_file_that_is_missing()
    {
        var run = await Check(_folder["nowhere.csv"]);

        Assert.True(run.Code == 4, run.ToString());
        Assert.Contains("nowhere.csv", run.Error, StringComparison.Ordinal);
    }

    // ---- queries

    [Theory]
    [InlineData("dataset: patients\nepsilon: 0\nmeasures: [count]\n", "epsilon is 0")]
    [InlineData("dataset: patients\nepsilon: 1\nmeasures: [{ mean: age, low: 90, high: 20 }]\n", "reversed")]
    [InlineData("dataset: patients\nepsilon: 1\nmeasures: [{ mean: weight }]\n", "no column 'weight'")]
    [InlineData("dataset: nobody\nepsilon: 1\nmeasures: [count]\n", "'nobody'")]
    [InlineData("dataset: patients\nepsilon: 1\nmeasures: [{ max: age }]\n", "box")]
    public async Task Query_that_cannot_be_asked_is_refused_before_anything_is_spent(string query, string named)
    {
        var run = await Programs.Secagg("query", "plan", _folder.Write("query.yaml", query), "--schema", Path.Combine(demo.Folder, "schema.yaml"));

        Assert.True(run.Code == 2, run.ToString());
        Assert.Contains(named, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Missing_query_file_and_folder_are_named()
    {
        var query = await Programs.Secagg("query", "plan", _folder["nowhere.yaml"]);
        var data = await Programs.Secagg("demo", "--once", "--data", _folder["nowhere"], "--query", _folder["nowhere.yaml"], "--folder", _folder["run"]);

        Assert.Equal((2, 2), (query.Code, data.Code));
        Assert.Contains("nowhere.yaml does not exist", query.Error, StringComparison.Ordinal);
        Assert.Contains("nowhere does not exist", data.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folder_with_a_file_that_is_not_utf8_is_told_with_the_outposts_own_words()
    {
        Directory.CreateDirectory(_folder["clinics"]);
        foreach (var name in (string[])["a", "b"]) _folder.Write($"clinics/{name}.csv", "age,note\n44,fine\n");
        File.WriteAllBytes(_folder["clinics/c.csv"], [.. "age,note\n44,J"u8, 0xF6, .. "rg\n"u8]);
        var query = _folder.Write("query.yaml", "dataset: d\nepsilon: 1\nmeasures: [count, { mean: age, low: 0, high: 100 }]\n");

        var run = await Programs.Secagg("demo", "--once", "--data", _folder["clinics"], "--query", query, "--folder", _folder["run"]);

        Assert.True(run.Code == 2, run.ToString());
        Assert.Contains("outpost c", run.Error, StringComparison.Ordinal);
        Assert.Contains("UTF-8", run.Error, StringComparison.OrdinalIgnoreCase);
    }

    // ---- station

    [Fact]
    public async Task Port_in_use_is_said_with_its_own_code()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = taken.LocalEndpoint.ToString()!;

        var run = await Programs.Station("--key", StationKey, "--roster", demo.Roster, "--data", _folder["data"], "--listen", address);

        Assert.True(run.Code == 5, run.ToString());
        Assert.Contains(address.Split(':')[1], run.Output + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Station_that_is_not_there_gives_cannot_connect()
    {
        var run = await Programs.Secagg("watch", "--once", "--station", "https://127.0.0.1:1", "--roster", demo.Roster, "--key", CoordinatorKey);

        Assert.True(run.Code == 3, run.ToString());
        Assert.Contains("127.0.0.1:1", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_that_the_roster_does_not_name_is_refused()
    {
        await Programs.Secagg("keygen", _folder["stranger.pem"]);

        var run = await Programs.Secagg("watch", "--once", "--station", "https://127.0.0.1:1", "--roster", demo.Roster, "--key", _folder["stranger.pem"]);

        Assert.True(run.Code == 2, run.ToString());
        Assert.Contains("roster", run.Error, StringComparison.Ordinal);
    }

    /// <summary>A running station: an unsigned query, one whose time is over, and a member who takes another station for this one.</summary>
    [Fact]
    public async Task Station_refuses_unsigned_and_expired_queries_and_is_not_taken_for_another()
    {
        await using var station = await RunningStation.StartAsync(StationKey, demo.Roster, _folder);
        var roster = Roster.Open(File.ReadAllBytes(demo.Roster));
        using var key = IdentityKey.FromPem(File.ReadAllBytes(CoordinatorKey));
        await using var consortium = Consortium.Connect(new ConsortiumOptions { Address = new Uri(station.Address), Roster = roster, Identity = key, Time = TimeProvider.System });
        var query = new Query
        {
            RosterHash = Google.Protobuf.ByteString.CopyFrom(roster.Hash),
            QueryId = Google.Protobuf.ByteString.CopyFrom(new byte[16]),
            NotAfter = (ulong)TimeProvider.System.GetUtcNow().AddMinutes(5).ToUnixTimeSeconds(),
            Attempts = 1,
            Dataset = "patients",
            EpsilonMicro = 1_000_000,
            Noise = QueryNoise.Local,
            MinSurvivors = 3,
            Analysis = Google.Protobuf.ByteString.CopyFromUtf8("x"),
            CoordinatorKey = Google.Protobuf.ByteString.CopyFrom(key.Public.Point),
        };
        var unsigned = Question.Sign(query, key);
        unsigned.Signature = Google.Protobuf.ByteString.Empty;
        query.NotAfter = 1;
        var expired = Question.Sign(query, key);

        var noSignature = await Assert.ThrowsAsync<StationRefusedException>(() => consortium.SubmitAsync(unsigned));
        var tooLate = await Assert.ThrowsAsync<StationRefusedException>(() => consortium.SubmitAsync(expired));
        Assert.Contains("signature", noSignature.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("expired", tooLate.Message, StringComparison.OrdinalIgnoreCase);

        // The same people under a roster that names another station.
        using var otherStation = IdentityKey.Generate();
        var other = await OtherRoster(key, r => r.AggregatorKey = Google.Protobuf.ByteString.CopyFrom(otherStation.Public.Point));
        var run = await Programs.Secagg("watch", "--once", "--station", station.Address, "--roster", other, "--key", CoordinatorKey);
        Assert.True(run.Code == 3, run.ToString());
        Assert.Contains("key", run.Error, StringComparison.Ordinal);

        // The same station under a roster that is not the one in force.
        var stray = await OtherRoster(key, r => r.Consortium = "Strays");
        var warned = await Programs.Secagg("watch", "--once", "--station", station.Address, "--roster", stray, "--key", CoordinatorKey);
        Assert.True(warned.Code == 0, warned.ToString());
        Assert.Contains("another roster than yours (Strays, epoch 1)", warned.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string StationKey => Path.Combine(demo.Folder, "station", "station.pem");

    private string CoordinatorKey => Path.Combine(demo.Folder, "coordinator", "coordinator.pem");

    private Task<Ended> Check(string csv) => Programs.Outpost(
        "--check", "--config", Path.Combine(demo.Folder, "outposts", "0-Mars", "outpost.json"), "--set", $"Outpost:Datasets:patients:Csv={csv}", "--state", _folder["state"]);

    private async Task<string> OtherRoster(IdentityKey coordinator, Action<Protocol.Wire.Roster> change)
    {
        var signed = SignedRoster.Parser.ParseFrom(await File.ReadAllBytesAsync(demo.Roster));
        var body = Protocol.Wire.Roster.Parser.ParseFrom(signed.Body);
        change(body);
        var founders = Directory.EnumerateFiles(Path.Combine(demo.Folder, "outposts"), "key.pem", SearchOption.AllDirectories).Select(f => IdentityKey.FromPem(File.ReadAllBytes(f))).Append(coordinator);
        await File.WriteAllBytesAsync(_folder["other.bin"], Roster.Sign(body, founders));
        return _folder["other.bin"];
    }
}
