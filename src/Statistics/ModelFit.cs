using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal;
using SecureAggregation.Statistics.Internal.Blocks;
using SecureAggregation.Statistics.Internal.Estimators;

namespace SecureAggregation.Statistics;

/// <summary>
/// A regression over several rounds as whoever asks sees it: the question of the next round, then its totals, until Newton's method has converged, the
/// rounds are used up, or it is plain that it never would. The query's ε is for all rounds; each gets an equal part, rounded down.
/// </summary>
public sealed class ModelFit
{
    private readonly AnalysisQuery _asked;
    private readonly MicroEpsilon _epsilon;
    private readonly List<double> _deviances = [];
    private NewtonState? _state;

    /// <summary>A fit before its first round.</summary>
    /// <param name="query">With a regression over several rounds as its only measure.</param>
    /// <exception cref="AnalysisException">The query asks for something else, or for so little ε that a round would have none.</exception>
    public ModelFit(AnalysisQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (!IsAsked(query)) throw new AnalysisException("Only a query with one measure, logistic or poisson, is fitted over several rounds.");
        _asked = query;
        Model = (ModelMeasure)query.Measures[0].Measure;
        var part = query.Epsilon.Micro / Math.Max(1, Model.Iterations);
        _epsilon = part > 0
            ? new MicroEpsilon(part)
            : throw new AnalysisException($"epsilon is {query.Epsilon} for {Model.Iterations} rounds, less than a millionth for each; raise epsilon or lower iterations.");
        Next = query with { Epsilon = _epsilon };
    }

    /// <summary>What is fitted.</summary>
    public ModelMeasure Model { get; }

    /// <summary>The question of the next round; null when the fit is over.</summary>
    public AnalysisQuery? Next { get; private set; }

    /// <summary>Rounds whose totals are in.</summary>
    public int Rounds { get; private set; }

    /// <summary>Whether the coefficients are those of the greatest likelihood, to within the noise.</summary>
    public bool Converged { get; private set; }

    /// <summary>Why the fit ended without converging; empty while it goes on and when it has converged.</summary>
    public string Failure { get; private set; } = "";

    /// <summary>The deviance at the coefficients of each round, noise included.</summary>
    public IReadOnlyList<double> Deviances => _deviances;

    /// <summary>
    /// Of a logistic regression the deviance of the model without predictors, noise included: at the first round's coefficients, all 0, every outcome is as likely
    /// as not, so that its gradient tells the events. Null before that round, where noise left no rows, and of other regressions.
    /// </summary>
    public double? NullDeviance { get; private set; }

    /// <summary>McFadden's R², 1 − deviance/null deviance at the coefficients of the last round, noise included and within 0 and 1; null where there is no null deviance.</summary>
    public double? McFadden => NullDeviance is > 0 and var nothing ? Math.Clamp(1 - (_deviances[^1] / nothing), 0, 1) : null;

    /// <summary>Intercept and terms after the last step, in the columns' own units; empty while there are rounds to come, and when none are determined.</summary>
    public IReadOnlyList<double> Coefficients { get; private set; } = [];

    /// <summary>The statistics of the last round: coefficients, standard errors, ratios, with intervals.</summary>
    public IReadOnlyList<ReleasedStatistic> Statistics { get; private set; } = [];

    /// <summary>Whether a query is answered by several rounds.</summary>
    public static bool IsAsked(AnalysisQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return query.Measures is [{ Measure: ModelMeasure }];
    }

    /// <summary>Takes the totals of the round that <see cref="Next"/> asked for.</summary>
    /// <param name="layout">The round's layout.</param>
    /// <param name="totals">Its totals.</param>
    /// <param name="contributors">How many parties are in them.</param>
    /// <param name="options">Confidence and minimum cohort; 95 %, 10 and the query's repairs if null.</param>
    /// <exception cref="InvalidOperationException">The fit is over.</exception>
    /// <exception cref="ArgumentException">The layout is of another question, or the totals do not fit it.</exception>
    public void Add(VectorLayout layout, IReadOnlyList<Int128> totals, int contributors, ReleaseOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(layout);
        if (Next is null) throw new InvalidOperationException("The fit is over; there is no round whose totals it waits for.");
        if (layout.Blocks is not [ModelBlock block] || layout.Groups.Count != 1 || block.Model.Name != Model.Name)
            throw new ArgumentException("The layout is of another question than the fit's.", nameof(layout));
        options ??= new ReleaseOptions(Repairs: _asked.Repairs);
        Statistics = Release.Decode(layout, totals, contributors, options);
        var scope = new Scope(layout, block, "", totals, contributors, 1, options);
        var cells = ModelReport.Cells(scope);
        _deviances.Add(block.Totals(cells).Deviance);
        if (Rounds == 0 && Model.Of == MeasureKind.Logistic && block.Model.Coefficients.All(c => c == 0)) NullDeviance = OfNothing(block, cells);
        Rounds++;
        _state ??= NewtonState.Start(block.Terms.Count + 1);
        var outcome = ModelReport.Step(block, cells, _state, scope);
        _state = outcome.Next;
        if (outcome.Next is { } next)
        {
            Next = _asked with { Epsilon = _epsilon, Measures = [_asked.Measures[0] with { Measure = block.Model with { Coefficients = next.Coefficients } }] };
            return;
        }

        Next = null;
        Failure = outcome.Fit.Reason ?? "";
        if (outcome.Fit.TryGet(out var fit))
        {
            Coefficients = ModelReport.InUnits(block, fit).Coefficients;
            Failure = fit.NotConverged ?? "";
        }

        Converged = Failure.Length == 0;
    }

    private static double? OfNothing(ModelBlock block, double[] cells)
    {
        var (n, _, gradient, _) = block.Totals(cells);
        return GeneralisedLinear.LogisticNullDeviance(n, gradient[0] + (n / 2)).TryGet(out var deviance) ? deviance : null;
    }
}
