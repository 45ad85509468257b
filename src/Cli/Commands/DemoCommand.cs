using System.CommandLine;
using System.Globalization;
using SecureAggregation.Cli.Demo;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg demo`: the whole consortium on this machine.</summary>
internal static class DemoCommand
{
    private const int RunsToKeep = 5;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    // The phase of the masked input begins when everybody's shares are in: who vanishes now leaves masks behind.
    private static readonly IReadOnlyList<string> s_lossesOfMade = ["", "Ganymede@masked-input", ""];

    private static readonly Option<bool> s_once = new("--once") { Description = "End after the queries; exit code 0 only if every total was opened, verifies and lies where it must" };
    private static readonly Option<string?> s_data = new("--data") { Description = "A folder with one CSV file for each party, instead of made patients" };
    private static readonly Option<string[]> s_query = new("--query") { Description = "With --data: the query to ask, may be given several times" };
    private static readonly Option<string?> s_schema = new("--schema") { Description = "With --data: the schema of the files (default: the query's, or DIR/schema.yaml, or inferred)" };
    private static readonly Option<string?> s_policy = new("--policy") { Description = "The policy of every outpost (docs/outpost.md), instead of one that answers the coordinator \"Mission control\" up to ε = 10 a query" };
    private static readonly Option<ulong> s_seed = new("--seed") { Description = "Which made patients", DefaultValueFactory = _ => DemoPlan.DefaultSeed };
    private static readonly Option<string?> s_folder = new("--folder") { Description = "Where keys, data, logs and bundles go (default: .demo in the checkout)" };
    private static readonly Option<string[]> s_lose = new("--lose")
    {
        Description = "Kill outposts with SIGKILL: the first --lose is for the first query, and so on; NAME@PHASE, several with commas, \"\" for nobody. Phases: join, keys, shares, masked-input, agreement, unmasking, recovery (default: Ganymede, after it shared its keys, in the second query of the made patients)",
    };

    private static readonly Option<double?> s_deadline = new("--deadline") { Description = "Seconds that a phase waits for an outpost (default: 5, with --data 30)" };
    private static readonly Option<bool> s_trace = new("--trace-wire") { Description = "Every program writes what it sends and receives, before TLS, beside its log" };

    public static Command Create() =>
        new Command("demo", "Run a whole consortium on this machine: keys, roster, station, dashboard, outposts, queries, verification")
        {
            s_once, s_data, s_query, s_schema, s_policy, s_seed, s_lose, s_deadline, s_folder, s_trace,
        }.Does(Run);

    private static async Task<ExitCode> Run(Arguments arguments, CancellationToken stop)
    {
        var terminal = arguments.Terminal;
        var once = arguments.Get(s_once);
        if (terminal.Json && !once) throw new CliException(ExitCode.BadInput, "--json needs --once: without it the demo has no end to report");
        var named = Deadline.Of(arguments, s_deadline);
        var folder = RunFolder(arguments.Find(s_folder));
        var made = arguments.Find(s_data) is null;
        if (arguments.Find(s_policy) is { } policy && !File.Exists(policy)) throw new CliException(ExitCode.BadInput, $"the policy {policy} does not exist");
        var losses = arguments.Find(s_lose) is { Length: > 0 } asked ? asked : made ? s_lossesOfMade : [];
        var plan = Plan(arguments, folder).Losing(losses);
        terminal.Note($"keys, roster, data, logs and bundles: {folder}");
        var world = DemoWorld.Create(folder, plan.Consortium, plan.Dataset, plan.SchemaFile, arguments.Find(s_policy), plan.Clinics);
        var deadline = named ?? TimeSpan.FromSeconds(made ? 5 : 30);
        // The pause makes phases long enough to lose an outpost in the middle of one.
        var pace = new DemoPace(deadline, arguments.Get(s_trace), losses.Count > 0 ? s_pause : TimeSpan.Zero);
        terminal.Note($"starting the station, the dashboard and {plan.Clinics.Count} outposts ...");
        await using var programs = await DemoStation.StartAsync(world, pace, stop);
        using var coordinator = KeyFiles.Read(world.CoordinatorKey);
        await using var consortium = StationAccess.Connect(new Uri(programs.Address), world.Roster, coordinator);
        await programs.WaitForOutpostsAsync(consortium, stop);
        terminal.Note($"station {programs.Address}, dashboard {programs.Dashboard}");
        var result = await new DemoRunner(terminal, plan, world, programs, consortium, coordinator).RunAsync(stop);
        var holds = result.Rounds.All(r => r.Holds);
        if (terminal.Json) terminal.WriteJson(result);
        else Summary(terminal, result, world, once ? null : programs);
        if (!once) await StayAsync(terminal, programs, stop);
        return holds ? ExitCode.Ok : ExitCode.Failed;
    }

    private static DemoPlan Plan(Arguments arguments, string folder)
    {
        var queries = arguments.Find(s_query) ?? [];
        if (arguments.Find(s_data) is not { } data)
        {
            if (queries.Length > 0 || arguments.Find(s_schema) is not null) throw new CliException(ExitCode.BadInput, "--query and --schema go with --data DIR; the made patients have queries of their own");
            return DemoPlan.OfMadeClinics(folder, arguments.Get(s_seed));
        }

        if (queries.Length == 0) throw new CliException(ExitCode.BadInput, "--data needs at least one --query FILE; docs/queries.md shows how to write one");
        return DemoPlan.OfFolder(folder, data, queries, arguments.Find(s_schema), arguments.Terminal.Warn);
    }

    private static void Summary(Terminal terminal, DemoResult result, DemoWorld world, DemoStation? programs)
    {
        var good = result.Rounds.Count(r => r.Holds);
        terminal.Line($"{good} of {result.Rounds.Count} rounds: total opened, verified from its bundle, truth within the 99.9999 % interval");
        // Where everything ends now, nobody can look or ask.
        if (programs is null) return;
        terminal.Line($"dashboard: {result.Dashboard}");
        terminal.Line($"ask it yourself: export SECAGG_STATION={programs.Address} SECAGG_ROSTER={world.RosterFile} SECAGG_KEY={world.CoordinatorKey}");
        terminal.Line("                 ./secagg query run FILE     ./secagg watch");
    }

    private static async Task StayAsync(Terminal terminal, DemoStation programs, CancellationToken stop)
    {
        terminal.Line("Ctrl-C ends everything.");
        var ended = await Task.WhenAny(programs.StationEnded, Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => { }, TaskScheduler.Default));
        if (ended == programs.StationEnded) throw new CliException(ExitCode.Environment, "the station ended by itself; see its log");
    }

    /// <summary>A folder of this run's own; older runs' are removed but for the newest few.</summary>
    private static string RunFolder(string? named)
    {
        if (named is not null)
        {
            if (Directory.Exists(named) && Directory.EnumerateFileSystemEntries(named).Any()) throw new CliException(ExitCode.BadInput, $"the folder {named} is not empty; name a new one");
            return Private(Path.GetFullPath(named));
        }

        var parent = Path.Combine(Programs.Checkout ?? Path.GetTempPath(), ".demo");
        Directory.CreateDirectory(parent);
        foreach (var old in new DirectoryInfo(parent).EnumerateDirectories("run-*").OrderByDescending(d => d.Name, StringComparer.Ordinal).Skip(RunsToKeep - 1))
        {
            var process = old.Name[(old.Name.LastIndexOf('-') + 1)..];
            if (!Directory.Exists($"/proc/{process}")) old.Delete(recursive: true);
        }

        var now = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        return Private(Path.Combine(parent, $"run-{now}-{Environment.ProcessId}"));
    }

    /// <summary>Keys lie in it: nobody else may look inside.</summary>
    private static string Private(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
