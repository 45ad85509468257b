using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// Secret bytes of a fixed length: pinned, so that the garbage collector leaves no copies behind, and zeroed by
/// <see cref="Dispose"/>. Prints as its type name, compares in constant time, refuses use after it was disposed.
/// </summary>
public sealed class SecretBytes : IDisposable
{
    // Pinned memory is handed out under a lock of the whole process and collected with the oldest generation only, and a round makes several
    // small secrets for each neighbour of a party: they are cut from slabs. A piece is never handed out twice; its slab goes when its last secret does.
    private const int SlabSize = 4096;
    private const int Largest = SlabSize / 8;
    private const int Alignment = 16;

    [ThreadStatic]
    private static byte[]? t_slab;

    [ThreadStatic]
    private static int t_used;

    private readonly byte[] _memory;
    private readonly int _start;
    private bool _disposed;

    /// <summary>Zero bytes, to be filled through <see cref="Span"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public SecretBytes(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        if (length > Largest)
        {
            _memory = GC.AllocateArray<byte>(length, pinned: true);
            return;
        }

        if (t_slab is null || t_used > SlabSize - length)
        {
            t_slab = GC.AllocateArray<byte>(SlabSize, pinned: true);
            t_used = 0;
        }

        _memory = t_slab;
        _start = t_used;
        t_used += (length + Alignment - 1) / Alignment * Alignment;
    }

    /// <summary>Number of bytes; not a secret.</summary>
    public int Length { get; }

    /// <summary>The bytes themselves; a view that must not outlive this object.</summary>
    /// <exception cref="ObjectDisposedException">The secret was disposed.</exception>
    public Span<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _memory.AsSpan(_start, Length);
        }
    }

    /// <summary>Fresh bytes from <paramref name="random"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public static SecretBytes Random(int length, RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(random);
        var secret = new SecretBytes(length);
        random.GetBytes(secret.Span);
        return secret;
    }

    /// <summary>A copy of <paramref name="source"/>, which stays the caller's to zero.</summary>
    public static SecretBytes Copy(ReadOnlySpan<byte> source)
    {
        var secret = new SecretBytes(source.Length);
        source.CopyTo(secret.Span);
        return secret;
    }

    /// <summary>What a file holds that is a secret as a whole, such as a key; no other copy of it is made.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limit">The most bytes that it may have; held while reading, for a pipe has no length to look at before.</param>
    /// <returns>Null if it has more.</returns>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SecretBytes? ReadFile(string path, int limit)
    {
        // No buffer of the stream's own: nobody would erase it.
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        using var room = new SecretBytes(limit + 1);
        var length = file.ReadAtLeast(room.Span, room.Length, throwOnEndOfStream: false);
        return length > limit ? null : Copy(room.Span[..length]);
    }

    /// <summary>Compares in time that depends on the lengths only.</summary>
    /// <exception cref="ObjectDisposedException">The secret was disposed.</exception>
    public bool FixedTimeEquals(ReadOnlySpan<byte> other) => CryptographicOperations.FixedTimeEquals(Span, other);

    /// <summary>Zeroes the bytes.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_memory.AsSpan(_start, Length));
        _disposed = true;
    }

    /// <summary>The type's name, never the contents.</summary>
    public override string ToString() => nameof(SecretBytes);
}
