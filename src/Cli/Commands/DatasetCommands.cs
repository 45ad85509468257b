using System.CommandLine;
using System.Globalization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg dataset`: what can be done with a dataset's description alone.</summary>
internal static class DatasetCommands
{
    private static readonly Argument<string> s_schema = new("SCHEMA") { Description = "The schema, YAML or JSON (docs/queries.md), or the name of a dataset that the outposts offer" };
    private static readonly Option<string?> s_out = new("--out") { Description = "The file to write; standard output if absent. An existing file is not overwritten" };

    /// <summary>Rows to make.</summary>
    public static Option<long> Rows { get; } = new("--rows") { Description = "How many rows to make", DefaultValueFactory = _ => 1000 };

    /// <summary>Which rows to make.</summary>
    public static Option<ulong> Seed { get; } = new("--seed") { Description = "Which rows: the same seed gives the same rows", DefaultValueFactory = _ => 42 };

    public static Command Create() => new("dataset", "Work with a dataset's description")
    {
        new Command("dummy", "Make rows from a schema alone, as CSV; no data is read") { s_schema, Rows, Seed, s_out, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key }.Does(Dummy),
    };

    /// <summary>The rows that a command was asked to make.</summary>
    public static DummyRows Make(Arguments arguments, SchemaFile schema)
    {
        var rows = arguments.Get(Rows);
        return rows is >= 1 and <= DummyRows.MaxRows
            ? new DummyRows(schema, rows, arguments.Get(Seed))
            : throw new CliException(ExitCode.BadInput, $"--rows is {rows}; it must be from 1 to {DummyRows.MaxRows}");
    }

    /// <summary>A file, or where there is none of this name the schema under which the outposts offer the dataset.</summary>
    private static async Task<SchemaFile> SchemaOf(Arguments arguments, CancellationToken stop)
    {
        var named = arguments.Get(s_schema);
        if (File.Exists(named) || arguments.Find(StationAccess.Station) is null) return QueryFiles.ReadSchema(named);
        await using var consortium = StationAccess.Connect(arguments);
        return SchemaFile.Of(QueryFiles.Offered(await consortium.GetConsortiumAsync(stop), named));
    }

    private static async Task<ExitCode> Dummy(Arguments arguments, CancellationToken stop)
    {
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
}
