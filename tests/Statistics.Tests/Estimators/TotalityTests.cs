using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using MathNet.Numerics.LinearAlgebra;
using SecureAggregation.Statistics.Internal.Estimators;
using Property = SecureAggregation.Testing.Property;

namespace SecureAggregation.Statistics.Tests.Estimators;

/// <summary>Any totals, also impossible ones, give finite numbers or a reason: never NaN, an infinity or an exception.</summary>
public sealed class TotalityTests
{
    private const int Size = 4;

    private static readonly double[] s_odd =
        [0, 1, -1, 2, 0.5, 1e-300, -1e-300, 1e9, -1e9, 1e18, 1e100, -1e200, 1e300, double.MaxValue, double.MinValue, double.NaN, double.PositiveInfinity, double.NegativeInfinity];

    // Mostly counts as noise leaves them, so that the estimators get past their first condition.
    private static readonly Gen<double> s_total = Gen.Frequency(
        (6, Gen.Choose(-20, 200).Select(i => (double)i)),
        (2, Gen.Choose(-2_000_000, 2_000_000).Select(i => i / 1000.0)),
        (1, Gen.Elements(s_odd)));

    private static readonly Gen<double[]> s_totals = s_total.ArrayOf(40);
    private static readonly Gen<double[]> s_ordinary = Gen.Choose(-20, 200).Select(i => (double)i).ArrayOf(40);

    private static readonly Gen<double[]> s_any = Gen.Frequency((1, s_totals), (1, s_ordinary));

    [Fact]
    public void Moments_and_groups_are_total() => Property.Holds(s_any, v =>
    {
        var samples = Enumerable.Range(0, 4).Select(i => Moments.Summary(v[3 * i], v[(3 * i) + 1], v[(3 * i) + 2], v[12], v[13]))
            .SelectMany(a => a.TryGet(out var s) ? [s] : Array.Empty<Sample>())
            .Append(new Sample(v[14], v[15], Math.Abs(v[16]))).Append(new Sample(v[17], v[18], Math.Abs(v[19]))).ToArray();
        return Finite(Moments.Sum(v[0], v[1], v[2], v[3])) && Finite(Moments.Mean(v[0], v[1], v[2], v[3])) && Finite(Moments.Variance(v[0], v[1], v[2], v[3]))
            && Finite(Moments.StandardDeviation(v[0], v[1], v[2], v[3]))
            && Finite(OneWayAnova.Of(samples))
            && samples.All(a => samples.All(b => Finite(TwoSamples.StandardisedDifference(a, b)) && Finite(TwoSamples.Student(a, b)) && Finite(TwoSamples.Welch(a, b))));
    }, 2000);

    [Fact]
    public void Tables_are_total() => Property.Holds(s_any, v =>
    {
        double[,] two = { { v[0], v[1] }, { v[2], v[3] } };
        var wide = Matrix<double>.Build.Dense(4, 5, v[..20]).ToArray();
        return Finite(CrossTable.ChiSquare(two)) && Finite(CrossTable.Yates(two)) && Finite(CrossTable.OddsRatio(two)) && Finite(CrossTable.RelativeRisk(two))
            && Finite(CrossTable.RiskDifference(two)) && Finite(CrossTable.ChiSquare(wide)) && Finite(CrossTable.Yates(wide))
            && Finite(CrossTable.StandardisedDifference(v.AsSpan(0, 5), v.AsSpan(5, 5))) && Finite(CrossTable.StandardisedDifference(v.AsSpan(0, 2), v.AsSpan(5, 2)));
    }, 2000);

    [Fact]
    public void Covariances_components_and_linear_models_are_total() => Property.Holds(s_any, v =>
    {
        var products = Triangle.Symmetric(Size, v.AsSpan(1 + Size));
        foreach (var answer in (Answer<CovarianceMatrix>[])[
            CrossProducts.Covariance(v[0], v.AsSpan(1, Size), products),
            CrossProducts.Covariance(v[0], v.AsSpan(1, Size), products, v.AsSpan(20, Size), v.AsSpan(24, Size)),
            CrossProducts.Covariance(v[0], new double[Size], products)])
        {
            if (!Finite(answer)) return false;
            if (!answer.TryGet(out var matrix)) continue;
            for (var i = 0; i < Size; i++)
            {
                if (!Finite(matrix.Correlation(0, i)) || (matrix.Correlation(0, i).TryGet(out var r) && !Finite(CovarianceMatrix.CorrelationTest(r, matrix.Count))) || !Finite(LinearModel.Fit(matrix, i))) return false;
            }

            if (!Finite(PrincipalComponents.Of(matrix.Matrix)) || !Finite(matrix.Correlations().Then(c => PrincipalComponents.Of(c)))) return false;
        }

        return Finite(PrincipalComponents.Of(products));
    }, 2000);

    [Fact]
    public void A_repaired_covariance_matrix_is_possible_and_has_the_variances_that_were_possible() => Property.Holds(s_ordinary, v =>
    {
        var products = Triangle.Symmetric(Size, v.AsSpan(0, 10));
        var matrix = CrossProducts.Covariance(50, new double[Size], products).Value();
        var possible = Enumerable.Range(0, Size).All(i => Math.Abs(matrix.Matrix[i, i] - Math.Max(0, products[i, i] / 49)) <= 1e-12 * Math.Abs(products[i, i]));
        return possible && Symmetric.Eigen(matrix.Matrix).Values[^1] >= -1e-9 && matrix.Repaired == (Symmetric.Eigen(products).Values[^1] < -1e-9);
    }, 500);

    [Fact]
    public void Newtons_steps_are_total_and_end() => Property.Holds(s_any, v =>
    {
        var rules = new NewtonRules(MaxRounds: 6, GradientVariance: v[39] > 100 ? [1, 2, 3] : null, DevianceNoise: v[39] > 50 ? 3 : 0);
        var state = NewtonState.Start(3);
        for (var round = 1; round <= 6; round++)
        {
            var at = v.AsSpan((round - 1) * 5);
            var information = Triangle.Symmetric(3, at[4..10]);
            // Half of them possible.
            if (v[38] > 60) information = (information.Transpose() * information) + Matrix<double>.Build.DenseIdentity(3);
            var outcome = GeneralisedLinear.Next(state, new RoundTotals(at[0], at[1], at[1..4].ToArray(), information), rules);
            if (outcome.Next is null)
            {
                return Finite(outcome.Fit) && (!outcome.Fit.TryGet(out var fit)
                    || Enumerable.Range(0, 3).All(i => Finite(fit.Coefficient(i)) && Finite(fit.Ratio(i)) && Finite(fit.InUnits([55, 0], [35, 1]).Coefficient(i))));
            }

            if (!Finite(outcome.Next)) return false;
            state = outcome.Next;
        }

        return false;
    }, 2000);

    [Fact]
    public void Survival_is_total_and_falls() => Property.Holds(s_any, v =>
    {
        var tables = Enumerable.Range(0, 3).Select(g => new EventTable(v[(g * 12)..((g * 12) + 6)], v[((g * 12) + 6)..((g * 12) + 12)], v[36 + g])).ToArray();
        if (!Finite(LogRank.Of(tables)) || !Finite(LogRank.Of(tables[..2])) || !Finite(LogRank.Of(tables[..1]))) return false;
        foreach (var table in tables)
        {
            var answer = Survival.Curve(table);
            if (!Finite(answer)) return false;
            if (!answer.TryGet(out var curve)) continue;
            var before = new SurvivalPoint(double.MaxValue, 1, 0, 1, 1, 0, 0);
            foreach (var p in curve)
            {
                if (p.Survival > before.Survival || p.Hazard < before.Hazard || p.AtRisk > before.AtRisk || p.Survival < 0) return false;
                if (p.Low > p.Survival + 1e-12 || p.High < p.Survival - 1e-12) return false;
                before = p;
            }

            if (!Finite(Survival.Quantile(curve)) || !Finite(Survival.RestrictedMean(curve, [1, 2, 3, 4, 5, 6], v[39]))) return false;
        }

        return true;
    }, 2000);

    [Fact]
    public void Quantiles_curves_and_keys_are_total() => Property.Holds(s_any, v =>
    {
        double[] edges = [.. Enumerable.Range(0, 11).Select(i => (double)i)];
        return Finite(Quantile.Bin(v.AsSpan(0, 10), 0.5)) && Finite(Quantile.OfBins(edges, v.AsSpan(0, 10), 0.25)) && Finite(Quantile.Bin([], 0.5))
            && Finite(RocCurve.Of(v.AsSpan(0, 10), v.AsSpan(10, 10))) && Keys.Distinct(v) >= 0 && Keys.Top(v, 5).Length <= 5
            && Finite(GeneralisedLinear.LogisticNullDeviance(v[0], v[1]));
    }, 2000);

    /// <summary>All numbers in a result, and in what it is made of, are finite.</summary>
    private static bool Finite(object? value) => value switch
    {
        null or string or bool or int => true,
        double number => double.IsFinite(number),
        Matrix<double> matrix => Symmetric.IsFinite(matrix),
        IEnumerable items => items.Cast<object?>().All(Finite),
        ITuple tuple => Enumerable.Range(0, tuple.Length).All(i => Finite(tuple[i])),
        _ => value.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public).All(f => Finite(f.GetValue(value))),
    };
}
