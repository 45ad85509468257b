namespace SecureAggregation.Statistics;

/// <summary>
/// One party's cells with noise. Private on its own already, and still no one else's to see: it goes into the mask and is zeroed when
/// disposed.
/// </summary>
public sealed class NoisedVector : IDisposable
{
    private readonly Int128[] _values;
    private bool _disposed;

    internal NoisedVector(VectorLayout layout, Int128[] values)
    {
        Layout = layout;
        _values = values;
    }

    /// <summary>The layout that it fits.</summary>
    public VectorLayout Layout { get; }

    /// <summary>The cells, signed.</summary>
    public ReadOnlySpan<Int128> Values
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _values;
        }
    }

    /// <summary>Writes the cells modulo 2^Bits, negative ones as 2^Bits − |x|.</summary>
    /// <param name="elements">Of the layout's length.</param>
    public void WriteRing(Span<ulong> elements)
    {
        if (elements.Length != Layout.Length)
        {
            throw new ArgumentException($"The span has {elements.Length} elements; the vector has {Layout.Length}.", nameof(elements));
        }

        var mask = ulong.MaxValue >> (64 - Layout.Bits);
        var values = Values;
        for (var i = 0; i < elements.Length; i++) elements[i] = ulong.CreateTruncating(values[i]) & mask;
    }

    /// <summary>Adds the cells to their noise.</summary>
    /// <exception cref="OverflowException">A sum is beyond 128 bits; what was added so far stays.</exception>
    internal void Add(ReadOnlySpan<Int128> cells)
    {
        for (var i = 0; i < _values.Length; i++) _values[i] += cells[i];
    }

    /// <summary>Zeroes the cells.</summary>
    public void Dispose()
    {
        _disposed = true;
        Array.Clear(_values);
    }

    /// <summary>Only what it is, never what it holds.</summary>
    public override string ToString() => $"NoisedVector of {Layout.Length} cells";
}
