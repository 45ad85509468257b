using System.Globalization;
using SecureAggregation.Client;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Results;

/// <summary>Cells of the sum that a number is computed from, and the noise in each of them.</summary>
public sealed record ExplainedPart(string Name, string Cells, string Sensitivity, string Epsilon, string Scale);

/// <summary>How a number came about: what the contract says of it, and what follows from the signed question once its evidence was checked.</summary>
public sealed record Explanation(IReadOnlyList<(string Term, string Words)> Facts, IReadOnlyList<ExplainedPart> Parts)
{
    public static Explanation Of(ReleasedStatistic s, ReleasedTotals? totals)
    {
        var facts = new List<(string, string)>
        {
            ("Mechanism", Mechanism(s, totals)),
            ("Privacy cost", $"ε {Text.Epsilon(s.EpsilonMicro / 1e6)} of the question's{(totals is null ? "" : " ε " + Text.Epsilon(totals.Layout.Epsilon.Micro / 1e6))}, shared by all numbers that are computed from the same cells"),
            ("In the sum", Text.Plural(s.Contributors, "outpost")),
            ("Clipping", Clipping(s)),
        };
        if (totals is not null && s.Noise != NoiseMode.None) facts.Add(("Draws of noise", $"{Number(totals.Layout.Draws(s.Contributors))} whole draws in each cell{(totals.Layout.Groups.Count > 1 ? $"; a number over all groups adds the cells of {totals.Layout.Groups.Count} groups" : "")}"));
        facts.Add(("Interval", (s.Method.Length > 0 ? Text.Capital(s.Method) + "; " : "") + $"covers the total without noise in {EstimateText.Percent(s.Confidence)} of all rounds"));
        if (s.IsShown() && s.High > s.Low) facts.Add(("Half width", EstimateText.Of(s).HalfWidth + (s.Unit.Length > 0 ? " " + s.Unit : "")));
        if (s.Withheld.Length > 0) facts.Add(("Not shown", EstimateText.Reason(s)));
        return new Explanation(facts, totals is null ? [] : PartsOf(s, totals.Layout));
    }

    private static string Mechanism(ReleasedStatistic s, ReleasedTotals? totals) => s.Noise switch
    {
        NoiseMode.Local => $"Discrete Laplace noise; each of the {Text.Plural(s.Contributors, "outpost")} adds a whole draw to its own numbers before they are masked",
        NoiseMode.Distributed => "Discrete Laplace noise in shares; " + (totals is null ? "the shares of the honest outposts make" : $"the shares of {Text.Plural(totals.Layout.HonestParties, "outpost")} make") + " a whole draw, and no outpost's share alone does",
        NoiseMode.None => "None: the total is shown as it is",
        _ => "Not stated",
    };

    private static string Clipping(ReleasedStatistic s) => (s.BoundLow, s.BoundHigh) switch
    {
        ({ } low, { } high) => $"values below {Number(low)} count as {Number(low)}, above {Number(high)} as {Number(high)}{Unit(s)}",
        ({ } low, null) => $"values below {Number(low)} count as {Number(low)}{Unit(s)}",
        (null, { } high) => $"values above {Number(high)} count as {Number(high)}{Unit(s)}",
        _ => "none; only rows are counted, or the station states no bounds",
    };

    private static IReadOnlyList<ExplainedPart> PartsOf(ReleasedStatistic s, VectorLayout layout)
    {
        if (layout.Blocks.FirstOrDefault(b => b.Measures.Any(m => m.Name == s.Measure)) is not { } block) return [];
        return
        [
            .. block.Segments.Where(segment => segment.Cells.Count > 0).Select(segment => new ExplainedPart(
                segment.Name,
                segment.Together < segment.Cells.Count ? $"{Text.Count(segment.Cells.Count)}, of which one row changes {Text.Count(segment.Together)}" : Text.Count(segment.Cells.Count),
                Range(segment.Cells.Select(c => (double)c.Sensitivity)),
                Text.Epsilon(block.EpsilonMicro / 1e6 * segment.Share / 1000),
                layout.Noise == NoiseMode.None ? "none" : Range(segment.Cells.Select(c => c.Noise.Scale.ToDouble())))),
        ];
    }

    private static string Range(IEnumerable<double> values)
    {
        var all = values.ToArray();
        var (low, high) = (all.Min(), all.Max());
        return low == high ? Number(low) : $"{Number(low)} to {Number(high)}";
    }

    private static string Unit(ReleasedStatistic s) => s.Unit.Length > 0 ? " " + s.Unit : "";

    private static string Number(double value) => (Math.Abs(value) is >= 1000 and < 1e15 ? value.ToString("N0", CultureInfo.InvariantCulture) : value.ToString("0.####", CultureInfo.InvariantCulture)).Replace('-', '−');
}
