using System.Globalization;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Party.Desk;
using SecureAggregation.Party.Storage;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Catalogue;

/// <summary>`secagg-outpost dataset`: what this outpost has, what it tells of it, and how to add to it.</summary>
internal static class DatasetDesk
{
    private const int ShortHash = 12;

    /// <exception cref="ConfigurationException">The configuration cannot be read or changed, or has no such dataset.</exception>
    /// <exception cref="DataSourceException">A schema or the data cannot be used.</exception>
    /// <exception cref="StoreException">The state cannot be read.</exception>
    public static void Run(DatasetDeskOptions options, TimeProvider clock, TextWriter output)
    {
        switch (options.Action)
        {
            case "register":
                output.WriteLine(Registration.Add(options));
                break;
            case "dummy":
                Dummy(options, output);
                break;
            case "check":
                output.WriteLine(Check(options, clock));
                break;
            case "show":
                output.WriteLine(Show(options));
                break;
            case "versions":
                output.WriteLine(Versions(options));
                break;
            default:
                output.WriteLine(List(options));
                break;
        }
    }

    /// <summary>Rows from the schema alone: neither the source nor the state is opened.</summary>
    private static void Dummy(DatasetDeskOptions options, TextWriter output)
    {
        var schema = Dataset.ReadSchema(options.Name, Find(Configured(options), options));
        var rows = new DummyRows(schema, options.Rows, options.Seed);
        if (options.Out.Length == 0)
        {
            rows.WriteCsv(output);
            return;
        }

        try
        {
            using var writer = new StreamWriter(new FileStream(options.Out, FileMode.CreateNew, FileAccess.Write));
            rows.WriteCsv(writer);
        }
        catch (IOException) when (File.Exists(options.Out))
        {
            throw new ConfigurationException($"'{options.Out}' exists already; remove it, or write to another file.");
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{options.Out}: {options.Rows} rows of dummy data, made from the schema alone"));
    }

    private static string Check(DatasetDeskOptions options, TimeProvider clock)
    {
        var dataset = Dataset.Open(options.Name, Find(Configured(options), options));
        dataset.CheckHeader();
        var content = DataReading.Take(dataset, clock, CancellationToken.None).Content;
        var lines = dataset.Schema.Notes.Select(n => $"note  {n}").ToList();
        lines.Add(string.Create(CultureInfo.InvariantCulture, $"{dataset.Name}: {content.Rows} rows read, all as the schema says; content {PublicBytes.Hex(content.Hash)[..ShortHash]}"));
        return string.Join(Environment.NewLine, lines);
    }

    private static string Show(DatasetDeskOptions options)
    {
        var configured = Configured(options);
        var schema = Dataset.ReadSchema(options.Name, Find(configured, options));
        var (described, version) = (schema.Schema, CurrentOf(configured, options.Name));
        if (options.Json)
        {
            return DeskText.Json(new
            {
                described.Name, described.Description, described.Owner, Access = Word(described.Access), RowRule = Word(described.RowRule),
                Version = version?.Number, RoundedRows = version?.RoundedRows, schema.Notes,
                Columns = described.Columns.Select(c => new
                {
                    c.Name, Type = Word(c.Type), c.Unit, c.Description, Low = Bound(c, c.Low), High = Bound(c, c.High), c.TopCode, c.Resolution, c.Categories,
                }),
            });
        }

        var lines = new List<string>
        {
            $"{described.Name}, told to everybody but for what is marked",
            $"description  {described.Description}",
            $"owner        {described.Owner}",
            $"access       {Word(described.Access)}",
            $"rows         {(described.RowRule == RowRule.OneRowPerPerson ? "one row = one person" : "several rows a person, by a key that stays here")}",
            $"version      {(version is null ? "not read yet" : string.Create(CultureInfo.InvariantCulture, $"{version.Number} (stays here: about {version.RoundedRows} rows)"))}",
            "",
            DeskText.Table(
                ["column", "type", "unit", "low", "high", "labels", "description"],
                [.. described.Columns.Select(c => (IReadOnlyList<string>)[
                    c.Name, Word(c.Type), c.Unit, Bound(c, c.Low), Bound(c, c.High) + (c.TopCode is null ? "" : " or more"),
                    string.Join(" | ", c.Categories), c.Description])]),
        };
        lines.AddRange(schema.Notes.Select(n => $"note  {n}"));
        return string.Join(Environment.NewLine, lines);
    }

    private static string Versions(DatasetDeskOptions options)
    {
        var configured = Configured(options);
        Find(configured, options);
        var versions = VersionsOf(configured, options.Name);
        if (options.Json) return DeskText.Json(versions.Select(v => new { v.Number, Hash = PublicBytes.Hex(v.Hash), v.RoundedRows, v.At, v.IsCurrent }));
        return versions.Count == 0
            ? $"{options.Name} has not been read yet; that happens when the outpost starts"
            : DeskText.Table(
                ["version", "first seen", "rows about", "content", ""],
                [.. versions.Select(v => (IReadOnlyList<string>)[
                    Text(v.Number), DeskText.Time(v.At.ToUnixTimeMilliseconds()), Text(v.RoundedRows), PublicBytes.Hex(v.Hash)[..ShortHash], v.IsCurrent ? "current" : ""])]);
    }

    private static string List(DatasetDeskOptions options)
    {
        var configured = Configured(options);
        var all = configured.Datasets.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => Listed.Of(d.Key, d.Value, CurrentOf(configured, d.Key))).ToList();
        if (options.Json)
            return DeskText.Json(all.Select(d => new { d.Name, Access = d.Access, d.Schema?.Owner, Columns = d.Schema?.Columns.Count, Version = d.Version?.Number, d.Version?.RoundedRows, d.Version?.At, d.Problem }));
        if (all.Count == 0) return $"no dataset is configured; add one: secagg-outpost dataset register heart --csv heart.csv --config {options.ConfigFile}";
        var table = DeskText.Table(
            ["dataset", "access", "columns", "version", "rows about", "since", "owner"],
            [.. all.Select(d => (IReadOnlyList<string>)[
                d.Name, d.Access ?? "incomplete", d.Schema is null ? "" : Text(d.Schema.Columns.Count), d.Version is { } v ? Text(v.Number) : "not read yet",
                d.Version is { } r ? Text(r.RoundedRows) : "", d.Version is { } t ? DeskText.Time(t.At.ToUnixTimeMilliseconds()) : "", d.Schema?.Owner ?? ""])]);
        return string.Join(Environment.NewLine, all.Where(d => d.Problem is not null).Select(d => $"note  {d.Problem}").Prepend(table));
    }

    /// <summary>A dataset of the configuration; one whose schema is not complete yet must not hide the others.</summary>
    private sealed record Listed(string Name, DatasetSchema? Schema, CatalogueVersion? Version, string? Problem)
    {
        public string? Access => Schema is null ? null : Word(Schema.Access);

        public static Listed Of(string name, DatasetOptions options, CatalogueVersion? version)
        {
            try
            {
                return new Listed(name, Dataset.ReadSchema(name, options).Schema, version, null);
            }
            catch (DataSourceException e)
            {
                return new Listed(name, null, version, e.Message);
            }
        }
    }

    private static OutpostOptions Configured(DatasetDeskOptions options)
    {
        var command = CommandLine.Parse(["--config", options.ConfigFile]);
        return Settings.Bind(Settings.Read(command), command);
    }

    private static DatasetOptions Find(OutpostOptions configured, DatasetDeskOptions options) => configured.Datasets.GetValueOrDefault(options.Name)
        ?? throw new ConfigurationException($"{options.ConfigFile} has no dataset '{options.Name}'; it has {string.Join(", ", configured.Datasets.Keys.DefaultIfEmpty("none"))}.");

    private static CatalogueVersion? CurrentOf(OutpostOptions configured, string dataset) => VersionsOf(configured, dataset).SingleOrDefault(v => v.IsCurrent);

    private static IReadOnlyList<CatalogueVersion> VersionsOf(OutpostOptions configured, string dataset)
    {
        // An outpost that has never run has no state, and no versions.
        if (!File.Exists(Path.Combine(configured.State, OutpostStore.FileName))) return [];
        using var store = OutpostStore.OpenBeside(configured.State);
        return DataCatalogue.Versions(store, dataset);
    }

    private static string Bound(SchemaColumn column, double? bound) => bound is not { } value ? ""
        : column.Type == ColumnType.Date ? DayNumber.Text(value) : value.ToString(CultureInfo.InvariantCulture);

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
