using MathNet.Numerics.LinearAlgebra;

namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>
/// The log-rank test of equal survival in k groups (Mantel 1966; Peto and Peto, JRSS A 135, 1972), with the hypergeometric variance.
/// </summary>
/// <param name="Observed">Events a group.</param>
/// <param name="Expected">Events a group if all had the same hazard.</param>
/// <param name="Test">Chi-square with one degree of freedom less than groups that have rows.</param>
/// <param name="Residuals">A vector whose length is the root of chi-square; empty where there is no test.</param>
internal sealed record LogRank(double[] Observed, double[] Expected, Answer<Test> Test, double[] Residuals)
{
    /// <summary>
    /// From the groups' tables, of equally many bins. Events enter as they are, also where noise has put them below 0: they are only added
    /// up. Those at risk are repaired as in <see cref="EventTable.AtRisk"/>; bins in which fewer than two are at risk add no variance.
    /// </summary>
    public static Answer<LogRank> Of(IReadOnlyList<EventTable> groups)
    {
        if (groups.Count < 2) return Answer.Not("there are fewer than two groups");
        var risk = groups.Select(g => g.AtRisk()).ToArray();
        var bins = groups.Min(g => g.Events.Length);
        var (observed, expected) = (new double[groups.Count], new double[groups.Count]);
        var variance = Matrix<double>.Build.Dense(groups.Count, groups.Count);
        for (var bin = 0; bin < bins; bin++)
        {
            var (all, events) = (0.0, 0.0);
            for (var g = 0; g < groups.Count; g++) (all, events) = (all + risk[g][bin], events + groups[g].Events[bin]);
            if (!(all >= 1)) break;
            var spread = all > 1 ? events * (all - events) / (all - 1) : 0;
            for (var g = 0; g < groups.Count; g++)
            {
                var share = risk[g][bin] / all;
                observed[g] += groups[g].Events[bin];
                expected[g] += events * share;
                for (var h = 0; h < groups.Count; h++) variance[g, h] += spread * share * ((g == h ? 1 : 0) - (risk[h][bin] / all));
            }
        }

        if (!Symmetric.IsFinite(variance) || !observed.All(double.IsFinite) || !expected.All(double.IsFinite)) return Answer.Not(Answer.TooLarge);
        var test = ChiSquare(observed, expected, variance, [.. Enumerable.Range(0, groups.Count).Where(g => bins > 0 && risk[g][0] >= 1)]);
        return test.TryGet(out var of)
            ? new LogRank(observed, expected, of.Test, of.Residuals)
            : new LogRank(observed, expected, Answer.Not(test.Reason!), []);
    }

    private static Answer<(Test Test, double[] Residuals)> ChiSquare(double[] observed, double[] expected, Matrix<double> variance, int[] groups)
    {
        if (groups.Length < 2) return Answer.Not("fewer than two groups have rows");
        // The differences add up to 0, so one group's says nothing new.
        var kept = groups[1..];
        var difference = Vector<double>.Build.Dense(kept.Length, i => observed[kept[i]] - expected[kept[i]]);
        var among = Matrix<double>.Build.Dense(kept.Length, kept.Length, (i, j) => variance[kept[i], kept[j]]);
        if (Symmetric.Factor(among) is not { } factor) return Answer.Not("there are no events by which the groups could be told apart");
        return Answer.Number(Math.Max(0, difference * factor.Solve(difference)))
            .Then(s => (Answer<(Test, double[])>)(new Test(s, kept.Length, Tails.ChiSquare(s, kept.Length)), [.. factor.Whiten(difference)]));
    }
}
