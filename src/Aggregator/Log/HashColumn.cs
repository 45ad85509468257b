using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Log;

/// <summary>Hashes of 32 bytes side by side: a log of years has millions, and as objects each would cost twice its bytes and a look of the garbage collector.</summary>
internal sealed class HashColumn
{
    private const int HashesPerPage = 1024;

    private readonly List<byte[]> _pages = [];

    public int Count { get; private set; }

    /// <summary>A copy of one.</summary>
    public byte[] this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            return Place(index).ToArray();
        }
    }

    public void Add(ReadOnlySpan<byte> hash)
    {
        if (Count == _pages.Count * HashesPerPage) _pages.Add(new byte[HashesPerPage * MerkleTree.HashSize]);
        hash.CopyTo(Place(Count));
        Count++;
    }

    /// <summary>Forgets those from <paramref name="count"/> on.</summary>
    public void Truncate(int count)
    {
        Count = Math.Min(Count, count);
        var pages = (Count + HashesPerPage - 1) / HashesPerPage;
        _pages.RemoveRange(pages, _pages.Count - pages);
    }

    private Span<byte> Place(int index) => _pages[index / HashesPerPage].AsSpan(index % HashesPerPage * MerkleTree.HashSize, MerkleTree.HashSize);
}
