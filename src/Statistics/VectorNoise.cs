using System.Security.Cryptography;
using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics;

/// <summary>
/// One party's noise for every cell of a vector, drawn before any row is read: how long a draw takes depends on its value, and must not be
/// seen beside data. Used once; disposing zeroes what was not used.
/// </summary>
public sealed class VectorNoise : IDisposable
{
    private readonly VectorLayout _layout;
    private Int128[]? _values;

    private VectorNoise(VectorLayout layout, Int128[] values)
    {
        _layout = layout;
        _values = values;
    }

    /// <summary>Draws the noise of all cells, independently, each exactly of its own distribution: a whole draw or a share, as the layout's mode
    /// says; 0 in mode none.</summary>
    public static VectorNoise Draw(VectorLayout layout, RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(random);
        var values = new Int128[layout.Length];
        if (layout.Noise != NoiseMode.None)
        {
            foreach (var (noise, start, end) in Runs(layout))
            {
                for (var group = 0; group < layout.Groups.Count; group++)
                {
                    var first = group * layout.CellsPerGroup;
                    noise.Fill(values.AsSpan((first + start)..(first + end)), random);
                }
            }
        }

        return new VectorNoise(layout, values);
    }

    /// <summary>Zeroes the noise.</summary>
    public void Dispose()
    {
        if (_values is not null) Array.Clear(_values);
        _values = null;
    }

    /// <summary>Hands the noise over; it is gone from here, so that no two vectors can get the same.</summary>
    internal Int128[] Take(VectorLayout layout)
    {
        ObjectDisposedException.ThrowIf(_values is null, this);
        if (!ReferenceEquals(layout, _layout)) throw new ArgumentException("The noise was drawn for another layout.", nameof(layout));
        var values = _values;
        _values = null;
        return values;
    }

    /// <summary>Neighbouring cells of a group with noise of one scale: random bytes are fetched once for all of them.</summary>
    private static List<(INoise Noise, int Start, int End)> Runs(VectorLayout layout)
    {
        var runs = new List<(INoise Noise, int Start, int End)>();
        foreach (var block in layout.Blocks)
        {
            for (var i = 0; i < block.Cells.Count; i++)
            {
                var (noise, at) = (block.Cells[i].Noise, layout.IndexOf(0, block, i));
                if (runs.Count > 0 && runs[^1] is var last && last.Noise.Scale == noise.Scale) runs[^1] = last with { End = at + 1 };
                else runs.Add((noise, at, at + 1));
            }
        }

        return runs;
    }
}
