using System.CommandLine;
using System.Globalization;
using SecureAggregation.Client;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg dataset`: rows made from a description alone; the rest is the outpost's own (<see cref="OutpostCommands"/>).</summary>
internal static class DatasetCommands
{
    private static readonly Argument<string> s_schema = new("NAME") { Description = "A schema file (YAML or JSON), a dataset in an outpost's configuration (--config), or one that outposts offer (--station)" };
    private static readonly Option<string?> s_config = new("--config") { Description = "An outpost's configuration that has the dataset (default: outpost.json, if it is here)" };
    private static readonly Option<string?> s_out = new("--out") { Description = "The file to write; standard output if absent. An existing file is not overwritten" };

    /// <summary>Rows to make.</summary>
    public static Option<long> Rows { get; } = new("--rows") { Description = "How many rows to make", DefaultValueFactory = _ => 1000 };

    /// <summary>Which rows to make.</summary>
    public static Option<ulong> Seed { get; } = new("--seed") { Description = "Which rows: the same seed gives the same rows", DefaultValueFactory = _ => 42 };

    public static Command Create()
    {
        var dataset = new Command("dataset", "Datasets: made-up rows of one, and at an outpost the catalogue (--config FILE; exit codes of these as in docs/outpost.md)")
        {
            new Command("dummy", "Make rows from a schema alone, as CSV; no data is read")
            {
                s_schema, Rows, Seed, s_out, s_config, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key,
            }.Does(Dummy),
        };
        foreach (var command in OutpostCommands.OnDatasets()) dataset.Add(command);
        return dataset;
    }

    /// <summary>The rows that a command was asked to make.</summary>
    public static DummyRows Make(Arguments arguments, SchemaFile schema)
    {
        var rows = arguments.Get(Rows);
        return rows is >= 1 and <= DummyRows.MaxRows
            ? new DummyRows(schema, rows, arguments.Get(Seed))
            : throw new CliException(ExitCode.BadInput, $"--rows is {rows}; it must be from 1 to {DummyRows.MaxRows}");
    }

    private static async Task<ExitCode> Dummy(Arguments arguments, CancellationToken stop)
    {
        if (AtOutpost(arguments) is { } words) return await OutpostCommands.StartAsync(words, arguments.Terminal, stop);
        var rows = Make(arguments, await SchemaOf(arguments, stop));
        if (arguments.Find(s_out) is not { } path)
        {
            if (arguments.Terminal.Json) throw new CliException(ExitCode.BadInput, "rows are CSV, not JSON; with --json write them to a file: --out FILE");
            rows.WriteCsv(arguments.Terminal.Stream());
            return ExitCode.Ok;
        }

        try
        {
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            await using var writer = new StreamWriter(file);
            rows.WriteCsv(writer);
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new CliException(ExitCode.BadInput, $"{path} exists already; remove it, or write to another file");
        }

        if (arguments.Terminal.Json) arguments.Terminal.WriteJson(new { File = Path.GetFullPath(path), Rows = rows.Count, Dummy = true });
        else arguments.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{path}: {rows.Count} rows of dummy data"));
        return ExitCode.Ok;
    }

    /// <summary>The outpost's words, if the dataset is one of its configuration.</summary>
    private static string[]? AtOutpost(Arguments arguments)
    {
        var (name, config) = (arguments.Get(s_schema), arguments.Find(s_config));
        if (config is null && (IsFile(name) || !File.Exists("outpost.json"))) return null;
        var (rows, seed) = (arguments.Get(Rows).ToString(CultureInfo.InvariantCulture), arguments.Get(Seed).ToString(CultureInfo.InvariantCulture));
        return
        [
            "dataset", "dummy", name, "--rows", rows, "--seed", seed,
            .. arguments.Find(s_out) is { } path ? (string[])["--out", path] : [], .. config is not null ? (string[])["--config", config] : [],
        ];
    }

    private static async Task<SchemaFile> SchemaOf(Arguments arguments, CancellationToken stop)
    {
        var name = arguments.Get(s_schema);
        if (IsFile(name)) return QueryFiles.ReadSchema(name);
        if (arguments.Find(StationAccess.Station) is null)
        {
            throw new CliException(
                ExitCode.BadInput,
                $"'{name}' is no schema file, and nobody says whose dataset it is; name a file such as {name}.yaml, an outpost's configuration (--config), or a station (--station, --roster, --key)");
        }

        await using var consortium = StationAccess.Connect(arguments);
        return SchemaFile.Of(OfferedSchema.Of(await consortium.GetConsortiumAsync(stop), name));
    }

    /// <summary>A dataset's name has no dot and no slash; what has one is a file, there or not.</summary>
    private static bool IsFile(string name) => name.AsSpan().IndexOfAny('.', '/') >= 0 || File.Exists(name);
}
