using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol.Internal;

/// <summary>What arrived of a masked vector, known by its digest: the bytes that are read again from storage are held against it.</summary>
/// <param name="digest">A digest of the vector that has seen nothing of it.</param>
/// <param name="received">Bytes that arrived.</param>
/// <param name="length">Bytes of a whole vector.</param>
/// <param name="expected">The digest of what arrived, with zeros for the rest.</param>
internal sealed class ReceivedBytes(LabelHash digest, long received, long length, byte[] expected) : IDisposable
{
    private readonly long _missing = length - received;

    /// <summary>Bytes that are still to come.</summary>
    public long Left { get; private set; } = received;

    public void Append(ReadOnlySpan<byte> part)
    {
        digest.Append(part);
        Left -= part.Length;
    }

    /// <summary>Whether all of it came and was what had arrived before. Call once.</summary>
    public bool Fits() => Left == 0 && PublicBytes.Equal(Finish(digest, _missing), expected);

    /// <summary>The digest of a vector of which the last bytes are missing: zeros stand for them.</summary>
    public static byte[] Finish(LabelHash digest, long missing)
    {
        Span<byte> zeros = stackalloc byte[1024];
        zeros.Clear();
        for (; missing > 0; missing -= Math.Min(missing, zeros.Length)) digest.Append(zeros[..(int)Math.Min(missing, zeros.Length)]);
        return digest.Finish();
    }

    public void Dispose() => digest.Dispose();
}
