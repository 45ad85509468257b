using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Google.Protobuf;
using SecureAggregation.Browser.Real;
using SecureAggregation.Cli.Demo;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Sdk;

/// <summary>The Python client by itself, its signatures in this program's eyes, and the walk-through of docs/analysts.md before a live station.</summary>
public sealed partial class PythonClientTests(ITestOutputHelper output)
{
    [PythonFact]
    public async Task Its_own_tests_pass_with_debians_python_and_nothing_else()
    {
        // -I: no packages of the user; -S: none of the machine.
        var (code, said) = await Python.RunAsync(["-I", "-S", Path.Combine("tests", "test_secagg.py")]);
        output.WriteLine(said);
        Assert.Equal(0, code);
    }

    [PythonFact]
    public async Task Signatures_of_either_program_verify_in_the_other_which_is_openssl()
    {
        var random = new SeededRandom(7);
        var cases = Enumerable.Range(0, 40).Select(_ =>
        {
            using var key = IdentityKey.Generate(random);
            var digest = new byte[32];
            random.GetBytes(digest);
            return (Key: key.Public, Digest: digest, Line: new JsonObject { ["pem"] = key.ToPem(), ["digest"] = Convert.ToHexString(digest), ["signature"] = Convert.ToHexString(key.Sign(digest)) }.ToJsonString());
        }).ToList();
        const string Script = """
            import json, sys
            from secagg import p256
            for line in sys.stdin:
                case = json.loads(line)
                key, digest = p256.PrivateKey.from_pem(case["pem"]), bytes.fromhex(case["digest"])
                assert p256.verify(key.public, digest, bytes.fromhex(case["signature"]))
                print(key.public.hex(), key.sign(digest).hex())
            """;

        var (code, said) = await Python.RunAsync(["-c", Script], string.Join('\n', cases.Select(c => c.Line)));

        Assert.True(code == 0, said);
        var lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(cases.Count, lines.Length);
        foreach (var (line, @case) in lines.Zip(cases))
        {
            Assert.Equal(Convert.ToHexStringLower(@case.Key.Point), line.Split(' ')[0]);
            Assert.True(@case.Key.Verify(@case.Digest, Convert.FromHexString(line.Split(' ')[1])));
        }
    }

    [PythonFact]
    public async Task Question_that_python_signs_is_one_that_every_outpost_opens()
    {
        using var members = new Members();
        var folder = Directory.CreateTempSubdirectory("secagg-python-").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "roster.bin"), members.Roster.Signed);
            File.WriteAllText(Path.Combine(folder, "key.pem"), members.Coordinator.ToPem());
            const string Script = """
                import base64, json, sys
                from secagg import evidence, p256, question, roster, wire
                folder, case = sys.argv[1], json.load(sys.stdin)
                pinned = roster.Roster.open(open(folder + "/roster.bin", "rb").read())
                signed = question.sign(case["query"], wire.decode("DatasetSchema", base64.b64decode(case["schema"])), pinned, p256.PrivateKey.from_pem(open(folder + "/key.pem").read()), 2, 600)
                print(json.dumps([base64.b64encode(x).decode() for x in (signed.body, signed.signature, evidence.content(signed.body))]))
                """;
            var query = JsonNode.Parse("""{ "dataset": "heart", "name": "Ünter 65", "epsilon": 0.123456, "study": "S1", "noise": "distributed", "measures": ["count", { "median": "age" }], "where": { "column": "age", "lt": 65 } }""")!;
            var input = new JsonObject { ["query"] = query.DeepClone(), ["schema"] = Convert.ToBase64String(RandomQuery.Schema.Encode()) };

            var (code, said) = await Python.RunAsync(["-W", "ignore::ResourceWarning", "-c", Script, folder], input.ToJsonString());

            Assert.True(code == 0, said);
            var parts = JsonNode.Parse(said)!.AsArray().Select(p => Convert.FromBase64String((string)p!)).ToArray();
            var question = Question.Open(new SignedQuery { Body = ByteString.CopyFrom(parts[0]), Signature = ByteString.CopyFrom(parts[1]) }, members.Roster, DateTimeOffset.UtcNow);
            Assert.Equal(("Ünter 65", "heart", "S1", 123_456UL, QueryNoise.Distributed, 2u), (question.Query.Title, question.Query.Dataset, question.Query.Study, question.Query.EpsilonMicro, question.Query.Noise, question.Query.Attempts));
            Assert.Equal((uint)members.Roster.MinSurvivors, question.Query.MinSurvivors);
            Assert.Equal(AnalysisQuery.Parse(query.ToJsonString()).Resolve(RandomQuery.Schema).Encode(), question.Query.Analysis.ToByteArray());
            Assert.Equal(Question.ContentOf(question.Query), parts[2]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [SecondVerifierFact]
    public async Task Walk_through_of_the_document_runs_against_a_live_station()
    {
        await using var consortium = await RealConsortium.StartAsync(CanaryClinics.Make, rest: true);
        var program = string.Concat(Blocks().Matches(File.ReadAllText(Path.Combine(Programs.Checkout!, "docs", "analysts.md"))).Select(m => m.Groups["code"].Value));

        var (code, said) = await Python.RunAsync(
            ["-c", program], "",
            ("PYTHONPATH", Python.Client), ("SECAGG_REST", consortium.RestAddress), ("SECAGG_ROSTER", consortium.RosterFile), ("SECAGG_KEY", consortium.CoordinatorKey), ("SECAGG_TOKEN", await KeyAsync(consortium)),
            ("SECAGG_BUNDLE", Path.Combine(consortium.StationData, "..", "ages.bundle")));

        output.WriteLine(said);
        Assert.Equal(0, code);
        Assert.Contains("{'patients': ['Mars', 'Titan', 'Europa', 'Ganymede', 'Callisto']}", said, StringComparison.Ordinal);
        Assert.Matches(@"mean pressure \d+\.\d \(\d+\.\d to \d+\.\d\) mmHg, 5 outposts", said);
        Assert.Contains("5 vectors of ", said, StringComparison.Ordinal);
        Assert.Matches(@"the head of \d+ entries and the remembered one of \d+ are of one log", said);
        Assert.Contains("Titan would charge 1\n", said, StringComparison.Ordinal);
        Assert.Matches(@"mean\(age\)\{sex=F\}: \d", said);
        Assert.Matches(@"contingency\(old, died\) chi2: ", said);
        Assert.Contains("waiting: publish", said, StringComparison.Ordinal);
        Assert.Matches(@"quantiles\(age\)\[q0\.5\]: \d", said);
        // The regressions of the same made patients that the C# walk-through fits.
        Assert.Matches(@"[234] rounds, (converged|not converged)", said);
        Assert.Matches(@"logistic\(died ~ age\)\[age\] odds_ratio: 1\.\d", said);
        Assert.Matches(@"[234] rounds of evidence", said);
        Assert.Contains("no column 'sistolic'", said, StringComparison.Ordinal);
    }

    /// <summary>An API key, made beside the station as docs/rest.md says.</summary>
    private static async Task<string> KeyAsync(RealConsortium consortium)
    {
        var start = new ProcessStartInfo(Programs.Runtime, [Programs.Station, "keys", "add", "analyst", "--may", "ask-questions,plan-queries,read-results,read-transcript,export-evidence", "--data", consortium.StationData])
        {
            RedirectStandardOutput = true, UseShellExecute = false,
        };
        // Never null: UseShellExecute is off.
        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var key = Key().Match(said).Value;
        // The station reads the file that the command wrote, and enters the act in its log before the key counts.
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", key) } };
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!(await http.GetAsync(new Uri(consortium.RestAddress + "/api/v1/discovery"), limit.Token)).IsSuccessStatusCode) await Task.Delay(100, limit.Token);
        return key;
    }

    [GeneratedRegex("sak_[A-Za-z0-9_-]{43}", RegexOptions.None, 1000)]
    private static partial Regex Key();

    [GeneratedRegex("^```python\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Blocks();
}
