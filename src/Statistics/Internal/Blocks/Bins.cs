using System.Globalization;

namespace SecureAggregation.Statistics.Internal.Blocks;

/// <summary>Bins of numbers: each holds its lower edge, the last one both.</summary>
internal static class Bins
{
    /// <summary>The bin of a value: −1 below the first edge, one past the last bin above the last edge.</summary>
    public static int Find(double[] edges, double value)
    {
        var last = edges.Length - 1;
        if (value == edges[last]) return last - 1;
        var found = Array.BinarySearch(edges, value);
        return found >= 0 ? found : ~found - 1;
    }

    /// <summary>E.g. "[30,40)", "[70,80]".</summary>
    public static string Name(IReadOnlyList<double> edges, int bin) =>
        $"[{Text(edges[bin])},{Text(edges[bin + 1])}{(bin + 2 == edges.Count ? ']' : ')')}";

    public static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
