using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Client;

/// <summary>A station's numbers, as it sends them beside a round.</summary>
public static class StatisticViews
{
    /// <summary>
    /// What a station shows of a round. Its word alone: <see cref="RoundReport.Statistics"/> are computed from the evidence. A kind that this program does
    /// not know is 0.
    /// </summary>
    public static IReadOnlyList<ReleasedStatistic> Shown(this RoundView round)
    {
        ArgumentNullException.ThrowIfNull(round);
        return [.. round.Statistics.Select(view => Read(view, (NoiseMode)round.Noise))];
    }

    private static ReleasedStatistic Read(StatisticView view, NoiseMode noise)
    {
        var shown = view.Withheld.Length == 0;
        return new ReleasedStatistic
        {
            Name = view.Name,
            Measure = view.Measure,
            Kind = MeasureKinds.All.FirstOrDefault(kind => kind.Word() == view.Kind),
            Column = view.Column,
            Group = view.Group,
            Bin = view.Bin,
            Quantity = view.Quantity,
            Unit = view.Unit,
            Value = shown ? view.Value : null,
            Low = shown ? view.Low : null,
            High = shown ? view.High : null,
            Confidence = view.Confidence,
            EpsilonMicro = (long)Math.Min(view.EpsilonMicro, long.MaxValue),
            Noise = noise,
            BoundLow = view.HasBoundLow ? view.BoundLow : null,
            BoundHigh = view.HasBoundHigh ? view.BoundHigh : null,
            Contributors = (int)Math.Min(view.Contributors, int.MaxValue),
            Withheld = view.Withheld,
            Method = view.Method,
        };
    }
}
