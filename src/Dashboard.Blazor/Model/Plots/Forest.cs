using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Plots;

/// <summary>One coefficient: its place on the plot's axis, the sampling interval (thin) and what noise adds (thick), and its own words with their interval.</summary>
/// <param name="Label">The term.</param>
/// <param name="At">Its value.</param>
/// <param name="Low">Lower end of the sampling interval.</param>
/// <param name="High">Its upper end.</param>
/// <param name="NoiseLow">Lower end of the interval for privacy noise.</param>
/// <param name="NoiseHigh">Its upper end.</param>
/// <param name="Outer">The sampling interval, with each end as far out as the noise may have moved it, and the noise's own.</param>
/// <param name="Words">Value and unit.</param>
/// <param name="Interval">Its interval for privacy noise.</param>
public sealed record ForestRow(string Label, double At, double Low, double High, double NoiseLow, double NoiseHigh, (double Low, double High) Outer, string Words, string Interval)
{
    /// <summary>Whether the sampling interval does not hold the value of no effect.</summary>
    public bool IsClear(double reference) => Low > reference || High < reference;

    /// <summary>Whether that is so wherever the noise may have moved it.</summary>
    public bool IsClearOfNoise(double reference) => Outer.Low > reference || Outer.High < reference;
}

/// <summary>
/// The coefficients of a regression. Ratios share a logarithmic axis around 1; coefficients of a linear model have units of their own, so each is drawn in its own standard
/// errors, around 0.
/// </summary>
public sealed record Forest(string Title, IReadOnlyList<ForestRow> Rows, bool IsLog, double Reference, string XName, string Finding)
{
    /// <summary>Null if no coefficient is released.</summary>
    public static Forest? Of(ResultPanel panel)
    {
        var kind = panel.Statistics[0].Kind;
        var ratio = kind switch { MeasureKind.Logistic => "odds_ratio", MeasureKind.Poisson => "rate_ratio", _ => "" };
        var rows = panel.Statistics.Where(s => s.Bin.Length > 0 && s.Bin != "[(intercept)]" && s.Group.Length == 0).GroupBy(s => s.Bin).Select(term => Row(term, ratio)).OfType<ForestRow>().ToArray();
        if (rows.Length == 0) return null;
        var reference = ratio.Length > 0 ? 1.0 : 0.0;
        var clear = rows.Where(r => r.IsClearOfNoise(reference)).Select(r => r.Label).ToArray();
        var open = rows.Where(r => r.IsClear(reference) && !r.IsClearOfNoise(reference)).Select(r => r.Label).ToArray();
        var finding = clear.Length == 0 ? "No interval is clear of no effect." : $"Clear of no effect: {string.Join(", ", clear)}.";
        if (open.Length > 0) finding += $" Clear only if the privacy noise is left aside: {string.Join(", ", open)}.";
        var axis = ratio.Length > 0 ? $"{ratio.Replace('_', ' ')} for one unit more, logarithmic" : "coefficient in its own standard errors";
        return new Forest(panel.Title, rows, ratio.Length > 0, reference, axis, finding);
    }

    private static ForestRow? Row(IEnumerable<ReleasedStatistic> term, string ratio)
    {
        var by = term.Where(s => s is { Withheld: "", Value: not null, Low: not null, High: not null }).GroupBy(s => s.Quantity).ToDictionary(g => g.Key, g => g.First());
        double At(string quantity) => by.TryGetValue(quantity, out var s) ? s.Value!.Value : double.NaN;
        if (!by.TryGetValue(ratio, out var shown)) return null;
        var label = EstimateText.Bin(shown);
        var (value, noiseLow, noiseHigh) = (shown.Value!.Value, shown.Low!.Value, shown.High!.Value);
        var (low, high, unit) = (At("ci_low"), At("ci_high"), ratio.Length > 0 ? 1 : At("se"));
        var (least, most) = (by.GetValueOrDefault("ci_low")?.Low ?? double.NaN, by.GetValueOrDefault("ci_high")?.High ?? double.NaN);

        // Of a ratio the sampling interval is given for the coefficient.
        if (ratio.Length > 0) (low, high, least, most) = (Math.Exp(low), Math.Exp(high), Math.Exp(least), Math.Exp(most));
        if (!double.IsFinite(low) || !double.IsFinite(high)) (low, high) = (noiseLow, noiseHigh);
        var outer = (Math.Min(noiseLow, double.IsFinite(least) ? least : low) / unit, Math.Max(noiseHigh, double.IsFinite(most) ? most : high) / unit);
        var drawable = double.IsFinite(value) && double.IsFinite(low) && double.IsFinite(high) && unit > 0 && (ratio.Length == 0 || (value > 0 && low > 0));
        return drawable ? new ForestRow(label, value / unit, low / unit, high / unit, noiseLow / unit, noiseHigh / unit, outer, Words(shown), $"{EstimateText.Of(shown).Low} to {EstimateText.Of(shown).High}") : null;
    }

    private static string Words(ReleasedStatistic s)
    {
        var text = EstimateText.Of(s);
        // A long unit would run into the plot; the table has it.
        return text.Unit.Length is > 0 and <= 12 ? $"{text.Value} {text.Unit}" : text.Value;
    }
}
