using System.Security.Cryptography;
using SecureAggregation.Privacy.Internal;

namespace SecureAggregation.Privacy;

/// <summary>
/// One of h shares of discrete Laplace noise: X − Y with X, Y ~ NB(1/h, e^(−1/scale)), independent, where
/// NB(r, p) has P(k) = Γ(k + r)/(Γ(r)·k!) · (1 − p)^r · p^k. The sum of h shares is exactly one <see cref="DiscreteLaplace"/> draw, that
/// of u shares has its characteristic function to the power u/h.
/// <para>
/// Draws are exact, of integers and rationals alone, with nothing cut off. A geometric variable S (arXiv 2004.00010, Algorithm 2) is
/// broken into lengths: the first uniform on 1…S, the next uniform on what is left, until nothing is left. Each length counts with
/// probability 1/h; what counts is X. Proof: these lengths are those of the cycles of a uniform permutation of S things (the first
/// one's cycle is uniform), so by the exponential formula
/// Σ_S (1 − p)·p^S·E[z^X | S] = (1 − p)·exp(Σ_k (1 − r + r·z^k)·p^k/k) = ((1 − p)/(1 − p·z))^r for r = 1/h, which is NB(r, p). A draw
/// takes about 2·ln(scale) uniform integers. The same sum of shares: S. Goryczka, L. Xiong, "A Comprehensive Comparison of Multiparty
/// Secure Additions with Differential Privacy" (IEEE TDSC 2017); another exact way with a cut tail: Ch. Harrison, P. Manurangsi
/// (FORC 2025, arXiv 2504.05202).
/// </para>
/// The time of a draw depends on the value drawn: draw before data is touched.
/// </summary>
public sealed class NoiseShare : INoise
{
    private readonly ExactSampler _sampler;

    /// <summary>One of so many shares of noise of a scale.</summary>
    /// <param name="scale">The scale of the whole draw.</param>
    /// <param name="parts">h, at least 1: the fewest honest parties whose shares are in every total that can be opened.</param>
    /// <exception cref="ArgumentOutOfRangeException">The scale is the default value of its struct, or there is no part.</exception>
    public NoiseShare(NoiseScale scale, int parts)
    {
        if (parts < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(parts), parts, $"Noise is to be split into {parts} parts; it must be at least 1.");
        }

        Whole = new DiscreteLaplace(scale);
        Parts = parts;
        _sampler = ExactSampler.For(scale);
    }

    /// <inheritdoc/>
    public NoiseScale Scale => Whole.Scale;

    /// <summary>h: so many shares are one whole draw.</summary>
    public int Parts { get; }

    /// <inheritdoc/>
    public DiscreteLaplace Whole { get; }

    /// <summary>The variance of one share: a whole draw's by h.</summary>
    public double Variance => Whole.Variance / Parts;

    /// <inheritdoc/>
    public double Draws(long parties)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parties, 1);
        return (double)parties / Parts;
    }

    /// <inheritdoc/>
    public Int128 Draw(RandomNumberGenerator random)
    {
        Int128 value = default;
        Fill(new Span<Int128>(ref value), random);
        return value;
    }

    /// <inheritdoc/>
    public void Fill(Span<Int128> values, RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(random);
        using var tape = new RandomTape(random);
        foreach (ref var value in values) value = _sampler.Share(Parts, tape) - _sampler.Share(Parts, tape);
    }
}
