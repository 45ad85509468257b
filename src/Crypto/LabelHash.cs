using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SecureAggregation.Crypto;

/// <summary>
/// The protocol's labelled hash <c>H(label, f1, f2, …)</c>: SHA-256 over the u16 big-endian length of the label, the label,
/// and for each field its u32 big-endian length and its bytes. The framing is injective: two different lists of fields,
/// or two different purposes, never hash the same input. One instance hashes one input; it is not thread-safe.
/// </summary>
public sealed class LabelHash : IDisposable
{
    /// <summary>Every label begins with this; the version is part of each hash and of each derived key.</summary>
    public const string Prefix = "secagg/v1/";

    /// <summary>Most characters of a purpose.</summary>
    internal const int MaxPurpose = 100;

    /// <summary>Bytes of <see cref="Finish"/>.</summary>
    public const int Size = SHA256.HashSizeInBytes;

    // An input that fits is hashed in one call, in half of the time of an incremental hash. It may hold secrets: pinned, and zeroed
    // after use.
    private const int BufferSize = 512;

    [ThreadStatic]
    private static byte[]? t_spare;

    private byte[] _buffer;
    private int _held;
    private IncrementalHash? _incremental;
    private long _unfilled;
    private bool _finished;

    /// <summary>Starts a hash under the label "secagg/v1/" + <paramref name="purpose"/>.</summary>
    /// <exception cref="ArgumentException">The purpose is empty, too long, or not printable ASCII.</exception>
    public LabelHash(string purpose)
    {
        var length = LabelLength(purpose);
        _buffer = t_spare ?? GC.AllocateArray<byte>(BufferSize, pinned: true);
        t_spare = null;
        BinaryPrimitives.WriteUInt16BigEndian(_buffer, (ushort)length);
        WriteLabel(purpose, _buffer.AsSpan(sizeof(ushort)));
        _held = sizeof(ushort) + length;
    }

    /// <summary>Adds one field.</summary>
    /// <exception cref="InvalidOperationException">The hash is finished, or a field begun before is not filled.</exception>
    public LabelHash Field(ReadOnlySpan<byte> bytes) => BeginField(bytes.Length).Append(bytes);

    /// <summary>Adds one field of four bytes, big-endian.</summary>
    /// <inheritdoc cref="Field(ReadOnlySpan{byte})" path="/exception"/>
    public LabelHash Field(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return Field(bytes);
    }

    /// <summary>Adds one field of eight bytes, big-endian.</summary>
    /// <inheritdoc cref="Field(ReadOnlySpan{byte})" path="/exception"/>
    public LabelHash Field(ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return Field(bytes);
    }

    /// <summary>Adds a set of roster indices as one field: each four bytes big-endian, ascending.</summary>
    /// <exception cref="ArgumentException">The indices are not strictly ascending: a set has one encoding only.</exception>
    /// <inheritdoc cref="Field(ReadOnlySpan{byte})" path="/exception"/>
    public LabelHash Set(IEnumerable<uint> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        var list = indices as IReadOnlyList<uint> ?? [.. indices];
        for (var i = 1; i < list.Count; i++)
        {
            if (list[i] <= list[i - 1])
            {
                throw new ArgumentException(
                    $"Index {list[i]} follows {list[i - 1]}; a set is hashed in strictly ascending order: sort it and drop duplicates.",
                    nameof(indices));
            }
        }

        BeginField((long)list.Count * sizeof(uint));
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        foreach (var index in list)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, index);
            Append(bytes);
        }

        return this;
    }

    /// <summary>Begins a field of <paramref name="length"/> bytes that <see cref="Append"/> then fills, exactly.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative or does not fit 32 bits.</exception>
    /// <inheritdoc cref="Field(ReadOnlySpan{byte})" path="/exception"/>
    public LabelHash BeginField(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, uint.MaxValue);
        RequireNothingUnfilled();
        Span<byte> prefix = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(prefix, (uint)length);
        Take(prefix);
        _unfilled = length;
        return this;
    }

    /// <summary>Adds bytes to the field begun by <see cref="BeginField"/>.</summary>
    /// <exception cref="InvalidOperationException">The bytes are more than the field announced.</exception>
    public LabelHash Append(ReadOnlySpan<byte> part)
    {
        if (part.Length > _unfilled)
            throw new InvalidOperationException($"{part.Length} bytes were appended where the field announced has {_unfilled} left.");
        Take(part);
        _unfilled -= part.Length;
        return this;
    }

    /// <summary>The hash, 32 bytes. The instance cannot be used again.</summary>
    /// <inheritdoc cref="Field(ReadOnlySpan{byte})" path="/exception"/>
    public byte[] Finish()
    {
        RequireNothingUnfilled();
        _finished = true;
        return _incremental is null ? SHA256.HashData(_buffer.AsSpan(0, _held)) : _incremental.GetHashAndReset();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _incremental?.Dispose();
        _finished = true;
        _unfilled = 0;
        if (_buffer.Length == 0) return;
        CryptographicOperations.ZeroMemory(_buffer.AsSpan(0, _held));
        t_spare = _buffer;
        _buffer = [];
        _held = 0;
    }

    /// <summary>Bytes of ASCII("secagg/v1/" + purpose).</summary>
    /// <exception cref="ArgumentException">The purpose is empty, longer than <see cref="MaxPurpose"/>, or not printable ASCII.</exception>
    internal static int LabelLength(string purpose)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        if (purpose.Length > MaxPurpose || purpose.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new ArgumentException("A hash purpose is a short constant of printable ASCII without blanks, e.g. \"commit/b\".", nameof(purpose));
        return Prefix.Length + purpose.Length;
    }

    /// <summary>Writes ASCII("secagg/v1/" + purpose).</summary>
    internal static void WriteLabel(string purpose, Span<byte> target)
    {
        Encoding.ASCII.GetBytes(Prefix, target);
        Encoding.ASCII.GetBytes(purpose, target[Prefix.Length..]);
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        if (_incremental is null && bytes.Length <= BufferSize - _held)
        {
            bytes.CopyTo(_buffer.AsSpan(_held));
            _held += bytes.Length;
            return;
        }

        if (_incremental is null)
        {
            _incremental = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            _incremental.AppendData(_buffer.AsSpan(0, _held));
        }

        _incremental.AppendData(bytes);
    }

    private void RequireNothingUnfilled()
    {
        if (_finished) throw new InvalidOperationException("This hash is finished or disposed; start a new LabelHash.");
        if (_unfilled != 0) throw new InvalidOperationException($"The field begun before still lacks {_unfilled} bytes; fill it first.");
    }
}
