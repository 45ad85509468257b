namespace SecureAggregation.Statistics.Tests;

/// <summary>Rows in memory for tests: numbers, labels as indices, NaN and −1 for missing.</summary>
internal sealed class Row(double[] values, string person = "") : IRecord
{
    public ReadOnlySpan<char> PersonKey => person;

    public bool TryGetNumber(int column, out double value)
    {
        value = values[column];
        return !double.IsNaN(value);
    }

    public int GetCategory(int column) => double.IsNaN(values[column]) ? -1 : (int)values[column];
}

/// <summary>The smallest reader of plain comma-separated text, through the schema's own mapping.</summary>
internal static class PlainCsv
{
    public static IEnumerable<Row> Read(string path, SchemaFile schema, Analysis analysis)
    {
        using var reader = new StreamReader(path);
        var header = reader.ReadLine()!.Split(',').Select(h => h.Trim('"')).ToArray();
        var sources = analysis.Columns.Select(c => schema.Source(c.Name)).ToArray();
        var places = sources.Select(s => Array.IndexOf(header, s.Header)).ToArray();
        var person = schema.PersonKey is { } key ? Array.IndexOf(header, key.Header) : -1;
        while (reader.ReadLine() is { } line)
        {
            var fields = line.Split(',').Select(f => f.Trim('"')).ToArray();
            var values = new double[sources.Length];
            for (var i = 0; i < values.Length; i++)
            {
                var field = fields[places[i]];
                values[i] = double.NaN;
                if (analysis.Columns[i].IsNumeric)
                {
                    if (sources[i].ReadNumber(field, out var number) == FieldState.Value) values[i] = number;
                }
                else if (sources[i].ReadCategory(field, out var label) == FieldState.Value)
                {
                    values[i] = analysis.Columns[i].IndexOf(sources[i].Column!.Categories[label]);
                }
            }

            yield return new Row(values, person < 0 ? "" : fields[person]);
        }
    }
}

/// <summary>Real data beside the repository (../shared/data), where it is there.</summary>
internal static class RealData
{
    /// <summary>The repository's root.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder of a data set, or null with the reason printed.</summary>
    public static string? Folder(string name, Xunit.Abstractions.ITestOutputHelper output)
    {
        // A worktree lies one deeper than the repository.
        var folder = new[] { "../shared/data", "../../shared/data" }.Select(p => Path.GetFullPath(Path.Combine(Root, p, name))).FirstOrDefault(Directory.Exists);
        if (folder is null) output.WriteLine($"Skipped: there is no ../shared/data/{name} beside {Root}; the test reads real rows from there.");
        return folder;
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "SecureAggregation.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
