using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Results;

/// <summary>A number that both rounds have.</summary>
public sealed record ComparedNumber(ReleasedStatistic First, ReleasedStatistic Second, Difference? Difference)
{
    /// <summary>Why there is no difference, or what makes one doubtful; empty if nothing does.</summary>
    public string Note =>
        !First.IsShown() && !Second.IsShown() ? "not shown in either"
        : !First.IsShown() ? "not shown in A: " + First.Withheld
        : !Second.IsShown() ? "not shown in B: " + Second.Withheld
        : Difference is null ? "not subtracted: a difference of such numbers says nothing"
        : (First.BoundLow, First.BoundHigh) != (Second.BoundLow, Second.BoundHigh) ? "values were clipped at other bounds"
        : "";
}

/// <summary>Numbers of one kind and unit, drawn on one axis.</summary>
public sealed record PairPlot(string Title, string Unit, IReadOnlyList<ComparedNumber> Rows);

/// <summary>Two rounds side by side: what both released, and what only one of them did.</summary>
public sealed record Comparison(IReadOnlyList<ComparedNumber> Both, IReadOnlyList<ReleasedStatistic> OnlyFirst, IReadOnlyList<ReleasedStatistic> OnlySecond)
{
    /// <summary>More rows than this on one axis cannot be read; the table has them.</summary>
    public const int MostRows = 24;

    private const int MostPlots = 6;

    public static Comparison Of(IReadOnlyList<ReleasedStatistic> first, IReadOnlyList<ReleasedStatistic> second)
    {
        var seconds = second.GroupBy(Same).ToDictionary(g => g.Key, g => g.First());
        var both = first.Where(s => seconds.ContainsKey(Same(s))).Select(s => new ComparedNumber(s, seconds[Same(s)], Difference.Of(s, seconds[Same(s)]))).ToArray();
        var firsts = first.Select(Same).ToHashSet();
        return new Comparison(both, [.. first.Where(s => !seconds.ContainsKey(Same(s)))], [.. second.Where(s => !firsts.Contains(Same(s)))]);

        // The same name in another unit is another number.
        static (string Key, string Unit) Same(ReleasedStatistic s) => (s.Key(), s.Unit);
    }

    public IReadOnlyList<ComparedNumber> Subtracted => [.. Both.Where(n => n.Difference is not null)];

    /// <summary>One picture a kind, column and unit: values themselves, not what is said of them.</summary>
    public IReadOnlyList<PairPlot> Plots =>
    [
        .. Subtracted.Where(n => n.First.Quantity.Length == 0 && new[] { n.First, n.Second }.All(s => double.IsFinite(s.Low!.Value) && double.IsFinite(s.High!.Value)))
            .GroupBy(n => (n.First.Kind, n.First.Measure, n.First.Column, n.First.Unit, Binned: n.First.Bin.Length > 0))
            .Select(g => new PairPlot(Title(g.First().First), g.Key.Unit, [.. g.Take(MostRows)]))
            .Take(MostPlots),
    ];

    public string Finding
    {
        get
        {
            var all = Subtracted;
            if (all.Count == 0) return "The two rounds have no number in common that could be subtracted.";
            var beyond = all.Where(n => n.Difference!.IsBeyondNoise).ToArray();
            if (beyond.Length == 0) return all.Count == 1 ? "The one number that both have differs by no more than the privacy noise." : $"None of the {all.Count} numbers that both have differs by more than the privacy noise.";
            var top = beyond.MaxBy(Clearness)!;
            var text = top.Difference!.Text(top.First);
            var unit = top.First.Unit.Length > 0 ? " " + top.First.Unit : "";
            var clearest = beyond.Length == 1 ? "" : "clearest, ";
            return $"{beyond.Length} of {Text.Plural(all.Count, "number")} {(beyond.Length == 1 ? "differs" : "differ")} by more than the privacy noise: {clearest}{EstimateText.Title(top.First)}, {text.Value}{unit} ({text.Low} to {text.High}).";
        }
    }

    private static double Clearness(ComparedNumber number)
    {
        var d = number.Difference!;
        return Math.Abs(d.Value) / Math.Max(double.Epsilon, (d.High - d.Low) / 2);
    }

    private static string Title(ReleasedStatistic s)
    {
        var title = EstimateText.Title(s with { Bin = "", Group = "" });
        return s.Unit.Length > 0 ? $"{title}, {s.Unit}" : title;
    }
}
