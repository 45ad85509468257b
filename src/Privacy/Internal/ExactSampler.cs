using System.Numerics;

namespace SecureAggregation.Privacy.Internal;

/// <summary>
/// Algorithms 1 and 2 of arXiv 2004.00010 over one integer type, and shares of their result. The scale is t/s there: numerator t,
/// denominator s.
/// </summary>
internal abstract class ExactSampler
{
    /// <summary>A discrete Laplace variable.</summary>
    public abstract Int128 Draw(RandomTape tape);

    /// <summary>NB(1/parts, e^(−1/scale)); see <see cref="NoiseShare"/> for the proof.</summary>
    public abstract Int128 Share(int parts, RandomTape tape);

    /// <summary>
    /// The narrowest integers in which nothing can overflow (products of the numerator with the trial counts, which are far below 2^31:
    /// 64 bits for numerators below 2^32, 128 bits below 2^96), BigInteger for the rest. The same tape gives the same draw in all of them.
    /// </summary>
    public static ExactSampler For(NoiseScale scale) =>
        scale is { Numerator: var n, Denominator: var d } && n <= uint.MaxValue && d <= ulong.MaxValue ? new ExactSampler<ulong>((ulong)n, (ulong)d)
        : scale.Numerator < UInt128.One << 96 ? new ExactSampler<UInt128>(scale.Numerator, scale.Denominator)
        : new ExactSampler<BigInteger>(scale.Numerator, scale.Denominator);
}

internal sealed class ExactSampler<T>(T numerator, T denominator) : ExactSampler
    where T : IBinaryInteger<T>
{
    public override Int128 Draw(RandomTape tape)
    {
        while (true)
        {
            var y = Geometric(tape);
            var negative = (tape.Next() & 1) == 1;
            if (negative && T.IsZero(y)) continue;
            var magnitude = Int128.CreateChecked(y);
            return negative ? -magnitude : magnitude;
        }
    }

    public override Int128 Share(int parts, RandomTape tape)
    {
        var whole = Geometric(tape);
        if (parts == 1) return Int128.CreateChecked(whole);
        // Scales of many digits are common, values of that many are not.
        return whole <= T.CreateSaturating(ulong.MaxValue)
            ? ExactSampler<ulong>.Part(ulong.CreateTruncating(whole), (ulong)parts, tape)
            : Part(whole, T.CreateChecked(parts), tape);
    }

    /// <summary>What one of so many parts gets of a whole that is broken into lengths, each given to a part at random.</summary>
    private static Int128 Part(T whole, T parts, RandomTape tape)
    {
        var part = T.Zero;
        for (var left = whole; !T.IsZero(left);)
        {
            var length = Uniform(left, tape) + T.One;
            left -= length;
            if (T.IsZero(Uniform(parts, tape))) part += length;
        }

        return Int128.CreateChecked(part);
    }

    /// <summary>P(k) proportional to e^(−k/scale), k ≥ 0.</summary>
    private T Geometric(RandomTape tape)
    {
        T u;
        do
        {
            u = Uniform(numerator, tape);
        }
        while (!BernoulliExp(u, numerator, tape));

        var v = T.Zero;
        while (BernoulliExp(T.One, T.One, tape)) v++;
        return (u + (numerator * v)) / denominator;
    }

    /// <summary>Algorithm 1: true with probability e^(−a/b), for 0 ≤ a ≤ b.</summary>
    private static bool BernoulliExp(T a, T b, RandomTape tape)
    {
        var k = T.One;
        // Bernoulli(γ/k) with γ = a/b is a uniform below b·k compared with a.
        while (Uniform(b * k, tape) < a) k++;
        return T.IsOddInteger(k);
    }

    /// <summary>A uniform integer in [0, bound): just enough bytes, surplus bits cut off, rejection of the rest.</summary>
    private static T Uniform(T bound, RandomTape tape)
    {
        var bits = (bound - T.One).GetShortestBitLength();
        while (true)
        {
            var value = T.Zero;
            for (var left = bits; left > 0; left -= 8)
            {
                int next = tape.Next();
                if (left < 8) next &= (1 << left) - 1;
                value = (value << Math.Min(left, 8)) | T.CreateTruncating(next);
            }

            if (value < bound) return value;
        }
    }
}
