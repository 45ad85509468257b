namespace SecureAggregation.Statistics.Internal;

/// <summary>The rules of measures, kind by kind.</summary>
internal static class MeasureRules
{
    private const int MaxQuantiles = 99;
    private const double MaxPer = 1e9;

    public static void Check(Analysis analysis)
    {
        if (analysis.Measures.Count is 0 or > Analysis.MaxMeasures)
        {
            throw new AnalysisException(
                $"measures has {analysis.Measures.Count} entries; list 1 to {Analysis.MaxMeasures}, e.g. '- count'.");
        }

        var names = new HashSet<string>();
        foreach (var measure in analysis.Measures)
        {
            if (measure.Columns.Count > Measure.MaxColumns)
            {
                throw new AnalysisException($"{measure.Kind.Word()} has {measure.Columns.Count} columns; at most {Measure.MaxColumns}.");
            }

            if (!names.Add(measure.Name)) throw new AnalysisException($"measures asks for {measure.Name} twice; once is enough.");
            if (measure.Weight is < 1 or > Measure.MaxWeight)
            {
                throw new AnalysisException($"The weight of {measure.Name} is {measure.Weight}; it must be 1 to {Measure.MaxWeight}.");
            }

            CheckOne(analysis, measure);
        }
    }

    /// <summary>A column whose values can be added up.</summary>
    public static void RequireBounded(Analysis analysis, string name, string column)
    {
        if (RequireNumbers(analysis, name, column).Low is null)
        {
            throw new AnalysisException(
                $"{name} needs bounds of '{column}': one person's value must be limited before noise can hide it. Give low and high "
                + $"beside it (of several columns 'bounds: {{ {column}: [20, 90] }}'), or in the schema; never take them from the data.");
        }
    }

    /// <summary>A column with two outcomes: a category of two labels, or whole numbers from 0 to 1.</summary>
    public static void RequireOutcome(Analysis analysis, string name, string column)
    {
        if (analysis.Describe(column) is not ({ Type: ColumnType.Category, Categories.Count: 2 } or { Type: ColumnType.Integer, Low: 0, High: 1 }))
        {
            throw new AnalysisException(
                $"{name}: '{column}' must have two outcomes, a category of two labels of which the second is the event, or whole numbers with the bounds 0 and 1; "
                + $"derive one, e.g. '{{ recode: {column}, map: {{ no: [0], yes: [1] }} }}'.");
        }
    }

    private static void CheckOne(Analysis analysis, Measure measure)
    {
        switch (measure)
        {
            case ColumnMeasure { Column.Length: 0 } m:
                if (m.Of != MeasureKind.Count) throw new AnalysisException($"{m.Name} needs a column, e.g. '{m.Name}: age'.");
                break;
            case ColumnMeasure { Of: MeasureKind.Count } m:
                analysis.Describe(m.Column);
                break;
            case ColumnMeasure { Of: MeasureKind.Sum or MeasureKind.Mean or MeasureKind.Variance or MeasureKind.Sd } m:
                if (!analysis.Describe(m.Column).IsNumeric)
                {
                    throw new AnalysisException($"{m.Name}: '{m.Column}' is a category and has no {m.Kind.Word()}; ask for a histogram or group by it.");
                }

                RequireBounded(analysis, m.Name, m.Column);
                break;
            case ColumnMeasure { Of: MeasureKind.Compare } m:
                if (analysis.Describe(m.Column).IsNumeric) RequireBounded(analysis, m.Name, m.Column);
                if (!analysis.GroupBy.Any(g => g.Keys.Count > 1))
                {
                    throw new AnalysisException($"{m.Name} compares the groups of the query, but there are none; add group_by with two keys or more.");
                }

                break;
            case ColumnMeasure { Of: MeasureKind.Distinct } m:
                RequireCategory(analysis, m.Name, m.Column);
                break;
            case HistogramMeasure m:
                CheckHistogram(analysis, m);
                break;
            case QuantileMeasure m:
                CheckBins(analysis, m.Name, m.Column, m.Edges);
                CheckProbabilities(m);
                break;
            case ContingencyMeasure m:
                CheckTable(analysis, m);
                break;
            case CrossMeasure m:
                if (m.Variables.Count < 2) throw new AnalysisException($"{m.Name} needs two columns or more.");
                RequireEachOnce(m.Name, m.Variables);
                foreach (var column in m.Variables) RequireBounded(analysis, m.Name, column);
                break;
            case LinearMeasure m:
                RequireBounded(analysis, m.Name, m.Outcome);
                ModelRules.CheckPredictors(analysis, m.Name, m.Outcome, m.Predictors);
                break;
            case ModelMeasure m:
                ModelRules.Check(analysis, m);
                break;
            case SurvivalMeasure m:
                CheckBins(analysis, m.Name, m.Time, m.Edges);
                RequireOutcome(analysis, m.Name, m.Event);
                break;
            case IncidenceMeasure m:
                CheckIncidence(analysis, m);
                break;
            case RocMeasure m:
                CheckBins(analysis, m.Name, m.Score, m.Edges);
                RequireOutcome(analysis, m.Name, m.Outcome);
                break;
            case TopMeasure m:
                RequireCategory(analysis, m.Name, m.Column);
                if (m.Count is < 1 or > SchemaColumn.MaxCategories)
                {
                    throw new AnalysisException($"{m.Name} shows {m.Count} keys; k must be 1 to {SchemaColumn.MaxCategories}, e.g. k: 10.");
                }

                break;
            default:
                throw new AnalysisException($"A measure of the kind {measure.Kind.Word()} has the form of another kind.");
        }
    }

    private static SchemaColumn RequireNumbers(Analysis analysis, string name, string column) => analysis.Describe(column) is { IsNumeric: true } described
        ? described
        : throw new AnalysisException($"{name}: '{column}' is a category, but numbers are needed; count it with a histogram, or group by it.");

    private static void RequireCategory(Analysis analysis, string name, string column)
    {
        if (analysis.Describe(column).IsNumeric)
        {
            throw new AnalysisException(
                $"{name}: '{column}' holds numbers; it takes a category, whose labels are declared, so that none tells who is in the data. Derive one by recode or bins.");
        }
    }

    private static void RequireEachOnce(string name, IReadOnlyList<string> columns)
    {
        if (columns.GroupBy(c => c).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new AnalysisException($"{name} names '{twice.Key}' twice; once is enough.");
        }
    }

    private static void CheckHistogram(Analysis analysis, HistogramMeasure measure)
    {
        if (analysis.Describe(measure.Column).IsNumeric)
        {
            EdgeRules.Check(measure.Name, measure.Edges);
        }
        else if (measure.Edges.Count > 0)
        {
            throw new AnalysisException($"{measure.Name}: '{measure.Column}' is a category, its labels are the bins; remove the edges.");
        }
    }

    private static void CheckBins(Analysis analysis, string name, string column, IReadOnlyList<double> edges)
    {
        RequireNumbers(analysis, name, column);
        EdgeRules.Check(name, edges);
    }

    private static void CheckProbabilities(QuantileMeasure measure)
    {
        if (measure.At.Count is 0 or > MaxQuantiles)
        {
            throw new AnalysisException($"{measure.Name} asks for {measure.At.Count} quantiles; list 1 to {MaxQuantiles}, e.g. at: [0.25, 0.5, 0.75].");
        }

        for (var i = 0; i < measure.At.Count; i++)
        {
            if (!(measure.At[i] > 0 && measure.At[i] < 1))
            {
                throw new AnalysisException(
                    $"{measure.Name} asks for the quantile {measure.At[i]}; it must lie between 0 and 1, both left out: the least and the greatest value are never released.");
            }

            if (i > 0 && measure.At[i] <= measure.At[i - 1])
            {
                throw new AnalysisException($"{measure.Name} asks for the quantile {measure.At[i]} after {measure.At[i - 1]}; they must ascend.");
            }
        }
    }

    private static void CheckTable(Analysis analysis, ContingencyMeasure measure)
    {
        if (measure.Rows.Column == measure.Across.Column) throw new AnalysisException($"{measure.Name} sets '{measure.Rows.Column}' against itself; take two columns.");
        foreach (var axis in (GroupBy[])[measure.Rows, measure.Across])
        {
            KeyRules.Check(measure.Name, analysis.Describe(axis.Column), axis.Keys);
            if (axis.Keys.Count < 2) throw new AnalysisException($"{measure.Name} has one key of '{axis.Column}'; a table needs two or more of each column.");
        }

        if ((long)measure.Rows.Keys.Count * measure.Across.Keys.Count > Analysis.MaxGroups)
        {
            throw new AnalysisException($"{measure.Name} has {measure.Rows.Keys.Count} × {measure.Across.Keys.Count} cells; at most {Analysis.MaxGroups}.");
        }
    }

    private static void CheckIncidence(Analysis analysis, IncidenceMeasure measure)
    {
        RequireBounded(analysis, measure.Name, measure.Time);
        if (analysis.Describe(measure.Time).Low < 0)
        {
            throw new AnalysisException($"{measure.Name}: '{measure.Time}' may be below 0 by its bounds, but person-time is not; give bounds from 0 on.");
        }

        RequireOutcome(analysis, measure.Name, measure.Event);
        if (!(measure.Per > 0 && measure.Per <= MaxPer)) throw new AnalysisException($"{measure.Name} is per {measure.Per}; it must be more than 0 and at most {MaxPer}, e.g. per: 1000.");
    }
}
