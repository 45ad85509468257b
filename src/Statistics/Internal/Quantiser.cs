namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// A number column as whole numbers. The range between the bounds is cut into <see cref="Steps"/> equal steps; a value is clamped, rounded
/// (half to even) to step j, and counted as z = 2j − Steps, which is exact and lies in [−Steps, Steps]. Where the column has a resolution
/// that divides
/// its range (whole numbers have 1), the steps are that resolution and nothing is rounded at all.
/// </summary>
internal sealed class Quantiser
{
    /// <summary>More steps than this and the declared resolution is finer than what noise lets anybody see.</summary>
    private const double MaxExactSteps = 1 << 24;

    private readonly double _step;

    /// <param name="column">With bounds.</param>
    /// <param name="cap">The greatest value that a cell may get from one row.</param>
    /// <exception cref="AnalysisException">The bounds are too close together for steps between them.</exception>
    public Quantiser(SchemaColumn column, long cap)
    {
        // Cannot be null: AnalysisRules asks for bounds wherever a moment is asked for.
        (Low, High) = (column.Low!.Value, column.High!.Value);
        var resolution = column.Step ?? 0;
        var steps = resolution > 0 ? (High - Low) / resolution : 0;
        var exact = steps <= Math.Min(MaxExactSteps, cap) && steps >= 1 && Math.Abs(steps - Math.Round(steps)) <= 1e-9 * steps;
        Steps = exact ? (long)Math.Round(steps) : cap;
        _step = (High - Low) / Steps;
        // A step of 0 would fail at the first row that has a value, and a refusal must not depend on whether there is one.
        if (!double.IsNormal(_step))
        {
            throw new AnalysisException($"Column '{column.Name}' has low {Low} and high {High}, too close together to measure between; widen them.");
        }

        var square = Steps * Steps;
        SquareDivisor = (square + cap - 1) / cap;
    }

    public double Low { get; }

    public double High { get; }

    public double Middle => (Low + High) / 2;

    /// <summary>The value of one z.</summary>
    public double Unit => _step / 2;

    /// <summary>Also the greatest |z|.</summary>
    public long Steps { get; }

    /// <summary>z² is divided by this before it is summed; 1 where it fits as it is.</summary>
    public long SquareDivisor { get; }

    /// <summary>The greatest square cell of one row.</summary>
    public long MaxSquare => Square(Steps);

    public long Z(double value)
    {
        var clamped = Math.Clamp(value, Low, High);
        var step = (long)Math.Round((clamped - Low) / _step, MidpointRounding.ToEven);
        return (2 * Math.Clamp(step, 0, Steps)) - Steps;
    }

    /// <summary>z²/divisor, rounded half to even.</summary>
    public long Square(long z)
    {
        var (quotient, remainder) = Math.DivRem(z * z, SquareDivisor);
        var twice = 2 * remainder;
        return twice > SquareDivisor || (twice == SquareDivisor && long.IsOddInteger(quotient)) ? quotient + 1 : quotient;
    }
}
