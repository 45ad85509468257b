namespace SecureAggregation.Statistics.Internal;

/// <summary>The rules of bins.</summary>
internal static class EdgeRules
{
    public static void Check(string what, IReadOnlyList<double> edges, int least = 2)
    {
        if (edges.Count < least || edges.Count > Measure.MaxBins + 1)
        {
            throw new AnalysisException($"{what} has {edges.Count} edges; list {least} to {Measure.MaxBins + 1}, e.g. edges: [20, 40, 60].");
        }

        for (var i = 0; i < edges.Count; i++)
        {
            var edge = edges[i];
            if (!double.IsFinite(edge) || (edge == 0 && double.IsNegative(edge)))
            {
                throw new AnalysisException($"{what} has the edge {edge}; edges are ordinary numbers.");
            }

            if (i > 0 && edge <= edges[i - 1])
            {
                throw new AnalysisException($"{what} has the edge {edge} after {edges[i - 1]}; edges must ascend.");
            }
        }
    }
}
