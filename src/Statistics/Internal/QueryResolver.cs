using System.Globalization;
using SecureAggregation.Statistics.Internal.Reading;

namespace SecureAggregation.Statistics.Internal;

/// <summary>A query and a dataset's schema to a self-contained analysis.</summary>
internal sealed class QueryResolver
{
    private readonly AnalysisQuery _query;
    private readonly DatasetSchema _schema;
    private readonly Dictionary<string, ColumnBounds> _bounds = [];
    private readonly Dictionary<string, DerivedColumn> _derived = [];
    private readonly Dictionary<string, SchemaColumn> _described = [];

    public QueryResolver(AnalysisQuery query, DatasetSchema schema)
    {
        (_query, _schema) = (query, schema);
        foreach (var item in query.Measures) At(item, () => Gather(item));
        foreach (var definition in query.Derived)
        {
            if (schema.Columns.Any(c => c.Name == definition.Name))
            {
                throw new AnalysisException($"derive: '{definition.Name}' is a column of '{schema.Name}' already; choose another name.");
            }

            if (_bounds.ContainsKey(definition.Name))
            {
                throw new AnalysisException($"'{definition.Name}' is derived, so its bounds stand in derive; remove them from the measure.");
            }

            var complete = DerivedRules.Complete(definition, Column);
            _described[definition.Name] = complete.Describe(Column);
            _derived.Add(definition.Name, complete);
        }
    }

    public Analysis Resolve()
    {
        var columns = new SortedDictionary<string, SchemaColumn>(StringComparer.Ordinal);
        var used = new HashSet<string>();
        foreach (var name in _query.Where?.ColumnNames ?? []) Use(name);
        foreach (var group in _query.GroupBy) Use(group.Column);
        foreach (var item in _query.Measures)
        {
            At(item, () =>
            {
                foreach (var name in item.Measure.Columns) Use(name);
                return true;
            });
        }

        var measures = _query.Measures.Select(item => At(item, () => Complete(item))).ToArray();
        var derived = _query.Derived.Where(d => used.Contains(d.Name)).Select(d => _derived[d.Name]).ToArray();
        var where = _query.Where is null ? null : WithLabels(_query.Where);
        return new Analysis(
            [.. columns.Values], Merge(measures), where, [.. _query.GroupBy.Select(WithKeys)],
            _schema.RowRule, _query.RowsPerPerson, _query.RowsPerParty, _query.GroupsPerPerson, derived);

        void Use(string name)
        {
            if (!used.Add(name)) return;
            if (!_derived.TryGetValue(name, out var definition))
            {
                // What the analysis does not need does not travel: it would only make the same question look different.
                columns[name] = Column(name) with { Description = "" };
                return;
            }

            foreach (var from in definition.Columns) Use(from);
        }
    }

    /// <summary>A column as measures see it: derived, or the schema's with the query's bounds.</summary>
    private SchemaColumn Column(string name)
    {
        if (_described.TryGetValue(name, out var known)) return known;
        if (_query.Derived.Any(d => d.Name == name)) throw new AnalysisException($"derive: '{name}' is used before it is made; move it up.");
        var names = _schema.Columns.Select(c => c.Name).Concat(_query.Derived.Select(d => d.Name));
        var column = _schema.Columns.FirstOrDefault(c => c.Name == name)
            ?? (Nearest.Of(name, _query.Derived.Select(d => d.Name)) is { } near
                ? throw new AnalysisException($"Dataset '{_schema.Name}' has no column '{name}'; did you mean '{near}'? Its columns, and those of derive: {string.Join(", ", names)}.")
                : _schema.Column(name));
        // Values above a top code count as one more, so that a higher bound asks for the same.
        if (_bounds.TryGetValue(name, out var given))
            column = column with { Low = given.Low ?? column.Low, High = column.TopCode is { } top && given.High > top + 1 ? top + 1 : given.High ?? column.High };
        return _described[name] = column;
    }

    private bool Gather(QueryMeasure item)
    {
        foreach (var (name, given) in item.Bounds)
        {
            if (_bounds.TryGetValue(name, out var other) && other != given)
            {
                throw new AnalysisException($"'{name}' has two pairs of bounds; all measures of one column share one pair.");
            }

            _bounds[name] = given;
        }

        return true;
    }

    /// <summary>What a measure leaves to the columns: bins, keys of categories, terms and bounds of models.</summary>
    private Measure Complete(QueryMeasure item)
    {
        switch (item.Measure)
        {
            case HistogramMeasure { Edges.Count: 0 } m when item.Bins is not null:
                return m with { Edges = Edges(m, m.Column) };
            case QuantileMeasure { Edges.Count: 0 } m:
                return m with { Edges = Edges(m, m.Column) };
            case SurvivalMeasure { Edges.Count: 0 } m:
                return m with { Edges = Edges(m, m.Time) };
            case RocMeasure { Edges.Count: 0 } m:
                return m with { Edges = Edges(m, m.Score) };
            case ContingencyMeasure m:
                return m with { Rows = WithKeys(m.Rows), Across = WithKeys(m.Across) };
            case ModelMeasure m:
                var most = (int)Math.Clamp(Math.Ceiling(Column(m.Outcome).High ?? 1), 1, ModelRules.MaxBound);
                return m with
                {
                    Coefficients = m.Coefficients.Count > 0 ? m.Coefficients : new double[1 + ModelRules.Terms(m.Predictors.Select(Column))],
                    WeightBound = m.WeightBound > 0 ? m.WeightBound : 4 * most,
                    ResidualBound = m.ResidualBound > 0 ? m.ResidualBound : most,
                };
            default:
                return item.Measure;
        }

        IReadOnlyList<double> Edges(Measure measure, string column) => EdgeReader.Default(measure.Name, Column(column), item.Bins);
    }

    /// <summary>Median, quartiles and box of one column are one measure, so that its bins are paid for once.</summary>
    private static List<Measure> Merge(IReadOnlyList<Measure> measures)
    {
        var merged = new List<Measure>();
        foreach (var measure in measures)
        {
            var at = measure is QuantileMeasure ? merged.FindIndex(m => m is QuantileMeasure && m.Name == measure.Name) : -1;
            if (at < 0)
            {
                merged.Add(measure);
                continue;
            }

            var (first, second) = ((QuantileMeasure)merged[at], (QuantileMeasure)measure);
            if (first.Edges.Count != second.Edges.Count || first.Edges.Zip(second.Edges).Any(e => e.First != e.Second))
            {
                throw new AnalysisException($"The quantiles of '{first.Column}' have two sets of bins; all quantiles of one column share one.");
            }

            merged[at] = first with { At = [.. first.At.Concat(second.At).Distinct().Order()], Weight = Math.Max(first.Weight, second.Weight) };
        }

        return merged;
    }

    private GroupBy WithKeys(GroupBy group) => group.Keys.Count > 0 ? group : group with { Keys = Column(group.Column).Categories };

    /// <summary>A plain number beside a category is that category's label: <c>in: [1, 2]</c> where the labels are "1" and "2". A date beside
    /// dates is its day.</summary>
    private Filter WithLabels(Filter filter) => filter switch
    {
        CompareFilter f => f with { Value = WithLabel(f.Value, Column(f.Column)) },
        InFilter f => f with { Values = [.. f.Values.Select(v => WithLabel(v, Column(f.Column)))] },
        AndFilter f => new AndFilter([.. f.Items.Select(WithLabels)]),
        OrFilter f => new OrFilter([.. f.Items.Select(WithLabels)]),
        NotFilter f => new NotFilter(WithLabels(f.Item)),
        _ => filter,
    };

    private static FilterValue WithLabel(FilterValue value, SchemaColumn column) =>
        !column.IsNumeric && value.Number is { } number ? new FilterValue(null, number.ToString(CultureInfo.InvariantCulture))
        : column.Type == ColumnType.Date && value.Label is { } text && DayNumber.TryParse(text, out var day) ? new FilterValue(day, null)
        : value;

    private static T At<T>(QueryMeasure item, Func<T> make) => item.Line == 0 ? make() : Yaml.At(item.Line, make);
}
