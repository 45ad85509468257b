using SecureAggregation.Testing;

namespace SecureAggregation.Statistics.Tests;

/// <summary>The sensitivity by search: data sets are made and a person is taken out.</summary>
internal static class SensitivitySearch
{
    /// <summary>No segment of a block moves by more than its part of epsilon, in units of its cells' noise.</summary>
    public static void Holds(VectorLayout layout, RowRule rule, FsCheck.Gen<(double[] Values, int Person)[]> people) => Property.Holds(people, rows =>
    {
        // One row = one person: the first row's alone goes.
        var keyed = rows.Select((p, i) => (p.Values, Person: rule == RowRule.PersonKey ? p.Person : i)).ToArray();
        return Spent(layout, keyed, [.. keyed.Where(p => p.Person != keyed[0].Person)]).All(part => part <= 1 + 1e-12);
    });

    /// <summary>Of each segment, how much of its part of epsilon lies between two data sets.</summary>
    public static IEnumerable<double> Spent(VectorLayout layout, (double[] Values, int Person)[] rows, (double[] Values, int Person)[] others)
    {
        var (with, without) = (Encode(layout, rows), Encode(layout, others));
        return layout.Cells.GroupBy(c => (c.Block, Segment: layout.Blocks[c.Block].Segments.First(s => s.Cells.Any(cell => ReferenceEquals(cell, c.Cell))))).Select(of =>
            of.Sum(c => (double)Int128.Abs(with[c.Index] - without[c.Index]) / c.Cell.Noise.Scale.ToDouble())
                / (layout.Epsilon.ToDouble() * layout.Blocks[of.Key.Block].Weight / layout.TotalWeight * of.Key.Segment.Share / 1000));
    }

    private static Int128[] Encode(VectorLayout layout, (double[] Values, int Person)[] rows)
    {
        using var encoder = new RowEncoder(layout, new byte[32], new byte[32]);
        foreach (var (values, person) in rows) encoder.Add(new Row(values, $"p{person}"));
        return encoder.Totals().ToArray();
    }
}
