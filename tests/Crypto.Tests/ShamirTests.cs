using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

public sealed class ShamirTests
{
    [Fact]
    public void Field_gives_the_products_and_inverses_of_the_published_vectors()
    {
        foreach (var vector in TestData.Vectors("shamir.json").GetProperty("field").EnumerateArray())
        {
            var (a, b, product) = (Gf128.Read(vector.Bytes("a")), Gf128.Read(vector.Bytes("b")), Gf128.Read(vector.Bytes("product")));
            Assert.True(a * b == product);
            Assert.True(Gf128.Multiply<PortableCarryLess>(a, b) == product);
            Assert.True(a.Invert() == Gf128.Read(vector.Bytes("inverse_of_a")));
        }
    }

    [Fact]
    public void Sharing_gives_the_shares_of_the_published_vectors()
    {
        foreach (var vector in TestData.Vectors("shamir.json").GetProperty("sharing").EnumerateArray())
        {
            var threshold = vector.Number("threshold");
            uint[] holders = [.. vector.GetProperty("holders").EnumerateArray().Select(e => e.GetUInt32())];
            var tape = new TapeRandom(vector.Bytes("tape"));
            var shares = Shamir.Split(vector.Bytes("secret"), threshold, holders, tape);
            Assert.Equal(vector.GetProperty("shares").EnumerateArray().Select(e => e.GetString()), shares.Select(s => PublicBytes.Hex(s)));
            Assert.Equal(0, tape.Left);

            var last = holders.Zip(shares).TakeLast(threshold).ToArray();
            using var secret = Shamir.Combine(threshold, last);
            Assert.True(secret.FixedTimeEquals(vector.Bytes("secret")));
            last[^1].Second = TestData.Flip(last[^1].Second, 0);
            using var wrong = Shamir.Combine(threshold, last);
            Assert.Equal(vector.Text("combined_with_bit_0_of_last_share_flipped"), PublicBytes.Hex(wrong.Span));
        }
    }

    [Fact]
    public void Multiplication_obeys_the_laws_of_a_field_and_both_twins_agree() => Property.Holds(
        TestData.Randoms,
        random =>
        {
            var (a, b, c) = (Element(random), Element(random), Element(random));
            return a * b == b * a
                && a * (b * c) == a * b * c
                && a * (b + c) == (a * b) + (a * c)
                && a * Gf128.One == a
                && a * default(Gf128) == default
                && a + a == default
                && a * b == Gf128.Multiply<PortableCarryLess>(a, b)
                && (a == default || a * a.Invert() == Gf128.One);
        },
        cases: 500);

    [Fact]
    public void Short_products_and_sums_of_products_are_those_of_multiplication_on_both_twins() => Property.Holds(
        TestData.Randoms,
        random =>
        {
            var (a, b) = (Elements(random), Elements(random));
            var small = new Gf128(random.NextUInt64() >> random.Next(64), 0);
            var sum = default(Gf128);
            for (var i = 0; i < 4; i++) sum += a[i] * b[3 * i];
            return a[0].MultiplySmall(small) == a[0] * small
                && a[0].MultiplySmall<PortableCarryLess>(small) == a[0] * small
                && Gf128.Dot(a.AsSpan(0, 4), b, 3) == sum
                && Gf128.Dot<PortableCarryLess>(a.AsSpan(0, 4), b, 3) == sum;
        },
        cases: 500);

    [Fact]
    public void Zero_has_no_inverse_and_gives_zero() => Assert.True(default(Gf128).Invert() == default);

    [Fact]
    public void Any_subset_of_threshold_size_or_more_gives_the_secret() => Property.Holds(
        TestData.Randoms,
        random =>
        {
            var holders = Holders(random, 2 + random.Next(20));
            var threshold = 2 + random.Next(holders.Length - 1);
            var secret = random.Bytes(32);
            var shares = Shamir.Split(secret, threshold, holders, random);
            var subset = Shuffled(random, holders.Zip(shares)).Take(threshold + random.Next(holders.Length - threshold + 1)).ToArray();
            using var combined = Shamir.Combine(threshold, subset);
            return combined.FixedTimeEquals(secret);
        },
        cases: 200);

    [Fact]
    public void Weights_of_a_set_of_holders_combine_all_their_secrets() => Property.Holds(
        TestData.Randoms,
        random =>
        {
            var holders = Holders(random, 2 + random.Next(40));
            var threshold = 2 + random.Next(holders.Length - 1);
            var used = Shuffled(random, Enumerable.Range(0, holders.Length)).Take(threshold).ToArray();
            var chosen = Array.ConvertAll(used, i => holders[i]);
            var weights = new ShamirWeights(chosen);
            Assert.True(weights.AreFor(chosen));
            Assert.False(weights.AreFor([.. chosen.Reverse()]));
            Assert.False(weights.AreFor(chosen.AsSpan(1)));
            return Enumerable.Range(0, 3).All(_ =>
            {
                var secret = random.Bytes(32);
                var shares = Shamir.Split(secret, threshold, holders, random);
                using var combined = weights.Combine([.. used.SelectMany(i => shares[i])]);
                return combined.FixedTimeEquals(secret);
            });
        });

    [Fact]
    public void Threshold_beyond_the_stack_buffer_works_the_same()
    {
        var random = new SeededRandom(12);
        var secret = random.Bytes(32);
        uint[] holders = [.. Enumerable.Range(0, 310).Select(i => (uint)i)];
        var shares = Shamir.Split(secret, 300, holders, random);
        using var combined = Shamir.Combine(300, [.. holders.Zip(shares).Reverse()]);
        Assert.True(combined.FixedTimeEquals(secret));
    }

    [Fact]
    public void Shares_below_the_threshold_fit_any_secret() => Property.Holds(TestData.Randoms, random =>
    {
        // Perfect secrecy, constructively: for every other secret there is a share of one more holder that completes these to it.
        var holders = Holders(random, 3 + random.Next(8));
        var threshold = 2 + random.Next(holders.Length - 1);
        var known = holders.Zip(Shamir.Split(random.Bytes(32), threshold, holders, random)).Take(threshold - 1).ToArray();
        var wanted = random.Bytes(32);

        var one = new byte[32];
        one[0] = one[16] = 1;
        using var withZero = Shamir.Combine(threshold, [.. known, (holders[^1], new byte[32])]);
        using var withOne = Shamir.Combine(threshold, [.. known, (holders[^1], one)]);
        var missing = new byte[32];
        for (var half = 0; half < 32; half += 16)
        {
            var atZero = Gf128.Read(withZero.Span[half..]);
            var slope = Gf128.Read(withOne.Span[half..]) + atZero;
            ((Gf128.Read(wanted.AsSpan(half)) + atZero) * slope.Invert()).Write(missing.AsSpan(half));
        }

        using var combined = Shamir.Combine(threshold, [.. known, (holders[^1], missing)]);
        return combined.FixedTimeEquals(wanted);
    });

    [Fact]
    public void Single_share_looks_uniform_over_fresh_coefficients()
    {
        // 4,000 sharings of the zero secret: each bit of holder 0's share is set in half of them, within 6 standard deviations.
        const int Runs = 4000;
        var random = new SeededRandom(11);
        var set = new int[256];
        for (var run = 0; run < Runs; run++)
        {
            var share = Shamir.Split(new byte[32], 2, [0, 1], random)[0];
            for (var bit = 0; bit < set.Length; bit++) set[bit] += (share[bit / 8] >> (bit % 8)) & 1;
        }

        var limit = 6 * Math.Sqrt(Runs) / 2;
        Assert.All(set, count => Assert.InRange(count, (Runs / 2) - limit, (Runs / 2) + limit));
    }

    [Fact]
    public void Bad_arguments_are_refused()
    {
        var random = new SeededRandom(1);
        Assert.Throws<ArgumentException>(() => Shamir.Split(new byte[31], 2, [0, 1], random));
        Assert.Throws<ArgumentOutOfRangeException>(() => Shamir.Split(new byte[32], 1, [0, 1], random));
        Assert.Throws<ArgumentOutOfRangeException>(() => Shamir.Split(new byte[32], 3, [0, 1], random));
        Assert.Throws<ArgumentException>(() => Shamir.Split(new byte[32], 2, [1, 1], random));
        Assert.Throws<ArgumentOutOfRangeException>(() => Shamir.Combine(2, [(0, new byte[32])]));
        Assert.Throws<ArgumentException>(() => Shamir.Combine(2, [(0, new byte[32]), (0, new byte[32])]));
        Assert.Throws<ArgumentException>(() => Shamir.Combine(2, [(0, new byte[32]), (1, new byte[33])]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ShamirWeights([3]));
        Assert.Throws<ArgumentException>(() => new ShamirWeights([3, 3]));
        Assert.Throws<ArgumentException>(() => new ShamirWeights([3, 4]).Combine(new byte[63]));
    }

    [Fact]
    public void Field_element_never_prints_its_value() => Assert.Equal("Gf128", new Gf128(123456789, 2).ToString());

    private static Gf128 Element(SeededRandom random) =>
        // One in eight is sparse: zero, one, or a single bit.
        random.Next(8) == 0
            ? random.Next(3) switch { 0 => default, 1 => Gf128.One, _ => new(0, 1UL << random.Next(64)) }
            : new(random.NextUInt64(), random.NextUInt64());

    private static Gf128[] Elements(SeededRandom random) => [.. Enumerable.Range(0, 10).Select(_ => Element(random))];

    private static uint[] Holders(SeededRandom random, int count)
    {
        var holders = new HashSet<uint>();
        while (holders.Count < count) holders.Add(random.Next(4) == 0 ? uint.MaxValue - (uint)random.Next(100) : (uint)random.Next(200));
        return [.. holders];
    }

    private static T[] Shuffled<T>(SeededRandom random, IEnumerable<T> items)
    {
        var list = items.ToArray();
        for (var i = list.Length - 1; i > 0; i--)
        {
            var j = random.Next(i + 1);
            (list[i], list[j]) = (list[j], list[i]);
        }

        return list;
    }
}
