using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal.Blocks;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Sum, mean and variance from noised moments n, Σz and centred squares (z in half steps from the middle of the bounds), each with an interval that
/// covers the
/// value without noise at least as often as stated. Each is found by inverting tests: a candidate belongs to the interval if the noise
/// that would explain the totals is within its half width. The candidate turns the question into one linear combination of noises,
/// whose distribution is known, so no normal approximation and no linearisation of the ratio is used.
/// </summary>
internal sealed class MomentIntervals(MomentsBlock block, Scope scope, double alpha)
{
    // How much of alpha goes to the mean while the variance is asked for; it enters the variance only squared.
    private const double MeanShare = 0.1;

    // What the number of rows may be off by without the variance's bound being missed: nothing that shows in the coverage.
    private const double BoundAlpha = 1e-9;

    private readonly double _n = scope[0];

    // The standard deviation asks for it again.
    private Estimate? _variance;

    // Not asked of a block that only counts.
    private Quantiser Q => block.Quantiser!;

    private double SumZ => scope[1];

    /// <summary>Σx = unit·Σz + middle·n: one linear combination.</summary>
    public Estimate Sum()
    {
        var value = (Q.Unit * SumZ) + (Q.Middle * _n);
        var half = HalfWidth(alpha, Q.Middle, Q.Unit, 0);
        return new Estimate(value, value - half, value + half);
    }

    /// <summary>Fieller: the m for which Σz − m·n is no further from 0 than its noise.</summary>
    public Estimate Mean()
    {
        var (value, low, high) = MeanOfZ(alpha);
        return new Estimate(FromZ(value), FromZ(low), FromZ(high));
    }

    /// <summary>The sample variance (n − 1).</summary>
    public Estimate Variance()
    {
        var unit = Q.Unit * Q.Unit;
        var (value, low, high) = _variance ??= VarianceOfZ();
        return new Estimate(unit * value, unit * low, unit * high);
    }

    /// <summary>The root of the variance and of its interval.</summary>
    public Estimate Sd()
    {
        var (value, low, high) = Variance();
        return new Estimate(Math.Sqrt(value), Math.Sqrt(low), Math.Sqrt(high));
    }

    private double FromZ(double z) => Q.Middle + (Q.Unit * z);

    private Estimate MeanOfZ(double level)
    {
        var most = (double)Q.Steps;
        if (_n <= 0) return new Estimate(0, -most, most);
        // Noise can put Σz where no mean within the bounds would be accepted. Taken at the bound it accepts more, and an interval remains.
        var z = Math.Clamp(SumZ, -most * _n, most * _n);
        var mean = z / _n;
        return new Estimate(
            mean,
            Inversion.Edge(m => z - (m * _n) - HalfWidth(level, -m, 1, 0), mean, -most, _n),
            Inversion.Edge(m => (m * _n) - z - HalfWidth(level, -m, 1, 0), mean, most, _n));
    }

    /// <summary>
    /// For a known mean m the sum of squares around it, Σz² − 2m·Σz + m²·n, is linear in the noised totals and equals (n − 1)·v. The mean
    /// is known up to its
    /// own interval, so v's interval is the union over m in it: of its ends and its middle, since the sum of squares is least in the
    /// middle and grows to the ends.
    /// </summary>
    private Estimate VarianceOfZ()
    {
        var square = (double)Q.Steps * Q.Steps;
        if (_n <= 1) return new Estimate(0, 0, 2 * square);
        // A sample variance can reach S²·n/(n − 1), more the fewer rows there are: of the true n, which the noised one may be above.
        var fewest = Math.Max(2, _n - HalfWidth(BoundAlpha, 1, 0, 0));
        var most = square * fewest / (fewest - 1);
        // Σz² = D/2·(C + max·n): the squares travel centred.
        var half = Q.SquareDivisor / 2.0;
        var centre = half * Q.MaxSquare;
        var sumOfSquares = (half * scope[2]) + (centre * _n);
        var mean = MeanOfZ(alpha * MeanShare);
        var (low, high) = (most, 0.0);
        foreach (var m in (double[])[mean.Value, mean.Low, mean.High])
        {
            var around = Math.Clamp(sumOfSquares - (2 * m * SumZ) + (m * m * _n), 0, most * (_n - 1));
            var middle = around / (_n - 1);
            var level = alpha * (1 - MeanShare);
            low = Math.Min(low, Inversion.Edge(v => around - (v * (_n - 1)) - HalfWidth(level, centre + (m * m) - v, -2 * m, half), middle, 0, _n - 1));
            high = Math.Max(high, Inversion.Edge(v => (v * (_n - 1)) - around - HalfWidth(level, centre + (m * m) - v, -2 * m, half), middle, most, _n - 1));
        }

        var value = (sumOfSquares - (SumZ * SumZ / _n)) / (_n - 1);
        return new Estimate(Math.Clamp(value, 0, most), low, high);
    }

    /// <summary>The half width of the noise of a·n + b·Σz + c·(centred squares).</summary>
    private double HalfWidth(double level, double a, double b, double c)
    {
        if (scope.Draws == 0) return 0;
        var terms = new List<NoiseTerm> { scope.Term(0, a), scope.Term(1, b) };
        if (c != 0) terms.Add(scope.Term(2, c));
        return new NoiseSum(terms).HalfWidth(level);
    }
}
