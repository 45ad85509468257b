using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Aggregator.Log;

/// <summary>The rosters that the log has seen, each with the index of its entry; the last is in force. One more may come while the station runs.</summary>
internal sealed class RosterHistory(IReadOnlyList<(long From, Roster Roster)> epochs) : IDisposable
{
    private volatile IReadOnlyList<(long From, Roster Roster)> _epochs = epochs;
    private volatile CancellationTokenSource _replaced = new();

    /// <summary>The one in force; whoever reads it twice may read two.</summary>
    public Roster Current => _epochs[^1].Roster;

    /// <summary>All of them, oldest first.</summary>
    public IEnumerable<Roster> All => _epochs.Select(e => e.Roster);

    /// <summary>Cancelled when the one in force is replaced: streams whose readers may be members no more end then.</summary>
    public CancellationToken Replaced => _replaced.Token;

    /// <summary>The roster in force at an entry.</summary>
    public Roster At(long index) => _epochs.Last(e => e.From <= index).Roster;

    /// <summary>Every key that the station has had.</summary>
    public IEnumerable<IdentityPublicKey> StationKeys => All.Select(roster => roster.Aggregator).Distinct();

    /// <summary>The largest size of the log before the roster that follows the one at an entry.</summary>
    public long LastSizeAt(long index) => _epochs.Where(e => e.From > index).Select(e => e.From).DefaultIfEmpty(long.MaxValue).First();

    /// <summary>The largest size of the log at which its head is signed with the key that the station had at an entry.</summary>
    public long LastSizeOfKeyAt(long index)
    {
        var (all, key) = (_epochs, At(index).Aggregator);
        return all.Where(e => e.From > index && !e.Roster.Aggregator.Equals(key)).Select(e => e.From).DefaultIfEmpty(long.MaxValue).First();
    }

    /// <summary>Those that followed one, oldest first; null if that one is none of the log's.</summary>
    public IReadOnlyList<Roster>? After(ReadOnlySpan<byte> hash)
    {
        var all = _epochs;
        for (var i = 0; i < all.Count; i++)
        {
            if (PublicBytes.Equal(all[i].Roster.Hash, hash)) return [.. all.Skip(i + 1).Select(e => e.Roster)];
        }

        return null;
    }

    /// <summary>Puts the next one in force; its entry is on disk. For one caller at a time.</summary>
    public void Replace(long from, Roster next)
    {
        _epochs = [.. _epochs, (from, next)];
        // Not disposed: whoever holds its token may still ask it.
        var replaced = _replaced;
        _replaced = new CancellationTokenSource();
        replaced.Cancel();
    }

    public void Dispose() => _replaced.Dispose();
}
