using System.Globalization;
using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>Who adds the noise.</summary>
public enum NoiseMode
{
    /// <summary>Each party adds all of it to its own vector: private against everybody, dropouts never matter.</summary>
    Local = 1,

    /// <summary>Each party adds a share. Not accepted by the layouts of this version.</summary>
    Distributed = 2,

    /// <summary>Nobody. Not accepted by the layouts of this version.</summary>
    None = 3,
}

/// <summary>A measure as a query asks for it, before the schema has filled in its bounds.</summary>
/// <param name="Measure">What is asked.</param>
/// <param name="Low">The lower bound, if the query gives one.</param>
/// <param name="High">The upper bound, if the query gives one.</param>
/// <param name="Line">Where it stands in the query's text, from 1; 0 if it was not read from text.</param>
public sealed record QueryMeasure(Measure Measure, double? Low = null, double? High = null, int Line = 0);

/// <summary>
/// A question as people write it, in YAML or JSON (docs/queries.md). <see cref="Resolve"/> brings it together with a dataset's public
/// schema
/// to the <see cref="Analysis"/> that is signed.
/// </summary>
public sealed record AnalysisQuery
{
    /// <summary>A title for people; at most 200 characters.</summary>
    public required string Name { get; init; }

    /// <summary>The dataset that is asked, by name.</summary>
    public required string Dataset { get; init; }

    /// <summary>The ε that the whole query spends.</summary>
    public required MicroEpsilon Epsilon { get; init; }

    /// <summary>Who adds the noise.</summary>
    public NoiseMode Noise { get; init; } = NoiseMode.Local;

    /// <summary>How many parties must remain, if the query asks for more than the roster does.</summary>
    public int? MinSurvivors { get; init; }

    /// <summary>The study that it belongs to, at most 64 characters: outposts may keep a budget for each. Empty if it names none.</summary>
    public string Study { get; init; } = "";

    /// <summary>What is computed.</summary>
    public required IReadOnlyList<QueryMeasure> Measures { get; init; }

    /// <summary>Grouping columns with their declared keys; no keys stand for all categories of the schema.</summary>
    public IReadOnlyList<GroupBy> GroupBy { get; init; } = [];

    /// <summary>Which rows count; all if null.</summary>
    public Filter? Where { get; init; }

    /// <summary>Rows of one person that count at most in a group.</summary>
    public int RowsPerPerson { get; init; } = 1;

    /// <summary>Groups in which one person counts at most.</summary>
    public int GroupsPerPerson { get; init; } = 1;

    /// <summary>Declared bound on a party's rows.</summary>
    public long RowsPerParty { get; init; } = Analysis.DefaultRowsPerParty;

    /// <summary>A schema file beside the query, for tools that read plain folders; null if it names none.</summary>
    public string? SchemaPath { get; init; }

    /// <summary>A schema written into the query, for tools that read plain folders; null if there is none.</summary>
    public SchemaFile? Schema { get; init; }

    /// <summary>Reads a query.</summary>
    /// <param name="yamlOrJson">The text, at most 256 Ki characters.</param>
    /// <exception cref="AnalysisException">The text is no query; the message names the line, the thing, the rule and the fix.</exception>
    public static AnalysisQuery Parse(string yamlOrJson) => QueryReader.Read(Yaml.Load(yamlOrJson, "query"));

    /// <summary>
    /// The self-contained analysis: columns described as the schema has them, bounds from the query or else from the schema.
    /// Nothing of it comes from data.
    /// </summary>
    /// <exception cref="AnalysisException">The query does not fit the schema.</exception>
    public Analysis Resolve(DatasetSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        if (Dataset != schema.Name)
        {
            throw new AnalysisException($"The query asks dataset '{Dataset}', but the schema describes '{schema.Name}'.");
        }

        var columns = new SortedDictionary<string, SchemaColumn>(StringComparer.Ordinal);
        foreach (var name in Where?.ColumnNames ?? []) columns[name] = schema.Column(name);
        foreach (var group in GroupBy) columns[group.Column] = schema.Column(group.Column);

        var bounds = new Dictionary<string, (double? Low, double? High)>();
        foreach (var item in Measures)
        {
            foreach (var name in item.Measure.Columns) columns.TryAdd(name, At(item, () => schema.Column(name)));
            if (item.Measure.Columns.Count == 0) continue;
            var column = item.Measure.Columns[0];
            if (item.Low is null && item.High is null) continue;
            var given = (item.Low ?? columns[column].Low, item.High ?? columns[column].High);
            if (bounds.TryGetValue(column, out var other) && other != given)
            {
                throw new AnalysisException(
                    $"'{column}' has two pairs of bounds; all measures of one column share one pair.", item.Line == 0 ? null : item.Line);
            }

            bounds[column] = given;
        }

        foreach (var (column, (low, high)) in bounds) columns[column] = columns[column] with { Low = low, High = high };
        // What the analysis does not need does not travel: it would only make the same question look different.
        var carried = columns.Values.Select(c => c with { Description = "", TopCode = null }).ToArray();
        var groups = GroupBy.Select(g => g.Keys.Count > 0 ? g : g with { Keys = columns[g.Column].Categories }).ToArray();
        var where = Where is null ? null : WithLabels(Where, columns);
        return new Analysis(carried, [.. Measures.Select(m => m.Measure)], where, groups, schema.RowRule, RowsPerPerson, RowsPerParty, GroupsPerPerson);
    }

    /// <summary>A plain number beside a category is that category's label: <c>in: [1, 2]</c> where the labels are "1" and "2". A date beside
    /// dates is its day.</summary>
    private static Filter WithLabels(Filter filter, SortedDictionary<string, SchemaColumn> columns) => filter switch
    {
        CompareFilter f => f with { Value = WithLabel(f.Value, columns[f.Column]) },
        InFilter f => f with { Values = [.. f.Values.Select(v => WithLabel(v, columns[f.Column]))] },
        AndFilter f => new AndFilter([.. f.Items.Select(i => WithLabels(i, columns))]),
        OrFilter f => new OrFilter([.. f.Items.Select(i => WithLabels(i, columns))]),
        NotFilter f => new NotFilter(WithLabels(f.Item, columns)),
        _ => filter,
    };

    private static FilterValue WithLabel(FilterValue value, SchemaColumn column) =>
        !column.IsNumeric && value.Number is { } number ? new FilterValue(null, number.ToString(CultureInfo.InvariantCulture))
        : column.Type == ColumnType.Date && value.Label is { } text && DayNumber.TryParse(text, out var day) ? new FilterValue(day, null)
        : value;

    private static T At<T>(QueryMeasure item, Func<T> make) => item.Line == 0 ? make() : Yaml.At(item.Line, make);
}
