using System.Security.Cryptography;
using SecureAggregation.Crypto;
using SecureAggregation.Testing;

namespace SecureAggregation.Benchmarks;

/// <summary>Inputs of all benchmarks, the same in every run.</summary>
internal static class Data
{
    public const ulong Seed = 20260101;

    public static SeededRandom Random() => new(Seed);

    public static byte[] Bytes(this RandomNumberGenerator random, int count)
    {
        var bytes = new byte[count];
        random.GetBytes(bytes);
        return bytes;
    }

    /// <summary>Masks of so many keys, added and subtracted in turn.</summary>
    public static MaskBatch Masks(int count)
    {
        var (random, masks) = (Random(), new MaskBatch());
        for (var i = 0; i < count; i++) masks.Add(random.Bytes(MaskBatch.KeySize), i % 2 == 0 ? MaskSign.Add : MaskSign.Subtract);
        return masks;
    }

    public static RingVector Vector(int bits, int length)
    {
        var vector = new RingVector(bits, length);
        vector.FillRandom(Random());
        return vector;
    }
}
