using System.Globalization;
using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics.Internal;

/// <summary>Decodes one group, or all groups added up: then each cell holds the noise of so many groups.</summary>
internal sealed class ScopeDecoder(VectorLayout layout, int contributors, int groups, ReleaseOptions options)
{
    private readonly double _alpha = 1 - options.Confidence;
    private readonly Dictionary<LayoutBlock, NoiseSum> _counts = [];

    /// <summary>How many draws each cell holds.</summary>
    private int Draws => contributors * groups;

    public void Decode(string group, Func<int, Int128> total, List<ReleasedStatistic> into)
    {
        foreach (var block in layout.Blocks)
        {
            var values = block.Cells.Select((_, i) => (double)total(block.Offset + i)).ToArray();
            if (block.IsHistogram) Histogram(block, group, values, into);
            else Moments(block, group, values, into);
        }
    }

    private void Histogram(LayoutBlock block, string group, double[] values, List<ReleasedStatistic> into)
    {
        var measure = block.Measures[0];
        var column = layout.Analysis.Columns[block.Column];
        for (var i = 0; i < values.Length; i++)
        {
            var cell = block.Cells[i];
            var bin = cell.Role == CellRole.Outside ? "[outside]"
                : !column.IsNumeric ? $"[{column.Categories[i]}]"
                : $"[{Text(measure.Edges[i])},{Text(measure.Edges[i + 1])}{(i + 2 == measure.Edges.Count ? ']' : ')')}";
            into.Add(Counted(Bare(block, MeasureKind.Histogram, group) with { Bin = bin, Name = Named(measure.Name + bin, group) }, block, values[i]));
        }
    }

    private void Moments(LayoutBlock block, string group, double[] values, List<ReleasedStatistic> into)
    {
        // The number of rows behind a mean is a noised cell that was paid for already, so it is always shown.
        into.Add(Counted(Bare(block, MeasureKind.Count, group), block, values[0]));
        foreach (var measure in block.Measures.Where(m => m.Kind != MeasureKind.Count))
        {
            var column = layout.Analysis.Columns[block.Column];
            var quantiser = block.Quantiser!;
            var squared = measure.Kind == MeasureKind.Variance && column.Unit.Length > 0;
            var bare = Bare(block, measure.Kind, group) with
            {
                Unit = squared ? $"({column.Unit})²" : column.Unit,
                BoundLow = quantiser.Low,
                BoundHigh = quantiser.High,
            };
            if (TooFew(values[0]))
            {
                into.Add(Withhold(bare));
                continue;
            }

            var interval = new MomentIntervals(block, values, Draws, _alpha);
            var (estimate, method) = measure.Kind switch
            {
                MeasureKind.Sum => (interval.Sum(), "exact distribution of the noise"),
                MeasureKind.Mean => (interval.Mean(), "Fieller's method with the exact distribution of the noise"),
                MeasureKind.Variance => (interval.Variance(), "profile over the mean's interval with the exact distribution of the noise"),
                _ => (interval.Sd(), "profile over the mean's interval with the exact distribution of the noise"),
            };
            into.Add(bare with { Value = estimate.Value, Low = estimate.Low, High = estimate.High, Method = method });
        }
    }

    private ReleasedStatistic Counted(ReleasedStatistic bare, LayoutBlock block, double value)
    {
        if (TooFew(value)) return Withhold(bare);
        // All cells of a histogram have the same noise, and a block's first cell is its count.
        if (!_counts.TryGetValue(block, out var noise)) _counts[block] = noise = new NoiseSum(block.Cells[0].Noise, Draws);
        var half = noise.HalfWidth(_alpha);
        return bare with { Value = value, Low = value - half, High = value + half, Method = "exact distribution of the noise" };
    }

    /// <summary>A noised count can be below 0, so "no minimum" is a case of its own.</summary>
    private bool TooFew(double rows) => options.MinimumCohort > 0 && rows < options.MinimumCohort;

    private ReleasedStatistic Withhold(ReleasedStatistic bare) => bare with { Withheld = $"fewer than {options.MinimumCohort}" };

    private ReleasedStatistic Bare(LayoutBlock block, MeasureKind kind, string group)
    {
        var column = block.Column < 0 ? "" : layout.Analysis.Columns[block.Column].Name;
        return new ReleasedStatistic
        {
            Name = Named(new Measure(kind, column).Name, group),
            Kind = kind,
            Column = column,
            Group = group,
            Confidence = options.Confidence,
            EpsilonMicro = ((layout.Epsilon.Micro * block.Weight) + layout.TotalWeight - 1) / layout.TotalWeight,
            Noise = layout.Noise,
            Contributors = contributors,
        };
    }

    private static string Named(string name, string group) => group.Length == 0 ? name : $"{name}{{{group}}}";

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
