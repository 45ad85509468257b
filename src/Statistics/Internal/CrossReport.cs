using MathNet.Numerics.LinearAlgebra;
using SecureAggregation.Statistics.Internal.Blocks;
using SecureAggregation.Statistics.Internal.Estimators;

namespace SecureAggregation.Statistics.Internal;

/// <summary>What cross products tell: covariances, correlations, principal components, a linear regression.</summary>
internal static class CrossReport
{
    public static void Write(Measure measure, CrossBlock block, Scope scope, ICollection<ReleasedStatistic> into)
    {
        var all = new Numbers(measure, scope);
        into.Add(scope.Counted(all.Bare("", "n"), 0));
        var (bare, values) = measure.Kind switch
        {
            MeasureKind.Covariance => Matrix(all, block, (i, j) => Product(block, i, j), (of, i, j) => of.Matrix[i, j]),
            MeasureKind.Correlation => Matrix(all, block, (_, _) => "", (of, i, j) => of.Correlation(i, j).TryGet(out var r) ? r : double.NaN),
            MeasureKind.Pca => Components(all, block, scope),
            _ => Regression(all, block, scope.Options.Confidence),
        };
        if (scope.TooFew(scope[0]))
        {
            foreach (var statistic in bare) into.Add(scope.Withhold(statistic));
            return;
        }

        double[] Values(double[][] cells) => Covariances(block, cells[0]).TryGet(out var of) ? values(of) : Drawn.None(bare.Count);
        var answer = Covariances(block, [.. Enumerable.Range(0, block.Cells.Count).Select(i => scope[i])]);
        var why = answer.Reason;
        if (measure.Kind == MeasureKind.Linear && answer.TryGet(out var covariances)) why = LinearModel.Fit(covariances, 0).Reason;
        Drawn.Write([scope], bare, Values, into, why);
    }

    private static Answer<CovarianceMatrix> Covariances(CrossBlock block, ReadOnlySpan<double> cells)
    {
        var (n, sums, products) = block.Totals(cells);
        return CrossProducts.Covariance(
            n, sums, Matrix<double>.Build.DenseOfArray(products), [.. block.Terms.Select(t => t.Middle)], [.. block.Terms.Select(t => t.Unit * t.MaxAbs)]);
    }

    private static (List<ReleasedStatistic>, Func<CovarianceMatrix, double[]>) Matrix(
        Numbers all, CrossBlock block, Func<int, int, string> unit, Func<CovarianceMatrix, int, int, double> value)
    {
        var pairs = (from i in Enumerable.Range(0, block.Terms.Count) from j in Enumerable.Range(i, block.Terms.Count - i) select (i, j)).ToArray();
        return (
            [.. pairs.Select(p => all.Bare($"[{block.Terms[p.i].Name},{block.Terms[p.j].Name}]", "", unit(p.i, p.j)))],
            of => [.. pairs.Select(p => value(of, p.i, p.j))]);
    }

    /// <summary>Of the correlations, so that no unit matters.</summary>
    private static (List<ReleasedStatistic>, Func<CovarianceMatrix, double[]>) Components(Numbers all, CrossBlock block, Scope scope)
    {
        var count = block.Terms.Count;
        var places = Enumerable.Range(0, count).ToArray();
        var bare = new List<ReleasedStatistic>();
        foreach (var c in places)
        {
            bare.Add(all.Bare($"[PC{c + 1}]", ""));
            bare.Add(all.Bare($"[PC{c + 1}]", "share"));
            bare.AddRange(places.Select(i => all.Bare($"[PC{c + 1},{block.Terms[i].Name}]", "loading")));
        }

        // The sign of a component is free: each draw is turned to the side of the released one.
        var released = Of(Covariances(block, [.. Enumerable.Range(0, block.Cells.Count).Select(i => scope[i])]));
        return (bare, of => Of(of).TryGet(out var found)
            ? [.. places.SelectMany(c => (double[])[found.Variances[c], found.Explained[c], .. Turned(found.Loadings[c], c)])]
            : Drawn.None(bare.Count));

        static Answer<PrincipalComponents> Of(Answer<CovarianceMatrix> of) => of.Then(m => m.Correlations().Then(PrincipalComponents.Of));

        IEnumerable<double> Turned(double[] loadings, int c) =>
            released.TryGet(out var first) && first.Loadings[c].Zip(loadings, (a, b) => a * b).Sum() < 0 ? loadings.Select(l => -l) : loadings;
    }

    private static (List<ReleasedStatistic>, Func<CovarianceMatrix, double[]>) Regression(Numbers all, CrossBlock block, double confidence)
    {
        var outcome = block.Unit(0);
        var bare = new List<ReleasedStatistic>();
        for (var i = 0; i < block.Terms.Count; i++)
        {
            var unit = i == 0 ? outcome : Per(outcome, block.Unit(i));
            var term = $"[{(i == 0 ? "(intercept)" : block.Terms[i].Name)}]";
            bare.AddRange([all.Bare(term, "", unit), all.Bare(term, "se", unit), all.Bare(term, "t"), all.Bare(term, "p"), all.Bare(term, "ci_low", unit), all.Bare(term, "ci_high", unit)]);
        }

        bare.AddRange([all.Bare("", "r2"), all.Bare("", "adjusted_r2"), all.Bare("", "sigma", outcome), all.Bare("", "f"), all.Bare("", "p")]);
        return (bare, of => LinearModel.Fit(of, 0, confidence).TryGet(out var fit)
            ? [.. fit.Coefficients.SelectMany(All), fit.RSquared, fit.AdjustedRSquared, fit.Sigma, .. fit.F.TryGet(out var f) ? (double[])[f.Statistic, f.P] : [double.NaN, double.NaN]]
            : Drawn.None(bare.Count));

        static double[] All(Coefficient c) => c.Error.TryGet(out var e)
            ? [c.Value, e.StandardError, e.Statistic, e.P, e.Low, e.High]
            : [c.Value, .. Drawn.None(5)];
    }

    private static string Product(CrossBlock block, int i, int j)
    {
        var (a, b) = (block.Unit(i), block.Unit(j));
        return i == j && a.Length > 0 ? $"({a})²" : a.Length > 0 && b.Length > 0 ? $"{a}·{b}" : a + b;
    }

    private static string Per(string outcome, string unit) => unit.Length == 0 ? outcome : $"{(outcome.Length == 0 ? "1" : outcome)} per {unit}";

    /// <summary>Statistics of one measure, without their values.</summary>
    private sealed class Numbers(Measure measure, Scope scope)
    {
        public ReleasedStatistic Bare(string bin, string quantity, string unit = "") => scope.Bare(measure.Name, measure.Kind, measure.Columns[0], bin, quantity, unit);
    }
}
