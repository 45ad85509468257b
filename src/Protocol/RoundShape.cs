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
    /// <exception cref="InvalidOperationException">Bits or length out of range.</exception>
    public RoundShape Checked()
    {
        if (Bits is < 8 or > 64 || Length is < 1 or > Limits.Elements)
        {
            throw new InvalidOperationException($"A vector has 1 to {Limits.Elements} elements of 8 to 64 bits; this one would have {Length} of {Bits}.");
        }

        return this;
    }
}
