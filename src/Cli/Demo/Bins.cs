using System.Globalization;

namespace SecureAggregation.Cli.Demo;

/// <summary>Bins of a histogram as they are written, "[30,40)".</summary>
internal static class Bins
{
    /// <summary>Whether a bin holds a value: its lower edge always, its upper edge only if it is the last bin's.</summary>
    public static bool Holds(string bin, double value, double last)
    {
        var edges = bin.Trim('[', ')', ']').Split(',').Select(e => double.Parse(e, CultureInfo.InvariantCulture)).ToArray();
        return value >= edges[0] && (value < edges[1] || (value == last && edges[1] == last));
    }
}
