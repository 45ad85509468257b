using System.Globalization;
using System.Numerics;
using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

public sealed class RingVectorTests
{
    [Fact]
    public void Packing_and_masking_give_the_bytes_of_the_published_vectors()
    {
        foreach (var vector in TestData.Vectors("ring.json").GetProperty("ring").EnumerateArray())
        {
            var bits = vector.Number("bits");
            var elements = vector.GetProperty("elements").EnumerateArray().Select(e => ulong.Parse(e.GetString()!, CultureInfo.InvariantCulture)).ToArray();
            using var ring = new RingVector(bits, elements.Length);
            for (var i = 0; i < elements.Length; i++) ring[i] = elements[i];
            var packed = ring.Pack();
            Assert.Equal(vector.Text("packed"), PublicBytes.Hex(packed));

            foreach (var path in MaskPath.All.Where(path => path.IsSupported))
            {
                using var masked = RingVector.Unpack(bits, elements.Length, packed);
                using var masks = new MaskBatch(path.NewKeys());
                masks.Add(vector.Bytes("key"), MaskSign.Add);
                masks.ApplyTo(masked);
                Assert.Equal(vector.Text("masked_packed"), PublicBytes.Hex(masked.Pack()));
            }

            for (var pad = 1; pad <= vector.Number("padding_bits"); pad++)
            {
                var wrong = TestData.Flip(packed, (packed.Length * 8) - pad);
                Assert.Contains("padding", Assert.Throws<RingFormatException>(() => RingVector.Unpack(bits, elements.Length, wrong)).Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Packed_bytes_are_one_little_endian_integer_for_every_ring() => Property.Holds(
        TestData.Randoms,
        random =>
        {
            for (var bits = RingVector.MinBits; bits <= RingVector.MaxBits; bits++)
            {
                using var vector = Uniform(random, bits, random.Next(70));
                var whole = BigInteger.Zero;
                for (var i = vector.Length - 1; i >= 0; i--) whole = (whole << bits) + vector[i];
                var packed = vector.Pack();
                if (packed.Length != ((bits * vector.Length) + 7) / 8) return false;
                if (new BigInteger(packed, isUnsigned: true) != whole) return false;
                using var back = RingVector.Unpack(bits, vector.Length, packed);
                if (!back.FixedTimeEquals(vector)) return false;
            }

            return true;
        },
        cases: 20);

    [Fact]
    public void Arithmetic_is_that_of_integers_modulo_the_ring() => Property.Holds(
        TestData.Randoms,
        random =>
        {
            var bits = 8 + random.Next(57);
            var modulus = BigInteger.One << bits;
            using var a = Uniform(random, bits, 1 + random.Next(200));
            using var b = Uniform(random, bits, a.Length);
            using var sum = a.Clone();
            using var difference = a.Clone();
            sum.Add(b);
            difference.Subtract(b);
            for (var i = 0; i < a.Length; i++)
            {
                if (sum[i] != (BigInteger)a[i] + b[i] - (modulus * ((BigInteger)a[i] + b[i] >= modulus ? 1 : 0))) return false;
                if (difference[i] != (BigInteger)a[i] - b[i] + (modulus * (a[i] < b[i] ? 1 : 0))) return false;
            }

            return true;
        });

    [Fact]
    public void Blocks_packed_one_after_the_other_are_the_packed_vector() => Property.Holds(TestData.Randoms, random =>
    {
        var bits = 8 + random.Next(57);
        using var vector = Uniform(random, bits, 1 + random.Next(500));
        using var sum = Uniform(random, bits, vector.Length);
        using var expected = sum.Clone();
        expected.Add(vector);
        var joined = new List<byte>();
        for (var first = 0; first < vector.Length;)
        {
            var count = Math.Min(vector.Length - first, 8 * (1 + random.Next(20)));
            var block = new byte[RingVector.PackedLength(bits, count)];
            vector.PackBlockTo(first, count, block);
            sum.AddPacked(first, count, block);
            joined.AddRange(block);
            first += count;
        }

        return PublicBytes.Equal(vector.Pack(), joined.ToArray()) && sum.FixedTimeEquals(expected);
    });

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(32)]
    [InlineData(63)]
    [InlineData(64)]
    public void Centered_values_reach_from_minus_half_to_below_half(int bits)
    {
        using var vector = new RingVector(bits, 1);
        var half = Int128.One << (bits - 1);
        foreach (var value in new[] { -half, -1, 0, 1, half - 1 })
        {
            vector.SetCentered(0, value);
            Assert.Equal(value, vector.Centered(0));
            Assert.Equal((ulong)(value < 0 ? value + half + half : value), vector[0]);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => vector.SetCentered(0, half));
        Assert.Throws<ArgumentOutOfRangeException>(() => vector.SetCentered(0, -half - 1));
    }

    [Fact]
    public void Refused_value_is_not_in_the_message()
    {
        using var vector = new RingVector(16, 1);
        var message = Assert.Throws<ArgumentOutOfRangeException>(() => vector.SetCentered(0, 7654321)).Message;
        Assert.DoesNotContain("7654321", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(63)]
    public void Vectors_are_equal_when_every_element_is(int bits)
    {
        using var vector = Uniform(new SeededRandom(13), bits, 71);
        using var zero = new RingVector(bits, 71);
        using var same = RingVector.Unpack(bits, 71, vector.Pack());
        // The bits of a lane above the ring's, and what storage has after the last element, do not count.
        same.Storage[^1] ^= 1;
        Assert.True(same.FixedTimeEquals(vector));
        for (var i = 0; i < vector.Length; i++)
        {
            foreach (var bit in new[] { 0, bits - 1 })
            {
                same[i] ^= 1UL << bit;
                Assert.False(same.FixedTimeEquals(vector));
                same[i] ^= 1UL << bit;
            }
        }

        Assert.True(same.FixedTimeEquals(vector));
        Assert.False(zero.FixedTimeEquals(vector));
    }

    [Fact]
    public void Elements_are_reduced_when_set()
    {
        using var vector = new RingVector(12, 3);
        vector[1] = 0xFFFF_F123;
        Assert.Equal([0UL, 0x123UL, 0UL], [vector[0], vector[1], vector[2]]);
    }

    [Theory]
    [InlineData(8, 16)]
    [InlineData(16, 16)]
    [InlineData(17, 32)]
    [InlineData(32, 32)]
    [InlineData(33, 64)]
    [InlineData(64, 64)]
    public void Lane_is_the_smallest_that_holds_the_ring(int bits, int lane)
    {
        using var vector = new RingVector(bits, 1);
        Assert.Equal(lane, vector.LaneBits);
    }

    [Theory]
    [InlineData(7, 1)]
    [InlineData(65, 1)]
    [InlineData(16, -1)]
    [InlineData(64, int.MaxValue)]
    public void Shape_out_of_range_is_refused(int bits, int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RingVector(bits, length));

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(0)]
    public void Packed_data_of_another_size_is_refused_before_anything_is_allocated(int size)
    {
        Assert.Contains("exactly 5", Assert.Throws<RingFormatException>(() => RingVector.Unpack(13, 3, new byte[size])).Message, StringComparison.Ordinal);
        Assert.Throws<RingFormatException>(() => RingVector.Unpack(64, int.MaxValue, new byte[size]));
    }

    [Fact]
    public void Refused_block_leaves_the_vector_unchanged()
    {
        using var vector = new RingVector(9, 10);
        Assert.Throws<RingFormatException>(() => vector.AddPacked(8, 2, [255, 255, 4]));
        Assert.Throws<RingFormatException>(() => vector.AddPacked(0, 8, new byte[10]));
        Assert.Throws<ArgumentException>(() => vector.AddPacked(4, 8, new byte[9]));
        Assert.Throws<ArgumentException>(() => vector.AddPacked(0, 4, new byte[5]));
        Assert.Throws<ArgumentException>(() => vector.PackBlockTo(0, 8, new byte[10]));
        for (var i = 0; i < vector.Length; i++) Assert.Equal(0UL, vector[i]);
    }

    [Fact]
    public void Index_and_shape_of_the_other_vector_are_checked()
    {
        using var vector = new RingVector(9, 10);
        using var longer = new RingVector(9, 11);
        using var wider = new RingVector(10, 10);
        Assert.Throws<ArgumentOutOfRangeException>(() => vector[10]);
        Assert.Throws<ArgumentOutOfRangeException>(() => vector[-1] = 0);
        Assert.Throws<ArgumentException>(() => vector.Add(longer));
        Assert.Throws<ArgumentException>(() => vector.Subtract(wider));
        Assert.False(vector.FixedTimeEquals(longer));
        Assert.False(vector.FixedTimeEquals(wider));
    }

    [Theory]
    [InlineData(12)]
    [InlineData(20)]
    [InlineData(32)]
    [InlineData(63)]
    public void Nothing_is_allocated_for_adding_and_packing(int bits)
    {
        using var vector = Uniform(new SeededRandom(15), bits, 1003);
        using var other = vector.Clone();
        var packed = vector.Pack();
        Work();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Work();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Work()
        {
            vector.Add(other);
            vector.Subtract(other);
            vector.PackTo(packed);
            vector.AddPacked(0, vector.Length, packed);
            vector.FixedTimeEquals(other);
        }
    }

    [Fact]
    public void Dispose_zeroes_the_elements_and_refuses_use()
    {
        var vector = Uniform(new SeededRandom(9), 30, 100);
        var storage = vector.Storage;
        vector.Dispose();
        Assert.Equal(-1, storage.IndexOfAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => vector[0]);
        Assert.Throws<ObjectDisposedException>(vector.Pack);
        Assert.Throws<ObjectDisposedException>(() => vector.AddMask(new byte[16], MaskSign.Add));
        Assert.Throws<ObjectDisposedException>(vector.Clone);
        Assert.Equal("RingVector(30 bits, 100 elements)", vector.ToString());
    }

    [Fact]
    public void Clone_is_independent()
    {
        using var vector = Uniform(new SeededRandom(10), 40, 33);
        using var copy = vector.Clone();
        var before = vector[7];
        vector[7]++;
        Assert.Equal(before, copy[7]);
    }

    private static RingVector Uniform(SeededRandom random, int bits, int length)
    {
        var vector = new RingVector(bits, length);
        vector.FillRandom(random);
        return vector;
    }
}
