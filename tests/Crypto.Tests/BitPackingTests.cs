using System.Numerics;
using System.Runtime.InteropServices;
using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

public sealed class BitPackingTests
{
    private const byte Guard = 0xA5;

    // Past two vectors of 512 bits and their tails, for every lane.
    private const int Longest = 150;

    public static TheoryData<int> AllBits => [.. Enumerable.Range(RingVector.MinBits, RingVector.MaxBits - RingVector.MinBits + 1)];

    [Theory]
    [MemberData(nameof(AllBits))]
    public void All_paths_write_the_same_bytes_for_every_length_and_nothing_beside_them(int bits)
    {
        if (bits <= 16) Check<ushort>(bits);
        else if (bits <= 32) Check<uint>(bits);
        else Check<ulong>(bits);
    }

    [Fact]
    public void Path_of_this_machine_is_its_widest() =>
        Assert.Equal(VectorPacking512.IsSupported ? PackingPath.Vector512 : VectorPacking128.IsSupported ? PackingPath.Vector128 : PackingPath.Portable, BitPacking.BestPath);

    private static void Check<T>(int bits)
        where T : unmanaged, IBinaryInteger<T>
    {
        var random = new SeededRandom((ulong)bits);
        for (var length = 0; length <= Longest; length++)
        {
            var lanes = Lanes<T>(random, length);
            var expected = Integer(lanes, bits);
            var size = (int)BitPacking.PackedLength(bits, length);
            foreach (var path in Paths())
            {
                var packed = Guarded(size);
                BitPacking.Pack(lanes.AsSpan(), bits, packed.AsSpan(1, size), path);
                Assert.Equal(expected, new BigInteger(packed.AsSpan(1, size), isUnsigned: true));
                Assert.Equal((Guard, Guard), (packed[0], packed[^1]));

                var before = Lanes<T>(random, length + 2);
                var sums = before.ToArray();
                BitPacking.AddPacked(sums.AsSpan(1, length), bits, packed.AsSpan(1, size), path);
                Assert.Equal((before[0], before[^1]), (sums[0], sums[^1]));
                for (var i = 0; i < length; i++)
                    Assert.Equal(unchecked(before[i + 1] + (lanes[i] & T.CreateTruncating(ulong.MaxValue >> (64 - bits)))), sums[i + 1]);
            }
        }
    }

    private static IEnumerable<PackingPath> Paths()
    {
        yield return PackingPath.Portable;
        if (VectorPacking128.IsSupported) yield return PackingPath.Vector128;
        if (VectorPacking512.IsSupported) yield return PackingPath.Vector512;
    }

    /// <summary>Lanes whose bits above the element's are set at random too: they must not count.</summary>
    private static T[] Lanes<T>(SeededRandom random, int length)
        where T : unmanaged
    {
        var lanes = new T[length];
        random.GetBytes(MemoryMarshal.AsBytes(lanes.AsSpan()));
        return lanes;
    }

    /// <summary>The packed vector as the one little-endian integer that it is.</summary>
    private static BigInteger Integer<T>(T[] lanes, int bits)
        where T : unmanaged, IBinaryInteger<T>
    {
        var whole = BigInteger.Zero;
        for (var i = lanes.Length - 1; i >= 0; i--) whole = (whole << bits) + (ulong.CreateTruncating(lanes[i]) & (ulong.MaxValue >> (64 - bits)));
        return whole;
    }

    private static byte[] Guarded(int size)
    {
        var bytes = new byte[size + 2];
        Array.Fill(bytes, Guard);
        return bytes;
    }
}
