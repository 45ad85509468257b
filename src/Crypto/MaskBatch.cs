using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// Masks that go into one vector, applied together. A mask is the AES-128-CTR keystream (NIST SP 800-38A section 6.5) of a
/// 16-byte key; the counter block is a 128-bit big-endian integer that starts at 0. That start is right only because a key
/// makes one mask and is never used again; with a second use the same mask would come out, and two masked vectors would give
/// away their difference. Element i takes the keystream's lane i (16, 32 or 64 bits, little-endian), of which b bits count.
/// Once all keys are added, disjoint blocks of a vector may be masked at the same time.
/// </summary>
public sealed class MaskBatch : IDisposable
{
    /// <summary>Bytes of a mask key.</summary>
    public const int KeySize = 16;

    private readonly List<MaskSign> _signs = [];
    private byte[] _keys = GC.AllocateArray<byte>(KeySize, pinned: true);
    private bool _disposed;

    /// <summary>The implementation chosen at start-up: "x86-aes", "arm-aes" or "portable". All give the same bytes.</summary>
    public static string PathName => MaskStream.PathName;

    /// <summary>Number of masks.</summary>
    public int Count => _signs.Count;

    /// <summary>Adds the mask of a key to the batch.</summary>
    /// <param name="key16">16 bytes, used for this one mask and nothing else. The batch keeps a copy and zeroes it when disposed.</param>
    /// <param name="sign">Whether the mask is added or subtracted.</param>
    /// <exception cref="ArgumentException">The key is not 16 bytes, or the sign is neither.</exception>
    /// <exception cref="ObjectDisposedException">The batch was disposed.</exception>
    public void Add(ReadOnlySpan<byte> key16, MaskSign sign)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Require.Length(key16, KeySize, nameof(key16));
        if (sign is not (MaskSign.Add or MaskSign.Subtract))
            throw new ArgumentOutOfRangeException(nameof(sign), sign, "A mask is added or subtracted.");
        if (Count * KeySize == _keys.Length)
        {
            var larger = GC.AllocateArray<byte>(_keys.Length * 2, pinned: true);
            _keys.CopyTo(larger, 0);
            CryptographicOperations.ZeroMemory(_keys);
            _keys = larger;
        }

        key16.CopyTo(_keys.AsSpan(Count * KeySize));
        _signs.Add(sign);
    }

    /// <summary>Applies every mask to a whole vector. The result does not depend on the number of threads.</summary>
    /// <param name="accumulator">The vector to mask.</param>
    /// <param name="cores">Threads to use at most; 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of cores is 0 or less.</exception>
    /// <exception cref="ObjectDisposedException">The batch or the vector was disposed.</exception>
    public void ApplyTo(RingVector accumulator, int cores = 1)
    {
        ArgumentNullException.ThrowIfNull(accumulator);
        if (cores < 1) throw new ArgumentOutOfRangeException(nameof(cores), cores, "Masks need at least 1 core.");
        ApplyTo(accumulator, 0, accumulator.Length);
    }

    /// <summary>Applies every mask to one block of a vector, on the caller's thread.</summary>
    /// <param name="accumulator">The vector to mask.</param>
    /// <param name="firstElement">First element to mask, a multiple of 8; it takes the keystreams' element of the same number.</param>
    /// <param name="count">How many, a multiple of 8 or up to the end.</param>
    /// <exception cref="ArgumentException">The block is not aligned or not within the vector.</exception>
    /// <exception cref="ObjectDisposedException">The batch or the vector was disposed.</exception>
    public void ApplyTo(RingVector accumulator, int firstElement, int count)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        for (var i = 0; i < Count; i++)
            MaskStream.Accumulate(accumulator, _keys.AsSpan(i * KeySize, KeySize), _signs[i], firstElement, count, MaskStream.BestPath);
    }

    /// <summary>Zeroes the keys.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_keys);
        _disposed = true;
    }
}
