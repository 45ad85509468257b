namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>A threshold: who scores in its bin or above is called positive.</summary>
internal readonly record struct RocPoint(double Sensitivity, double FalsePositiveRate);

/// <summary>How well a score tells events from the others.</summary>
/// <param name="Auc">P(an event's score is higher) + P(equal)/2.</param>
/// <param name="StandardError">Hanley and McNeil, Radiology 143 (1982).</param>
/// <param name="Events">Rows with the event.</param>
/// <param name="Others">Rows without.</param>
/// <param name="Points">One a bin, from the lowest, and (0, 0) at the end.</param>
internal sealed record RocCurve(double Auc, double StandardError, double Events, double Others, RocPoint[] Points)
{
    /// <summary>From rows with and without the event in each bin of the score, lowest first. The area comes from the counts as they are, the points from the nearest that rise, or also as they are.</summary>
    public static Answer<RocCurve> Of(ReadOnlySpan<double> events, ReadOnlySpan<double> others, bool monotone = true)
    {
        var (positives, negatives) = (AtLeast(events), AtLeast(others));
        var (m, n) = (positives[0], negatives[0]);
        if (!(m >= 1 && n >= 1)) return Answer.Not("there are no rows with the event, or none without");
        var area = 0.0;
        for (var i = 0; i < events.Length; i++) area += others[i] / n * ((positives[i] + positives[i + 1]) / 2 / m);
        area = Math.Clamp(area, 0, 1);
        var error = ErrorOf(area, m, n);
        if (monotone)
        {
            Monotone.Falling(positives);
            Monotone.Falling(negatives);
        }

        double Share(double of, double all) => monotone ? Math.Clamp(of / all, 0, 1) : of / all;
        var points = new RocPoint[positives.Length];
        for (var i = 0; i < points.Length; i++) points[i] = new RocPoint(Share(positives[i], m), Share(negatives[i], n));
        return Answer.Finite(new RocCurve(area, error, m, n, points), area, error, m, n);
    }

    /// <summary>The standard error of an area from so many events and others: greatest at an area of a half, and less the more there are.</summary>
    public static double ErrorOf(double area, double m, double n)
    {
        var (q1, q2) = (area / (2 - area), 2 * area * area / (1 + area));
        var (a2, pairs) = (area * area, m * n);
        var variance = (area * (1 - area) / pairs) + ((m - 1) / pairs * (q1 - a2)) + ((n - 1) / pairs * (q2 - a2));
        return Math.Sqrt(Math.Max(0, variance));
    }

    private static double[] AtLeast(ReadOnlySpan<double> counts)
    {
        var sums = new double[counts.Length + 1];
        for (var i = counts.Length - 1; i >= 0; i--) sums[i] = sums[i + 1] + counts[i];
        return sums;
    }
}
