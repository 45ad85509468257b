using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// A vector over the ring Z/2^b, 8 ≤ b ≤ 64, which may be a secret: pinned, zeroed by <see cref="Dispose"/>, never printed.
/// Elements sit in lanes of the smallest of 16, 32 or 64 bits that holds b. Since 2^b divides 2^lane, sums are kept modulo
/// 2^lane and reduced to b bits only when they are read or packed. Blocks of a vector (masking, streaming) begin at a
/// multiple of <see cref="BlockAlignment"/> elements, so that they begin on a whole byte of packed data and on a whole
/// cipher block of the mask stream. Not thread-safe, except that disjoint blocks may be worked on at the same time.
/// </summary>
public sealed class RingVector : IDisposable
{
    /// <summary>Smallest b.</summary>
    public const int MinBits = 8;

    /// <summary>Largest b.</summary>
    public const int MaxBits = 64;

    /// <summary>Blocks begin at a multiple of so many elements.</summary>
    public const int BlockAlignment = 8;

    // Storage is a whole number of cipher blocks for every lane, so that masking needs no case for the last, partial block.
    private const int StorageAlignment = 16;

    // Lanes begin on a cache line: a wide vector that straddles two of them costs twice. Pinned memory stays where it is.
    private const int CacheLine = 64;

    private readonly byte[] _allocated;
    private readonly int _start;
    private readonly int _size;
    private readonly ulong _mask;
    private bool _disposed;

    /// <summary>A vector of zeros.</summary>
    /// <param name="bits">b, from 8 to 64.</param>
    /// <param name="length">Number of elements, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">b or the length is out of range.</exception>
    public RingVector(int bits, int length)
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("Ring vectors need a little-endian processor.");
        RequireBits(bits);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        (Bits, Length, LaneBits) = (bits, length, LaneBitsFor(bits));
        _mask = ulong.MaxValue >> (MaxBits - bits);
        var bytes = ((long)length * (LaneBits / 8) + StorageAlignment - 1) / StorageAlignment * StorageAlignment;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Array.MaxLength - CacheLine, nameof(length));
        _size = (int)bytes;
        // Written once by one thread: memory that the system has yet to give is otherwise found missing twice a page (read, then written), by all threads at a time.
        _allocated = GC.AllocateUninitializedArray<byte>(_size + CacheLine, pinned: true);
        Array.Clear(_allocated);
        _start = (int)(CacheLine - (Marshal.UnsafeAddrOfPinnedArrayElement(_allocated, 0) % CacheLine));
    }

    /// <summary>b: elements are integers modulo 2^b.</summary>
    public int Bits { get; }

    /// <summary>Number of elements.</summary>
    public int Length { get; }

    /// <summary>16, 32 or 64: the smallest of these that is at least b.</summary>
    public int LaneBits { get; }

    /// <summary>Lanes with room up to a whole cipher block; what lies after the last element is never read.</summary>
    internal Span<byte> Storage
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _allocated.AsSpan(_start, _size);
        }
    }

    /// <summary>The element as an integer in [0, 2^b); setting reduces modulo 2^b.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such element.</exception>
    public ulong this[int i]
    {
        get
        {
            var lane = Lane(i);
            return _mask & LaneBits switch
            {
                16 => BinaryPrimitives.ReadUInt16LittleEndian(lane),
                32 => BinaryPrimitives.ReadUInt32LittleEndian(lane),
                _ => BinaryPrimitives.ReadUInt64LittleEndian(lane),
            };
        }

        set
        {
            var lane = Lane(i);
            var reduced = value & _mask;
            switch (LaneBits)
            {
                case 16: BinaryPrimitives.WriteUInt16LittleEndian(lane, (ushort)reduced); break;
                case 32: BinaryPrimitives.WriteUInt32LittleEndian(lane, (uint)reduced); break;
                default: BinaryPrimitives.WriteUInt64LittleEndian(lane, reduced); break;
            }
        }
    }

    /// <summary>Bytes of <paramref name="length"/> packed elements: ⌈b · length / 8⌉.</summary>
    /// <exception cref="ArgumentOutOfRangeException">b or the length is out of range.</exception>
    public static long PackedLength(int bits, int length)
    {
        RequireBits(bits);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return BitPacking.PackedLength(bits, length);
    }

    /// <summary>Reads a vector that <see cref="Pack"/> wrote. Sizes are checked before anything is allocated.</summary>
    /// <exception cref="RingFormatException">The size is not exactly <see cref="PackedLength"/>, or a padding bit is set.</exception>
    /// <exception cref="ArgumentOutOfRangeException">b or the length is out of range.</exception>
    public static RingVector Unpack(int bits, int length, ReadOnlySpan<byte> packed)
    {
        RequireBits(bits);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        RequirePacked(bits, length, packed);
        var vector = new RingVector(bits, length);
        vector.AddPacked(0, length, packed);
        return vector;
    }

    /// <summary>The element's representative in [−2^(b−1), 2^(b−1)).</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such element.</exception>
    public Int128 Centered(int i) => unchecked((long)(this[i] << (MaxBits - Bits))) >> (MaxBits - Bits);

    /// <summary>Sets an element to the residue of an integer in [−2^(b−1), 2^(b−1)).</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such element, or the integer is outside of that range.</exception>
    public void SetCentered(int i, Int128 value)
    {
        var half = Int128.One << (Bits - 1);
        if (value < -half || value >= half)
        {
            // The value itself is a party's data and stays out of the message.
            throw new ArgumentOutOfRangeException(
                nameof(value),
                string.Create(CultureInfo.InvariantCulture, $"The value for element {i} lies outside [-2^{Bits - 1}, 2^{Bits - 1}); use a ring of more bits."));
        }

        this[i] = unchecked((ulong)value);
    }

    /// <summary>Adds element by element.</summary>
    /// <exception cref="ArgumentException">The other vector has another ring or length.</exception>
    public void Add(RingVector other)
    {
        RequireSameShape(other);
        switch (LaneBits)
        {
            case 16: LaneMath.Add(All<ushort>(), other.All<ushort>()); break;
            case 32: LaneMath.Add(All<uint>(), other.All<uint>()); break;
            default: LaneMath.Add(All<ulong>(), other.All<ulong>()); break;
        }
    }

    /// <summary>Subtracts element by element.</summary>
    /// <inheritdoc cref="Add" path="/exception"/>
    public void Subtract(RingVector other)
    {
        RequireSameShape(other);
        switch (LaneBits)
        {
            case 16: LaneMath.Subtract(All<ushort>(), other.All<ushort>()); break;
            case 32: LaneMath.Subtract(All<uint>(), other.All<uint>()); break;
            default: LaneMath.Subtract(All<ulong>(), other.All<ulong>()); break;
        }
    }

    /// <summary>Fills the vector with uniform elements.</summary>
    public void FillRandom(RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(random);
        random.GetBytes(Storage[..(Length * (LaneBits / 8))]);
    }

    /// <summary>Whether ring, length and all elements are equal, in time that does not depend on the elements.</summary>
    public bool FixedTimeEquals(RingVector other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Bits != other.Bits || Length != other.Length) return false;
        return LaneBits switch
        {
            16 => LaneMath.Equal(Elements<ushort>(), other.Elements<ushort>(), (ushort)_mask),
            32 => LaneMath.Equal(Elements<uint>(), other.Elements<uint>(), (uint)_mask),
            _ => LaneMath.Equal(Elements<ulong>(), other.Elements<ulong>(), _mask),
        };
    }

    /// <summary>An independent copy, to be disposed on its own.</summary>
    public RingVector Clone()
    {
        var copy = new RingVector(Bits, Length);
        Storage.CopyTo(copy.Storage);
        return copy;
    }

    /// <summary>All elements, exactly b bits each, least significant first; padding bits of the last byte are zero.</summary>
    public byte[] Pack()
    {
        var length = PackedLength(Bits, Length);
        if (length > Array.MaxLength)
            throw new InvalidOperationException($"{length} packed bytes do not fit one array; write blocks with {nameof(PackBlockTo)}.");
        var packed = new byte[length];
        PackTo(packed);
        return packed;
    }

    /// <summary><see cref="Pack"/> into a buffer of the caller.</summary>
    /// <exception cref="ArgumentException">The buffer does not have exactly the packed length.</exception>
    public void PackTo(Span<byte> packed) => PackBlockTo(0, Length, packed);

    /// <summary>Packs the elements of one block; blocks in order, one after the other, are the packed vector.</summary>
    /// <param name="firstElement">A multiple of 8.</param>
    /// <param name="count">A multiple of 8, or up to the end of the vector.</param>
    /// <param name="packed">Takes exactly <see cref="PackedLength"/>(b, count) bytes.</param>
    /// <exception cref="ArgumentException">The block is not aligned or not within the vector, or the buffer has another size.</exception>
    public void PackBlockTo(int firstElement, int count, Span<byte> packed)
    {
        RequireBlock(firstElement, count);
        var expected = BitPacking.PackedLength(Bits, count);
        if (packed.Length != expected)
            throw new ArgumentException($"The buffer has {packed.Length} bytes; {count} elements of {Bits} bits take exactly {expected}.", nameof(packed));
        switch (LaneBits)
        {
            case 16: BitPacking.Pack<ushort>(All<ushort>().Slice(firstElement, count), Bits, packed); break;
            case 32: BitPacking.Pack<uint>(All<uint>().Slice(firstElement, count), Bits, packed); break;
            default: BitPacking.Pack<ulong>(All<ulong>().Slice(firstElement, count), Bits, packed); break;
        }
    }

    /// <summary>Adds the packed elements of one block to this vector, without an intermediate vector.</summary>
    /// <param name="firstElement">A multiple of 8.</param>
    /// <param name="count">A multiple of 8, or up to the end of the vector.</param>
    /// <param name="packed">Exactly <see cref="PackedLength"/>(b, count) bytes.</param>
    /// <exception cref="ArgumentException">The block is not aligned or not within the vector.</exception>
    /// <exception cref="RingFormatException">The size is wrong or a padding bit is set; the vector is unchanged.</exception>
    public void AddPacked(int firstElement, int count, ReadOnlySpan<byte> packed)
    {
        RequireBlock(firstElement, count);
        RequirePacked(Bits, count, packed);
        switch (LaneBits)
        {
            case 16: BitPacking.AddPacked(All<ushort>().Slice(firstElement, count), Bits, packed); break;
            case 32: BitPacking.AddPacked(All<uint>().Slice(firstElement, count), Bits, packed); break;
            default: BitPacking.AddPacked(All<ulong>().Slice(firstElement, count), Bits, packed); break;
        }
    }

    /// <summary>Subtracts the packed elements of one block: takes out again what <see cref="AddPacked"/> added.</summary>
    /// <inheritdoc cref="AddPacked"/>
    public void SubtractPacked(int firstElement, int count, ReadOnlySpan<byte> packed)
    {
        RequireBlock(firstElement, count);
        using var block = Unpack(Bits, count, packed);
        switch (LaneBits)
        {
            case 16: LaneMath.Subtract(All<ushort>().Slice(firstElement, count), block.All<ushort>()[..count]); break;
            case 32: LaneMath.Subtract(All<uint>().Slice(firstElement, count), block.All<uint>()[..count]); break;
            default: LaneMath.Subtract(All<ulong>().Slice(firstElement, count), block.All<ulong>()[..count]); break;
        }
    }

    /// <summary>Zeroes the elements; later use is refused.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_allocated);
        _disposed = true;
    }

    /// <summary>The shape, never the elements.</summary>
    public override string ToString() => $"{nameof(RingVector)}({Bits} bits, {Length} elements)";

    /// <summary>Throws unless the block is aligned and within the vector.</summary>
    internal void RequireBlock(int firstElement, int count)
    {
        if (firstElement < 0 || count < 0 || firstElement > Length - count)
            throw new ArgumentException($"Elements {firstElement} to {firstElement + (long)count} are not within the vector's {Length}.", nameof(firstElement));
        if (firstElement % BlockAlignment != 0 || (count % BlockAlignment != 0 && firstElement + count != Length))
        {
            throw new ArgumentException(
                $"The block ({firstElement}, {count}) is not aligned; it must begin at a multiple of {BlockAlignment} elements and end at one or at the vector's end.",
                nameof(firstElement));
        }
    }

    private static int LaneBitsFor(int bits) => bits <= 16 ? 16 : bits <= 32 ? 32 : 64;

    private static void RequireBits(int bits)
    {
        if (bits is < MinBits or > MaxBits)
            throw new ArgumentOutOfRangeException(nameof(bits), bits, $"The ring Z/2^b needs b from {MinBits} to {MaxBits}.");
    }

    private static void RequirePacked(int bits, int count, ReadOnlySpan<byte> packed)
    {
        var expected = BitPacking.PackedLength(bits, count);
        if (packed.Length != expected)
            throw new RingFormatException($"Packed data has {packed.Length} bytes; {count} elements of {bits} bits take exactly {expected}.");
        if (!BitPacking.PaddingIsZero(bits, count, packed))
            throw new RingFormatException("A padding bit after the last packed element is set; padding must be zero.");
    }

    private void RequireSameShape(RingVector other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Bits != other.Bits || Length != other.Length)
            throw new ArgumentException($"{other} does not fit {this}; both must have the same ring and length.", nameof(other));
    }

    private Span<byte> Lane(int i)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(i);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(i, Length);
        return Storage.Slice(i * (LaneBits / 8), LaneBits / 8);
    }

    private ReadOnlySpan<T> Elements<T>()
        where T : unmanaged => All<T>()[..Length];

    private Span<T> All<T>()
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Storage);
}
