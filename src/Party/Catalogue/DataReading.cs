using SecureAggregation.Party.Data;

namespace SecureAggregation.Party.Catalogue;

/// <summary>A pass over a dataset's rows for the catalogue: what was there, and by which mark a change will show.</summary>
/// <param name="Content">What was read.</param>
/// <param name="Stamp">The source's own mark from before the pass; null if it has none.</param>
/// <param name="At">When the pass began.</param>
internal sealed record DataReading(DataContent Content, string? Stamp, DateTimeOffset At)
{
    /// <summary>How long a source that cannot tell of changes is taken to be as it was: to know, it must be read.</summary>
    public static readonly TimeSpan LongestBlind = TimeSpan.FromDays(1);

    /// <summary>Reads and checks all rows.</summary>
    /// <exception cref="DataSourceException">The source cannot be read, or is not what the schema says.</exception>
    public static DataReading Take(Dataset dataset, TimeProvider clock, CancellationToken cancellationToken)
    {
        // The mark first: what changes during the pass shows as a change after it.
        var (at, stamp) = (clock.GetUtcNow(), dataset.Source.Stamp());
        return new DataReading(dataset.CheckRows(cancellationToken), stamp, at);
    }

    /// <summary>Whether the source may hold something else by now.</summary>
    public bool IsStale(IDataSource source, DateTimeOffset now) => Stamp is null ? now - At >= LongestBlind : source.Stamp() != Stamp;
}
