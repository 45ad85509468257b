using System.Text.Json;
using System.Text.RegularExpressions;

namespace SecureAggregation.EndToEnd;

/// <summary>What `./publish` makes is started where there is no .NET, installed as a tool, and read: of one of the four programs, for they are made alike.</summary>
[Collection(nameof(MadeDemo))]
public sealed partial class PublishTests(MadeDemo demo)
{
    // It builds twice; a minute where nothing else runs.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task Single_file_runs_without_dotnet_the_tool_installs_and_the_bill_of_materials_is_whole()
    {
        using var folder = new TemporaryFolder();
        var made = await Programs.Shell($"./publish --only secagg-outpost --out '{folder["out"]}'", s_limit);
        Assert.True(made.Code == 0, made.ToString());

        var file = Path.Combine(folder["out"], "linux-x64", "secagg-outpost");
        Assert.Equal([file], Directory.GetFiles(Path.GetDirectoryName(file)!));
        // Nothing of this machine's settings, and no dotnet in the path.
        var alone = $"env -i PATH=/nowhere DOTNET_BUNDLE_EXTRACT_BASE_DIR='{folder["extracted"]}' '{file}'";
        var help = await Programs.Shell($"{alone} --help");
        Assert.Equal((0, (await Programs.Outpost("--help")).Output), (help.Code, help.Output));
        // It brings what is not .NET's own: this reads a database.
        var ledger = await Programs.Shell($"{alone} ledger verify --state '{Directory.GetDirectories(Path.Combine(demo.Folder, "outposts"))[0]}/state'");
        Assert.True(ledger.Code == 0, ledger.ToString());

        Assert.Equal(0, (await Programs.Shell($"cd '{folder["out"]}' && sha256sum --check --strict SHA256SUMS")).Code);
        BillIsWhole(JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder["out"], "secagg.cdx.json"))).RootElement);

        // As the document says it, but that the machine's own packages stay as they are.
        var command = Install().Match(await File.ReadAllTextAsync(Path.Combine(Programs.Root, "docs", "operations.md"))).Groups["command"].Value
            .Replace("…", folder["tools"], StringComparison.Ordinal).Replace("artifacts/publish", folder["out"], StringComparison.Ordinal);
        var installed = await Programs.Shell($"export NUGET_PACKAGES='{folder["packages"]}'; {command}");
        Assert.True(installed.Code == 0, installed.ToString());
        var version = await Programs.Shell($"export DOTNET_ROOT=$(dirname \"$(readlink -f \"$(command -v dotnet)\")\"); '{folder["tools"]}/secagg' --version");
        Assert.True(version.Code == 0, version.ToString());
        Assert.Equal((await Programs.Secagg("--version")).Output.Split('+')[0].Trim(), version.Output.Split('+')[0].Trim());
    }

    [Fact]
    public async Task Program_that_there_is_not_is_named()
    {
        var none = await Programs.Shell("./publish --only secagg-outposts");
        Assert.Equal(2, none.Code);
        Assert.Contains("--only secagg-outposts: the programs are", none.Error, StringComparison.Ordinal);
    }

    /// <summary>CycloneDX: whatever something depends on is there, each package with its SHA-512, and everything that the lock files of the four programs name.</summary>
    private static void BillIsWhole(JsonElement bill)
    {
        Assert.Equal(("CycloneDX", "1.5"), (bill.GetProperty("bomFormat").GetString(), bill.GetProperty("specVersion").GetString()));
        var components = bill.GetProperty("components").EnumerateArray().ToList();
        var known = components.Select(c => c.GetProperty("bom-ref").GetString()!).Append(bill.GetProperty("metadata").GetProperty("component").GetProperty("bom-ref").GetString()!).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(components.Count + 1, known.Count);
        var uses = bill.GetProperty("dependencies").EnumerateArray().ToDictionary(d => d.GetProperty("ref").GetString()!, d => d.GetProperty("dependsOn").EnumerateArray().Select(u => u.GetString()!).ToList());
        Assert.Superset(uses.Keys.Concat(uses.Values.SelectMany(u => u)).ToHashSet(StringComparer.Ordinal), known);
        Assert.Equal(["secagg", "secagg-dashboard", "secagg-outpost", "secagg-station"], components.Where(c => c.GetProperty("type").GetString() == "application").Select(c => c.GetProperty("name").GetString()!).Order(StringComparer.Ordinal));

        var packages = components.Where(c => c.GetProperty("type").GetString() == "library").ToList();
        Assert.All(packages, p => Assert.Matches("^[0-9a-f]{128}$", p.GetProperty("hashes")[0].GetProperty("content").GetString()!));
        foreach (var (room, program) in ((string, string)[])[("Aggregator", "secagg-station"), ("Party", "secagg-outpost"), ("Dashboard.Blazor", "secagg-dashboard"), ("Cli", "secagg")])
        {
            using var locked = JsonDocument.Parse(File.ReadAllText(Path.Combine(Programs.Root, "src", room, "packages.lock.json")));
            var named = locked.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(f => f.Value.EnumerateObject()).Where(p => p.Value.TryGetProperty("contentHash", out _))
                .Select(p => $"pkg:nuget/{p.Name}@{p.Value.GetProperty("resolved").GetString()}");
            Assert.Equal(named.Distinct(StringComparer.Ordinal).Append("dotnet").Order(StringComparer.Ordinal), uses[program].Order(StringComparer.Ordinal));
        }
    }

    [GeneratedRegex("`(?<command>dotnet tool install [^`]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Install();
}
