using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Measures to blocks. All measures of a column's moments share one block, so that the same cell is never paid for twice; a block weighs
/// as much as its
/// heaviest measure. Within a block of moments each cell gets an equal part of the block's ε; a histogram's bins are disjoint and share
/// all of it.
/// </summary>
internal sealed class BlockBuilder(Analysis analysis, MicroEpsilon epsilon, long cellCap)
{
    public (IReadOnlyList<LayoutBlock> Blocks, int TotalWeight) Build()
    {
        var bundles = analysis.Measures
            .GroupBy(m => (m.Column, Histogram: m.Kind == MeasureKind.Histogram))
            .Select(g => (IReadOnlyList<Measure>)[.. g])
            .ToArray();
        var total = bundles.Sum(b => b.Max(m => m.Weight));
        var blocks = new List<LayoutBlock>();
        var offset = 0;
        foreach (var measures in bundles)
        {
            var block = Block(offset, measures, total);
            blocks.Add(block);
            offset += block.Cells.Count;
        }

        return (blocks, total);
    }

    private LayoutBlock Block(int offset, IReadOnlyList<Measure> measures, int total)
    {
        var column = measures[0].Column.Length == 0 ? -1 : analysis.IndexOf(measures[0].Column);
        var weight = measures.Max(m => m.Weight);
        if (measures[0].Kind == MeasureKind.Histogram)
        {
            var bins = analysis.Columns[column].IsNumeric ? measures[0].Edges.Count - 1 : analysis.Columns[column].Categories.Count;
            var noise = Noise(1, weight, total, 1);
            var cells = Enumerable.Range(0, bins).Select(i => Cell(CellRole.Bin, i, 1, noise)).ToList();
            // A category has no value outside of its labels.
            if (analysis.Columns[column].IsNumeric) cells.Add(Cell(CellRole.Outside, 0, 1, noise));
            return new LayoutBlock(offset, column, measures, cells, null, weight);
        }

        var depth = measures.Max(Depth);
        var quantiser = depth > 1 ? new Quantiser(analysis.Columns[column], cellCap) : null;
        var moments = new List<BlockCell> { Cell(CellRole.Count, 0, 1, Noise(1, weight, total, depth)) };
        if (quantiser is not null) moments.Add(Cell(CellRole.Sum, 0, quantiser.Steps, Noise(quantiser.Steps, weight, total, depth)));
        if (depth > 2) moments.Add(Cell(CellRole.Square, 0, quantiser!.MaxSquare, Noise(quantiser.MaxSquare, weight, total, depth)));
        return new LayoutBlock(offset, column, measures, moments, quantiser, weight);
    }

    /// <summary>How many moments a measure needs: n; n and Σz; n, Σz and Σz².</summary>
    private static int Depth(Measure measure) => measure.Kind switch
    {
        MeasureKind.Count => 1,
        MeasureKind.Sum or MeasureKind.Mean => 2,
        _ => 3,
    };

    private BlockCell Cell(CellRole role, int bin, long maxAbs, DiscreteLaplace noise) => new(role, bin, maxAbs, maxAbs * analysis.RowsPerPerson, noise);

    private DiscreteLaplace Noise(long maxAbs, int weight, int total, int parts) =>
        new(NoiseScale.For(maxAbs * analysis.RowsPerPerson, epsilon, (uint)weight, (uint)(total * parts)));
}
