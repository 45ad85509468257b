using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;

namespace SecureAggregation.Protocol;

/// <summary>
/// Checks a masked vector while it arrives in parts: its exact size, zero padding, and the digest that its sender signed. Memory is O(1); the host
/// writes the same parts to the blob.
/// </summary>
public sealed class VectorIntake : IDisposable
{
    private readonly LabelHash _digest;
    private readonly byte[] _expected;
    private readonly int _paddingBits;
    private bool _clean = true;

    internal VectorIntake(RoundRecord record, RoundShape shape, uint party, ReadOnlySpan<byte> expected)
    {
        Party = party;
        Length = shape.PackedLength;
        _expected = expected.ToArray();
        _paddingBits = (int)((Length * 8) - ((long)shape.Bits * shape.Length));
        _digest = Digests.BeginVector(record.Contexts.Context2, party, shape);
    }

    /// <summary>Whose vector it is.</summary>
    public uint Party { get; }

    /// <summary>Bytes in all.</summary>
    public long Length { get; }

    /// <summary>Bytes so far.</summary>
    public long Received { get; private set; }

    /// <summary>Takes the next part; false if the vector would become too long, and then the part must not be stored.</summary>
    public bool TryAppend(ReadOnlySpan<byte> part)
    {
        if (part.IsEmpty) return true;
        if (part.Length > Length - Received) return false;
        Received += part.Length;
        if (Received == Length && _paddingBits != 0 && part[^1] >> (8 - _paddingBits) != 0) _clean = false;
        _digest.Append(part);
        return true;
    }

    /// <summary>Whether the whole vector is there, has zero padding and is the one that was signed. Call once.</summary>
    public bool Complete() => Received == Length && _clean && PublicBytes.Equal(_digest.Finish(), _expected);

    /// <inheritdoc/>
    public void Dispose() => _digest.Dispose();
}
