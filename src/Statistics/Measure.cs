namespace SecureAggregation.Statistics;

/// <summary>
/// One statistic that a query asks for. The kinds are the records below it; each names its columns, so that policies, schemas and layouts
/// need not know them one by one.
/// </summary>
/// <param name="Weight">Share of ε, 1 to <see cref="MaxWeight"/>.</param>
public abstract record Measure(int Weight)
{
    /// <summary>The most bins of a histogram.</summary>
    public const int MaxBins = 1000;

    /// <summary>The greatest weight.</summary>
    public const int MaxWeight = 1000;

    /// <summary>The most columns of a measure.</summary>
    public const int MaxColumns = 50;

    /// <summary>What kind it is.</summary>
    public abstract MeasureKind Kind { get; }

    /// <summary>Every column that it reads, each once; none only for a count of rows.</summary>
    public abstract IReadOnlyList<string> Columns { get; }

    /// <summary>E.g. "count", "mean(age)", "linear(chol ~ age + sex)". No two measures of a query have the same.</summary>
    public virtual string Name => Columns.Count == 0 ? Kind.Word() : $"{Kind.Word()}({string.Join(", ", Columns)})";
}

/// <summary>A statistic of one column that needs nothing else: count, sum, mean, variance, sd, compare, distinct. A count without a column
/// counts rows.</summary>
/// <param name="Of">What is computed.</param>
/// <param name="Column">Of which column; empty only for a count of rows.</param>
/// <param name="Weight">Share of ε.</param>
public sealed record ColumnMeasure(MeasureKind Of, string Column = "", int Weight = 1) : Measure(Weight)
{
    /// <inheritdoc/>
    public override MeasureKind Kind => Of;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => Column.Length == 0 ? [] : [Column];
}

/// <summary>Rows a bin of a number column, or a label of a category.</summary>
/// <param name="Column">Of which column.</param>
/// <param name="Edges">Of a number column: ascending, n + 1 for n bins; a bin holds its lower edge, the last one both. Empty for a category.</param>
/// <param name="Weight">Share of ε.</param>
public sealed record HistogramMeasure(string Column, IReadOnlyList<double> Edges, int Weight = 1) : Measure(Weight)
{
    /// <inheritdoc/>
    public override MeasureKind Kind => MeasureKind.Histogram;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => [Column];
}

/// <summary>Quantiles of a number column from declared bins: median, quartiles, box plot; the outer ones stand in for minimum and maximum,
/// which no noise of this kind can hide.</summary>
/// <param name="Column">Of which column.</param>
/// <param name="Edges">Ascending edges of the bins, which are the values that a quantile can take.</param>
/// <param name="At">Probabilities, ascending, each between 0 and 1.</param>
/// <param name="Weight">Share of ε.</param>
public sealed record QuantileMeasure(string Column, IReadOnlyList<double> Edges, IReadOnlyList<double> At, int Weight = 1) : Measure(Weight)
{
    /// <inheritdoc/>
    public override MeasureKind Kind => MeasureKind.Quantiles;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => [Column];
}

/// <summary>Rows in each pair of keys of two columns, with chi-square, and odds ratio and relative risk where it is 2 × 2.</summary>
/// <param name="Rows">The first column with its declared keys.</param>
/// <param name="Across">The second column with its declared keys.</param>
/// <param name="Weight">Share of ε.</param>
public sealed record ContingencyMeasure(GroupBy Rows, GroupBy Across, int Weight = 1) : Measure(Weight)
{
    /// <inheritdoc/>
    public override MeasureKind Kind => MeasureKind.Contingency;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => [Rows.Column, Across.Column];
}

/// <summary>What follows from the cross products of several columns alone: covariance, correlation, principal components.</summary>
/// <param name="Of">Covariance, Correlation or Pca.</param>
/// <param name="Variables">Two columns or more, numbers with bounds.</param>
/// <param name="Weight">Share of ε.</param>
public sealed record CrossMeasure(MeasureKind Of, IReadOnlyList<string> Variables, int Weight = 1) : Measure(Weight)
{
    /// <inheritdoc/>
    public override MeasureKind Kind => Of;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => Variables;
}

/// <summary>Linear regression by least squares. Categories among the predictors count as one 0/1 variable for each label but the first.</summary>
/// <param name="Outcome">A number column with bounds.</param>
/// <param name="Predictors">One or more other columns.</param>
/// <param name="Weight">Share of ε.</param>
public sealed record LinearMeasure(string Outcome, IReadOnlyList<string> Predictors, int Weight = 1) : Measure(Weight)
{
    /// <inheritdoc/>
    public override MeasureKind Kind => MeasureKind.Linear;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => [Outcome, .. Predictors];

    /// <inheritdoc/>
    public override string Name => $"linear({Outcome} ~ {string.Join(" + ", Predictors)})";
}

/// <summary>
/// One Newton step of a generalised linear model: what is summed depends on the coefficients of the step before, which are public.
/// </summary>
/// <param name="Of">Logistic or Poisson.</param>
/// <param name="Outcome">Logistic: a category of two labels, the second being the event, or whole numbers 0 to 1. Poisson: numbers from 0 on.</param>
/// <param name="Predictors">One or more other columns.</param>
/// <param name="Coefficients">Of the intercept and each term, on the scale of the normalised terms; all zero at the start.</param>
/// <param name="WeightBound">Greatest weight of a row in X'WX, in quarters: 1 for logistic.</param>
/// <param name="ResidualBound">Greatest |y − μ| that counts: 1 for logistic.</param>
/// <param name="DevianceBound">Greatest deviance of one row that counts.</param>
/// <param name="Iterations">Rounds that the asker means to spend, which is what the query costs in all; at most 25.</param>
/// <param name="Weight">Share of ε.</param>
public sealed record ModelMeasure(
    MeasureKind Of,
    string Outcome,
    IReadOnlyList<string> Predictors,
    IReadOnlyList<double> Coefficients,
    int WeightBound,
    int ResidualBound,
    int DevianceBound,
    int Iterations,
    int Weight = 1) : Measure(Weight)
{
    /// <inheritdoc/>
    public override MeasureKind Kind => Of;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => [Outcome, .. Predictors];

    /// <inheritdoc/>
    public override string Name => $"{Kind.Word()}({Outcome} ~ {string.Join(" + ", Predictors)})";
}

/// <summary>Time to an event: Kaplan-Meier and Nelson-Aalen in each group, log-rank between groups.</summary>
/// <param name="Time">A number column: time until the event, or until the person was last seen.</param>
/// <param name="Event">A category of two labels, the second being the event, or whole numbers 0 to 1.</param>
/// <param name="Edges">Ascending edges of the time bins, from the earliest time that counts; later times count as censored at the last.</param>
/// <param name="Weight">Share of ε.</param>
public sealed record SurvivalMeasure(string Time, string Event, IReadOnlyList<double> Edges, int Weight = 1) : Measure(Weight)
{
    /// <inheritdoc/>
    public override MeasureKind Kind => MeasureKind.Survival;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => [Time, Event];
}

/// <summary>Events for so much person-time.</summary>
/// <param name="Time">A number column with bounds: person-time of a row.</param>
/// <param name="Event">A category of two labels, the second being the event, or whole numbers 0 to 1.</param>
/// <param name="Per">The rate is for so much person-time, e.g. 1000.</param>
/// <param name="Weight">Share of ε.</param>
public sealed record IncidenceMeasure(string Time, string Event, double Per = 1, int Weight = 1) : Measure(Weight)
{
    /// <inheritdoc/>
    public override MeasureKind Kind => MeasureKind.Incidence;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => [Time, Event];
}

/// <summary>How well a score tells two outcomes apart: ROC curve and the area under it, from declared bins of the score.</summary>
/// <param name="Score">A number column.</param>
/// <param name="Outcome">A category of two labels, the second being the positive, or whole numbers 0 to 1.</param>
/// <param name="Edges">Ascending edges of the score's bins; scores outside count in the first or last.</param>
/// <param name="Weight">Share of ε.</param>
public sealed record RocMeasure(string Score, string Outcome, IReadOnlyList<double> Edges, int Weight = 1) : Measure(Weight)
{
    /// <inheritdoc/>
    public override MeasureKind Kind => MeasureKind.Roc;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => [Score, Outcome];
}

/// <summary>The most frequent of a column's declared keys.</summary>
/// <param name="Column">A category.</param>
/// <param name="Count">How many are shown.</param>
/// <param name="Weight">Share of ε.</param>
public sealed record TopMeasure(string Column, int Count, int Weight = 1) : Measure(Weight)
{
    /// <inheritdoc/>
    public override MeasureKind Kind => MeasureKind.Top;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => [Column];
}

/// <summary>One column to group by, with its declared keys: labels of a category, or whole numbers as text.</summary>
/// <param name="Column">The column.</param>
/// <param name="Keys">Which values get a group, in display order; rows with any other value are in no group.</param>
public sealed record GroupBy(string Column, IReadOnlyList<string> Keys);
