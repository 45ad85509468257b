using System.Diagnostics;
using System.Text.RegularExpressions;
using SecureAggregation.Testing;
using YamlDotNet.RepresentationModel;

namespace SecureAggregation.EndToEnd;

/// <summary>A test that needs a program that not every machine has.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ToolFactAttribute : FactAttribute
{
    public ToolFactAttribute(params string[] programs)
    {
        Skip = Array.Find(programs, p => !File.Exists(p)) is { } missing ? $"{missing} is not there" : null;
    }
}

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ToolTheoryAttribute : TheoryAttribute
{
    public ToolTheoryAttribute(params string[] programs)
    {
        Skip = Array.Find(programs, p => !File.Exists(p)) is { } missing ? $"{missing} is not there" : null;
    }
}

/// <summary>
/// What stands in deploy/ is held to the programs: the tools' own checks where the tools are, and settings that each program takes. The chart is rendered by the few rules of its
/// templates. Images and units are run by deploy/check.
/// </summary>
public sealed partial class DeployTests
{
    private static readonly string s_deploy = Path.Combine(Programs.Root, "deploy");

    // Files that are not there are exit code 3 at the station; a setting that it does not know is 2.
    private const int MissingKey = 3;

    [ToolFact("/usr/bin/systemd-analyze")]
    public async Task Units_pass_systemds_own_check()
    {
        using var folder = new TemporaryFolder();
        foreach (var unit in Directory.GetFiles(Path.Combine(s_deploy, "systemd"), "*.service"))
        {
            var name = Path.GetFileName(unit);
            var text = await File.ReadAllTextAsync(unit);
            Assert.Contains($"ExecStart=/usr/local/bin/{Path.GetFileNameWithoutExtension(unit)} ", text, StringComparison.Ordinal);
            // The check wants the program to be there.
            folder.Write(name, text.Replace("/usr/local/bin/" + Path.GetFileNameWithoutExtension(unit), "/bin/true", StringComparison.Ordinal));
            var check = await Programs.Shell($"systemd-analyze verify '{folder[name]}' 2>&1");
            Assert.True(check.Code == 0 && check.Output.Length == 0, $"{name}: {check}");
            // Of 100: what an intruder in the program could reach. deploy/check runs the units.
            check = await Programs.Shell($"systemd-analyze security --offline=true --threshold=16 '{folder[name]}' 2>&1");
            Assert.True(check.Code == 0, $"{name}: {check}");
        }
    }

    [ToolFact("/usr/bin/docker-compose")]
    public async Task Compose_file_is_one_to_docker_compose()
    {
        var check = await Programs.Shell($"docker-compose --file '{s_deploy}/docker/compose.yaml' --profile outpost config 2>&1");
        Assert.True(check.Code == 0 && !check.Output.Contains("WARN", StringComparison.OrdinalIgnoreCase), $"{check}");
    }

    [ToolFact("/usr/local/bin/helm")]
    public async Task Chart_passes_helms_own_check()
    {
        var check = await Programs.Shell($"cd '{s_deploy}/helm' && helm lint --strict secagg 2>&1 && helm template test secagg 2>&1");
        Assert.True(check.Code == 0 && check.Output.Contains("kind: StatefulSet", StringComparison.Ordinal), $"{check}");
    }

    [Theory]
    [InlineData("secagg-station", "Aggregator")]
    [InlineData("secagg-outpost", "Party")]
    [InlineData("secagg-dashboard", "Dashboard.Blazor")]
    public async Task Units_start_the_programs_with_options_that_they_take(string unit, string room)
    {
        var line = File.ReadLines(Path.Combine(s_deploy, "systemd", unit + ".service")).Single(l => l.StartsWith("ExecStart=", StringComparison.Ordinal));
        using var folder = new TemporaryFolder();
        folder.Write("station.json", """{ "Station": { "KeyFile": "/nowhere/station.pem", "RosterFile": "/nowhere/roster.bin" } }""");
        folder.Write("outpost.json", """{ "Outpost": { "Station": "https://station.example:7443", "Key": "/nowhere/outpost.pem", "Roster": "roster.bin", "Datasets": { "heart": { "Csv": "heart.csv", "Schema": "heart.yaml" } } } }""");
        var arguments = line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..].Replace("/etc/secagg", folder.Path, StringComparison.Ordinal).Replace("/var/lib", folder.Path, StringComparison.Ordinal);
        var ended = await Programs.Shell($"export STATION=https://station.example:7443; exec dotnet {Programs.Assembly(room)} {arguments}");
        Assert.DoesNotContain("not an", ended.Error, StringComparison.Ordinal);
        Assert.Matches("does not exist|cannot be read|Could not find", ended.Error);
        Assert.Equal(room == "Dashboard.Blazor" ? 2 : MissingKey, ended.Code);
    }

    [Fact]
    public async Task Compose_file_and_images_name_what_publish_makes_and_settings_that_the_programs_take()
    {
        var images = File.ReadAllText(Path.Combine(s_deploy, "docker", "Dockerfile"));
        var made = Name().Matches(File.ReadAllText(Path.Combine(Programs.Root, "publish"))).Select(m => m.Groups["name"].Value).ToList();
        var copied = Copied().Matches(images).Select(m => (Target: m.Groups["target"].Value, Program: m.Groups["program"].Value)).ToList();
        Assert.Equal(3, copied.Count);
        Assert.All(copied, c => Assert.Contains(c.Program, made));
        Assert.All(copied, c => Assert.Contains($"ENTRYPOINT [\"/usr/local/bin/{c.Program}\"]", images, StringComparison.Ordinal));
        // Who has SQLite in its file must have unpacked it before the system is read-only.
        var unpacked = Unpacked().Matches(images).Select(m => m.Groups["program"].Value);
        Assert.Equal(["secagg-outpost", "secagg-station"], unpacked.Order(StringComparer.Ordinal));

        var services = (YamlMappingNode)Load(File.ReadAllText(Path.Combine(s_deploy, "docker", "compose.yaml"))).Single()["services"];
        Assert.Equal(copied.Select(c => c.Target).Order(), services.Children.Values.Select(s => $"{s["build"]["target"]}").Order());
        await Takes("Aggregator", services["station"]["environment"]);
        await Takes("Dashboard.Blazor", services["dashboard"]["environment"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://collector:4318")]
    public async Task Chart_renders_to_objects_whose_parts_fit_each_other(string collector)
    {
        var chart = Path.Combine(s_deploy, "helm", "secagg");
        var values = Load(File.ReadAllText(Path.Combine(chart, "values.yaml"))).Single();
        ((YamlScalarNode)values["telemetry"]["endpoint"]).Value = collector;
        var objects = Directory.GetFiles(Path.Combine(chart, "templates")).SelectMany(f => Load(Render(File.ReadAllText(f), values))).ToList();
        Assert.Equal(["Service", "StatefulSet", "StatefulSet"], objects.Select(o => $"{o["kind"]}").Order(StringComparer.Ordinal));
        foreach (var set in objects.Where(o => $"{o["kind"]}" == "StatefulSet"))
        {
            var pod = set["spec"]["template"];
            Assert.Equal(set["spec"]["selector"]["matchLabels"], pod["metadata"]["labels"]);
            var volumes = ((YamlSequenceNode)pod["spec"]["volumes"]).Concat((YamlSequenceNode)set["spec"]["volumeClaimTemplates"]).Select(v => $"{(((YamlMappingNode)v).Children.TryGetValue("name", out var name) ? name : v["metadata"]["name"])}").ToList();
            var containers = ((YamlSequenceNode)pod["spec"]["containers"]).Concat((YamlSequenceNode)pod["spec"]["initContainers"]).ToList();
            Assert.All(containers.SelectMany(c => (YamlSequenceNode)c["volumeMounts"]), m => Assert.Contains($"{m["name"]}", volumes));
            Assert.All(containers, c => Assert.Equal("true", $"{c["securityContext"]["readOnlyRootFilesystem"]}"));
            var environment = new YamlMappingNode(((YamlSequenceNode)containers[0]["env"]).Select(e => KeyValuePair.Create(e["name"], e["value"])));
            Assert.Equal(collector.Length > 0, environment.Children.Keys.Any(k => $"{k}".EndsWith("TELEMETRY__ENDPOINT", StringComparison.Ordinal)));
            await Takes($"{containers[0]["name"]}" == "station" ? "Aggregator" : "Dashboard.Blazor", environment);
        }
    }

    /// <summary>The program, with these settings, finds nothing wrong but files that are not here.</summary>
    private static async Task Takes(string room, YamlNode environment)
    {
        using var folder = new TemporaryFolder();
        var start = new ProcessStartInfo("dotnet", Programs.Assembly(room)) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var (name, value) in ((YamlMappingNode)environment).Children)
            start.Environment[$"{name}"] = Regex.Replace($"{value}", "^/(?<folder>data|keys|etc)", folder["${folder}"], RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync().Guard();
        await process.WaitForExitAsync().Guard();
        Assert.True(Regex.IsMatch(error, "does not exist|cannot be read", RegexOptions.None, TimeSpan.FromSeconds(1)), error);
        if (room == "Aggregator") Assert.Equal(MissingKey, process.ExitCode);
    }

    /// <summary>The rules that the chart's templates keep to: values, the release's name, quote, printf of two, if … end.</summary>
    private static string Render(string template, YamlNode values)
    {
        string Value(string path) => path == ".Release.Name" ? "test" : $"{path.Split('.')[2..].Aggregate(values, (node, key) => node[key])}";
        bool Is(string path) => Value(path) is not ("" or "false");
        for (var before = ""; before != template;)
        {
            before = template;
            template = Condition().Replace(template, m => Is(m.Groups["path"].Value) ? m.Groups["body"].Value : "");
        }

        template = Printf().Replace(template, m => $"\"{Value(m.Groups["one"].Value)}:{Value(m.Groups["two"].Value)}\"");
        template = Place().Replace(template, m => m.Groups["quote"].Success ? $"\"{Value(m.Groups["path"].Value)}\"" : Value(m.Groups["path"].Value));
        Assert.DoesNotContain("{{", template, StringComparison.Ordinal);
        return template;
    }

    private static IEnumerable<YamlNode> Load(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return stream.Documents.Select(d => d.RootNode);
    }

    [GeneratedRegex(@"\]?(?<name>secagg[a-z-]*)(?= \[|\)\n)|=(?<name>secagg[a-z-]*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();

    [GeneratedRegex(@"FROM base AS (?<target>\w+)\nCOPY artifacts/publish/linux-x64/(?<program>[a-z-]+) ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Copied();

    [GeneratedRegex(@"^RUN (?<program>[a-z-]+) --help .*/opt/secagg$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Unpacked();

    // The innermost first.
    [GeneratedRegex(@"\{\{- if (?<path>\.[\w.]+) \}\}(?<body>((?!\{\{- (if|end)).)*)\{\{- end \}\}", RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex Condition();

    [GeneratedRegex(@"\{\{ printf ""%s:%s"" (?<one>\.[\w.]+) (?<two>\.[\w.]+) \| quote \}\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Printf();

    [GeneratedRegex(@"\{\{ (?<path>\.[\w.]+)(?<quote> \| quote)? \}\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Place();
}
