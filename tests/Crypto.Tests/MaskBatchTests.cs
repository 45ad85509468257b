using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

public sealed class MaskBatchTests
{
    [Fact]
    public void Batch_is_the_sum_of_its_masks_for_any_number_of_cores() => Property.Holds(
        TestData.Randoms,
        random =>
        {
            var (bits, length) = (8 + random.Next(57), random.Next(3000));
            using var start = new RingVector(bits, length);
            start.FillRandom(random);
            using var expected = start.Clone();
            using var batch = new MaskBatch();
            for (var i = random.Next(20); i > 0; i--)
            {
                var (key, sign) = (random.Bytes(MaskBatch.KeySize), random.Next(2) == 0 ? MaskSign.Add : MaskSign.Subtract);
                batch.Add(key, sign);
                MaskStream.Accumulate(expected, key, sign, 0, length, MaskPath.Portable);
            }

            foreach (var cores in new[] { 1, 2, 3, 7 })
            {
                using var actual = start.Clone();
                batch.ApplyTo(actual, cores);
                if (!actual.FixedTimeEquals(expected)) return false;
            }

            return true;
        });

    [Fact]
    public void Empty_batch_changes_nothing()
    {
        using var batch = new MaskBatch();
        using var vector = new RingVector(20, 9);
        batch.ApplyTo(vector);
        using var zero = new RingVector(20, 9);
        Assert.Equal(0, batch.Count);
        Assert.True(vector.FixedTimeEquals(zero));
    }

    [Fact]
    public void Key_belongs_to_the_batch_from_the_moment_it_is_added()
    {
        var key = new SeededRandom(1).Bytes(MaskBatch.KeySize);
        using var expected = new RingVector(64, 100);
        expected.AddMask(key, MaskSign.Add);
        using var batch = new MaskBatch();
        batch.Add(key, MaskSign.Add);
        Array.Clear(key);
        using var actual = new RingVector(64, 100);
        batch.ApplyTo(actual);
        Assert.True(actual.FixedTimeEquals(expected));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Less_than_one_core_is_refused(int cores)
    {
        using var batch = new MaskBatch();
        using var vector = new RingVector(16, 8);
        Assert.Contains("at least 1", Assert.Throws<ArgumentOutOfRangeException>(() => batch.ApplyTo(vector, cores)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sign_that_is_neither_is_refused()
    {
        using var batch = new MaskBatch();
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Add(new byte[16], (MaskSign)2));
        Assert.Equal(0, batch.Count);
    }

    [Fact]
    public void Disposed_batch_refuses_use()
    {
        var batch = new MaskBatch();
        batch.Add(new byte[16], MaskSign.Add);
        batch.Dispose();
        batch.Dispose();
        using var vector = new RingVector(16, 8);
        Assert.Throws<ObjectDisposedException>(() => batch.Add(new byte[16], MaskSign.Add));
        Assert.Throws<ObjectDisposedException>(() => batch.ApplyTo(vector));
        Assert.Throws<ObjectDisposedException>(() => batch.ApplyTo(vector, 0, 8));
    }
}
