using SecureAggregation.Client;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using MeasureKind = SecureAggregation.Statistics.MeasureKind;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>Released numbers to be shown.</summary>
internal static class Released
{
    /// <summary>Without a name: what the pages make of the rest is what is tested.</summary>
    public static ReleasedStatistic Number(
        MeasureKind kind, double value, double low, double high, string measure = "", string column = "", string bin = "", string quantity = "", string group = "", string withheld = "") => new()
        {
            Name = "", Measure = measure, Kind = kind, Column = column, Bin = bin, Quantity = quantity, Group = group, Confidence = 0.95, EpsilonMicro = 1, Noise = NoiseMode.Local, Contributors = 5,
            Withheld = withheld, Value = withheld.Length > 0 ? null : value, Low = withheld.Length > 0 ? null : low, High = withheld.Length > 0 ? null : high,
        };

    /// <summary>A station's numbers, read.</summary>
    public static IReadOnlyList<ReleasedStatistic> Of(params StatisticView[] views) => new RoundView { Statistics = { views } }.Shown();
}
