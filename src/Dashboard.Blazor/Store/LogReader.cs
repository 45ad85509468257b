using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Model.Evidence;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Protocol;

namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>Entries that were found, newest first.</summary>
/// <param name="Head">The head of the log, signed by its station.</param>
/// <param name="Rows">What matches.</param>
/// <param name="Looked">How many entries were looked at for them.</param>
/// <param name="Next">Where to go on; 0 when the log's beginning was reached.</param>
internal sealed record LogSlice(Checkpoint Head, IReadOnlyList<LogRow> Rows, int Looked, long Next);

/// <summary>Pages of the log, read backwards from its head. A log of any length costs a page the same: there is an end to what one look searches.</summary>
internal sealed class LogReader(IConsortium consortium)
{
    public const int PageSize = 50;
    public const int MostLooked = 2_000;
    private const int Chunk = 250;

    public async Task<LogSlice> ReadAsync(LogQuery query, Func<uint, string> nameOf, CancellationToken cancellation)
    {
        var head = await consortium.GetCheckpointAsync(cancellation);
        var (floor, at) = (0L, Math.Clamp(query.Before ?? head.Size, 0, head.Size));
        if (query.Index is { } index) (floor, at) = (Math.Min(index, head.Size), Math.Min(index + 1, head.Size));
        else if (DeckUrls.ParseRoundId(query.RoundId) is { } id && await FindAsync(id, cancellation) is { } round)
            (floor, at) = (Math.Min((long)round.FirstEntry, at), Math.Min(at, (long)round.LastEntry + 1));

        var (rows, looked) = (new List<LogRow>(), 0);
        while (at > floor && rows.Count < PageSize && looked < MostLooked)
        {
            var start = Math.Max(floor, at - (query.IsFiltered ? Chunk : PageSize));
            var chunk = await ReadAsync(start, at, cancellation);
            for (; at > start && rows.Count < PageSize; looked++)
            {
                at--;
                if (query.Matches(chunk[(int)(at - start)], nameOf)) rows.Add(chunk[(int)(at - start)]);
            }
        }

        return new LogSlice(head, rows, looked, at > floor ? at : 0);
    }

    /// <summary>Entries from one on up to another; large ones come in several replies.</summary>
    private async Task<List<LogRow>> ReadAsync(long start, long end, CancellationToken cancellation)
    {
        var rows = new List<LogRow>();
        for (var at = start; at < end; at = start + rows.Count)
        {
            var leaves = await consortium.ListEntriesAsync(at, (int)(end - at), cancellation);
            if (leaves.Count == 0) throw new StationUnavailableException($"The station did not send entry {at}, although it signed a head that holds it.");
            rows.AddRange(leaves.Take((int)(end - at)).Select((leaf, i) => LogRow.Of(LogLeaf.Read(at + i, leaf))));
        }

        return rows;
    }

    private async Task<Protocol.Wire.RoundView?> FindAsync(byte[] roundId, CancellationToken cancellation)
    {
        try
        {
            var round = await consortium.GetRoundAsync(roundId, cancellation);
            return round.LastEntry >= round.FirstEntry && round.LastEntry < long.MaxValue && round.State != Protocol.Wire.RoundState.Running ? round : null;
        }
        catch (RoundNotFoundException)
        {
            return null;
        }
    }
}
