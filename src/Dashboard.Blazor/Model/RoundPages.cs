using SecureAggregation.Client;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>
/// The rounds that match a search, by their place in the list. Those that the deck holds come from memory, all others from the station, a page at a time. The list is of one moment:
/// rounds that begin later do not move it.
/// </summary>
public sealed class RoundPages
{
    public const int PageSize = 100;
    private const int MostPages = 8;
    private readonly Dictionary<int, Task<ListRoundsReply>> _pages = [];
    private readonly IReadOnlyList<RoundView> _held;
    private readonly Func<int, Task<ListRoundsReply>>? _fetch;
    private readonly int _shift;

    private RoundPages(IReadOnlyList<RoundView> held, int total, Func<int, Task<ListRoundsReply>>? fetch = null, int shift = 0) =>
        (_held, Total, _fetch, _shift) = (held, total, fetch, shift);

    public int Total { get; private set; }

    /// <param name="search">Which.</param>
    /// <param name="held">The rounds that the deck holds, newest first.</param>
    /// <param name="inAll">How many the station has.</param>
    /// <param name="newest">When the newest began that belongs to the list, Unix milliseconds.</param>
    /// <param name="fetch">Asks the station: limit, offset, filter.</param>
    public static async Task<RoundPages> OpenAsync(RoundSearch search, IReadOnlyList<RoundView> held, int inAll, ulong newest, Func<int, int, RoundFilter, Task<ListRoundsReply>> fetch)
    {
        var known = held.Where(r => r.StartedMs <= newest && search.Matches(r)).ToArray();
        if (inAll <= held.Count) return new RoundPages(known, known.Length);
        var filter = search.ForStation(Contract.Time(newest).AddMilliseconds(1));
        Task<ListRoundsReply> Page(int offset) => fetch(PageSize, offset, filter);
        // Nothing is left out of the newest: the station's list goes on where the deck's ends.
        if (search.IsAll) return new RoundPages(known, Math.Max(known.Length, inAll - held.Count(r => r.StartedMs > newest)), Page);
        RoundView[] pending = search.State == RoundSearch.Open ? [.. known.Where(r => r.State == RoundState.Running)] : [];
        var pages = new RoundPages(pending, pending.Length, Page, pending.Length);
        pages.Total += (int)(await pages.PageAsync(0)).Total;
        return pages;
    }

    /// <summary>Rounds from a place on; fewer at the end.</summary>
    /// <exception cref="ConsortiumException">The station does not say.</exception>
    public async Task<IReadOnlyList<RoundView>> ReadAsync(int start, int count)
    {
        var end = Math.Min(start + count, Total);
        var found = new List<RoundView>(Math.Max(0, end - start));
        while (start < end)
        {
            if (start < _held.Count)
            {
                found.Add(_held[start++]);
                continue;
            }

            if (_fetch is null) break;
            var at = start - _shift;
            var page = (await PageAsync(at / PageSize)).Rounds;
            var within = at % PageSize;
            // The station has fewer than it said.
            if (within >= page.Count) break;
            var taken = page.Skip(within).Take(end - start).ToArray();
            found.AddRange(taken);
            start += taken.Length;
        }

        return found;
    }

    private async Task<ListRoundsReply> PageAsync(int page)
    {
        if (!_pages.TryGetValue(page, out var reply))
        {
            if (_pages.Count >= MostPages) _pages.Remove(_pages.Keys.MaxBy(known => Math.Abs(known - page)));
            _pages[page] = reply = _fetch!(page * PageSize);
        }

        try
        {
            return await reply;
        }
        catch
        {
            // The next reader asks again.
            _pages.Remove(page);
            throw;
        }
    }
}
