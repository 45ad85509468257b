using System.Globalization;

namespace SecureAggregation.Privacy;

/// <summary>
/// The scale Δ/ε of discrete Laplace noise as a fraction of whole numbers in lowest terms: P(x) is proportional to e^(−|x|/scale).
/// No rounding happens between the query and the sampler.
/// </summary>
public readonly record struct NoiseScale
{
    /// <summary>The greatest scale: a draw must fit 128 bits.</summary>
    public static readonly UInt128 Most = UInt128.One << 90;

    /// <summary>A fraction, brought to lowest terms.</summary>
    /// <param name="numerator">Greater than 0.</param>
    /// <param name="denominator">Greater than 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A part is zero, or the scale is above 2^90 (a draw must fit 128 bits).</exception>
    public NoiseScale(UInt128 numerator, UInt128 denominator)
    {
        if (numerator == 0) throw new ArgumentOutOfRangeException(nameof(numerator), "The noise scale is 0; it must be greater than 0.");
        if (denominator == 0)
        {
            throw new ArgumentOutOfRangeException(nameof(denominator), "The noise scale divides by 0; epsilon must be greater than 0.");
        }

        if (numerator / denominator > Most)
        {
            throw new ArgumentOutOfRangeException(nameof(numerator), "The noise scale is above 2^90; narrow the bounds or raise epsilon.");
        }

        var divisor = GreatestCommonDivisor(numerator, denominator);
        Numerator = numerator / divisor;
        Denominator = denominator / divisor;
    }

    /// <summary>The numerator in lowest terms; 0 only in the default value of the struct, which no sampler takes.</summary>
    public UInt128 Numerator { get; }

    /// <summary>The denominator in lowest terms.</summary>
    public UInt128 Denominator { get; }

    /// <summary>The scale that makes a whole-number query of this L1 sensitivity ε-differentially private.</summary>
    /// <param name="sensitivity">How much one person can move the cell, in its own whole-number unit; at least 1.</param>
    /// <param name="epsilon">The ε of the whole query.</param>
    /// <param name="weight">This cell's share of ε is weight/totalWeight.</param>
    /// <param name="totalWeight">The sum of all shares' weights.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is not positive, or the weight is above the total.</exception>
    public static NoiseScale For(long sensitivity, MicroEpsilon epsilon, uint weight = 1, uint totalWeight = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sensitivity);
        ArgumentOutOfRangeException.ThrowIfZero(weight);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(weight, totalWeight);
        return new NoiseScale(
            (UInt128)(ulong)sensitivity * (ulong)MicroEpsilon.PerUnit * totalWeight,
            (UInt128)(ulong)epsilon.Micro * weight);
    }

    /// <summary>The scale as a floating-point number: for intervals, never for noise.</summary>
    public double ToDouble() => (double)Numerator / (double)Denominator;

    /// <summary>"numerator/denominator", or the numerator alone where the denominator is 1.</summary>
    public override string ToString() => Denominator == 1
        ? Numerator.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Numerator}/{Denominator}");

    private static UInt128 GreatestCommonDivisor(UInt128 a, UInt128 b)
    {
        while (b != 0) (a, b) = (b, a % b);
        return a;
    }
}
