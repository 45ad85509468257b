using System.Globalization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Plots;

/// <summary>A point of a curve with what the noise leaves open; low and high are equal where there is none.</summary>
public readonly record struct CurvePoint(double X, double Y, double Low, double High);

/// <summary>One line of a plot.</summary>
public sealed record Curve(string Name, IReadOnlyList<CurvePoint> Points);

/// <summary>Lines over one axis, each with its band: survival by time, a ROC curve, a series of rounds.</summary>
/// <param name="Title">Names the plot.</param>
/// <param name="Lines">The lines; at most <see cref="Most"/>.</param>
/// <param name="XName">What the horizontal axis is, with its unit.</param>
/// <param name="YName">What the vertical axis is.</param>
/// <param name="IsStep">Whether a value holds until the next point.</param>
/// <param name="Diagonal">Whether the line of chance is drawn.</param>
/// <param name="Finding">The sentence that the plot says.</param>
public sealed record Curves(string Title, IReadOnlyList<Curve> Lines, string XName, string YName, bool IsStep, bool Diagonal, string Finding)
{
    /// <summary>More lines than this cannot be told apart.</summary>
    public const int Most = 6;

    /// <summary>Kaplan-Meier curves, one a group; null if no point is released.</summary>
    public static Curves? Survival(ResultPanel panel)
    {
        var all = panel.Statistics;
        var lines = all.Where(s => s is { Kind: MeasureKind.Survival, Quantity: "", Withheld: "", Bin.Length: > 0 })
            .GroupBy(s => s.Group)
            .Select(group => new Curve(NameOf(group.First()), [new CurvePoint(0, 1, 1, 1), .. group.Select(s => (End: UpperEdge(s.Bin), s)).Where(p => double.IsFinite(p.End)).OrderBy(p => p.End).Select(p => Point(p.End, p.s))]))
            .Where(line => line.Points.Count > 1)
            .ToArray();
        if (lines.Length == 0) return null;
        var shown = lines.Length > 1 ? lines.Where(line => line.Name != "all groups").Take(Most).ToArray() : lines;
        var time = all.FirstOrDefault(s => s.Quantity == "median") ?? all[0];
        var test = all.FirstOrDefault(s => s is { Quantity: "log-rank p", Withheld: "" });
        var medians = all.Where(s => s is { Quantity: "median", Withheld: "" } && (shown.Length == 1 || s.Group.Length > 0)).ToArray();
        var finding = medians.Length == 0
            ? "The median survival is not determined."
            : "Median survival: " + string.Join(", ", medians.Select(m => $"{(m.Group.Length > 0 ? NameOf(m) + " " : "")}{Said(m)}")) + ".";
        if (test is not null) finding += $" Log-rank test of no difference between the groups: p = {EstimateText.Of(test).Said}.";
        return new Curves(panel.Title, shown, Axis(time.Column, time.Unit), "still without the event", IsStep: true, Diagonal: false, finding);
    }

    /// <summary>A ROC curve, one a group; null if no point is released.</summary>
    public static Curves? Roc(ResultPanel panel)
    {
        var all = panel.Statistics;
        var lines = all.Where(s => s is { Kind: MeasureKind.Roc, Withheld: "", Bin.Length: > 0 }).GroupBy(s => s.Group).Select(group =>
        {
            var points = group.GroupBy(s => s.Bin).Select(edge => (X: edge.FirstOrDefault(s => s.Quantity == "fpr"), Y: edge.FirstOrDefault(s => s.Quantity == "tpr"))).Where(p => p is { X: not null, Y: not null });
            return new Curve(NameOf(group.First()), [new CurvePoint(0, 0, 0, 0), .. points.Select(p => Point(p.X!.Value ?? 0, p.Y!)).OrderBy(p => p.X).ThenBy(p => p.Y), new CurvePoint(1, 1, 1, 1)]);
        }).Where(line => line.Points.Count > 2).ToArray();
        if (lines.Length == 0) return null;
        var shown = lines.Length > 1 ? lines.Where(line => line.Name != "all groups").Take(Most).ToArray() : lines;
        var areas = all.Where(s => s is { Quantity: "auc", Withheld: "" } && (shown.Length == 1 || s.Group.Length > 0)).ToArray();
        var finding = areas.Length == 0 ? "The area under the curve is not determined." : "Area under the curve: " + string.Join(", ", areas.Select(a => $"{(a.Group.Length > 0 ? NameOf(a) + " " : "")}{Said(a)}")) + "; chance has 0.5.";
        return new Curves(panel.Title, shown, "false positives", "true positives", IsStep: false, Diagonal: true, finding);
    }

    private static CurvePoint Point(double x, ReleasedStatistic s) => new(Math.Clamp(x, double.MinValue, double.MaxValue), s.Value ?? 0, s.Low ?? 0, s.High ?? 0);

    private static string Said(ReleasedStatistic s) => EstimateText.Of(s).Said;

    private static string NameOf(ReleasedStatistic s) => EstimateText.Group(s.Group);

    private static string Axis(string column, string unit) => unit.Length > 0 ? $"{column}, {unit}" : column;

    /// <summary>90 of "[0,90)"; not a number if it is no such bin.</summary>
    private static double UpperEdge(string bin)
    {
        var comma = bin.LastIndexOf(',');
        return comma > 0 && double.TryParse(bin.AsSpan(comma + 1).TrimEnd(")]"), NumberStyles.Float, CultureInfo.InvariantCulture, out var edge) ? edge : double.NaN;
    }
}
