namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>Two groups compared, the first less the second. Groups without any spread have no test.</summary>
internal static class TwoSamples
{
    private const string NoSpread = "the rows of both groups are all equal";

    /// <summary>The standardised difference, in the mean of the groups' variances (Austin, Statistics in Medicine 28, 2009).</summary>
    public static Answer<double> StandardisedDifference(Sample a, Sample b)
    {
        var spread = (a.Variance + b.Variance) / 2;
        return spread > 0 ? Answer.Number((a.Mean - b.Mean) / Math.Sqrt(spread)) : Answer.Not(NoSpread);
    }

    /// <summary>Student's t test with pooled variance, two-sided.</summary>
    public static Answer<Test> Student(Sample a, Sample b)
    {
        var df = a.Count + b.Count - 2;
        if (!(df >= 1)) return Answer.Not(Moments.TooFewRows);
        var pooled = (((a.Count - 1) * a.Variance) + ((b.Count - 1) * b.Variance)) / df;
        return TTest(a.Mean - b.Mean, pooled * ((1 / a.Count) + (1 / b.Count)), df);
    }

    /// <summary>Welch's t test with the degrees of freedom of Welch and Satterthwaite, two-sided (Biometrika 34, 1947).</summary>
    public static Answer<Test> Welch(Sample a, Sample b)
    {
        if (!(a.Count >= 2 && b.Count >= 2)) return Answer.Not(Moments.TooFewRows);
        var (va, vb) = (a.Variance / a.Count, b.Variance / b.Count);
        var sum = va + vb;
        if (!(sum > 0)) return Answer.Not(NoSpread);
        var (sa, sb) = (va / sum, vb / sum);
        return TTest(a.Mean - b.Mean, sum, 1 / ((sa * sa / (a.Count - 1)) + (sb * sb / (b.Count - 1))));
    }

    private static Answer<Test> TTest(double difference, double variance, double df)
    {
        if (!(variance > 0)) return Answer.Not(NoSpread);
        var t = difference / Math.Sqrt(variance);
        return Answer.Finite(t, t, df).Then(s => (Answer<Test>)new Test(s, df, Tails.Student(s, df)));
    }
}
