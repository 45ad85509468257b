using System.Security.Cryptography;
using SecureAggregation.Privacy.Internal;

namespace SecureAggregation.Privacy;

/// <summary>
/// The discrete Laplace distribution on the whole numbers, P(x) = tanh(1/2s) · e^(−|x|/s) for scale s.
/// Draws are exact: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy" (arXiv 2004.00010),
/// Algorithms 1 and 2, on integers and rationals alone. Probabilities are floating-point and serve intervals only.
/// The time of a draw depends on the value drawn: draw before data is touched.
/// </summary>
public sealed class DiscreteLaplace : INoise
{
    private readonly ExactSampler _sampler;

    /// <summary>Noise of the scale sensitivity/ε.</summary>
    /// <param name="sensitivity">How much one person can move the cell (L1), at least 1.</param>
    /// <param name="epsilon">The ε that this cell spends.</param>
    /// <exception cref="ArgumentOutOfRangeException">The sensitivity is not positive.</exception>
    public DiscreteLaplace(long sensitivity, MicroEpsilon epsilon)
        : this(NoiseScale.For(sensitivity, epsilon))
    {
    }

    /// <summary>Noise of a given scale.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The scale is the default value of its struct.</exception>
    public DiscreteLaplace(NoiseScale scale)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(scale, default);
        Scale = scale;
        _sampler = ExactSampler.For(scale);
        Rate = 1 / scale.ToDouble();
    }

    /// <summary>The scale s.</summary>
    public NoiseScale Scale { get; }

    /// <summary>This noise itself.</summary>
    public DiscreteLaplace Whole => this;

    /// <summary>The variance, 1/(2·sinh²(1/2s)).</summary>
    public double Variance
    {
        get
        {
            var sinh = Math.Sinh(Rate / 2);
            return 1 / (2 * sinh * sinh);
        }
    }

    /// <summary>1/s.</summary>
    internal double Rate { get; }

    /// <summary>As many whole draws as parties.</summary>
    public double Draws(long parties)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parties, 1);
        return parties;
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
        foreach (ref var value in values) value = _sampler.Draw(tape);
    }

    /// <summary>P(X = value).</summary>
    public double Probability(Int128 value) => Math.Tanh(Rate / 2) * Math.Exp(-Rate * (double)Int128.Abs(value));

    /// <summary>P(|X| > t) for t ≥ 0; 1 for a negative t.</summary>
    public double Tail(Int128 t) => t < 0 ? 1 : 2 * Math.Exp(-Rate * ((double)t + 1)) / (1 + Math.Exp(-Rate));

    /// <summary>The smallest whole t ≥ 0 with P(|X| > t) ≤ alpha.</summary>
    /// <param name="alpha">In (0, 1), e.g. 0.05 for a 95 % interval.</param>
    public Int128 HalfWidth(double alpha)
    {
        NoiseSum.RequireProbability(alpha);
        var t = Int128.Max(0, (Int128)Math.Ceiling((Math.Log(2 / alpha) - Math.Log(1 + Math.Exp(-Rate))) / Rate) - 1);
        // The closed form can be one off by rounding. From 2^53 on neighbouring whole numbers are the same double, and it is as good as any.
        if (t >= Int128.One << 53) return t;
        while (Tail(t) > alpha) t++;
        while (t > 0 && Tail(t - 1) <= alpha) t--;
        return t;
    }
}
