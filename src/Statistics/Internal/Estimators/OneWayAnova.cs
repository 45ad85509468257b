namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>Fisher's analysis of variance with one factor, from the groups' counts, means and variances. Groups that have no summary are left out.</summary>
internal static class OneWayAnova
{
    public static Answer<FTest> Of(IReadOnlyList<Sample> groups)
    {
        var known = groups.Where(g => g.Count >= 1).ToArray();
        if (known.Length < 2) return Answer.Not("fewer than two groups have rows");
        var rows = known.Sum(g => g.Count);
        var df = rows - known.Length;
        if (!(df >= 1)) return Answer.Not(Moments.TooFewRows);
        var grand = known.Sum(g => g.Count / rows * g.Mean);
        var between = known.Sum(g => g.Count * (g.Mean - grand) * (g.Mean - grand)) / (known.Length - 1);
        var within = known.Sum(g => (g.Count - 1) * Math.Max(0, g.Variance)) / df;
        if (!(within > 0)) return Answer.Not("the rows of each group are all equal");
        var f = between / within;
        return Answer.Finite(f, f, df).Then(s => (Answer<FTest>)new FTest(s, known.Length - 1, df, Tails.Fisher(s, known.Length - 1, df)));
    }
}
