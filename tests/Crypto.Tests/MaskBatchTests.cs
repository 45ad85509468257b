using System.Collections.Concurrent;
using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

public sealed class MaskBatchTests
{
    [Fact]
    public void Batch_is_the_sum_of_its_masks_for_any_number_of_cores() => Property.Holds(
        TestData.Randoms,
        random =>
        {
            var (bits, length) = (8 + random.Next(57), random.Next(30_000));
            using var start = new RingVector(bits, length);
            start.FillRandom(random);
            using var expected = start.Clone();
            using var batch = new MaskBatch();
            for (var i = random.Next(20); i > 0; i--)
            {
                var (key, sign) = (random.Bytes(MaskBatch.KeySize), random.Next(2) == 0 ? MaskSign.Add : MaskSign.Subtract);
                batch.Add(key, sign);
                using var alone = new MaskBatch(MaskPath.Portable.NewKeys());
                alone.Add(key, sign);
                alone.ApplyTo(expected);
            }

            foreach (var cores in new[] { 1, 2, 3, 7 })
            {
                using var actual = start.Clone();
                batch.ApplyTo(actual, cores);
                if (!actual.FixedTimeEquals(expected)) return false;
            }

            return true;
        });

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Failure_on_any_thread_is_the_callers(int cores)
    {
        using var batch = new MaskBatch(new FailingKeys());
        batch.Add(new byte[16], MaskSign.Add);
        using var vector = new RingVector(64, 1_000_000);
        Assert.Equal("at block 0 or later", Assert.Throws<InvalidOperationException>(() => batch.ApplyTo(vector, cores)).Message);
    }

    [Fact]
    public void Pieces_cover_the_vector_once_and_begin_on_whole_groups()
    {
        foreach (var (length, keys, cores) in new[] { (1_000_000, 1, 4), (1_000_001, 99, 3), (65_537, 2000, 7), (511, 5000, 2), (0, 1, 2) })
        {
            using var recorder = new RecordingKeys();
            using var batch = new MaskBatch(recorder);
            for (var i = 0; i < keys; i++) batch.Add(new byte[16], MaskSign.Add);
            using var vector = new RingVector(64, length);
            batch.ApplyTo(vector, cores);
            var next = 0UL;
            foreach (var (first, blocks) in recorder.Pieces.Order())
            {
                Assert.Equal((next, 0UL), (first, first % 256));
                next += (ulong)blocks;
            }

            Assert.Equal((ulong)(length + 1) / 2, next);
        }
    }

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

    private sealed class FailingKeys : MaskKeys
    {
        public override void Accumulate(Span<byte> target, int laneBits, ulong firstBlock) => throw new InvalidOperationException("at block 0 or later");

        public override void Dispose()
        {
        }

        protected override void Expand(ReadOnlySpan<byte> key16)
        {
        }
    }

    private sealed class RecordingKeys : MaskKeys
    {
        public ConcurrentBag<(ulong First, int Blocks)> Pieces { get; } = [];

        public override void Accumulate(Span<byte> target, int laneBits, ulong firstBlock) => Pieces.Add((firstBlock, target.Length / 16));

        public override void Dispose()
        {
        }

        protected override void Expand(ReadOnlySpan<byte> key16)
        {
        }
    }
}
