namespace SecureAggregation.Statistics;

/// <summary>
/// What is done to noised numbers before people read them, where noise has made them impossible. The totals stay as they are, and repairs cost no ε:
/// they see noised totals only.
/// </summary>
[Flags]
public enum Repairs
{
    /// <summary>Numbers as the totals give them: counts below 0, correlations above 1, curves that go up and down.</summary>
    None = 0,

    /// <summary>No number of rows is shown below 0, nor an end of its interval.</summary>
    Zero = 1,

    /// <summary>A covariance matrix is the nearest positive semi-definite one: no negative variance, no correlation beyond 1.</summary>
    Definite = 2,

    /// <summary>Survival and ROC curves and distribution functions are the nearest that rise, or fall, throughout, within 0 and 1.</summary>
    Monotone = 4,

    /// <summary>All of them.</summary>
    All = Zero | Definite | Monotone,
}

/// <summary>The words of repairs, in queries and on the command line.</summary>
public static class RepairWords
{
    /// <summary>zero, definite, monotone.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Each.Select(Word)];

    private static Repairs[] Each => [Repairs.Zero, Repairs.Definite, Repairs.Monotone];

    /// <summary>The repairs that are named; none of none.</summary>
    /// <exception cref="AnalysisException">A word names no repair.</exception>
    public static Repairs Parse(IEnumerable<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        return words.Aggregate(Repairs.None, (all, word) => all | Each.FirstOrDefault(r => Word(r) == word) switch
        {
            Repairs.None => throw new AnalysisException($"repairs has '{word}'; it is a list of {string.Join(", ", All)}, and an empty one shows numbers as the totals give them."),
            var repair => repair,
        });
    }

    private static string Word(Repairs repair) => repair.ToString().ToLowerInvariant();
}
