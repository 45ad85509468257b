using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Statistics.Internal.Reading;

/// <summary>The bins of a measure: a list of edges, a range with a step, or how many equal ones.</summary>
internal static class EdgeReader
{
    private const int DefaultBins = 100;

    /// <summary>Edges and number of bins as written: no edges and no number where the query leaves them to the column.</summary>
    public static (IReadOnlyList<double> Edges, int? Bins) Read(YamlMap map, string name)
    {
        var list = map.Find("edges");
        var (from, to, step, bins) = (map.Find("from"), map.Find("to"), map.Number("step"), map.Whole("bins"));
        var ranged = from is not null || to is not null || step is not null;
        if ((list is null ? 0 : 1) + (ranged ? 1 : 0) + (bins is null ? 0 : 1) > 1)
        {
            throw new AnalysisException($"{name} describes its bins twice; give the edges, or from, to and step, or a number of bins.", map.Line);
        }

        if (bins is < 1 or > Measure.MaxBins)
        {
            throw new AnalysisException($"bins is {bins}; it must be 1 to {Measure.MaxBins}.", map.LineOf("bins"));
        }

        if (list is not null) return ([.. Yaml.Items(list, "edges").Select(e => Number(e, "An edge"))], null);
        if (!ranged) return ([], (int?)bins);
        if (from is null || to is null || step is not { } width)
        {
            throw new AnalysisException(
                $"{name} needs all of from, to and step, e.g. 'from: 20, to: 80, step: 10', or a list of edges.", map.Line);
        }

        return (Steps(name, Number(from, "from"), Number(to, "to"), width, map.Line), null);
    }

    /// <summary>A number, or a calendar date as its day.</summary>
    public static double Number(YamlNode node, string what) =>
        node is YamlScalarNode { Value: { } text } && DayNumber.TryParse(text, out var day) ? day : Yaml.Number(node, what);

    /// <summary>The bins of a column that a query leaves open: so many between its bounds; else one for each of its steps where these are few
    /// enough; else a hundred.</summary>
    /// <exception cref="AnalysisException">The column has no bounds, or holds no numbers.</exception>
    public static IReadOnlyList<double> Default(string name, SchemaColumn column, int? bins)
    {
        if (!column.IsNumeric)
        {
            throw new AnalysisException($"{name}: '{column.Name}' is a category and has no bins of numbers; ask for a histogram of it.");
        }

        if (column is not { Low: { } low, High: { } high })
        {
            throw new AnalysisException(
                $"{name} has no bins, and '{column.Name}' has no bounds to make them from; give edges, or from, to and step, never taken from the data.");
        }

        if (bins is null && column.Step is { } step && Math.Round((high - low) / step) is var steps && steps < Measure.MaxBins
            && Math.Abs(low + (steps * step) - high) <= 1e-9 * Math.Max(Math.Abs(high), step))
        {
            // The last bin begins at the upper bound, so that each value has a bin of its own.
            return Even(low, step, (int)steps + 1, high + step);
        }

        var count = bins ?? DefaultBins;
        return Even(low, (high - low) / count, count, high);
    }

    private static double[] Steps(string name, double start, double end, double width, int line)
    {
        var bins = Math.Round((end - start) / width);
        if (!(width > 0) || !(bins >= 1) || bins > Measure.MaxBins || Math.Abs(start + (bins * width) - end) > 1e-9 * Math.Max(Math.Abs(end), width))
        {
            throw new AnalysisException(string.Create(
                CultureInfo.InvariantCulture,
                $"{name} from {start} to {end} step {width}: the step must be greater than 0 and divide the range into 1 to {Measure.MaxBins} whole bins."), line);
        }

        return Even(start, width, (int)bins, end);
    }

    /// <summary>Decimal steps such as 0.1 land on the decimals that people mean.</summary>
    private static double[] Even(double start, double width, int bins, double end) =>
        [.. Enumerable.Range(0, bins + 1).Select(i => i == bins ? end : Math.Round(start + (i * width), 12) + 0.0)];
}
