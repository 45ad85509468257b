namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>One group's rows by bins of time, each row in one cell.</summary>
/// <param name="Events">Rows whose event is in the bin.</param>
/// <param name="Censored">Rows last seen in the bin without the event: they count as at risk until its end.</param>
/// <param name="Beyond">Rows that were seen without the event until after the last bin.</param>
/// <param name="Monotone">Whether curves that noise makes go up and down are repaired.</param>
internal sealed record EventTable(double[] Events, double[] Censored, double Beyond, bool Monotone = true)
{
    /// <summary>
    /// How many are at risk in each bin: the events and censored rows of this and all later bins. Noise cancels in these sums, so no cell is
    /// clipped before; the sums are then made the nearest that never rise, if that is wanted, and clipped.
    /// </summary>
    public double[] AtRisk()
    {
        var risk = new double[Events.Length];
        var left = Beyond;
        for (var i = risk.Length - 1; i >= 0; i--) risk[i] = left += Events[i] + Censored[i];
        if (Monotone) Estimators.Monotone.Falling(risk);
        foreach (ref var rows in risk.AsSpan()) rows = Math.Max(0, rows);
        return risk;
    }
}

/// <summary>A curve at the end of one bin.</summary>
/// <param name="AtRisk">Rows at risk in the bin.</param>
/// <param name="Survival">Kaplan and Meier's estimate (JASA 53, 1958).</param>
/// <param name="StandardError">Greenwood's; 0 where the curve is still at 1 or has come to 0, where the formula has no value.</param>
/// <param name="Low">Of the interval of ln(−ln S), which stays within 0 and 1 (Kalbfleisch and Prentice 1980).</param>
/// <param name="High">Its upper end.</param>
/// <param name="Hazard">Nelson and Aalen's cumulative hazard.</param>
/// <param name="HazardError">From Aalen's variance, the sum of d/n².</param>
internal readonly record struct SurvivalPoint(
    double AtRisk, double Survival, double StandardError, double Low, double High, double Hazard, double HazardError);

/// <summary>Survival curves from events and censored rows in bins of time.</summary>
internal static class Survival
{
    private const double Rounding = 1e-12;

    /// <summary>
    /// The curve, one point a bin until nobody is at risk. Where noise makes it rise, it is the nearest that never does, unless the table says otherwise; events are then
    /// what that curve says.
    /// </summary>
    public static Answer<SurvivalPoint[]> Curve(EventTable table, double confidence = 0.95)
    {
        var risk = table.AtRisk();
        var bins = 0;
        while (bins < risk.Length && risk[bins] >= 1) bins++;
        if (bins == 0) return Answer.Not("nobody is at risk");
        if (!double.IsFinite(risk[0]) || !table.Events.All(double.IsFinite)) return Answer.Not(Answer.TooLarge);

        var (survival, hazard) = (new double[bins], new double[bins]);
        for (var i = 0; i < bins; i++)
        {
            var share = Math.Clamp(table.Events[i] / risk[i], -1, 1);
            // Above 2 noise has the word; without a cap it could grow without bound.
            survival[i] = Math.Min(2, (i == 0 ? 1 : survival[i - 1]) * (1 - share));
            hazard[i] = (i == 0 ? 0 : hazard[i - 1]) + share;
        }

        if (table.Monotone)
        {
            Monotone.Falling(survival);
            Monotone.Rising(hazard);
            foreach (ref var s in survival.AsSpan()) s = Math.Clamp(s, 0, 1);
            foreach (ref var h in hazard.AsSpan()) h = Math.Max(0, h);
        }

        var z = Tails.NormalQuantile(confidence);
        var points = new SurvivalPoint[bins];
        var before = new SurvivalPoint(0, 1, 0, 1, 1, 0, 0);
        var (greenwood, aalen) = (0.0, 0.0);
        for (var i = 0; i < bins; i++)
        {
            var (s, h) = (survival[i], hazard[i]);
            aalen += Math.Max(0, h - before.Hazard) / risk[i];
            if (s > 0) greenwood += (before.Survival - s) / s / risk[i];
            var error = s > 0 && s < 1 ? s * Math.Sqrt(Math.Max(0, greenwood)) : 0;
            var (low, high) = s <= 0 ? (0, before.High) : s >= 1 ? (1, 1) : LogLog(s, z * error);
            points[i] = before = new SurvivalPoint(risk[i], s, error, low, high, h, Math.Sqrt(aalen));
        }

        return points;
    }

    /// <summary>The first bin at whose end no more than a share 1 − p still survive; the median is that of p = 0.5.</summary>
    public static Answer<int> Quantile(SurvivalPoint[] curve, double p = 0.5)
    {
        var bin = Array.FindIndex(curve, s => s.Survival <= 1 - p + Rounding);
        return bin >= 0 ? bin : Answer.Not("the curve does not come down to there");
    }

    /// <summary>
    /// The mean of the time until the event or the horizon: the area under the curve, with its standard error (Klein and Moeschberger,
    /// Survival Analysis, 4.5).
    /// </summary>
    /// <param name="curve">One point a bin.</param>
    /// <param name="times">When each bin's events count, ascending from above 0: its end, or the day itself.</param>
    /// <param name="horizon">Up to when; the curve must reach it, or have come to 0.</param>
    public static Answer<(double Value, double StandardError)> RestrictedMean(SurvivalPoint[] curve, ReadOnlySpan<double> times, double horizon)
    {
        var bins = 0;
        while (bins < curve.Length && times[bins] < horizon) bins++;
        // Bins after the curve's last have nobody at risk.
        if (bins == curve.Length && bins < times.Length && times[bins] < horizon && curve[^1].Survival > 0) return Answer.Not("nobody is at risk until the horizon");
        var (area, variance) = (0.0, 0.0);
        var end = horizon;
        for (var i = bins - 1; i >= 0; i--)
        {
            var point = curve[i];
            area += point.Survival * (end - times[i]);
            end = times[i];
            // d/(n(n − d)) = (S before − S)/(n·S).
            var drop = (i == 0 ? 1 : curve[i - 1].Survival) - point.Survival;
            if (point.Survival > 0) variance += area * area * (drop / point.Survival / point.AtRisk);
        }

        area += end;
        return Answer.Finite((area, Math.Sqrt(Math.Max(0, variance))), area, variance);
    }

    private static (double Low, double High) LogLog(double survival, double half)
    {
        var width = half / (survival * -Math.Log(survival));
        return (Math.Pow(survival, Math.Exp(width)), Math.Pow(survival, Math.Exp(-width)));
    }
}
