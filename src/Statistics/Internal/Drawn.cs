namespace SecureAggregation.Statistics.Internal;

/// <summary>Statistics whose intervals are found by drawing the noise anew (<see cref="Simulation"/>).</summary>
internal static class Drawn
{
    public const string Method = "simulated noise";

    public const string TooNoisy = "the noise is too large for it";

    /// <summary>Adds the statistics with their values and intervals, or the reason why there are none.</summary>
    /// <param name="scopes">Whose cells are read.</param>
    /// <param name="bare">The statistics without values.</param>
    /// <param name="values">From the cells of each scope to one number a statistic; NaN where the cells determine none.</param>
    /// <param name="into">Where they go.</param>
    /// <param name="why">Why a statistic has no value, if that is known.</param>
    public static void Write(
        IReadOnlyList<Scope> scopes, IReadOnlyList<ReleasedStatistic> bare, Func<double[][], double[]> values, ICollection<ReleasedStatistic> into, string? why = null)
    {
        var intervals = new Simulation(scopes, scopes[0].Alpha).Intervals(values);
        for (var i = 0; i < bare.Count; i++)
        {
            into.Add(intervals[i] is { } found
                ? bare[i] with { Value = found.Value, Low = found.Low, High = found.High, Method = Method }
                : Scope.Undetermined(bare[i], why ?? TooNoisy));
        }
    }

    /// <summary>So many numbers of which none is determined.</summary>
    public static double[] None(int count)
    {
        var none = new double[count];
        Array.Fill(none, double.NaN);
        return none;
    }
}
