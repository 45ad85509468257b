using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal;
using SecureAggregation.Statistics.Internal.Reading;

namespace SecureAggregation.Statistics;

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

    /// <summary>Columns that the query makes from others, each from those of the dataset and those before it.</summary>
    public IReadOnlyList<DerivedColumn> Derived { get; init; } = [];

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

    /// <summary>What is done to numbers that noise has made impossible, before people read them. No part of what is signed: the totals are the same.</summary>
    public Repairs Repairs { get; init; } = Repairs.All;

    /// <summary>A schema file beside the query, for tools that read plain folders; null if it names none.</summary>
    public string? SchemaPath { get; init; }

    /// <summary>A schema written into the query, for tools that read plain folders; null if there is none.</summary>
    public SchemaFile? Schema { get; init; }

    /// <summary>The columns that the dataset must have, in the order in which the query names them.</summary>
    public IReadOnlyList<string> DatasetColumns =>
    [
        .. Measures.SelectMany(m => m.Measure.Columns).Concat(GroupBy.Select(g => g.Column)).Concat(Where?.ColumnNames ?? [])
            .Concat(Derived.SelectMany(d => d.Columns)).Except(Derived.Select(d => d.Name)),
    ];

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
        return Dataset == schema.Name
            ? new QueryResolver(this, schema).Resolve()
            : throw new AnalysisException($"The query asks dataset '{Dataset}', but the schema describes '{schema.Name}'.");
    }
}
