namespace SecureAggregation.Architecture.Tests;

/// <summary>
/// The rooms and the arrows between them. A project may reference what stands beside it here and nothing else;
/// a new arrow is a decision that changes this table and CONTRIBUTING.md together.
/// </summary>
public class ArrowTests
{
    private static readonly Dictionary<string, string[]> s_arrows = new()
    {
        ["Crypto"] = [],
        ["Privacy"] = [],
        ["Statistics"] = ["Privacy"],
        ["Protocol"] = ["Crypto"],
        ["Grpc"] = [],
        ["Telemetry"] = [],
        ["Party"] = ["Protocol", "Statistics", "Grpc", "Telemetry"],
        ["Aggregator"] = ["Protocol", "Statistics", "Grpc", "Accounts", "Telemetry"],
        ["Client"] = ["Protocol", "Statistics", "Grpc"],
        ["Accounts"] = ["Crypto"],
        ["Dashboard.Blazor"] = ["Client", "Accounts", "Telemetry"],
        ["Cli"] = ["Client"],
    };

    public static TheoryData<string> Rooms => [.. Repository.Sources.Select(p => p.Name)];

    [Fact]
    public void Source_folder_holds_exactly_the_rooms_of_the_table() =>
        Assert.Equal(s_arrows.Keys.Order(StringComparer.Ordinal), Repository.Sources.Select(p => p.Name).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Room_references_only_what_its_arrows_allow(string room)
    {
        var project = Repository.Sources.Single(p => p.Name == room);
        var allowed = s_arrows[room].Select(name => Path.Combine(Repository.Root, "src", name, name + ".csproj")).ToArray();

        var others = project.ProjectReferences.Except(allowed).Select(Repository.Relative).ToArray();

        Assert.True(others.Length == 0, $"{project} references {string.Join(", ", others)}; it may reference {Sentence(s_arrows[room])}");
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Room_takes_no_other_way_around_its_arrows(string room)
    {
        var project = Repository.Sources.Single(p => p.Name == room);

        Assert.Empty(project.Elements("Import"));
        Assert.Empty(project.Includes("Reference"));
        // Tests may look inside, other rooms may not.
        var tests = Repository.All.Where(p => p.ToString().StartsWith("tests/", StringComparison.Ordinal)).Select(p => $"SecureAggregation.{p.Name}").ToHashSet(StringComparer.Ordinal);
        Assert.All(project.Includes("InternalsVisibleTo"), friend => Assert.Contains(friend, tests));
        foreach (var include in project.Includes("Compile"))
        {
            Assert.True(
                project.Full(include).StartsWith(project.Folder + "/", StringComparison.Ordinal) && !include.StartsWith('$'),
                $"{project} compiles {include}, which lies outside its folder; move the type to the room that owns it");
        }
    }

    [Fact]
    public void Protocol_moves_integers_and_reaches_neither_privacy_nor_statistics() =>
        Assert.Empty(Reachable("Protocol").Intersect(["Privacy", "Statistics"]));

    [Theory]
    [InlineData("Aggregator")]
    [InlineData("Client")]
    [InlineData("Dashboard.Blazor")]
    [InlineData("Cli")]
    public void Only_the_outpost_itself_reaches_the_code_that_reads_rows(string room) => Assert.DoesNotContain("Party", Reachable(room));

    [Fact]
    public void Demo_starts_the_other_programs_and_links_none_of_them() =>
        Assert.Empty(Reachable("Cli").Intersect(["Party", "Aggregator", "Dashboard.Blazor"]));

    [Theory]
    [InlineData("Crypto")]
    [InlineData("Privacy")]
    public void Bottom_rooms_need_only_the_base_class_library(string room)
    {
        var project = Repository.Sources.Single(p => p.Name == room);

        Assert.Empty(project.ProjectReferences);
        Assert.Empty(project.PackageReferences);
        Assert.Empty(project.Includes("FrameworkReference"));
    }

    [Fact]
    public void No_source_project_references_a_test_or_a_benchmark()
    {
        var src = Path.Combine(Repository.Root, "src") + "/";

        Assert.All(Repository.Sources, p => Assert.All(p.ProjectReferences, r => Assert.StartsWith(src, r, StringComparison.Ordinal)));
    }

    private static HashSet<string> Reachable(string room)
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>([room]);
        while (open.TryPop(out var name))
        {
            foreach (var next in Repository.Sources.Single(p => p.Name == name).ProjectReferences.Select(r => Path.GetFileNameWithoutExtension(r)))
            {
                if (seen.Add(next)) open.Push(next);
            }
        }

        return seen;
    }

    private static string Sentence(string[] names) => names.Length == 0 ? "nothing" : string.Join(", ", names);
}
