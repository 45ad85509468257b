using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;

namespace SecureAggregation.Protocol;

/// <summary>
/// The masked vector of a party, to be sent after its Input message: y of docs/protocol.md section 5. It is held once, as ring elements, and packed
/// while it is read; the same place always gives the same bytes. The round erases it when it can no longer be asked for.
/// </summary>
public sealed class MaskedVector : IDisposable
{
    private readonly RingVector _vector;

    internal MaskedVector(RingVector vector)
    {
        _vector = vector;
        Length = RingVector.PackedLength(vector.Bits, vector.Length);
        var block = (int)RingVector.PackedLength(vector.Bits, RunningSum.BlockElements);
        ChunkLength = Limits.Chunk / block * block;
    }

    /// <summary>Bytes in all.</summary>
    public long Length { get; }

    /// <summary>Bytes to send in one chunk: the most that fit one and suit the blocks in which a station adds.</summary>
    public int ChunkLength { get; }

    /// <summary>Packs a part.</summary>
    /// <param name="offset">First byte, a multiple of <see cref="ChunkLength"/>, or of b (8 elements of b bits are b bytes).</param>
    /// <param name="destination">Takes the part; its length is a multiple of b or reaches to the end.</param>
    /// <exception cref="ArgumentException">The part is not aligned or not within the vector.</exception>
    /// <exception cref="ObjectDisposedException">The round has erased the vector.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        var atEnd = offset + destination.Length == Length;
        if (offset < 0 || offset % _vector.Bits != 0 || destination.Length > Length - offset || (!atEnd && destination.Length % _vector.Bits != 0))
        {
            throw new ArgumentException(
                $"{destination.Length} bytes from byte {offset} are not a part of the {Length} that begins and ends at a multiple of {_vector.Bits}.", nameof(offset));
        }

        var first = (int)(offset / _vector.Bits * RingVector.BlockAlignment);
        var count = atEnd ? _vector.Length - first : destination.Length / _vector.Bits * RingVector.BlockAlignment;
        _vector.PackBlockTo(first, count, destination);
    }

    /// <summary>All bytes in one array, for short vectors.</summary>
    public byte[] ToArray() => _vector.Pack();

    /// <summary>Erases the vector, which cannot be sent again then. The round does so itself when it ends or the survivors are named.</summary>
    public void Dispose() => _vector.Dispose();
}
