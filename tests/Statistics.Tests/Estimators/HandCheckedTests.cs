using MathNet.Numerics.LinearAlgebra;
using SecureAggregation.Statistics.Internal.Estimators;
using SecureAggregation.Statistics.Tests.Reference;

namespace SecureAggregation.Statistics.Tests.Estimators;

/// <summary>Cases small enough for paper, and what is said where there is no answer.</summary>
public sealed class HandCheckedTests
{
    private static readonly double[,] s_table = { { 10, 20 }, { 20, 10 } };

    [Fact]
    public void Moments_of_1_2_3_4()
    {
        Assert.Equal(2.5, Moments.Mean(4, 10).Value());
        Assert.Equal(5 / 3.0, Moments.Variance(4, 10, 30).Value(), 15);
        Assert.Equal(new Sample(4, 105, 20 / 3.0), Moments.Summary(4, 10, 30, 100, 2).Value());
        Assert.Equal("there are too few rows", Moments.Mean(0.9, 10).Reason);
        Assert.Equal("there are too few rows", Moments.Variance(1, 10, 30).Reason);
        Assert.Equal(0, Moments.Variance(4, 10, 20).Value());
    }

    [Fact]
    public void Rows_that_are_all_equal_have_no_variance_and_no_test()
    {
        var same = Moments.Summary(3, 3 * 0.1, 3 * 0.1 * 0.1).Value();
        Assert.Equal(0, same.Variance);
        Assert.Equal("the rows of both groups are all equal", TwoSamples.Welch(same, same).Reason);
        Assert.Equal("the rows of both groups are all equal", TwoSamples.Student(same, same).Reason);
        Assert.Equal("the rows of both groups are all equal", TwoSamples.StandardisedDifference(same, same).Reason);
        Assert.Equal("the rows of each group are all equal", OneWayAnova.Of([same, same]).Reason);
    }

    [Fact]
    public void Two_groups_of_three()
    {
        var (a, b) = (new Sample(3, 2, 1), new Sample(3, 4, 4));
        Assert.Equal(-2 / Math.Sqrt(2.5), TwoSamples.StandardisedDifference(a, b).Value(), 14);
        var student = TwoSamples.Student(a, b).Value();
        Assert.Equal(-1.5491933384829668, student.Statistic, 14);
        Assert.Equal(4, student.DegreesOfFreedom);
        Assert.Equal(0.19626117814926947, student.P, 13);
        Assert.Equal(50 / 17.0, TwoSamples.Welch(a, b).Value().DegreesOfFreedom, 13);
        var f = OneWayAnova.Of([a, b]).Value();
        Assert.Equal(2.4, f.Statistic, 14);
        Assert.Equal(student.P, f.P, 12);
    }

    [Fact]
    public void A_two_by_two_table()
    {
        Assert.Equal(20 / 3.0, CrossTable.ChiSquare(s_table).Value().Statistic, 14);
        Assert.Equal(5.4, CrossTable.Yates(s_table).Value().Statistic, 14);
        var odds = CrossTable.OddsRatio(s_table).Value();
        Assert.Equal(0.25, odds.Value, 14);
        Assert.Equal(0.25 * Math.Exp(1.959963984540054 * Math.Sqrt(0.3)), odds.High, 13);
        Assert.Equal(0.5, CrossTable.RelativeRisk(s_table).Value().Value, 14);
        Assert.Equal(-1 / 3.0, CrossTable.RiskDifference(s_table).Value().Value, 14);
        Assert.Equal(-1 / 3.0 / Math.Sqrt(2 / 9.0), -CrossTable.StandardisedDifference([10, 20], [20, 10]).Value(), 14);
    }

    [Fact]
    public void Tables_say_what_is_missing()
    {
        Assert.Equal("a cell of the table is empty", CrossTable.OddsRatio(new double[,] { { 10, -3 }, { 20, 10 } }).Reason);
        Assert.Equal("a cell of the table is empty", CrossTable.RelativeRisk(new double[,] { { 0, 3 }, { 20, 10 } }).Reason);
        Assert.Equal("a row of the table is empty", CrossTable.RiskDifference(new double[,] { { 0, -3 }, { 20, 10 } }).Reason);
        Assert.Equal("all rows have the same label", CrossTable.ChiSquare(new double[,] { { 10, 0 }, { 20, 0 } }).Reason);
        Assert.Equal("the groups have too few labels in common", CrossTable.StandardisedDifference([5, 0], [0, 5]).Reason);
        // A label that nobody has costs no degree of freedom.
        Assert.Equal(1, CrossTable.ChiSquare(new double[,] { { 10, 0, 20 }, { 20, 0, 10 } }).Value().DegreesOfFreedom);
    }

    [Fact]
    public void A_curve_of_five_persons()
    {
        // An event, one lost, an event, one lost, one watched to the end.
        var curve = Survival.Curve(new EventTable([1, 0, 1, 0], [0, 1, 0, 1], 1)).Value();
        Assert.Equal([5, 4, 3, 2], curve.Select(p => p.AtRisk));
        Assert.Equal(0.8, curve[1].Survival, 15);
        Assert.Equal(0.8 * 2 / 3, curve[2].Survival, 15);
        Assert.Equal(0.8 * Math.Sqrt(1 / 20.0), curve[0].StandardError, 15);
        Assert.Equal(0.8 * 2 / 3 * Math.Sqrt((1 / 20.0) + (1 / 6.0)), curve[3].StandardError, 15);
        Assert.Equal((1 / 5.0) + (1 / 3.0), curve[3].Hazard, 15);
        Assert.Equal(Math.Sqrt((1 / 25.0) + (1 / 9.0)), curve[3].HazardError, 15);
        Assert.Equal("the curve does not come down to there", Survival.Quantile(curve).Reason);
        Assert.Equal(0, Survival.Quantile(curve, 0.2).Value());
        Assert.Equal(1 + 0.8 + 0.8 + (0.8 * 2 / 3), Survival.RestrictedMean(curve, [1, 2, 3, 4], 4).Value().Value, 14);
    }

    [Fact]
    public void A_curve_that_comes_to_0_has_no_error_there_and_a_mean_to_any_horizon()
    {
        var curve = Survival.Curve(new EventTable([1, 1, 0], [0, 0, 0], 0)).Value();
        Assert.Equal([0.5, 0], curve.Select(p => p.Survival));
        Assert.Equal(0, curve[1].StandardError);
        Assert.Equal((0, curve[0].High), (curve[1].Low, curve[1].High));
        Assert.Equal(1.5, Survival.RestrictedMean(curve, [1, 2, 3], 100).Value().Value, 15);
        var lost = Survival.Curve(new EventTable([1, 0, 0], [0, 1, 0], 0)).Value();
        Assert.Equal("nobody is at risk until the horizon", Survival.RestrictedMean(lost, [1, 2, 3], 100).Reason);
        Assert.Equal("nobody is at risk", Survival.Curve(new EventTable([0, 0], [0, 0], 0)).Reason);
    }

    [Fact]
    public void Equal_groups_have_a_log_rank_of_0_and_groups_without_rows_no_degree_of_freedom()
    {
        var table = new EventTable([3, 2, 5], [1, 4, 2], 7);
        var none = new EventTable([0, 0, 0], [0, 0, 0], 0);
        var test = LogRank.Of([table, table, none]).Value();
        Assert.Equal(test.Observed, test.Expected);
        Assert.Equal(new Internal.Estimators.Test(0, 1, 1), test.Test.Value());
        Assert.Equal("fewer than two groups have rows", LogRank.Of([table, none]).Value().Test.Reason);
        Assert.Equal("there are no events by which the groups could be told apart", LogRank.Of([none with { Beyond = 5 }, none with { Beyond = 6 }]).Value().Test.Reason);
    }

    [Fact]
    public void Published_log_rank_and_chi_square_values_are_those_of_the_reference()
    {
        var colon = ReferenceFile.Read("colon");
        Assert.Equal([146.08, 157.49, 148.43], colon["log_rank"]!["death"]!.Numbers("expected").Select(e => Math.Round(e, 2)));
        Assert.Equal([148.59, 168.80, 150.61], colon["log_rank"]!["recurrence"]!.Numbers("expected").Select(e => Math.Round(e, 2)));
        Assert.Equal([161, 123, 168], colon["log_rank"]!["death"]!.Numbers("observed"));
        Assert.Equal([172, 119, 177], colon["log_rank"]!["recurrence"]!.Numbers("observed"));
        Assert.Equal(11.688, colon["log_rank_30_days"]!["death"]!.Number("statistic"), 3);
        Assert.Equal(23.098, colon["log_rank_30_days"]!["recurrence"]!.Number("statistic"), 3);
        Assert.Equal(86.8698, CrossTable.ChiSquare(new double[,] { { 144, 50 }, { 267, 459 } }).Value().Statistic, 4);
        double[,] indomethacin = { { 27, 268 }, { 52, 255 } };
        Assert.Equal(7.9985, CrossTable.ChiSquare(indomethacin).Value().Statistic, 4);
        Assert.Equal(7.3302, CrossTable.Yates(indomethacin).Value().Statistic, 4);
        Assert.Equal(0.5404, CrossTable.RelativeRisk(indomethacin).Value().Value, 4);
    }

    [Fact]
    public void Roc_of_a_perfect_a_useless_and_a_reversed_score()
    {
        var perfect = RocCurve.Of([0, 0, 5], [4, 3, 0]).Value();
        Assert.Equal((1, 0), (perfect.Auc, perfect.StandardError));
        Assert.Equal(0.5, RocCurve.Of([3, 3], [3, 3]).Value().Auc);
        Assert.Equal(0, RocCurve.Of([5, 0], [0, 5]).Value().Auc);
        Assert.Equal([new RocPoint(1, 1), new RocPoint(0.5, 0.25), new RocPoint(0, 0)], RocCurve.Of([2, 2], [3, 1]).Value().Points);
        Assert.Equal("there are no rows with the event, or none without", RocCurve.Of([0, -2], [3, 1]).Reason);
    }

    [Fact]
    public void Quantiles_of_counts()
    {
        Assert.Equal(1, Quantile.Bin([2, 2, 2], 0.5).Value());
        Assert.Equal(0, Quantile.Bin([2, 2, 2], 1 / 3.0).Value());
        Assert.Equal(2, Quantile.Bin([2, 2, 2], 1).Value());
        Assert.Equal(1, Quantile.Bin([0, 2, 2], 0).Value());
        Assert.Equal(0, Quantile.Bin([7, 93], 0.07).Value());
        Assert.Equal(15, Quantile.OfBins([0, 10, 20], [2, 2], 0.75).Value());
        Assert.Equal("there are too few rows", Quantile.Bin([-3, 2], 0.5).Reason);
    }

    [Fact]
    public void The_nearest_monotone_sequence_pools_its_neighbours()
    {
        double[] values = [1, 3, 2, 4, 0];
        Monotone.Rising(values);
        Assert.Equal([1, 2.25, 2.25, 2.25, 2.25], values);
        Monotone.Falling(values);
        Assert.Equal([2, 2, 2, 2, 2], values);
    }

    [Fact]
    public void Keys_are_listed_while_anybody_has_them()
    {
        Assert.Equal([3, 0, 2], Keys.Top([4, -1, 4, 9, 0], 10));
        Assert.Equal(3, Keys.Distinct([4, -1, 4, 9, 0]));
        Assert.Equal(1, Keys.Distinct([4, -1, 4, 9, 0], 5));
    }

    [Fact]
    public void Contradicting_correlations_are_repaired()
    {
        // a with b and b with c nearly 1, a with c nearly −1.
        var products = Triangle.Symmetric(3, [99, 90, -90, 99, 90, 99]);
        var matrix = CrossProducts.Covariance(100, [0, 0, 0], products).Value();
        Assert.True(matrix.Repaired);
        Assert.Equal([1, 1, 1], matrix.Matrix.Diagonal().Select(d => Math.Round(d, 12)));
        Assert.Equal(0.5, matrix.Correlation(0, 1).Value(), 12);
        Assert.Equal(-0.5, matrix.Correlation(0, 2).Value(), 12);
        // The outcome follows from the others now, and nothing is left to tell errors from.
        Assert.Equal("the predictors leave no variance over", LinearModel.Fit(matrix, 2).Value().Coefficients[1].Error.Reason);
        var four = Triangle.Symmetric(4, [99, 90, -90, 0, 99, 90, 0, 99, 0, 99]);
        var fit = CrossProducts.Covariance(100, [0, 0, 0, 0], four).Then(c => LinearModel.Fit(c, 3));
        Assert.Equal("the noise is greater than what tells the predictors apart", fit.Reason);
    }

    [Fact]
    public void A_column_without_variance_keeps_the_others_correlations()
    {
        var matrix = CrossProducts.Covariance(3, [6, 3, 6], Matrix<double>.Build.DenseOfArray(new double[,] { { 14, 6, 11 }, { 6, 3, 6 }, { 11, 6, 14 } })).Value();
        Assert.False(matrix.Repaired);
        Assert.Equal(-0.5, matrix.Correlation(0, 2).Value(), 12);
        Assert.Equal("the rows of a column are all equal", matrix.Correlation(0, 1).Reason);
        Assert.Equal("the rows of a column are all equal", matrix.Correlations().Reason);
    }
}
