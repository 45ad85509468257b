namespace SecureAggregation.Crypto;

/// <summary>
/// The keys of a batch, expanded as one path wants them. Keys are added by one thread; after that, disjoint targets may be
/// masked at the same time.
/// </summary>
internal abstract class MaskKeys : IDisposable
{
    private readonly List<MaskSign> _signs = [];

    public int Count => _signs.Count;

    public virtual void Add(ReadOnlySpan<byte> key16, MaskSign sign)
    {
        Expand(key16);
        _signs.Add(sign);
    }

    /// <summary>Adds or subtracts the keystream of every key, all of them to one stretch of the target that fits the cache before the next.</summary>
    /// <param name="target">Lanes, a whole number of cipher blocks.</param>
    /// <param name="laneBits">16, 32 or 64.</param>
    /// <param name="firstBlock">Number of the cipher block at the target's beginning.</param>
    public abstract void Accumulate(Span<byte> target, int laneBits, ulong firstBlock);

    /// <summary>Zeroes the keys.</summary>
    public abstract void Dispose();

    /// <summary>Keeps what <see cref="Accumulate"/> will need of one more key.</summary>
    protected abstract void Expand(ReadOnlySpan<byte> key16);

    protected MaskSign Sign(int key) => _signs[key];
}
