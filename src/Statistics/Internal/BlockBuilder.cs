using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal.Blocks;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Measures to blocks. Measures that are computed from the same cells share one block, so that no cell is paid for twice; a block weighs as much
/// as its heaviest measure.
/// </summary>
internal sealed class BlockBuilder(Analysis analysis, MicroEpsilon epsilon, long cellCap, long fineCap, int groups, int shares)
{
    public (IReadOnlyList<LayoutBlock> Blocks, int TotalWeight) Build()
    {
        var bundles = analysis.Measures.GroupBy(Key).ToArray();
        var total = bundles.Sum(b => b.Max(m => m.Weight));
        var rows = analysis.RowsPerPerson * Math.Min(analysis.GroupsPerPerson, groups);
        var blocks = new List<LayoutBlock>();
        var offset = 0;
        foreach (var bundle in bundles)
        {
            Measure[] measures = [.. bundle];
            var budget = new BlockBudget(epsilon, measures.Max(m => m.Weight), total, rows, shares);
            var block = Make(new BlockPlace(analysis, measures, offset, cellCap, fineCap, budget));
            blocks.Add(block);
            offset += block.Cells.Count;
        }

        return (blocks, total);
    }

    /// <summary>Measures with the same key are computed from the same cells.</summary>
    private (string What, string Columns) Key(Measure measure) => measure switch
    {
        ColumnMeasure { Column.Length: 0 } => ("rows", ""),
        ColumnMeasure { Of: MeasureKind.Compare } m when !analysis.Describe(m.Column).IsNumeric => ("histogram", m.Column),
        ColumnMeasure { Of: MeasureKind.Distinct } or TopMeasure => ("keys", measure.Columns[0]),
        ColumnMeasure m => ("moments", m.Column),
        HistogramMeasure m => ("histogram", m.Column),
        CrossMeasure or LinearMeasure => ("cross", string.Join('\n', measure.Columns)),
        _ => (measure.Kind.Word(), string.Join('\n', measure.Columns)),
    };

    private LayoutBlock Make(BlockPlace place) => Key(place.Measures[0]).What switch
    {
        "rows" => new RowsBlock(place),
        "histogram" => new HistogramBlock(place),
        "cross" => new CrossBlock(place),
        "keys" => new KeysBlock(place),
        "contingency" => new ContingencyBlock(place),
        "roc" => new RocBlock(place),
        "quantiles" => new QuantileBlock(place),
        "incidence" => new IncidenceBlock(place),
        "survival" => new SurvivalBlock(place),
        "logistic" or "poisson" => new ModelBlock(place),
        _ => new MomentsBlock(place),
    };
}
