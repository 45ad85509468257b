using System.Runtime.Intrinsics;

namespace SecureAggregation.Crypto;

/// <summary>
/// Where the bytes of one vector of lanes stand in packed data: byte shuffles, and each element's first bit within its byte. Computed once for
/// a number of bits; the scheme is that of <see cref="BitPacking"/>.
/// </summary>
internal sealed class PackingPlan
{
    /// <summary>In a shuffle: a zero byte.</summary>
    public const byte None = 255;

    private readonly int _laneBits;
    private readonly int[] _shifts;

    /// <summary>The plan for the lanes of one vector.</summary>
    /// <param name="bits">Bits of an element, fewer than the lane's.</param>
    /// <param name="laneBits">16, 32 or 64.</param>
    /// <param name="vectorBits">128 or 512.</param>
    /// <param name="index">Which vector of a group of eight elements; 0 if a vector holds a group or more.</param>
    public PackingPlan(int bits, int laneBits, int vectorBits, int index)
    {
        var size = laneBits / 8;
        var lanes = vectorBits / laneBits;
        var start = index * lanes * bits;
        _laneBits = laneBits;
        _shifts = new int[lanes];
        Place = start / 8;
        First = Empty();
        Following = Empty();
        Lowest = Empty();
        Others = Empty();
        Before = Empty();
        for (var lane = 0; lane < lanes; lane++)
        {
            var bit = start + (lane * bits);
            var at = (bit / 8) - Place;
            _shifts[lane] = bit % 8;

            First[(lane * size) + size - 1] = (byte)at;
            for (var i = 0; i < size; i++) Following[(lane * size) + i] = (byte)(at + i);

            Lowest[at] = (byte)(lane * size);
            // A last byte that the vector has no room for is the first one of the next vector.
            for (var i = 1; 8 * i < _shifts[lane] + bits && at + i < Others.Length; i++) Others[at + i] = (byte)((lane * size) + i - 1);
        }

        if (start % 8 != 0) Before[0] = (byte)(((lanes - 1) * size) + Place - ((start - bits) / 8) - 1);

        byte[] Empty()
        {
            var shuffle = new byte[vectorBits / 8];
            Array.Fill(shuffle, None);
            return shuffle;
        }
    }

    /// <summary>The first byte of the vector's elements, from the start of the group.</summary>
    public int Place { get; }

    /// <summary>Unpacking, from bytes at the place: each element's first byte, into the highest of its lane.</summary>
    public byte[] First { get; }

    /// <summary>Unpacking, from bytes one after the place: the bytes after each element's first one.</summary>
    public byte[] Following { get; }

    /// <summary>Packing, from lanes shifted to the left: the lowest byte of each.</summary>
    public byte[] Lowest { get; }

    /// <summary>Packing, from lanes shifted to the right: all their bytes that count.</summary>
    public byte[] Others { get; }

    /// <summary>Packing, from the lanes of the vector before, shifted to the right: the byte that its last element shares with this vector's first.</summary>
    public byte[] Before { get; }

    /// <summary>By how much the first bytes go to the right, and the lanes to be packed for <see cref="Lowest"/> to the left.</summary>
    public IEnumerable<int> FirstRight => _shifts.Select(shift => _laneBits - 8 + shift);

    /// <inheritdoc cref="FirstRight"/>
    public IEnumerable<int> LowestLeft => _shifts;

    /// <summary>By how much the following bytes go to the left, and the lanes to be packed for <see cref="Others"/> to the right.</summary>
    public IEnumerable<int> Rest => _shifts.Select(shift => 8 - shift);
}
