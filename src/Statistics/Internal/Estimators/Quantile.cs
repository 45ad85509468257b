namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>
/// Quantiles from counts of ordered bins. Noise may make counts negative: the cumulative counts are then the nearest that never fall.
/// </summary>
internal static class Quantile
{
    // p·n is not exact: 0.07·100 comes out above 7.
    private const double Rounding = 1e-12;

    /// <summary>
    /// The first bin with at least a share p of the rows up to its end: with a bin a value it is the inverse of the empirical distribution
    /// function (Hyndman and Fan, The American Statistician 50, 1996, type 1).
    /// </summary>
    public static Answer<int> Bin(ReadOnlySpan<double> counts, double p, bool monotone = true) => Find(Cumulative(counts, monotone), p);

    /// <summary>The same where rows are taken as evenly spread in their bin.</summary>
    /// <param name="edges">Ascending, one more than counts.</param>
    /// <param name="counts">Rows a bin.</param>
    /// <param name="p">Between 0 and 1.</param>
    /// <param name="monotone">Whether cumulative counts that fall are repaired; else the first bin that reaches the share counts.</param>
    public static Answer<double> OfBins(ReadOnlySpan<double> edges, ReadOnlySpan<double> counts, double p, bool monotone = true)
    {
        var cumulative = Cumulative(counts, monotone);
        var found = Find(cumulative, p);
        if (!found.TryGet(out var bin)) return Answer.Not(found.Reason!);
        var before = bin == 0 ? 0 : cumulative[bin - 1];
        var inside = cumulative[bin] - before;
        var share = inside > 0 ? Math.Clamp(((p * cumulative[^1]) - before) / inside, 0, 1) : 0;
        return Answer.Number(edges[bin] + (share * (edges[bin + 1] - edges[bin])));
    }

    private static Answer<int> Find(double[] cumulative, double p)
    {
        if (cumulative.Length == 0 || !(cumulative[^1] >= 1)) return Answer.Not(Moments.TooFewRows);
        if (!double.IsFinite(cumulative[^1])) return Answer.Not(Answer.TooLarge);
        var wanted = cumulative[^1] * (p - Rounding);
        var bin = 0;
        // The least quantile is where the first row is, not where the first bin is.
        while (bin < cumulative.Length - 1 && (cumulative[bin] < wanted || cumulative[bin] <= 0)) bin++;
        return bin;
    }

    private static double[] Cumulative(ReadOnlySpan<double> counts, bool monotone)
    {
        var sums = new double[counts.Length];
        for (var i = 0; i < counts.Length; i++) sums[i] = counts[i] + (i == 0 ? 0 : sums[i - 1]);
        if (!monotone) return sums;
        Monotone.Rising(sums);
        foreach (ref var sum in sums.AsSpan()) sum = Math.Max(0, sum);
        return sums;
    }
}
