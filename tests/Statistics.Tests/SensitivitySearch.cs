using SecureAggregation.Testing;

namespace SecureAggregation.Statistics.Tests;

/// <summary>The sensitivity by search: data sets are made and a person is taken out.</summary>
internal static class SensitivitySearch
{
    /// <summary>No block moves by more than its part of epsilon, in units of its cells' noise.</summary>
    public static void Holds(VectorLayout layout, RowRule rule, FsCheck.Gen<(double[] Values, int Person)[]> people) => Property.Holds(people, rows =>
    {
        // One row = one person: the first row's alone goes.
        var keyed = rows.Select((p, i) => (p.Values, Person: rule == RowRule.PersonKey ? p.Person : i)).ToArray();
        var (with, without) = (Encode(layout, keyed), Encode(layout, [.. keyed.Where(p => p.Person != keyed[0].Person)]));
        return layout.Cells.GroupBy(c => c.Block).All(block =>
            block.Sum(c => (double)Int128.Abs(with[c.Index] - without[c.Index]) / c.Cell.Noise.Scale.ToDouble())
                <= layout.Epsilon.ToDouble() * layout.Blocks[block.Key].Weight / layout.TotalWeight * (1 + 1e-12));
    });

    private static Int128[] Encode(VectorLayout layout, (double[] Values, int Person)[] rows)
    {
        using var encoder = new RowEncoder(layout, new byte[32], new byte[32]);
        foreach (var (values, person) in rows) encoder.Add(new Row(values, $"p{person}"));
        return encoder.Totals().ToArray();
    }
}
