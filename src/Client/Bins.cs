namespace SecureAggregation.Client;

/// <summary>Bins of a number column. They are declared, never taken from data.</summary>
public sealed record Bins
{
    private Bins(IReadOnlyList<double> edges, int? count) => (Edges, Count) = (edges, count);

    /// <summary>Ascending; empty where the bins are so many equal ones.</summary>
    public IReadOnlyList<double> Edges { get; }

    /// <summary>So many equal bins between the column's bounds; null where the edges say.</summary>
    public int? Count { get; }

    /// <summary>Bins between edges, e.g. 20, 40, 60: each holds its lower edge, the last one both.</summary>
    public static Bins At(params IReadOnlyList<double> edges)
    {
        ArgumentNullException.ThrowIfNull(edges);
        return new([.. edges.Select(edge => edge + 0.0)], null);
    }

    /// <summary>So many equal bins between the column's bounds, 1 to 1000.</summary>
    public static Bins Equal(int count) => new([], count);
}
