using System.Security.Cryptography;

namespace SecureAggregation.Privacy;

/// <summary>
/// The noise that one party adds to one cell: a whole draw of discrete Laplace (<see cref="DiscreteLaplace"/>, noise mode local) or
/// one of h shares of such a draw (<see cref="NoiseShare"/>, noise mode distributed).
/// </summary>
public interface INoise
{
    /// <summary>The scale of a whole draw.</summary>
    NoiseScale Scale { get; }

    /// <summary>A whole draw: what the noise of h parties adds up to; the noise itself where h is 1.</summary>
    DiscreteLaplace Whole { get; }

    /// <summary>The variance of one party's noise.</summary>
    double Variance { get; }

    /// <summary>
    /// How many whole draws the noise of so many parties amounts to, for <see cref="NoiseTerm"/>: a real number u/h, since the sum of u
    /// shares has the characteristic function of one whole draw to the power u/h.
    /// </summary>
    /// <param name="parties">
    /// How many independent noises of this kind are added up, at least 1: parties, times cells where cells are added up.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    double Draws(long parties);

    /// <summary>One exact draw.</summary>
    /// <param name="random">The source of random bytes.</param>
    /// <returns>A whole number in the cell's unit.</returns>
    Int128 Draw(RandomNumberGenerator random);

    /// <summary>Fills a span with independent exact draws.</summary>
    /// <param name="values">Overwritten.</param>
    /// <param name="random">The source of random bytes.</param>
    void Fill(Span<Int128> values, RandomNumberGenerator random);
}
