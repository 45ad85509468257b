using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// Secret bytes of a fixed length: pinned, so that the garbage collector leaves no copies behind, and zeroed by
/// <see cref="Dispose"/>. Prints as its type name, compares in constant time, refuses use after it was disposed.
/// </summary>
public sealed class SecretBytes : IDisposable
{
    private readonly byte[] _bytes;
    private bool _disposed;

    /// <summary>Zero bytes, to be filled through <see cref="Span"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public SecretBytes(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _bytes = GC.AllocateArray<byte>(length, pinned: true);
    }

    /// <summary>Number of bytes; not a secret.</summary>
    public int Length => _bytes.Length;

    /// <summary>The bytes themselves; a view that must not outlive this object.</summary>
    /// <exception cref="ObjectDisposedException">The secret was disposed.</exception>
    public Span<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _bytes;
        }
    }

    /// <summary>Fresh bytes from <paramref name="random"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public static SecretBytes Random(int length, RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(random);
        var secret = new SecretBytes(length);
        random.GetBytes(secret._bytes.AsSpan());
        return secret;
    }

    /// <summary>A copy of <paramref name="source"/>, which stays the caller's to zero.</summary>
    public static SecretBytes Copy(ReadOnlySpan<byte> source)
    {
        var secret = new SecretBytes(source.Length);
        source.CopyTo(secret._bytes);
        return secret;
    }

    /// <summary>Compares in time that depends on the lengths only.</summary>
    /// <exception cref="ObjectDisposedException">The secret was disposed.</exception>
    public bool FixedTimeEquals(ReadOnlySpan<byte> other) => CryptographicOperations.FixedTimeEquals(Span, other);

    /// <summary>Zeroes the bytes.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_bytes);
        _disposed = true;
    }

    /// <summary>The type's name, never the contents.</summary>
    public override string ToString() => nameof(SecretBytes);
}
