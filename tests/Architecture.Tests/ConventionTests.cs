using System.Text.RegularExpressions;

namespace SecureAggregation.Architecture.Tests;

public partial class ConventionTests
{
    public static TheoryData<string> Projects => [.. Repository.All.Select(p => p.ToString())];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_has_a_lock_file(string project) =>
        Assert.True(
            File.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(project)!, "packages.lock.json")),
            $"{project} has no packages.lock.json; run `dotnet restore` and commit it");

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_names_no_package_version(string project)
    {
        var file = Find(project);
        var versioned = file.Elements("PackageReference").Where(e => e.Attribute("Version") is not null || e.Attribute("VersionOverride") is not null || e.Element("Version") is not null);

        Assert.True(!versioned.Any(), $"{project} names a package version; versions stand in Directory.Packages.props only");
    }

    [Fact]
    public void Every_central_version_is_of_a_package_that_some_project_uses()
    {
        var locks = string.Concat(Repository.All.Select(p => File.ReadAllText(Path.Combine(Repository.Root, Path.GetDirectoryName(p.ToString())!, "packages.lock.json"))));
        var unused = PackageVersion().Matches(File.ReadAllText(Path.Combine(Repository.Root, "Directory.Packages.props")))
            .Select(m => m.Groups["name"].Value)
            .Where(name => !locks.Contains($"\"{name}\"", StringComparison.OrdinalIgnoreCase))
            .ToArray();

        Assert.True(unused.Length == 0, $"Directory.Packages.props has versions that nothing uses: {string.Join(", ", unused)}");
    }

    /// <summary>The analyzer reads only files of this name, and says nothing of others.</summary>
    [Fact]
    public void Lists_of_banned_symbols_have_the_name_that_the_analyzer_looks_for()
    {
        var lists = Directory.GetFiles(Path.Combine(Repository.Root, "eng", "banned")).Select(Path.GetFileName).ToArray();

        Assert.NotEmpty(lists);
        Assert.All(lists, name => Assert.Matches(@"^BannedSymbols\.\w+\.txt$", name));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_says_what_it_is(string project) =>
        Assert.Contains(Find(project).Property("ProjectType"), new[] { "Library", "Host", "Test", "Benchmark" });

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_is_part_of_the_solution(string project)
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "SecureAggregation.sln")).Replace('\\', '/');

        Assert.True(solution.Contains($"\"{project}\"", StringComparison.Ordinal), $"{project} is not in SecureAggregation.sln; run `dotnet sln add {project}`");
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_weakens_no_rule_of_the_repository(string project)
    {
        string[] rules = ["TreatWarningsAsErrors", "CheckForOverflowUnderflow", "Nullable", "WarningsNotAsErrors", "RunAnalyzers", "ManagePackageVersionsCentrally"];
        // A test project that links a service twice (its own stubs and the host's) has to silence the warning about that.
        if (project.StartsWith("src/", StringComparison.Ordinal)) rules = [.. rules, "NoWarn"];

        Assert.All(rules, rule => Assert.Null(Find(project).Property(rule)));
    }

    /// <summary>Overflow is checked everywhere; a wrap that is meant is spelled in a ring type or a hash, all of which live in Crypto.</summary>
    [Fact]
    public void Unchecked_arithmetic_lives_in_ring_and_hash_code_only()
    {
        var outside = Repository.Files("src", "*.cs")
            .Where(f => Unchecked().IsMatch(WithoutComments(File.ReadAllText(f))))
            .Select(Repository.Relative)
            .Where(f => !f.StartsWith("src/Crypto/", StringComparison.Ordinal))
            .ToArray();

        Assert.True(outside.Length == 0, $"`unchecked` outside src/Crypto: {string.Join(", ", outside)}");
    }

    [Fact]
    public void No_file_is_longer_than_five_hundred_lines()
    {
        var long_ = Repository.Files("src", "*.cs").Concat(Repository.Files("tests", "*.cs"))
            .Where(f => File.ReadLines(f).Count() > 500)
            .Select(Repository.Relative)
            .ToArray();

        Assert.True(long_.Length == 0, $"over 500 lines: {string.Join(", ", long_)}; split by what the parts do");
    }

    [Fact]
    public void Nothing_in_the_shipped_code_waits_to_be_written()
    {
        var unfinished = Repository.Files("src", "*.cs").Concat(Repository.Files("src", "*.razor"))
            .Where(f => Unfinished().IsMatch(File.ReadAllText(f)))
            .Select(Repository.Relative)
            .ToArray();

        Assert.True(unfinished.Length == 0, $"unfinished: {string.Join(", ", unfinished)}");
    }

    private static ProjectFile Find(string project) => Repository.All.Single(p => p.ToString() == project);

    private static string WithoutComments(string text) => Comments().Replace(text, "");

    [GeneratedRegex(@"\bunchecked\b", RegexOptions.None, 1000)]
    private static partial Regex Unchecked();

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/", RegexOptions.Singleline, 1000)]
    private static partial Regex Comments();

    [GeneratedRegex("<PackageVersion Include=\"(?<name>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PackageVersion();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|NotImplementedException)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unfinished();
}
