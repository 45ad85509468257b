using SecureAggregation.Statistics;

namespace SecureAggregation.Client;

/// <summary>Numbers that were computed here from verified totals, each with the interval of its privacy noise.</summary>
public sealed record Answer
{
    /// <summary>What was asked.</summary>
    public required AnalysisQuery Query { get; init; }

    /// <summary>All numbers, in the order of the query.</summary>
    public required IReadOnlyList<ReleasedStatistic> Statistics { get; init; }

    /// <summary>What the evidence shows of each round that answered: one, but for regressions over several.</summary>
    public required IReadOnlyList<RoundReport> Reports { get; init; }

    /// <summary>The regression that was fitted over several rounds; null where none was asked.</summary>
    public ModelFit? Fit { get; init; }

    /// <summary>A number by its name (docs/queries.md, "What comes out"): <c>mean(chol)</c>, <c>mean(chol){sex=male}</c>.</summary>
    /// <exception cref="KeyNotFoundException">There is none; the message lists some of those that there are.</exception>
    public ReleasedStatistic this[string name] => Find(name) ?? throw new KeyNotFoundException(
        $"The answer has no '{name}'; it has {string.Join(", ", Statistics.Take(20).Select(s => s.Name))}{(Statistics.Count > 20 ? ", …" : "")}.");

    /// <summary>A number by its name; null if there is none.</summary>
    public ReleasedStatistic? Find(string name) => Statistics.FirstOrDefault(s => s.Name == name);
}
