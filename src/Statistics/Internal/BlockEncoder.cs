namespace SecureAggregation.Statistics.Internal;

/// <summary>One block's part of a row: which cell, and for moments the quantised value.</summary>
internal sealed class BlockEncoder(LayoutBlock block, Analysis analysis)
{
    private readonly double[] _edges = [.. block.Measures[0].Edges];
    private readonly bool _numeric = block.Column >= 0 && analysis.Columns[block.Column].IsNumeric;

    /// <summary>False if the row does not count here.</summary>
    /// <param name="record">The row.</param>
    /// <param name="cell">The cell within the group: the bin, or the first of the moments.</param>
    /// <param name="z">The quantised value of moments, else 0.</param>
    public bool TryEncode(IRecord record, out int cell, out long z)
    {
        (cell, z) = (block.Offset, 0);
        if (block.Column < 0) return true;
        if (!_numeric)
        {
            var label = record.GetCategory(block.Column);
            if (label < 0) return false;
            if (block.IsHistogram) cell += label;
            return true;
        }

        if (!record.TryGetNumber(block.Column, out var value) || double.IsNaN(value)) return false;
        if (block.IsHistogram) cell += Bin(value);
        else if (block.Quantiser is { } quantiser) z = quantiser.Z(value);
        return true;
    }

    /// <summary>Adds what <see cref="TryEncode"/> gave, at its place in the whole vector.</summary>
    public void AddTo(Int128[] cells, int index, long z)
    {
        cells[index] += 1;
        if (block.Quantiser is not { } quantiser) return;
        cells[index + 1] += z;
        if (block.Cells.Count > 2) cells[index + 2] += quantiser.Square(z);
    }

    private int Bin(double value)
    {
        var last = _edges.Length - 1;
        if (value == _edges[last]) return last - 1;
        var found = Array.BinarySearch(_edges, value);
        var bin = found >= 0 ? found : ~found - 1;
        // The cell after the last bin is the one for values outside.
        return bin < 0 || bin >= last ? last : bin;
    }
}
