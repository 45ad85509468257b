using System.Globalization;
using System.Runtime.CompilerServices;
using SecureAggregation.Crypto;
using SecureAggregation.Privacy;
using SecureAggregation.Statistics;

namespace SecureAggregation.Client;

/// <summary>
/// A question to a dataset, put together word by word; awaiting it asks, waits, checks the evidence and gives the answer:
/// <c>await consortium.Dataset("heart").Epsilon(0.5).Where(row =&gt; row["age"] &gt;= 40).GroupBy("sex").Mean("chol")</c>.
/// Every word gives a new question and leaves the old one as it was. The measures are those of docs/queries.md.
/// </summary>
public sealed class DatasetQuery
{
    private const int Iterations = 8;
    private const int DevianceBound = 8;

    private readonly IConsortium _consortium;
    private readonly IdentityKey? _coordinator;
    private readonly Draft _draft;

    internal DatasetQuery(IConsortium consortium, string dataset, IdentityKey? coordinator)
        : this(consortium, coordinator, new Draft(dataset))
    {
    }

    private DatasetQuery(IConsortium consortium, IdentityKey? coordinator, Draft draft) => (_consortium, _coordinator, _draft) = (consortium, coordinator, draft);

    /// <summary>The question as it stands, as a query file would have it.</summary>
    /// <exception cref="QuestionException">There is no ε yet, or nothing is measured.</exception>
    public AnalysisQuery Query => _draft.ToQuery();

    /// <summary>What the whole question may spend at each outpost; more than 0, at most 100, up to six decimals. Every question must say it.</summary>
    public DatasetQuery Epsilon(double epsilon) => With(_draft with { Epsilon = epsilon });

    /// <summary>A title for people; the dataset's name if none is given.</summary>
    public DatasetQuery Titled(string title) => With(_draft with { Title = title });

    /// <summary>The study that it belongs to.</summary>
    public DatasetQuery ForStudy(string study) => With(_draft with { Query = _draft.Query with { Study = study } });

    /// <summary>Who adds the noise; each outpost all of it if nothing is said.</summary>
    public DatasetQuery Noise(NoiseMode noise) => With(_draft with { Query = _draft.Query with { Noise = noise } });

    /// <summary>How many outposts must remain, if more than the roster says.</summary>
    public DatasetQuery MinSurvivors(int outposts) => With(_draft with { Query = _draft.Query with { MinSurvivors = outposts } });

    /// <summary>Datasets with a person key: how many rows of one person count in a group, and in how many groups.</summary>
    public DatasetQuery PerPerson(int rows, int groups = 1) => With(_draft with { Query = _draft.Query with { RowsPerPerson = rows, GroupsPerPerson = groups } });

    /// <summary>What is done to numbers that noise has made impossible; all repairs if nothing is said.</summary>
    public DatasetQuery Repaired(Repairs repairs) => With(_draft with { Query = _draft.Query with { Repairs = repairs } });

    /// <summary>Which rows count; said again, both conditions hold.</summary>
    public DatasetQuery Where(Func<Row, Condition> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var added = condition(new Row());
        return With(_draft with { Query = _draft.Query with { Where = (_draft.Query.Where is { } where ? new Condition(where) & added : added).Filter } });
    }

    /// <summary>One number of each kind for each key of a column; without keys, for each label of the category. Up to three columns.</summary>
    public DatasetQuery GroupBy(string column, params IReadOnlyList<string> keys) =>
        With(_draft with { Query = _draft.Query with { GroupBy = [.. _draft.Query.GroupBy, new GroupBy(column, keys)] } });

    /// <summary>A column made from others.</summary>
    public DatasetQuery Derive(DerivedColumn column) => With(_draft with { Query = _draft.Query with { Derived = [.. _draft.Query.Derived, column] } });

    /// <summary>Values of a column below or above count as these, in all measures; the schema's bounds if nothing is said.</summary>
    public DatasetQuery Clamp(string column, double low, double high) =>
        With(_draft with { Bounds = new Dictionary<string, ColumnBounds>(_draft.Bounds) { [column] = new(low + 0.0, high + 0.0) } });

    /// <summary>The measure that was named last gets so many shares of ε instead of one, 1 to 1000.</summary>
    public DatasetQuery Weight(int shares) => _draft.Query.Measures.ToArray() is [.. var before, var last]
        ? With(_draft with { Query = _draft.Query with { Measures = [.. before, last with { Measure = last.Measure with { Weight = shares } }] } })
        : throw new QuestionException("Weight is of the measure that was named last, and none was named; write e.g. Mean(\"age\").Weight(2).");

    /// <summary>Rows.</summary>
    public DatasetQuery Count() => Ask(new ColumnMeasure(MeasureKind.Count));

    /// <summary>Rows in which a column has a value.</summary>
    public DatasetQuery Count(string column) => Ask(new ColumnMeasure(MeasureKind.Count, column));

    /// <summary>Sum.</summary>
    public DatasetQuery Sum(string column) => Ask(new ColumnMeasure(MeasureKind.Sum, column));

    /// <summary>Mean.</summary>
    public DatasetQuery Mean(string column) => Ask(new ColumnMeasure(MeasureKind.Mean, column));

    /// <summary>Variance of the sample.</summary>
    public DatasetQuery Variance(string column) => Ask(new ColumnMeasure(MeasureKind.Variance, column));

    /// <summary>Standard deviation of the sample.</summary>
    public DatasetQuery Sd(string column) => Ask(new ColumnMeasure(MeasureKind.Sd, column));

    /// <summary>Rows a bin of a number column, or with no bins a label of a category.</summary>
    public DatasetQuery Histogram(string column, Bins? bins = null) => Ask(new HistogramMeasure(column, bins?.Edges ?? []), bins);

    /// <summary>Quantiles at these probabilities.</summary>
    public DatasetQuery Quantiles(string column, IReadOnlyList<double> at, Bins? bins = null) => Ask(new QuantileMeasure(column, bins?.Edges ?? [], at), bins);

    /// <summary>The quantile 0.5.</summary>
    public DatasetQuery Median(string column, Bins? bins = null) => Quantiles(column, [0.5], bins);

    /// <summary>The quantiles 0.01, 0.25, 0.5, 0.75 and 0.99, and the distance of the quartiles.</summary>
    public DatasetQuery Box(string column, Bins? bins = null) => Quantiles(column, [0.01, 0.25, 0.5, 0.75, 0.99], bins);

    /// <summary>A column compared between the groups.</summary>
    public DatasetQuery Compare(string column) => Ask(new ColumnMeasure(MeasureKind.Compare, column));

    /// <summary>Rows in each pair of two columns' labels. Whole numbers need keys: the other form.</summary>
    public DatasetQuery Contingency(string rows, string columns) => Contingency(new GroupBy(rows, []), new GroupBy(columns, []));

    /// <summary>Rows in each pair of two columns' keys.</summary>
    public DatasetQuery Contingency(GroupBy rows, GroupBy columns) => Ask(new ContingencyMeasure(rows, columns));

    /// <summary>Covariances of each two columns.</summary>
    public DatasetQuery Covariance(params IReadOnlyList<string> columns) => Ask(new CrossMeasure(MeasureKind.Covariance, columns));

    /// <summary>Correlations of each two columns.</summary>
    public DatasetQuery Correlation(params IReadOnlyList<string> columns) => Ask(new CrossMeasure(MeasureKind.Correlation, columns));

    /// <summary>Principal components.</summary>
    public DatasetQuery Pca(params IReadOnlyList<string> columns) => Ask(new CrossMeasure(MeasureKind.Pca, columns));

    /// <summary>Linear regression.</summary>
    public DatasetQuery Linear(string outcome, params IReadOnlyList<string> predictors) => Ask(new LinearMeasure(outcome, predictors));

    /// <summary>Logistic regression over several rounds, at most <paramref name="iterations"/>; ε is for all of them.</summary>
    public DatasetQuery Logistic(string outcome, IReadOnlyList<string> predictors, int iterations = Iterations) =>
        Ask(new ModelMeasure(MeasureKind.Logistic, outcome, predictors, [], 1, 1, DevianceBound, iterations));

    /// <summary>Poisson regression over several rounds, at most <paramref name="iterations"/>; ε is for all of them.</summary>
    public DatasetQuery Poisson(string outcome, IReadOnlyList<string> predictors, int iterations = Iterations) =>
        Ask(new ModelMeasure(MeasureKind.Poisson, outcome, predictors, [], 0, 0, DevianceBound, iterations));

    /// <summary>Time to an event.</summary>
    public DatasetQuery Survival(string time, string happened, Bins? bins = null) => Ask(new SurvivalMeasure(time, happened, bins?.Edges ?? []), bins);

    /// <summary>Events for so much person-time.</summary>
    public DatasetQuery Incidence(string time, string happened, double per = 1) => Ask(new IncidenceMeasure(time, happened, per));

    /// <summary>ROC curve of a score, and the area under it.</summary>
    public DatasetQuery Roc(string score, string outcome, Bins? bins = null) => Ask(new RocMeasure(score, outcome, bins?.Edges ?? []), bins);

    /// <summary>How many of a category's labels occur.</summary>
    public DatasetQuery Distinct(string column) => Ask(new ColumnMeasure(MeasureKind.Distinct, column));

    /// <summary>The most frequent labels of a category.</summary>
    public DatasetQuery Top(string column, int count = 10) => Ask(new TopMeasure(column, count));

    /// <summary>Widths of the intervals, what each outpost would charge, who would refuse. Spends nothing.</summary>
    /// <param name="options">How it is planned; null for the defaults.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ConsortiumException">As <see cref="IConsortium.PlanAsync"/>.</exception>
    public Task<QueryPlan> PlanAsync(PlanOptions? options = null, CancellationToken cancellation = default) => _consortium.PlanAsync(Query, _coordinator, options, cancellation);

    /// <summary>Asks, waits for the end, tries aborted rounds again, checks the evidence. Rounds of a regression follow one another.</summary>
    /// <param name="options">How it is asked, and who is told; null for the defaults.</param>
    /// <param name="confidence">Of the intervals, 0.5 to 0.999999.</param>
    /// <param name="cancellation">Gives up; a round that is under way goes on, and what is spent stays spent.</param>
    /// <exception cref="QuestionException">It cannot be asked as it is; nothing was spent.</exception>
    /// <exception cref="RoundFailedException">No number was opened, or its evidence does not hold.</exception>
    /// <exception cref="ConsortiumException">The station is away or refuses.</exception>
    public Task<Answer> AskAsync(AskOptions? options = null, double confidence = 0.95, CancellationToken cancellation = default) =>
        _consortium.AnswerAsync(Query, _coordinator, options, confidence, cancellation);

    /// <summary>What <c>await</c> means: <see cref="AskAsync"/> with the defaults.</summary>
    public TaskAwaiter<Answer> GetAwaiter() => AskAsync().GetAwaiter();

    private DatasetQuery Ask(Measure measure, Bins? bins = null) =>
        With(_draft with { Query = _draft.Query with { Measures = [.. _draft.Query.Measures, new QueryMeasure(measure) { Bins = bins?.Count }] } });

    private DatasetQuery With(Draft draft) => new(_consortium, _coordinator, draft);

    /// <summary>What was said so far. The ε of <paramref name="Query"/> is none yet.</summary>
    private sealed record Draft(AnalysisQuery Query)
    {
        public Draft(string dataset)
            : this(new AnalysisQuery { Name = dataset, Dataset = dataset, Epsilon = default, Measures = [] })
        {
        }

        public double? Epsilon { get; init; }

        public string? Title { get; init; }

        public IReadOnlyDictionary<string, ColumnBounds> Bounds { get; init; } = new Dictionary<string, ColumnBounds>();

        public AnalysisQuery ToQuery()
        {
            if (Epsilon is not { } epsilon) throw new QuestionException("The question has no epsilon, which is what it may spend at each outpost; add e.g. .Epsilon(0.5).");
            if (Query.Measures.Count == 0) throw new QuestionException("The question measures nothing; add e.g. .Count() or .Mean(\"age\").");
            if (Bounds.Keys.FirstOrDefault(c => !Query.Measures.Any(m => m.Measure.Columns.Contains(c))) is { } stray)
                throw new QuestionException($"Clamp names '{stray}', which no measure reads.");
            try
            {
                return Query with
                {
                    Name = string.IsNullOrEmpty(Title) ? Query.Dataset : Title,
                    Epsilon = MicroEpsilon.Parse(epsilon.ToString("R", CultureInfo.InvariantCulture)),
                    Measures = [.. Query.Measures.Select(m => m with { Bounds = Bounds.Where(b => m.Measure.Columns.Contains(b.Key)).ToDictionary() })],
                };
            }
            catch (FormatException e)
            {
                throw new QuestionException(e.Message, e);
            }
        }
    }
}
