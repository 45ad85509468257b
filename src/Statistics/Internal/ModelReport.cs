using MathNet.Numerics.LinearAlgebra;
using SecureAggregation.Statistics.Internal.Blocks;
using SecureAggregation.Statistics.Internal.Estimators;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// What one round of a regression over several rounds tells: where Newton's step leads from the round's coefficients, in the columns' own units.
/// Whether the fit has converged is for whoever has seen all rounds (<see cref="ModelFit"/>).
/// </summary>
internal static class ModelReport
{
    public static void Write(ModelBlock block, Scope scope, ICollection<ReleasedStatistic> into)
    {
        var names = (string[])["(intercept)", .. block.Terms.Select(t => t.Name)];
        var ratio = block.Model.Of == MeasureKind.Logistic ? "odds_ratio" : "rate_ratio";
        into.Add(scope.Counted(Bare("", "n"), 0));
        var bare = new List<ReleasedStatistic> { Bare("", "deviance") };
        foreach (var name in names)
        {
            var bin = $"[{name}]";
            bare.AddRange([Bare(bin, ""), Bare(bin, "se"), Bare(bin, "z"), Bare(bin, "p"), Bare(bin, ratio), Bare(bin, "ci_low"), Bare(bin, "ci_high")]);
        }

        if (scope.TooFew(scope[0]))
        {
            foreach (var statistic in bare) into.Add(scope.Withhold(statistic));
            return;
        }

        var why = Step(block, Cells(scope), null, scope).Fit.Reason;
        Drawn.Write([scope], bare, cells => Values(block, cells[0], scope), into, why);

        ReleasedStatistic Bare(string bin, string quantity) => scope.Bare(block.Model.Name, block.Model.Of, block.Model.Outcome, bin, quantity);
    }

    /// <summary>Newton's step from the totals of a round.</summary>
    /// <param name="block">The round's block.</param>
    /// <param name="cells">Its totals.</param>
    /// <param name="state">Where the fit stood before; null if only this round is known, which is then the last.</param>
    /// <param name="scope">Tells how large the noise is.</param>
    public static NewtonOutcome Step(ModelBlock block, double[] cells, NewtonState? state, Scope scope)
    {
        var (n, deviance, gradient, matrix) = block.Totals(cells);
        var totals = new RoundTotals(n, deviance, gradient, Matrix<double>.Build.DenseOfArray(matrix));
        var rules = new NewtonRules(
            state is null ? 1 : block.Model.Iterations,
            // What noise adds to a deviance in one of a thousand rounds.
            DevianceNoise: block.DevianceUnit * scope.HalfWidth(1, 0.001),
            GradientVariance: [.. Enumerable.Range(0, gradient.Length).Select(ModelBlock.GradientCell).Select(c => Math.Pow(block.GradientUnit * scope.Deviation(c), 2))]);
        return GeneralisedLinear.Next(state ?? new NewtonState(1, [.. block.Model.Coefficients], null, 0), totals, rules);
    }

    /// <summary>In the columns' own units.</summary>
    public static GeneralisedFit InUnits(ModelBlock block, GeneralisedFit fit) =>
        fit.InUnits([.. block.Terms.Select(t => t.Middle)], [.. block.Terms.Select(t => t.Unit * t.MaxAbs)]);

    public static double[] Cells(Scope scope) => [.. Enumerable.Range(0, scope.Block.Cells.Count).Select(i => scope[i])];

    private static double[] Values(ModelBlock block, double[] cells, Scope scope)
    {
        var count = 1 + (7 * (block.Terms.Count + 1));
        if (!Step(block, cells, null, scope).Fit.TryGet(out var scaled)) return Drawn.None(count);
        var fit = InUnits(block, scaled);
        var values = new List<double>(count) { fit.Deviance };
        for (var i = 0; i < fit.Coefficients.Length; i++)
        {
            var coefficient = fit.Coefficient(i, scope.Options.Confidence);
            values.Add(coefficient.Value);
            values.AddRange(coefficient.Error.TryGet(out var e)
                ? [e.StandardError, e.Statistic, e.P, Math.Exp(coefficient.Value), Math.Exp(e.Low), Math.Exp(e.High)]
                : Drawn.None(6));
        }

        return [.. values];
    }
}
