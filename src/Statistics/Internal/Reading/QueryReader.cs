using SecureAggregation.Privacy;
using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Statistics.Internal.Reading;

/// <summary>The YAML form of a query, see docs/queries.md.</summary>
internal static class QueryReader
{
    private const int MaxTitleLength = 200;
    private const int MaxStudyLength = 64;

    public static AnalysisQuery Read(YamlMap map)
    {
        var name = map.Text("name") ?? "";
        SchemaColumn.RequireText(name, "name", MaxTitleLength);
        var dataset = Yaml.Text(map.Need("dataset", "dataset: heart"), "dataset");
        var epsilonNode = map.Need("epsilon", "epsilon: 0.5");
        var noise = map.Find("noise");
        var study = map.Text("study") ?? "";
        SchemaColumn.RequireText(study, "study", MaxStudyLength);
        var survivors = map.Whole("min_survivors");
        if (survivors is <= 0 or > 10_000)
        {
            throw new AnalysisException($"min_survivors is {survivors}; it must be at least 1, e.g. 4.", map.LineOf("min_survivors"));
        }

        var measures = Yaml.Items(map.Need("measures", "measures: [count]"), "measures").Select(MeasureReader.Read).ToArray();
        var derived = map.Find("derive") is { } derive ? DeriveReader.Read(derive) : [];
        var groups = map.Find("group_by") is { } groupNode ? ReadGroups(groupNode) : [];
        var where = map.Find("where") is { } whereNode ? FilterReader.Read(whereNode) : null;
        var rowsPerPerson = map.Whole("rows_per_person") ?? 1;
        var groupsPerPerson = map.Whole("groups_per_person") ?? 1;
        var rowsPerParty = map.Whole("rows_per_party") ?? Analysis.DefaultRowsPerParty;
        var repairs = map.Find("repairs") is { } repairNode ? ReadRepairs(repairNode) : Repairs.All;
        var schema = map.Find("schema");
        map.End();
        return new AnalysisQuery
        {
            Name = name.Length > 0 ? name : dataset,
            Dataset = dataset,
            Epsilon = ReadEpsilon(epsilonNode),
            Noise = noise is null ? NoiseMode.Local : ReadNoise(noise),
            MinSurvivors = (int?)survivors,
            Study = study,
            Measures = measures,
            Derived = derived,
            GroupBy = groups,
            Where = where,
            RowsPerPerson = Small(rowsPerPerson),
            GroupsPerPerson = Small(groupsPerPerson),
            RowsPerParty = rowsPerParty,
            Repairs = repairs,
            SchemaPath = schema is YamlScalarNode ? Yaml.Text(schema, "schema") : null,
            Schema = schema is YamlMappingNode ? SchemaReader.Read(new YamlMap(schema, "the schema")) : null,
        };
    }

    /// <summary>Keys of a column as text; none where the mapping names the column alone.</summary>
    public static GroupBy ReadKeys(string column, YamlNode? keys, string what) =>
        new(column, keys is null || Yaml.IsNull(keys) ? [] : [.. Yaml.Items(keys, $"{what}: {column}").Select(k => Yaml.Text(k, "A key"))]);

    /// <summary>Numbers too large for any rule stay too large.</summary>
    public static int Small(long value) => (int)Math.Clamp(value, -1, int.MaxValue);

    private static MicroEpsilon ReadEpsilon(YamlNode node)
    {
        try
        {
            return MicroEpsilon.Parse(Yaml.Text(node, "epsilon"));
        }
        catch (FormatException e)
        {
            throw new AnalysisException(e.Message, Yaml.Line(node));
        }
    }

    private static NoiseMode ReadNoise(YamlNode node) => Yaml.Text(node, "noise") switch
    {
        "local" => NoiseMode.Local,
        "distributed" => NoiseMode.Distributed,
        "none" => NoiseMode.None,
        var text => throw new AnalysisException($"noise is '{text}'; it must be local, distributed or none.", Yaml.Line(node)),
    };

    private static Repairs ReadRepairs(YamlNode node) =>
        Yaml.At(Yaml.Line(node), () => RepairWords.Parse(Yaml.Items(node, "repairs").Select(r => Yaml.Text(r, "A repair"))));

    private static GroupBy[] ReadGroups(YamlNode node) =>
        [.. new YamlMap(node, "group_by").Entries.Select(e => ReadKeys(e.Key, e.Value, "group_by"))];
}
