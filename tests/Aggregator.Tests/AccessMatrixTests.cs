using System.Text.RegularExpressions;
using Grpc.Core;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Aggregator.Tests.Rest;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Every method of the contract × every role × every kind of certificate, held against the table in docs/station.md: a new method without a row fails.</summary>
public sealed partial class AccessMatrixTests
{
    private static readonly string[] s_roles = ["party", "coordinator", "auditor"];

    [Fact]
    public async Task Every_cell_of_the_table_is_as_the_document_says()
    {
        var rows = Rows();
        await using var station = new TestStation(3);
        await station.Start();
        // What the station serves, and to whom it says that it does.
        Assert.Equal(
            CallGateTests.Rules(station.Host!).Select(r => $"{r.Call.Split('.')[^1].Replace('/', '.')}: {r.Rule}").Order(StringComparer.Ordinal),
            rows.Select(r => $"{r.Key}: {Rule(r.Value)}").Order(StringComparer.Ordinal));
        using var stranger = IdentityKey.Generate();
        var keys = new Dictionary<string, IdentityKey> { ["party"] = station.Consortium.Parties[1], ["coordinator"] = station.Consortium.Coordinator, ["auditor"] = station.Consortium.Auditor };
        var wrong = new List<string>();
        foreach (var (name, cells) in rows)
        {
            var method = name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..];
            await Is(method, "no certificate", null, 0, 1, "Unauthenticated");
            await Is(method, "a stranger's", stranger, -1, 1, "Unauthenticated");
            for (var i = 0; i < s_roles.Length; i++)
            {
                var key = keys[s_roles[i]];
                await Is(method, s_roles[i], key, -1, 1, cells[i].Length > 0 ? "let in" : "PermissionDenied", cells[i] == "without masked vectors");
                if (cells[i] == "without masked vectors") await Is(method, s_roles[i] + " with them", key, -1, 1, "PermissionDenied");
                await Is(method, s_roles[i] + ", expired", key, -10, -1, "Unauthenticated");
                await Is(method, s_roles[i] + ", not yet", key, 1, 10, "Unauthenticated");
            }
        }

        Assert.True(wrong.Count == 0, string.Join("\n", wrong));

        async Task Is(string method, string who, IdentityKey? key, int from, int to, string expected, bool withoutBlobs = false)
        {
            using var channel = station.Consortium.Channel(station.Host!, key, TimeSpan.FromDays(from), TimeSpan.FromDays(to));
            var failure = await Record.ExceptionAsync(() => AccessTests.Call(station, channel, method, withoutBlobs).Guard());
            var found = failure switch
            {
                RpcException { StatusCode: StatusCode.Unauthenticated or StatusCode.PermissionDenied } e => e.StatusCode.ToString(),
                null or RpcException { StatusCode: StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.InvalidArgument } => "let in",
                _ => failure.ToString(),
            };
            if (found != expected) wrong.Add($"{method}, {who}: {found}, not {expected}");
        }
    }

    private static Roles Rule(string[] cells) => cells.Select((cell, i) => cell.Length > 0 ? Enum.Parse<Roles>(s_roles[i], ignoreCase: true) : Roles.None).Aggregate((a, b) => a | b);

    /// <summary>Of each method what the table says to parties, coordinators, auditors.</summary>
    private static Dictionary<string, string[]> Rows()
    {
        var rows = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (Match line in Line().Matches(File.ReadAllText(Repository.File("docs", "station.md"))))
        {
            var service = "";
            foreach (Match name in Name().Matches(line.Groups["names"].Value))
            {
                if (name.Groups["service"].Length > 0) service = name.Groups["service"].Value;
                rows.Add($"{service}.{name.Groups["method"].Value}", [.. line.Groups["cells"].Value.Split('|').Take(s_roles.Length).Select(c => c.Trim())]);
            }
        }

        return rows;
    }

    [GeneratedRegex(@"^\| (?<names>`(Station|Coordination|Audit)\.\w+`[^|]*) \|(?<cells>.*)\|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Line();

    [GeneratedRegex(@"`((?<service>\w+)\.)?(?<method>\w+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();
}
