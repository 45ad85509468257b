using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol;

/// <summary>The shape of every vector of a round: <paramref name="Length"/> elements of Z/2^<paramref name="Bits"/>.</summary>
/// <param name="Bits">Bits an element, 8 to 64.</param>
/// <param name="Length">Elements, 1 to <see cref="Limits.Elements"/>.</param>
public readonly record struct RoundShape(int Bits, int Length)
{
    /// <summary>Bytes of a packed vector.</summary>
    public long PackedLength => RingVector.PackedLength(Bits, Length);

    /// <summary>Refuses a shape that no round may have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Bits or length out of range.</exception>
    public RoundShape Checked()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Bits, 8);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Bits, 64);
        ArgumentOutOfRangeException.ThrowIfLessThan(Length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Length, Limits.Elements);
        return this;
    }
}
