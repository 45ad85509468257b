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
            if (measure.Kind == MeasureKind.Correlation) foreach (var (_, p) in OfPairs(all, block, [])) into.Add(scope.Withhold(p));
            return;
        }

        double[] Values(double[][] cells) => Covariances(block, scope, cells[0]).TryGet(out var of) ? values(of) : Drawn.None(bare.Count);
        var answer = Covariances(block, scope, [.. Enumerable.Range(0, block.Cells.Count).Select(i => scope[i])]);
        var why = answer.Reason;
        if (measure.Kind == MeasureKind.Linear && answer.TryGet(out var covariances)) why = LinearModel.Fit(covariances, 0).Reason;
        var found = new List<ReleasedStatistic>();
        Drawn.Write([scope], bare, Values, found, why);
        if (measure.Kind == MeasureKind.Correlation) found.AddRange(Tests(all, block, scope, found));
        if (measure.Kind == MeasureKind.Linear) JudgeWhole(block, scope, found);
        if (measure.Kind == MeasureKind.Pca) JudgeVariances(block, scope, found);
        foreach (var statistic in found) into.Add(statistic);
    }

    /// <summary>
    /// p of no correlation, for each two columns. It falls with the distance of r from 0, so its interval is what the intervals of r and of the rows allow; drawn
    /// around the released r it would miss where there is no correlation.
    /// </summary>
    private static IEnumerable<ReleasedStatistic> Tests(Numbers all, CrossBlock block, Scope scope, IReadOnlyList<ReleasedStatistic> correlations)
    {
        var half = scope.HalfWidth(0, scope.Alpha);
        foreach (var (r, p) in OfPairs(all, block, correlations))
        {
            if (r is not { Value: { } value, Low: { } low, High: { } high })
            {
                yield return p with { Withheld = r!.Withheld };
                continue;
            }

            var (nearest, furthest) = (low <= 0 && high >= 0 ? 0 : Math.Min(Math.Abs(low), Math.Abs(high)), Math.Max(Math.Abs(low), Math.Abs(high)));
            double[] answers = [P(value, scope[0]), P(furthest, scope[0] + half), P(nearest, scope[0] - half)];
            yield return answers.All(double.IsFinite)
                ? p with { Value = answers[0], Low = answers[1], High = answers[2], Method = "box of the intervals of the correlation and the rows" }
                : Scope.Undetermined(p, Drawn.TooNoisy);
        }

        // A correlation of 1 leaves no chance.
        static double P(double r, double rows) => Math.Abs(r) >= 1 ? 0 : CovarianceMatrix.CorrelationTest(r, rows).TryGet(out var test) ? test.P : double.NaN;
    }

    /// <summary>Each two different columns: their correlation, if it is there yet, and its p without value.</summary>
    private static IEnumerable<(ReleasedStatistic? R, ReleasedStatistic P)> OfPairs(Numbers all, CrossBlock block, IReadOnlyList<ReleasedStatistic> correlations)
    {
        for (var (i, at) = (0, 0); i < block.Terms.Count; i++)
        {
            for (var j = i; j < block.Terms.Count; j++, at++)
            {
                if (i != j) yield return (correlations.ElementAtOrDefault(at), all.Bare($"[{block.Terms[i].Name},{block.Terms[j].Name}]", "p"));
            }
        }
    }

    /// <summary>
    /// R², F and their test follow from the length of the vector of effects, and noise makes lengths longer: drawn around the released one, they would lie
    /// above the true one where there is little effect. So they are judged by how far the noise moves that vector.
    /// </summary>
    private static void JudgeWhole(CrossBlock block, Scope scope, List<ReleasedStatistic> found)
    {
        var (predictors, rows) = (block.Terms.Count - 1, scope[0] - 1);
        var df = rows - predictors;
        var length = new Simulation([scope], scope.Alpha).Length(cells => Covariances(block, scope, cells[0]).TryGet(out var of) ? LinearModel.Effects(of, 0) : [double.NaN]);
        Within(found, found.Count - 5, length, r2 => r2);
        Within(found, found.Count - 4, length, r2 => 1 - ((1 - r2) * rows / df));
        Within(found, found.Count - 2, length, F);
        Within(found, found.Count - 1, length, r2 => F(r2) is var f && double.IsFinite(f) ? Tails.Fisher(f, predictors, df) : 0);

        double F(double r2) => r2 / predictors / ((1 - r2) / df);
    }

    /// <summary>A statistic that rises or falls with R², from the length of the effects.</summary>
    private static void Within(List<ReleasedStatistic> found, int at, Estimate? length, Func<double, double> ofSquare)
    {
        if (found[at].Value is not { } value) return;
        var (one, other) = length is { } r ? (ofSquare(r.Low * r.Low), ofSquare(Math.Min(1, r.High * r.High))) : (double.NaN, double.NaN);
        found[at] = double.IsFinite(one) && double.IsFinite(other)
            ? found[at] with { Low = Math.Min(value, Math.Min(one, other)), High = Math.Max(value, Math.Max(one, other)) }
            : Scope.Undetermined(found[at] with { Value = null, Low = null, High = null, Method = "" }, Drawn.TooNoisy);
    }

    /// <summary>
    /// Eigenvalues are pushed apart by noise. None is further from the true one than the greatest absolute eigenvalue of what the noise adds to the matrix (Weyl).
    /// </summary>
    private static void JudgeVariances(CrossBlock block, Scope scope, List<ReleasedStatistic> found)
    {
        var count = block.Terms.Count;
        var reach = new Simulation([scope], scope.Alpha).Reach(
            cells => Covariances(block, scope, cells[0]).Then(of => of.Correlations()).TryGet(out var matrix) ? matrix.ToColumnMajorArray() : [double.NaN],
            (a, b) => Symmetric.Eigen(Matrix<double>.Build.Dense(count, count, (i, j) => a[(j * count) + i] - b[(j * count) + i])).Values.Max(Math.Abs));
        for (var at = 0; at < found.Count; at++)
        {
            if (found[at].Value is not { } value || found[at].Quantity == "loading") continue;
            var (whole, most) = found[at].Quantity == "share" ? (1.0, reach / count) : (count, reach);
            found[at] = most is { } within
                ? found[at] with { Low = scope.Options.Has(Repairs.Definite) ? Math.Max(0, value - within) : value - within, High = Math.Min(whole, value + within) }
                : Scope.Undetermined(found[at] with { Value = null, Low = null, High = null, Method = "" }, Drawn.TooNoisy);
        }
    }

    private static Answer<CovarianceMatrix> Covariances(CrossBlock block, Scope scope, ReadOnlySpan<double> cells)
    {
        var (n, sums, products) = block.Totals(cells);
        return CrossProducts.Covariance(
            n, sums, Matrix<double>.Build.DenseOfArray(products), [.. block.Terms.Select(t => t.Middle)], [.. block.Terms.Select(t => t.Unit * t.MaxAbs)],
            scope.Options.Has(Repairs.Definite));
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
        var released = Of(Covariances(block, scope, [.. Enumerable.Range(0, block.Cells.Count).Select(i => scope[i])]));
        return (bare, of => Of(of).TryGet(out var found)
            ? [.. places.SelectMany(c => (double[])[found.Variances[c], found.Explained[c], .. Turned(found.Loadings[c], c)])]
            : Drawn.None(bare.Count));

        static Answer<PrincipalComponents> Of(Answer<CovarianceMatrix> of) => of.Then(m => m.Correlations().Then(c => PrincipalComponents.Of(c, m.Definite)));

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
