using System.Collections.Concurrent;
using System.Numerics;
using SecureAggregation.Privacy.Internal;

namespace SecureAggregation.Privacy;

/// <summary>One part of a <see cref="NoiseSum"/>: coefficient × (the sum of <c>Draws</c> independent draws).</summary>
/// <param name="Coefficient">Any finite factor; its sign does not matter, noise is symmetric.</param>
/// <param name="Noise">The distribution of one whole draw.</param>
/// <param name="Draws">
/// How many draws, any real number above 0: a draw's characteristic function to this power is the sum's. Local noise of n parties is n
/// draws, u shares out of h are u/h; see <see cref="INoise.Draws"/>.
/// </param>
public readonly record struct NoiseTerm(double Coefficient, DiscreteLaplace Noise, double Draws)
{
    /// <summary>Coefficient × (the sum of the noise of so many parties).</summary>
    /// <param name="coefficient">Any finite factor.</param>
    /// <param name="noise">What one party adds.</param>
    /// <param name="parties">How many add it; times cells where cells are added up.</param>
    public static NoiseTerm Of(double coefficient, INoise noise, long parties)
    {
        ArgumentNullException.ThrowIfNull(noise);
        return new NoiseTerm(coefficient, noise.Whole, noise.Draws(parties));
    }
}

/// <summary>
/// The exact distribution of sums and linear combinations of independent discrete Laplace noise, for intervals.
/// <para>
/// One term (the noise of a total): the generating function inverted along a hyperbola in the complex plane; tails are right to 1e-12
/// absolute for any number of draws, whole or not, and any scale. A single draw uses the closed form.
/// </para>
/// <para>
/// Several terms (a sum around a midpoint, a ratio's test statistic): the method of Davies (Biometrika 60, 1973) on the combination
/// plus a normal variable of at most 1/300 of its standard deviation, which makes the inversion converge for every mix of lattices.
/// The half width is raised by 5.5 times that so that it stays on the safe side: about 1 % wider than exact at most, never narrower.
/// </para>
/// </summary>
public sealed class NoiseSum
{
    // Below this the noise of a combination is as good as none, and its inversion, which takes the steps of a lattice's spread, would not end.
    private const double Never = 1e-6;

    private const double Tolerance = 1e-4;

    private readonly NoiseTerm[] _terms;
    private readonly double _any;
    private readonly ConcurrentDictionary<double, double> _halfWidths = new();
    private CombinationInversion? _inversion;

    /// <summary>The sum of so many independent draws.</summary>
    /// <param name="noise">The distribution of one draw.</param>
    /// <param name="draws">Above 0, whole or not: see <see cref="NoiseTerm"/>.</param>
    public NoiseSum(DiscreteLaplace noise, double draws)
        : this([new NoiseTerm(1, noise, draws)])
    {
    }

    /// <summary>A linear combination of independent sums.</summary>
    /// <exception cref="ArgumentException">There is no term, a coefficient is not finite, or a number of draws is not above 0.</exception>
    public NoiseSum(IReadOnlyList<NoiseTerm> terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        foreach (var term in terms)
        {
            if (!double.IsFinite(term.Coefficient))
            {
                throw new ArgumentException("A noise term has a coefficient that is not finite.", nameof(terms));
            }

            ArgumentNullException.ThrowIfNull(term.Noise, nameof(terms));
            if (!double.IsFinite(term.Draws) || term.Draws <= 0)
            {
                throw new ArgumentException($"A noise term has {term.Draws} draws; it must be a number above 0, e.g. 1.5.", nameof(terms));
            }
        }

        // Equal scales and factors are one sum of more draws; factors of 0 add nothing.
        _terms = [.. terms
            .Where(t => t.Coefficient != 0)
            .GroupBy(t => (Math.Abs(t.Coefficient), t.Noise.Scale))
            .Select(g => new NoiseTerm(g.Key.Item1, g.First().Noise, g.Sum(t => t.Draws)))];
        if (_terms.Length == 0)
        {
            throw new ArgumentException("A noise sum needs at least one term with a coefficient other than 0.", nameof(terms));
        }

        StandardDeviation = Math.Sqrt(_terms.Sum(t => t.Coefficient * t.Coefficient * t.Noise.Variance * t.Draws));
        _any = Math.Min(1, _terms.Sum(t => t.Noise.Tail(0) * Math.Max(1, t.Draws)));
    }

    /// <summary>The standard deviation.</summary>
    public double StandardDeviation { get; }

    /// <summary>P(|X| > t): exact for one term, at most a little too high for several.</summary>
    public double Tail(double t)
    {
        if (!(t >= 0)) return 1;
        if (_terms.Length > 1)
        {
            if (_any <= Never) return _any;
            var inversion = _inversion ??= new CombinationInversion(_terms, StandardDeviation);
            return inversion.Tail(t);
        }

        var term = _terms[0];
        // Allows for the last bit: 0.3/0.1 must count as three steps. No scale reaches 1e36.
        var steps = Math.Min(Math.Floor((t / term.Coefficient) + 1e-9), 1e36);
        return term.Draws == 1 ? term.Noise.Tail((Int128)steps) : LatticeInversion.Tail(term.Noise.Rate, term.Draws, steps);
    }

    /// <summary>P(X = value) of one term's whole-number sum, before the coefficient.</summary>
    /// <exception cref="InvalidOperationException">There are several terms.</exception>
    public double Probability(Int128 value)
    {
        if (_terms.Length > 1) throw new InvalidOperationException("A combination of several noise terms has no lattice; ask for Tail.");
        var (_, noise, draws) = _terms[0];
        return draws == 1 ? noise.Probability(value) : LatticeInversion.Probability(noise.Rate, draws, (double)value);
    }

    /// <summary>The smallest t ≥ 0 with P(|X| > t) ≤ alpha: a whole multiple of the coefficient for one term.</summary>
    /// <param name="alpha">In (0, 1), e.g. 0.05 for a 95 % interval; tails are trusted down to 1e-9, of several terms to 1e-7, below which it is too wide.</param>
    public double HalfWidth(double alpha)
    {
        RequireProbability(alpha);
        return _halfWidths.GetOrAdd(alpha, FindHalfWidth);
    }

    /// <summary>
    /// A whole number that the sum of <paramref name="draws"/> draws exceeds in absolute value with probability at most 2^-bits.
    /// Whole-number arithmetic only, so that all machines agree: Chernoff's bound at rate 1/2s, where one draw's
    /// moment generating function is at most 4/3, gives P(|X| > t) ≤ 2·(4/3)^draws·e^(−t/2s), with draws rounded up.
    /// </summary>
    /// <param name="scale">The scale of one draw.</param>
    /// <param name="draws">Above 0, whole or not: see <see cref="NoiseTerm"/>.</param>
    /// <param name="bits">At least 1, e.g. 100.</param>
    public static BigInteger Bound(NoiseScale scale, double draws, int bits)
    {
        if (!double.IsFinite(draws) || draws <= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(draws), draws, "The number of draws must be above 0, e.g. 1.5.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(bits, 1);
        // ln(4/3) < 0.2877 and ln 2 < 0.6932, in ten-thousandths.
        var exponent = (new BigInteger(2877) * new BigInteger(Math.Ceiling(draws))) + (new BigInteger(6932) * (bits + 1));
        var (quotient, remainder) = BigInteger.DivRem(2 * exponent * scale.Numerator, new BigInteger(10_000) * scale.Denominator);
        return remainder.IsZero ? quotient : quotient + 1;
    }

    internal static void RequireProbability(double alpha)
    {
        if (alpha is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "alpha must lie between 0 and 1, e.g. 0.05.");
        }
    }

    private double FindHalfWidth(double alpha)
    {
        if (_terms.Length == 1) return _terms[0].Coefficient * LatticeHalfWidth(alpha);
        if (_any <= alpha) return 0;

        // Doubling, then false position on the logarithm of the tail, which is nearly straight: an end that stays twice counts half (Illinois), and
        // half of what is tolerated is gained every time.
        var (low, above) = (0.0, Over(0));
        var (high, below) = (StandardDeviation, Over(StandardDeviation));
        while (below > 0) (low, above, high, below) = (high, below, 2 * high, Over(2 * high));
        var stayed = 0;
        while (high - low > Tolerance * high)
        {
            var least = Tolerance * high / 2;
            var middle = Math.Clamp(low + ((high - low) * above / (above - below)), low + least, high - least);
            var over = Over(middle);
            if (over > 0)
            {
                (low, above) = (middle, over);
                if (stayed == 1) below /= 2;
                stayed = 1;
            }
            else
            {
                (high, below) = (middle, over);
                if (stayed == -1) above /= 2;
                stayed = -1;
            }
        }

        return high;

        double Over(double t) => Tail(t) is > 0 and var tail ? Math.Log(tail / alpha) : -1;
    }

    private double LatticeHalfWidth(double alpha)
    {
        var (_, noise, draws) = _terms[0];
        if (draws == 1) return (double)noise.HalfWidth(alpha);
        double low = -1, high = Math.Max(1, Math.Ceiling(StandardDeviation / _terms[0].Coefficient));
        while (LatticeInversion.Tail(noise.Rate, draws, high) > alpha) (low, high) = (high, 2 * high);
        // Beyond 2^53 whole steps cannot be told apart and do not matter.
        while (high - low > 1 && high - low > high * 1e-12)
        {
            var middle = Math.Floor((low + high) / 2);
            if (LatticeInversion.Tail(noise.Rate, draws, middle) > alpha) low = middle;
            else high = middle;
        }

        return high;
    }
}
