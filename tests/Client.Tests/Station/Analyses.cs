using System.Globalization;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Testing;

/// <summary>Numbers of every kind of analysis, as a station would release them; made up, and the same in every run.</summary>
public static class Analyses
{
    public static StatisticView[] All() => [.. Survival(), .. Roc(), .. Linear(), .. Logistic(), .. Boxes(), .. Contingency(), .. Correlation()];

    public static IEnumerable<StatisticView> Survival()
    {
        foreach (var (group, rate) in new[] { ("", 0.055), ("rx=Obs", 0.066), ("rx=Lev", 0.06), ("rx=Lev+5FU", 0.04) })
        {
            for (var i = 0; i < 20; i++)
            {
                var s = Math.Exp(-rate * (i + 1));
                yield return Of("survival", "survival(time, status)", $"[{90 * i},{90 * (i + 1)})", "", s, 0.012 + (0.001 * i), group: group);
            }

            yield return Of("survival", "survival(time, status)", "", "median", Math.Round(Math.Log(2) / rate) * 90, 90, "days", group);
            yield return Of("survival", "survival(time, status)", "", "events", 400 - (1000 * rate), 9, group: group);
        }

        yield return Of("survival", "survival(time, status)", "", "log-rank p", 0.0031, 0.0029);
    }

    public static IEnumerable<StatisticView> Roc()
    {
        for (var i = 0; i <= 12; i++)
        {
            var fpr = 1 - (i / 12.0);
            yield return Of("roc", "roc(thalach, disease)", $"[≥{60 + (10 * i)}]", "tpr", Math.Pow(fpr, 0.45), 0.02);
            yield return Of("roc", "roc(thalach, disease)", $"[≥{60 + (10 * i)}]", "fpr", fpr, 0.02);
        }

        yield return Of("roc", "roc(thalach, disease)", "", "auc", 0.69, 0.014);
    }

    public static IEnumerable<StatisticView> Linear()
    {
        foreach (var (term, b, se, unit) in new[] { ("(intercept)", 190.2, 4.1, "1/min"), ("age", -0.84, 0.07, "1/min per years"), ("sex=male", 1.4, 1.6, "1/min"), ("chol", 0.01, 0.012, "1/min per mg/dl") })
        {
            foreach (var s in Coefficient("linear", "linear(thalach ~ age + sex + chol)", term, b, se, unit)) yield return s;
        }

        yield return Of("linear", "linear(thalach ~ age + sex + chol)", "", "r2", 0.14, 0.02);
    }

    public static IEnumerable<StatisticView> Logistic()
    {
        foreach (var (term, b, se) in new[] { ("(intercept)", -3.2, 0.5), ("age", 0.05, 0.008), ("sex=male", 1.31, 0.18), ("trestbps", 0.004, 0.005) })
        {
            foreach (var s in Coefficient("logistic", "logistic(disease ~ age + sex + trestbps)", term, b, se, "")) yield return s;
            yield return Of("logistic", "logistic(disease ~ age + sex + trestbps)", $"[{term}]", "odds_ratio", Math.Exp(b), Math.Exp(b) * 0.04);
        }
    }

    public static IEnumerable<StatisticView> Boxes()
    {
        foreach (var (group, shift) in new[] { ("sex=female", 0), ("sex=male", 3) })
        {
            foreach (var (level, value) in new[] { ("0.01", 30), ("0.25", 45), ("0.5", 53), ("0.75", 61), ("0.99", 76) })
                yield return Of("quantiles", "quantiles(age)", $"[q{level}]", "", value + shift, 1, "years", group);
        }
    }

    public static IEnumerable<StatisticView> Contingency()
    {
        foreach (var (row, column, n, share) in new[] { ("indomethacin", "yes", 27, 9.1), ("indomethacin", "no", 268, 90.9), ("placebo", "yes", 52, 16.9), ("placebo", "no", 255, 83.1) })
        {
            yield return Of("contingency", "contingency(rx, outcome)", $"[{row},{column}]", "", n, 2);
            yield return Of("contingency", "contingency(rx, outcome)", $"[{row},{column}]", "row percent", share, 0.7, "%");
        }

        yield return Of("contingency", "contingency(rx, outcome)", "", "chi2", 8.0, 1.4);
        yield return Of("contingency", "contingency(rx, outcome)", "", "p", 0.0047, 0.004);
    }

    public static IEnumerable<StatisticView> Correlation()
    {
        foreach (var (a, b, r) in new[] { ("age", "age", 1.0), ("age", "chol", 0.09), ("age", "thalach", -0.37), ("chol", "chol", 1), ("chol", "thalach", -0.02), ("thalach", "thalach", 1) })
            yield return Of("correlation", "correlation(age, chol, thalach)", $"[{a},{b}]", "", r, 0.03);
    }

    private static IEnumerable<StatisticView> Coefficient(string kind, string measure, string term, double b, double se, string unit)
    {
        var bin = $"[{term}]";
        yield return Of(kind, measure, bin, "", b, se / 3, unit);
        yield return Of(kind, measure, bin, "se", se, se / 9, unit);
        yield return Of(kind, measure, bin, "p", Math.Exp(-Math.Abs(b / se)), 0.001);
        yield return Of(kind, measure, bin, "ci_low", b - (1.96 * se), se / 3, unit);
        yield return Of(kind, measure, bin, "ci_high", b + (1.96 * se), se / 3, unit);
    }

    private static StatisticView Of(string kind, string measure, string bin, string quantity, double value, double half, string unit = "", string group = "") => new()
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"{measure}{bin} {quantity}{{{group}}}"), Kind = kind, Measure = measure, Column = measure[(measure.IndexOf('(', StringComparison.Ordinal) + 1)..].Split(' ', ',', ')')[0],
        Bin = bin, Quantity = quantity, Group = group, Unit = unit, Value = value, Low = value - half, High = value + half, Confidence = 0.95, EpsilonMicro = 1_000_000, Contributors = 5, Method = "exact noise distribution",
    };
}
