using MathNet.Numerics.LinearAlgebra;

namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>The totals of one round at given coefficients.</summary>
/// <param name="Count">How many complete rows.</param>
/// <param name="Deviance">At the coefficients.</param>
/// <param name="Gradient">X'(y − μ), the intercept first.</param>
/// <param name="Information">X'WX.</param>
internal sealed record RoundTotals(double Count, double Deviance, double[] Gradient, Matrix<double> Information);

/// <summary>When to stop. Coefficients are those of predictors scaled to [−1, 1].</summary>
/// <param name="MaxRounds">How many rounds at most; every one is paid for.</param>
/// <param name="Tolerance">Converged when Newton's decrement, the squared step in standard errors, is no more.</param>
/// <param name="MaxHalvings">How often in a row a step that made the deviance greater is halved.</param>
/// <param name="MaxStep">No coefficient moves by more in one step: the first steps of a badly conditioned fit are too long.</param>
/// <param name="MaxCoefficient">A coefficient beyond this multiplies the odds by e^40 between a predictor's bounds: the outcome is separated.</param>
/// <param name="DevianceNoise">What noise may add to a deviance; a smaller rise is no reason to halve.</param>
/// <param name="GradientVariance">The variance of the noise in each part of the gradient: a step that is no longer than what this noise makes is the last; it is still taken.</param>
internal sealed record NewtonRules(
    int MaxRounds = 25,
    double Tolerance = 1e-12,
    int MaxHalvings = 5,
    double MaxStep = 4,
    double MaxCoefficient = 20,
    double DevianceNoise = 0,
    double[]? GradientVariance = null)
{
    public static NewtonRules Default { get; } = new();
}

/// <summary>Where a fit stands before a round.</summary>
/// <param name="Round">The round that comes, from 1.</param>
/// <param name="Coefficients">At which that round is to be computed.</param>
/// <param name="Accepted">The last coefficients that made the deviance smaller, with their totals; null before the first round.</param>
/// <param name="Halvings">How often the step from there has been halved.</param>
internal sealed record NewtonState(int Round, double[] Coefficients, NewtonPoint? Accepted, int Halvings)
{
    /// <param name="coefficients">The intercept and one for each predictor.</param>
    public static NewtonState Start(int coefficients) => new(1, new double[coefficients], null, 0);
}

/// <summary>Coefficients and the totals that were computed at them.</summary>
internal sealed record NewtonPoint(double[] Coefficients, RoundTotals Totals);

/// <summary>What a round's totals lead to.</summary>
/// <param name="Next">Where the next round starts; null if there is none.</param>
/// <param name="Fit">What is known when there is no next round.</param>
internal sealed record NewtonOutcome(NewtonState? Next, Answer<GeneralisedFit> Fit);

/// <summary>
/// Generalised linear models with their canonical link by Newton's method, which is iteratively reweighted least squares there (McCullagh
/// and Nelder, Generalized Linear Models, 2.5): b + (X'WX)⁻¹ X'(y − μ), halved while the deviance grows.
/// </summary>
internal static class GeneralisedLinear
{
    private const string Separated =
        "the predictors separate the outcome: a coefficient grows without bound, and no number of rounds would end it; take a predictor out, or join rare categories";

    // As a share of the deviance: what rounding can make it grow by.
    private const double DevianceRounding = 1e-9;

    // A row's deviance below this, on average, is a perfect prediction.
    private const double PerfectDeviance = 1e-6;

    // Noise alone makes a decrement of its mean, and in one of twenty cases one of up to three times that.
    private const double NoiseFactor = 3;

    public static NewtonOutcome Next(NewtonState state, RoundTotals totals, NewtonRules rules)
    {
        if (!IsFinite(totals)) return End(Answer.Not(Answer.TooLarge));
        if (!(totals.Count >= state.Coefficients.Length + 1)) return End(Answer.Not("there are too few rows for so many predictors"));
        if (state.Accepted is { } accepted && totals.Deviance > accepted.Totals.Deviance + Slack(accepted.Totals.Deviance, rules)) return Halve(state, accepted, rules);

        var point = new NewtonPoint(state.Coefficients, totals);
        if (Symmetric.Factor(totals.Information) is not { } factor)
        {
            // At 0 all weights are the same, so what is singular there is singular anywhere; later on it may be the weights that vanish.
            return End(Answer.Not(state.Round == 1
                ? "the predictors are collinear, one does not vary, or the noise is greater than what tells them apart"
                : Largest(state.Coefficients) > rules.MaxCoefficient / 2 ? Separated : "the noise is greater than what tells the predictors apart"));
        }

        var gradient = Vector<double>.Build.Dense(totals.Gradient);
        var step = factor.Solve(gradient);
        var decrement = step * gradient;
        var covariance = factor.Inverse();
        var longest = step.AbsoluteMaximum();
        if (!double.IsFinite(decrement) || !double.IsFinite(longest)) return End(Answer.Not(Answer.TooLarge));
        if (totals.Deviance < PerfectDeviance * totals.Count && rules.DevianceNoise == 0) return End(Answer.Not(Separated));

        var moved = longest > rules.MaxStep ? step * (rules.MaxStep / longest) : step;
        double[] next = [.. state.Coefficients.Zip(moved, (b, s) => b + s)];
        var noise = rules.GradientVariance is { } variance ? covariance.Diagonal() * Vector<double>.Build.Dense(variance) : 0;
        var converged = longest <= rules.MaxStep && decrement <= Math.Max(rules.Tolerance, NoiseFactor * noise);
        if (!converged && Largest(next) > rules.MaxCoefficient) return End(Answer.Not(Separated));
        if (!converged && state.Round < rules.MaxRounds) return new NewtonOutcome(new NewtonState(state.Round + 1, next, point, 0), Answer.Not("there are rounds to come"));
        var why = converged ? null
            : Stalled(state, totals, longest) ? $"not converged in {state.Round} rounds, and looks as if it never would: {Separated}"
            : $"not converged in {state.Round} rounds: the last step was {Math.Sqrt(decrement):0.###} standard errors; allow more rounds";
        return End(new GeneralisedFit(totals.Count, next, covariance, totals.Deviance, state.Round, why));
    }

    /// <summary>The deviance of a logistic model with the intercept alone, from the rows and the events among them.</summary>
    public static Answer<double> LogisticNullDeviance(double count, double events)
    {
        if (!(count >= 1)) return Answer.Not(Moments.TooFewRows);
        var p = Math.Clamp(events / count, 0, 1);
        return Answer.Number(-2 * count * (Entropy(p) + Entropy(1 - p)));

        static double Entropy(double p) => p > 0 ? p * Math.Log(p) : 0;
    }

    private static NewtonOutcome Halve(NewtonState state, NewtonPoint accepted, NewtonRules rules)
    {
        if (state.Halvings < rules.MaxHalvings && state.Round < rules.MaxRounds)
        {
            double[] middle = [.. state.Coefficients.Zip(accepted.Coefficients, (b, a) => (b / 2) + (a / 2))];
            return new NewtonOutcome(new NewtonState(state.Round + 1, middle, accepted, state.Halvings + 1), Answer.Not("there are rounds to come"));
        }

        // The factor exists: a step was made from there.
        return Symmetric.Factor(accepted.Totals.Information) is { } factor
            ? End(new GeneralisedFit(
                accepted.Totals.Count, accepted.Coefficients, factor.Inverse(), accepted.Totals.Deviance, state.Round,
                $"not converged in {state.Round} rounds: every step from the last coefficients makes the deviance greater"))
            : End(Answer.Not("the noise is greater than what tells the predictors apart"));
    }

    /// <summary>A long step that changes the deviance by less than a hundredth: the likelihood is flat in that direction.</summary>
    private static bool Stalled(NewtonState state, RoundTotals totals, double longest) =>
        state.Accepted is { } before && longest > 0.5 && before.Totals.Deviance - totals.Deviance < 0.01 * before.Totals.Deviance;

    private static double Slack(double deviance, NewtonRules rules) => (DevianceRounding * (Math.Abs(deviance) + 1)) + rules.DevianceNoise;

    private static double Largest(double[] coefficients) => coefficients.Max(Math.Abs);

    private static bool IsFinite(RoundTotals totals) =>
        double.IsFinite(totals.Count) && double.IsFinite(totals.Deviance) && totals.Gradient.All(double.IsFinite) && Symmetric.IsFinite(totals.Information);

    private static NewtonOutcome End(Answer<GeneralisedFit> fit) => new(null, fit);
}
