using FsCheck;
using FsCheck.Fluent;
using MathNet.Numerics.LinearAlgebra;
using SecureAggregation.Statistics.Internal.Estimators;
using Property = SecureAggregation.Testing.Property;

namespace SecureAggregation.Statistics.Tests.Estimators;

/// <summary>What must not matter: units, the order of groups and labels, which side of a table is which, where bins that hold nobody lie.</summary>
public sealed class InvarianceTests
{
    private static readonly Gen<double[]> s_counts = Gen.Choose(1, 200).Select(i => (double)i).ArrayOf(24);

    /// <summary>Rows of four columns that go together somewhat.</summary>
    private static readonly Gen<double[]> s_rows = Gen.Choose(-100, 100).Select(i => (double)i).ArrayOf(160);

    [Fact]
    public void A_table_may_be_turned_and_its_labels_shuffled() => Property.Holds(s_counts, v =>
    {
        var table = Matrix<double>.Build.Dense(4, 6, v);
        var turned = table.Transpose();
        var shuffled = Matrix<double>.Build.Dense(4, 6, (i, j) => table[3 - i, (j + 2) % 6]);
        var chi2 = CrossTable.ChiSquare(table.ToArray()).Value();
        double[,] two = { { v[0], v[1] }, { v[2], v[3] } };
        double[,] otherwise = { { v[2], v[3] }, { v[0], v[1] } };
        var (odds, inverse) = (CrossTable.OddsRatio(two).Value(), CrossTable.OddsRatio(otherwise).Value());
        return Close(chi2.Statistic, CrossTable.ChiSquare(turned.ToArray()).Value().Statistic)
            && Close(chi2.Statistic, CrossTable.ChiSquare(shuffled.ToArray()).Value().Statistic)
            && Close(3 * chi2.Statistic, CrossTable.ChiSquare((3 * table).ToArray()).Value().Statistic)
            && Close(odds.Value, 1 / inverse.Value) && Close(odds.Low, 1 / inverse.High)
            && Close(
                CrossTable.StandardisedDifference(v.AsSpan(0, 4), v.AsSpan(4, 4)).Value(),
                CrossTable.StandardisedDifference([v[3], v[0], v[2], v[1]], [v[7], v[4], v[6], v[5]]).Value());
    }, 200);

    [Fact]
    public void Anova_of_two_groups_is_the_square_of_Students_t() => Property.Holds(s_counts, v =>
    {
        var (a, b) = (new Sample(v[0] + 1, v[1], v[2]), new Sample(v[3] + 1, v[4], v[5]));
        var (t, f) = (TwoSamples.Student(a, b).Value(), OneWayAnova.Of([b, a]).Value());
        return Math.Abs((t.Statistic * t.Statistic) - f.Statistic) <= 1e-9 * (1 + f.Statistic) && Math.Abs(t.P - f.P) <= 1e-9;
    }, 200);

    [Fact]
    public void Units_and_middles_of_columns_do_not_matter() => Property.Holds(s_rows, v =>
    {
        var z = Matrix<double>.Build.Dense(40, 4, (i, j) => v[(4 * i) + j] + (j == 3 ? v[4 * i] : 0));
        double[] middle = [55, -3, 0.5, 1000];
        double[] unit = [0.5, 20, 1, 7];
        var x = Matrix<double>.Build.Dense(40, 4, (i, j) => middle[j] + (unit[j] * z[i, j]));
        var ofX = CrossProducts.Covariance(40, [.. x.ColumnSums()], x.TransposeThisAndMultiply(x)).Value();
        var ofZ = CrossProducts.Covariance(40, [.. z.ColumnSums()], z.TransposeThisAndMultiply(z), middle, unit).Value();
        var plain = CrossProducts.Covariance(40, [.. z.ColumnSums()], z.TransposeThisAndMultiply(z)).Value();
        var (a, b, c) = (LinearModel.Fit(ofX, 3), LinearModel.Fit(ofZ, 3), LinearModel.Fit(plain, 3));
        if (!a.TryGet(out var first) || !b.TryGet(out var second) || !c.TryGet(out var third)) return a.Reason == b.Reason;
        return Enumerable.Range(1, 3).All(i =>
            Close(first.Coefficients[i].Value, second.Coefficients[i].Value, 1e-7)
            && Close(first.Coefficients[i].Error.Value().Statistic, third.Coefficients[i].Error.Value().Statistic, 1e-6))
            && Close(first.RSquared, third.RSquared, 1e-7) && Close(first.Coefficients[0].Value, second.Coefficients[0].Value, 1e-6);
    }, 200);

    [Fact]
    public void Components_of_a_matrix_give_the_matrix_back() => Property.Holds(s_rows, v =>
    {
        var z = Matrix<double>.Build.Dense(40, 4, v);
        var matrix = CrossProducts.Covariance(40, [.. z.ColumnSums()], z.TransposeThisAndMultiply(z)).Value().Matrix;
        var components = PrincipalComponents.Of(matrix).Value();
        var loadings = Matrix<double>.Build.DenseOfRowArrays(components.Loadings);
        var back = loadings.TransposeThisAndMultiply(Matrix<double>.Build.DenseOfDiagonalArray(components.Variances)) * loadings;
        return (back - matrix).FrobeniusNorm() <= 1e-9 * matrix.FrobeniusNorm() && Close(1, components.Explained.Sum());
    }, 200);

    [Fact]
    public void A_fit_predicts_the_same_in_any_unit() => Property.Holds(s_counts, v =>
    {
        double[] b = [.. v[..3].Select(c => (c - 100) / 100)];
        var fit = new GeneralisedFit(100, b, Matrix<double>.Build.DenseIdentity(3) + 0.1, 1, 5, null);
        var inUnits = fit.InUnits([55, v[3]], [35, v[4]]);
        double[] z = [(v[5] - 55) / 35, (v[6] - v[3]) / v[4]];
        // The same person's prediction, and its variance.
        var (at, atUnits) = (Vector<double>.Build.Dense([1, z[0], z[1]]), Vector<double>.Build.Dense([1, v[5], v[6]]));
        var (one, other) = (at * Vector<double>.Build.Dense(fit.Coefficients), atUnits * Vector<double>.Build.Dense(inUnits.Coefficients));
        return Math.Abs(one - other) <= 1e-9 * (1 + Math.Abs(one)) && Close(at * fit.Covariance * at, atUnits * inUnits.Covariance * atUnits, 1e-6);
    }, 200);

    [Fact]
    public void Groups_may_change_places_in_a_log_rank() => Property.Holds(s_counts, v =>
    {
        EventTable[] tables = [.. Enumerable.Range(0, 3).Select(g => new EventTable(v[(g * 8)..((g * 8) + 4)], v[((g * 8) + 4)..((g * 8) + 8)], g))];
        var (one, other) = (LogRank.Of(tables).Value(), LogRank.Of([tables[2], tables[0], tables[1]]).Value());
        return Math.Abs(one.Test.Value().Statistic - other.Test.Value().Statistic) <= 1e-9 * (1 + other.Test.Value().Statistic)
            && Close(one.Observed.Sum(), one.Expected.Sum()) && Close(one.Expected[0], other.Expected[1]);
    }, 200);

    [Fact]
    public void Bins_that_hold_nobody_change_no_curve() => Property.Holds(s_counts, v =>
    {
        var (events, censored) = (v[..6], v[6..12]);
        var curve = Survival.Curve(new EventTable(events, censored, v[12])).Value();
        var wide = Survival.Curve(new EventTable([.. events.SelectMany(e => new[] { 0, e })], [.. censored.SelectMany(c => new[] { 0, c })], v[12])).Value();
        return Enumerable.Range(0, 6).All(i => curve[i] == wide[(2 * i) + 1] && (i == 0 || curve[i - 1].Survival == wide[2 * i].Survival));
    }, 200);

    [Fact]
    public void Turning_a_score_round_turns_its_area_round() => Property.Holds(s_counts, v =>
    {
        var area = RocCurve.Of(v.AsSpan(0, 12), v.AsSpan(12, 12)).Value().Auc;
        double[] events = [.. v[..12].Reverse()];
        double[] others = [.. v[12..].Reverse()];
        return Close(1 - area, RocCurve.Of(events, others).Value().Auc) && Close(1 - area, RocCurve.Of(v.AsSpan(12, 12), v.AsSpan(0, 12)).Value().Auc);
    }, 200);

    [Fact]
    public void Quantiles_of_distributions_are_where_their_tails_say() => Property.Holds(s_counts, v =>
    {
        var (df, confidence) = (1 + (v[0] * v[1] / 100), 1 - (v[2] / 1000 / v[3]));
        return Close(1 - confidence, Tails.Student(Tails.StudentQuantile(confidence, df), df))
            && Close(1 - confidence, Tails.Normal(Tails.NormalQuantile(confidence)));
    }, 500);

    private static bool Close(double a, double b, double tolerance = 1e-9) => Math.Abs(a - b) <= tolerance * Math.Max(Math.Abs(a), Math.Abs(b));
}
