using MathNet.Numerics.LinearAlgebra;
using SecureAggregation.Statistics.Internal.Estimators;
using SecureAggregation.Statistics.Tests.Reference;
using SecureAggregation.Testing;

namespace SecureAggregation.Statistics.Tests.Estimators;

/// <summary>What estimators make of totals with noise, on average over many draws: repairs must not push to one side.</summary>
public sealed class NoisedTests
{
    private const int Repetitions = 400;

    private readonly SeededRandom _random = new(7);

    [Fact]
    public void A_curve_of_315_persons_with_noise_of_scale_4_in_each_of_120_cells_is_right_on_average()
    {
        var totals = ReferenceFile.Read("colon")["kaplan_meier_30_days"]!["death, Obs, 1800 days"]!["totals"]!;
        var table = new EventTable(totals.Numbers("events"), totals.Numbers("censored"), totals.Number("beyond"));
        var truth = Survival.Curve(table).Value();
        int[] bins = [11, 35, 55];
        var (survival, hazard, risk, clipped) = (new double[3], new double[3], new double[3], new double[3]);
        for (var i = 0; i < Repetitions; i++)
        {
            var noised = new EventTable(Noised(table.Events), Noised(table.Censored), table.Beyond + Laplace(4));
            var curve = Survival.Curve(noised).Value();
            var naive = new EventTable(Clipped(noised.Events), Clipped(noised.Censored), Math.Max(0, noised.Beyond)).AtRisk();
            for (var b = 0; b < bins.Length; b++)
            {
                var point = curve[Math.Min(bins[b], curve.Length - 1)];
                survival[b] += point.Survival / Repetitions;
                hazard[b] += point.Hazard / Repetitions;
                risk[b] += point.AtRisk / Repetitions;
                clipped[b] += naive[bins[b]] / Repetitions;
            }
        }

        for (var b = 0; b < bins.Length; b++)
        {
            Assert.Equal(truth[bins[b]].Survival, survival[b], 0.02);
            Assert.Equal(truth[bins[b]].Hazard, hazard[b], 0.03);
            Assert.Equal(truth[bins[b]].AtRisk, risk[b], 10.0);
        }

        // Cells clipped one by one, which looks as harmless, make up a third more persons.
        Assert.True(clipped[0] > 1.3 * truth[bins[0]].AtRisk, $"{clipped[0]} instead of {truth[bins[0]].AtRisk}");
    }

    [Fact]
    public void A_logistic_regression_over_noised_rounds_ends_within_its_noise()
    {
        const int Rows = 4000;
        double[] truth = [-0.5, 1.5, -1];
        var x = Enumerable.Range(0, Rows).Select(_ => new[] { 1, (2 * Uniform()) - 1, Uniform() < 0.5 ? 0 : 1.0 }).ToArray();
        var y = x.Select(r => Uniform() < 1 / (1 + Math.Exp(-r.Zip(truth, (a, b) => a * b).Sum())) ? 1.0 : 0).ToArray();
        var exact = Play(0).Value();
        Assert.Null(exact.NotConverged);
        var (converged, rounds) = (0, 0);
        for (var i = 0; i < 100; i++)
        {
            var fit = Play(8).Value();
            rounds += fit.Rounds;
            if (fit.NotConverged is null) converged++;
            for (var c = 0; c < 3; c++)
            {
                // The gradient's noise, through the inverse information: its standard deviation, times 7.
                var sd = Math.Sqrt(2 * 64 * Enumerable.Range(0, 3).Sum(j => exact.Covariance[c, j] * exact.Covariance[c, j]));
                Assert.InRange(fit.Coefficients[c] - exact.Coefficients[c], -7 * sd, 7 * sd);
            }
        }

        Assert.True(converged >= 95, $"{converged} of 100 converged.");
        Assert.InRange(rounds / 100.0, 2, 5);

        Answer<GeneralisedFit> Play(double scale)
        {
            var rules = scale == 0 ? NewtonRules.Default : new NewtonRules(MaxRounds: 8, DevianceNoise: 10 * scale, GradientVariance: [.. Enumerable.Repeat(2 * scale * scale, 3)]);
            var state = NewtonState.Start(3);
            while (true)
            {
                var (deviance, gradient, information) = (Laplace(scale), new double[3], Matrix<double>.Build.Dense(3, 3));
                for (var r = 0; r < Rows; r++)
                {
                    var eta = x[r].Zip(state.Coefficients, (a, b) => a * b).Sum();
                    var mean = 1 / (1 + Math.Exp(-eta));
                    deviance += 2 * Math.Log(1 + Math.Exp(y[r] > 0 ? -eta : eta));
                    for (var i = 0; i < 3; i++)
                    {
                        gradient[i] += x[r][i] * (y[r] - mean);
                        for (var j = 0; j < 3; j++) information[i, j] += x[r][i] * x[r][j] * mean * (1 - mean);
                    }
                }

                for (var i = 0; i < 3; i++)
                {
                    gradient[i] += Laplace(scale);
                    for (var j = i; j < 3; j++) information[i, j] = information[j, i] = information[i, j] + Laplace(scale / 4);
                }

                var outcome = GeneralisedLinear.Next(state, new RoundTotals(Rows + Laplace(scale), deviance, gradient, information), rules);
                if (outcome.Next is null) return outcome.Fit;
                state = outcome.Next;
            }
        }
    }

    private double[] Noised(double[] cells) => [.. cells.Select(c => c + Math.Round(Laplace(4)))];

    private static double[] Clipped(double[] cells) => [.. cells.Select(c => Math.Max(0, c))];

    private double Uniform() => (_random.NextUInt64() >> 11) / (double)(1UL << 53);

    private double Laplace(double scale) => scale * (Math.Log(1 - Uniform()) - Math.Log(1 - Uniform()));
}
