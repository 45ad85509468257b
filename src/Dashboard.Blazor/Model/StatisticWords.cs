using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>What measures and their quantities are called for people.</summary>
internal static class StatisticWords
{
    private static readonly Dictionary<string, string> s_quantities = new(StringComparer.Ordinal)
    {
        ["n"] = "rows", ["se"] = "standard error", ["ci_low"] = "95 % from (sampling)", ["ci_high"] = "95 % to (sampling)", ["r2"] = "R²", ["adjusted_r2"] = "adjusted R²",
        ["sigma"] = "residual sd", ["f"] = "F", ["odds_ratio"] = "odds ratio", ["rate_ratio"] = "rate ratio", ["hazard"] = "cumulative hazard", ["at_risk"] = "at risk",
        ["restricted_mean"] = "restricted mean", ["log-rank chi2"] = "log-rank χ²", ["log-rank df"] = "log-rank df", ["chi2"] = "χ²", ["yates chi2"] = "χ² (Yates)",
        ["yates df"] = "df (Yates)", ["yates p"] = "p (Yates)", ["or"] = "odds ratio", ["rr"] = "relative risk", ["rd"] = "risk difference", ["smd"] = "standardised difference",
        ["student t"] = "Student's t", ["student df"] = "Student's df", ["student p"] = "Student's p", ["welch t"] = "Welch's t", ["welch df"] = "Welch's df", ["welch p"] = "Welch's p",
        ["anova f"] = "ANOVA F", ["anova df_between"] = "ANOVA df between", ["anova df_within"] = "ANOVA df within", ["anova p"] = "ANOVA p", ["iqr"] = "interquartile range",
        ["auc"] = "area under the curve", ["tpr"] = "true positives", ["fpr"] = "false positives", ["percent"] = "share", ["row percent"] = "share of the row", ["share"] = "share of all",
    };

    private static readonly Dictionary<string, string> s_values = new(StringComparer.Ordinal)
    {
        ["linear"] = "coefficient", ["logistic"] = "coefficient", ["poisson"] = "coefficient", ["survival"] = "survival", ["compare"] = "rows", ["contingency"] = "rows",
        ["top"] = "rows", ["covariance"] = "covariance", ["correlation"] = "correlation", ["pca"] = "variance", ["incidence"] = "rate", ["distinct"] = "labels",
    };

    /// <summary>"odds_ratio" as "odds ratio"; the value itself by what the measure gives.</summary>
    public static string Quantity(ReleasedStatistic statistic)
    {
        var quantity = statistic.Quantity;
        if (quantity.Length == 0) return s_values.GetValueOrDefault(statistic.Kind.Word(), "value");
        // "or ci_low" is an end of the odds ratio's sampling interval.
        var at = quantity.IndexOf(" ci_", StringComparison.Ordinal);
        return at > 0 ? $"{One(quantity[..at])}, {One(quantity[(at + 1)..])}" : One(quantity);
    }

    /// <summary>"linear(y ~ a + b)" as "Linear regression of y on a, b"; another measure by its kind and columns.</summary>
    public static string Measure(ReleasedStatistic statistic)
    {
        var measure = statistic.Measure;
        var open = measure.IndexOf('(', StringComparison.Ordinal);
        if (open < 0 || !measure.EndsWith(')')) return Text.Capital(EstimateText.Kind(statistic.Kind));
        var of = measure[(open + 1)..^1];
        var (first, rest) = Split(of, ", ");
        var (outcome, predictors) = Split(of, " ~ ");
        return statistic.Kind.Word() switch
        {
            "linear" or "logistic" or "poisson" => $"{Text.Capital(statistic.Kind.Word())} regression of {outcome} on {predictors.Replace(" + ", ", ", StringComparison.Ordinal)}",
            "survival" => $"Survival: {rest} by {first}",
            "incidence" => $"Incidence of {rest} by {first}",
            "compare" => $"{Text.Capital(of)} compared between groups",
            "contingency" => $"{Text.Capital(first)} by {rest}",
            "pca" => $"Principal components of {of}",
            "roc" => $"ROC curve of {first} for {rest}",
            "distinct" => $"Labels of {of} that occur",
            "top" => $"Most frequent labels of {of}",
            _ => $"{Text.Capital(EstimateText.Kind(statistic.Kind))} of {of}",
        };
    }

    private static string One(string quantity) => s_quantities.GetValueOrDefault(quantity, quantity.Replace('_', ' '));

    private static (string Head, string Tail) Split(string text, string at)
    {
        var place = text.IndexOf(at, StringComparison.Ordinal);
        return place < 0 ? (text, "") : (text[..place], text[(place + at.Length)..]);
    }
}
