namespace SecureAggregation.Statistics;

/// <summary>What is computed. The numbers are those of the wire and never change.</summary>
public enum MeasureKind
{
    /// <summary>Rows; with a column, rows in which it is present.</summary>
    Count = 1,

    /// <summary>Sum of a column.</summary>
    Sum = 2,

    /// <summary>Mean of a column.</summary>
    Mean = 3,

    /// <summary>Sample variance (n − 1) of a column.</summary>
    Variance = 4,

    /// <summary>Sample standard deviation of a column.</summary>
    Sd = 5,

    /// <summary>Rows a bin of a number column, or a label of a category.</summary>
    Histogram = 6,

    /// <summary>Quantiles of a number column.</summary>
    Quantiles = 7,

    /// <summary>A column compared between the groups of the query.</summary>
    Compare = 8,

    /// <summary>Two columns' keys against each other.</summary>
    Contingency = 9,

    /// <summary>Covariance matrix.</summary>
    Covariance = 10,

    /// <summary>Pearson's correlation matrix.</summary>
    Correlation = 11,

    /// <summary>Principal components of the correlation matrix.</summary>
    Pca = 12,

    /// <summary>Linear regression.</summary>
    Linear = 13,

    /// <summary>Logistic regression.</summary>
    Logistic = 14,

    /// <summary>Poisson regression.</summary>
    Poisson = 15,

    /// <summary>Kaplan-Meier, Nelson-Aalen, log-rank.</summary>
    Survival = 16,

    /// <summary>Events for so much person-time.</summary>
    Incidence = 17,

    /// <summary>ROC curve and the area under it.</summary>
    Roc = 18,

    /// <summary>How many of a column's declared keys occur.</summary>
    Distinct = 19,

    /// <summary>The most frequent of a column's declared keys.</summary>
    Top = 20,
}

/// <summary>The words of the kinds, in queries and results.</summary>
public static class MeasureKinds
{
    /// <summary>All kinds, in the order of the wire.</summary>
    public static IReadOnlyList<MeasureKind> All { get; } = Enum.GetValues<MeasureKind>();

    /// <summary>E.g. "mean".</summary>
    public static string Word(this MeasureKind kind) => kind.ToString().ToLowerInvariant();
}
