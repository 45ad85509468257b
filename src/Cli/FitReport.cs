using System.Globalization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli;

/// <summary>A regression over several rounds, in words.</summary>
internal static class FitReport
{
    public static string Round(ModelFit fit) =>
        string.Create(CultureInfo.InvariantCulture, $"  round {fit.Rounds} of at most {fit.Model.Iterations}: deviance {fit.Deviances[^1]:0.###}");

    public static string Outcome(AnalysisQuery query, ModelFit fit) =>
        string.Create(CultureInfo.InvariantCulture, $"{query.Name}: {(fit.Converged ? $"converged in {fit.Rounds} rounds" : fit.Failure)}; ε = {query.Epsilon} at most, of which {query.Epsilon.ToDouble() * fit.Rounds / fit.Model.Iterations:0.##} was spent")
        + (fit is { NullDeviance: { } nothing, McFadden: { } share }
            ? string.Create(CultureInfo.InvariantCulture, $"{Environment.NewLine}deviance {fit.Deviances[^1]:0.##}, {nothing:0.##} without predictors: McFadden's R² {share:0.###} (noise included, no interval)")
            : "");
}
