using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Queries;

/// <summary>Which columns may stand in a place of a measure.</summary>
public enum ColumnUse
{
    Number,
    Category,

    /// <summary>A category of two labels, or whole numbers 0 and 1.</summary>
    TwoOutcomes,
    Any,
}

/// <summary>A place for one column, or for several.</summary>
public sealed record ColumnPlace(string Label, ColumnUse Use, bool Many = false)
{
    public bool Takes(SchemaColumn column) => Use switch
    {
        ColumnUse.Number => column.IsNumeric,
        ColumnUse.Category => column.Type == ColumnType.Category,
        ColumnUse.TwoOutcomes => column is { Type: ColumnType.Category, Categories.Count: 2 } or { Type: ColumnType.Integer, Low: 0, High: 1 },
        _ => true,
    };
}

/// <summary>A measure of the builder: its word in the query's text, what it is called, and the places to fill.</summary>
public sealed record MeasureShape(string Word, string Name, string Gives, IReadOnlyList<ColumnPlace> Places, bool NeedsGroups = false, bool HasBins = false, bool TakesRounds = false)
{
    public static IReadOnlyList<MeasureShape> All { get; } =
    [
        new("count", "Count", "how many rows", []),
        new("mean", "Mean", "the mean, and how many rows it rests on", [new("Of", ColumnUse.Number)]),
        new("sum", "Sum", "the sum", [new("Of", ColumnUse.Number)]),
        new("sd", "Standard deviation", "how far values spread", [new("Of", ColumnUse.Number)]),
        new("variance", "Variance", "the square of the standard deviation", [new("Of", ColumnUse.Number)]),
        new("histogram", "Histogram", "rows in each bin, or of each label", [new("Of", ColumnUse.Any)], HasBins: true),
        new("box", "Box plot", "quartiles, and the quantiles 0.01 and 0.99", [new("Of", ColumnUse.Number)]),
        new("compare", "Comparison between groups", "a line of a Table 1, with its test", [new("Of", ColumnUse.Any)], NeedsGroups: true),
        new("contingency", "Contingency table", "rows of each pair, χ², odds ratio", [new("Rows", ColumnUse.Category), new("Columns", ColumnUse.Category)]),
        new("correlation", "Correlation", "Pearson's coefficient of each pair", [new("Of", ColumnUse.Number, Many: true)]),
        new("covariance", "Covariance", "covariance of each pair", [new("Of", ColumnUse.Number, Many: true)]),
        new("pca", "Principal components", "directions of greatest variance", [new("Of", ColumnUse.Number, Many: true)]),
        new("linear", "Linear regression", "coefficients, errors, R²", [new("Outcome", ColumnUse.Number), new("Predictors", ColumnUse.Any, Many: true)]),
        new("logistic", "Logistic regression", "odds ratios, fitted over several rounds", [new("Outcome", ColumnUse.TwoOutcomes), new("Predictors", ColumnUse.Any, Many: true)], TakesRounds: true),
        new("poisson", "Poisson regression", "rate ratios of a count, fitted over several rounds", [new("Outcome", ColumnUse.Number), new("Predictors", ColumnUse.Any, Many: true)], TakesRounds: true),
        new("survival", "Survival", "Kaplan-Meier curve, hazard, log-rank test between groups", [new("Time", ColumnUse.Number), new("Event", ColumnUse.TwoOutcomes)], HasBins: true),
        new("incidence", "Incidence rate", "events a unit of time", [new("Time", ColumnUse.Number), new("Event", ColumnUse.TwoOutcomes)]),
        new("roc", "ROC curve", "how well a score tells an outcome", [new("Score", ColumnUse.Number), new("Outcome", ColumnUse.TwoOutcomes)], HasBins: true),
        new("top", "Most frequent labels", "the ten most frequent", [new("Of", ColumnUse.Category)]),
        new("distinct", "Labels that occur", "how many of the declared labels occur", [new("Of", ColumnUse.Category)]),
    ];

    public static MeasureShape Of(string word) => All.First(shape => shape.Word == word);
}
