using System.Security.Cryptography;

namespace SecureAggregation.Statistics;

/// <summary>
/// One party's noise for every cell of a vector, drawn before any row is read: how long a draw takes depends on its value, and must not be
/// seen beside data. Used once; disposing zeroes what was not used.
/// </summary>
public sealed class LocalNoise : IDisposable
{
    private readonly VectorLayout _layout;
    private Int128[]? _values;

    private LocalNoise(VectorLayout layout, Int128[] values)
    {
        _layout = layout;
        _values = values;
    }

    /// <summary>Draws the noise of all cells, independently, each of its own exact discrete Laplace distribution.</summary>
    public static LocalNoise Draw(VectorLayout layout, RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(random);
        var values = new Int128[layout.Length];
        for (var group = 0; group < layout.Groups.Count; group++)
        {
            foreach (var block in layout.Blocks)
            {
                for (var i = 0; i < block.Cells.Count; i++)
                {
                    block.Cells[i].Noise.Fill(values.AsSpan(layout.IndexOf(group, block, i), 1), random);
                }
            }
        }

        return new LocalNoise(layout, values);
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
}
