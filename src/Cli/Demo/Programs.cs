namespace SecureAggregation.Cli.Demo;

/// <summary>
/// Where the other programs are: in a checkout in their own bin folders, built in the same configuration as this one; otherwise beside it.
/// The command line starts them and links none of them.
/// </summary>
internal static class Programs
{
    public static string Station => Find("Aggregator");

    public static string Outpost => Find("Party");

    public static string Dashboard => Find("Dashboard.Blazor");

    /// <summary>The program that runs assemblies: the one that runs this.</summary>
    public static string Runtime
    {
        get
        {
            var self = Environment.ProcessPath;
            if (self is not null && Path.GetFileNameWithoutExtension(self) == "dotnet") return self;
            var root = Environment.GetEnvironmentVariable("DOTNET_ROOT");
            return root is null ? "dotnet" : Path.Combine(root, "dotnet");
        }
    }

    /// <summary>The checkout that this program was built in, or null when it was installed.</summary>
    public static string? Checkout
    {
        get
        {
            for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "SecureAggregation.sln"))) return folder.FullName;
            }

            return null;
        }
    }

    private static string Find(string room)
    {
        var file = $"SecureAggregation.{room}.dll";
        var beside = Path.Combine(AppContext.BaseDirectory, file);
        if (File.Exists(beside)) return beside;
        if (Checkout is { } root)
        {
            // …/bin/<configuration>/<framework>/ is the same for all projects of a checkout.
            var framework = new DirectoryInfo(AppContext.BaseDirectory);
            var built = Path.Combine(root, "src", room, "bin", framework.Parent!.Name, framework.Name, file);
            if (File.Exists(built)) return built;
        }

        throw new CliException(ExitCode.Environment, $"{file} is neither beside this program nor built; in a checkout run ./demo, which builds it");
    }
}
