using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>A growing table of secrets, all rows of one width: pinned, zeroed when it grows out of its memory and when it is disposed.</summary>
internal sealed class SecretRows<T>(int width) : IDisposable
    where T : unmanaged
{
    private T[] _items = [];

    public int Count { get; private set; }

    public Span<T> this[int row] => _items.AsSpan(row * width, width);

    /// <summary>A new row of zeros; rows taken before are then no longer valid.</summary>
    public Span<T> Add()
    {
        if (Count * width == _items.Length)
        {
            var larger = GC.AllocateArray<T>(Math.Max(1, Count * 2) * width, pinned: true);
            _items.CopyTo(larger, 0);
            Zero();
            _items = larger;
        }

        return this[Count++];
    }

    public void Dispose()
    {
        Zero();
        (_items, Count) = ([], 0);
    }

    private void Zero() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_items.AsSpan()));
}
