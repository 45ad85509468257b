namespace SecureAggregation.Statistics.Internal;

/// <summary>The rules of measures, kind by kind.</summary>
internal static class MeasureRules
{
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
            if (!names.Add(measure.Name)) throw new AnalysisException($"measures asks for {measure.Name} twice; once is enough.");
            if (measure.Weight is < 1 or > Measure.MaxWeight)
            {
                throw new AnalysisException($"The weight of {measure.Name} is {measure.Weight}; it must be 1 to {Measure.MaxWeight}.");
            }

            CheckOne(analysis, measure);
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
                AnalysisRules.Column(analysis, m.Column);
                break;
            case ColumnMeasure { Of: MeasureKind.Sum or MeasureKind.Mean or MeasureKind.Variance or MeasureKind.Sd } m:
                Bounded(analysis, m.Name, m.Column);
                break;
            case HistogramMeasure m:
                CheckBins(m.Name, AnalysisRules.Column(analysis, m.Column), m.Edges);
                break;
        }
    }

    /// <summary>A column whose values can be added up.</summary>
    private static void Bounded(Analysis analysis, string name, string column)
    {
        var described = AnalysisRules.Column(analysis, column);
        if (!described.IsNumeric)
        {
            throw new AnalysisException(
                $"{name}: '{column}' is a category and has no {name[..name.IndexOf('(')]}; ask for a histogram or group by it.");
        }

        if (described.Low is null)
        {
            throw new AnalysisException(
                $"{name} needs bounds: one person's value must be limited before noise can hide it. Give low and high "
                + "beside it, or in the schema; never take them from the data.");
        }
    }

    private static void CheckBins(string name, SchemaColumn column, IReadOnlyList<double> edges)
    {
        if (column.IsNumeric)
        {
            CheckEdges(name, edges);
        }
        else if (edges.Count > 0)
        {
            throw new AnalysisException($"{name}: '{column.Name}' is a category, its labels are the bins; remove the edges.");
        }
    }

    private static void CheckEdges(string name, IReadOnlyList<double> edges)
    {
        if (edges.Count is < 2 or > Measure.MaxBins + 1)
        {
            throw new AnalysisException($"{name} has {edges.Count} edges; list 2 to {Measure.MaxBins + 1}, e.g. edges: [20, 40, 60].");
        }

        for (var i = 0; i < edges.Count; i++)
        {
            var edge = edges[i];
            if (!double.IsFinite(edge) || (edge == 0 && double.IsNegative(edge)))
            {
                throw new AnalysisException($"{name} has the edge {edge}; edges are ordinary numbers.");
            }

            if (i > 0 && edge <= edges[i - 1])
            {
                throw new AnalysisException($"{name} has the edge {edge} after {edges[i - 1]}; edges must ascend.");
            }
        }
    }
}
