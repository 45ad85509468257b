using System.Diagnostics;
using System.Text.RegularExpressions;
using SecureAggregation.Browser.Real;
using SecureAggregation.Cli.Demo;
using Xunit.Abstractions;

namespace SecureAggregation.Sdk;

/// <summary>The SDK as somebody else has it: packages, and the program of docs/analysts.md.</summary>
public sealed partial class PackageTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Program_of_the_document_is_built_from_the_packages_and_runs_against_a_live_station()
    {
        var folder = Directory.CreateTempSubdirectory("secagg-sdk-").FullName;
        try
        {
            var (packages, program) = (Path.Combine(folder, "packages"), Directory.CreateDirectory(Path.Combine(folder, "program")).FullName);
            var bin = new DirectoryInfo(AppContext.BaseDirectory);
            await DotnetAsync(Programs.Checkout!, [], "pack", "src/Client", "--no-build", "-c", bin.Parent!.Name, "-o", packages);
            Assert.Equal(6, Directory.GetFiles(packages, "SecureAggregation.*.nupkg").Length);
            WriteProgram(program, packages);
            // Packages of other makers come from where they are; ours, whose version is always the same, from this folder only.
            (string, string)[] cache = [("NUGET_PACKAGES", Path.Combine(folder, "cache"))];
            await DotnetAsync(program, cache, "build", "--nologo");

            await using var consortium = await RealConsortium.StartAsync(CanaryClinics.Make);
            var said = await DotnetAsync(
                program, [.. cache, ("SECAGG_STATION", consortium.Address), ("SECAGG_ROSTER", consortium.RosterFile), ("SECAGG_KEY", consortium.CoordinatorKey)], "run", "--no-build");

            Assert.Matches(@"mean pressure \d+\.\d \(\d+\.\d to \d+\.\d\) mmHg, 5 outposts", said);
            Assert.Matches(@"mean\(age\): ± \d", said);
            Assert.Contains("5 outposts would answer", said, StringComparison.Ordinal);
            Assert.Matches(@"mean\(age\)\{sex=F\}: \d+", said);
            Assert.Matches("evidence: round [0-9a-f]{32}, 6 steps passed", said);
            Assert.Matches(@"[1-4] rounds, ", said);
            Assert.Contains("did you mean 'systolic'?", said, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void WriteProgram(string folder, string packages)
    {
        var document = File.ReadAllText(Path.Combine(Programs.Checkout!, "docs", "analysts.md"));
        var blocks = CSharp().Matches(document).Select(m => m.Groups["code"].Value).ToList();
        Assert.Equal(6, blocks.Count);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), string.Concat(blocks));
        File.WriteAllText(Path.Combine(folder, "Program.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <NuGetAudit>false</NuGetAudit>
                <InvariantGlobalization>true</InvariantGlobalization>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="SecureAggregation.Client" Version="0.1.0" />
              </ItemGroup>
            </Project>
            """);
        var shared = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="here" value="{packages}" /><add key="nuget.org" value="https://api.nuget.org/v3/index.json" /></packageSources>
              <packageSourceMapping>
                <packageSource key="here"><package pattern="SecureAggregation.*" /></packageSource>
                <packageSource key="nuget.org"><package pattern="*" /></packageSource>
              </packageSourceMapping>
              <fallbackPackageFolders><add key="shared" value="{shared}" /></fallbackPackageFolders>
            </configuration>
            """);
    }

    private async Task<string> DotnetAsync(string folder, IReadOnlyCollection<(string Name, string Value)> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(Programs.Runtime, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        // Build servers would outlive the test, and hold its pipes open.
        (start.Environment["MSBUILDDISABLENODEREUSE"], start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"], start.Environment["UseSharedCompilation"]) = ("1", "0", "false");
        // Never null: UseShellExecute is off.
        using var process = Process.Start(start)!;
        var (text, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync().WaitAsync(s_patience);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
        }

        output.WriteLine($"dotnet {string.Join(' ', arguments)}\n{await text}{await errors}");
        Assert.Equal(0, process.ExitCode);
        return await text;
    }

    [GeneratedRegex("^```csharp\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CSharp();
}
