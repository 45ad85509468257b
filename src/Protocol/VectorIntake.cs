using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;

namespace SecureAggregation.Protocol;

/// <summary>
/// Takes a masked vector that arrives in parts: checks its exact size, zero padding, and the digest that its sender signed, and adds it to the sum of
/// its round block by block (<see cref="AggregatorRound.BeginVector"/>). Memory is one block; the host writes the same parts to the blob. One thread at a
/// time; the intakes of different parties may run at the same time.
/// </summary>
public sealed class VectorIntake : IDisposable
{
    private const int ReadSize = 64 * 1024;

    private readonly LabelHash _digest;
    private readonly byte[] _expected;
    private readonly int _paddingBits;
    private readonly RunningSum.Part? _part;
    private readonly Func<LabelHash> _begin;
    private byte[]? _actual;
    private bool _clean = true;
    private bool _disposed;

    internal VectorIntake(RoundRecord record, RoundShape shape, uint party, ReadOnlySpan<byte> expected, RunningSum? sum = null)
    {
        Party = party;
        Length = shape.PackedLength;
        _expected = expected.ToArray();
        _paddingBits = (int)((Length * 8) - ((long)shape.Bits * shape.Length));
        _begin = () => Digests.BeginVector(record.Contexts.Context2, party, shape);
        _digest = _begin();
        _part = sum?.Begin(party, Again);
    }

    /// <summary>Whose vector it is.</summary>
    public uint Party { get; }

    /// <summary>Bytes in all.</summary>
    public long Length { get; }

    /// <summary>Bytes so far.</summary>
    public long Received { get; private set; }

    /// <summary>The digest that its sender signed, 32 bytes.</summary>
    public ReadOnlySpan<byte> Expected => _expected;

    /// <summary>The digest of what arrived, 32 bytes; empty until the vector was taken whole.</summary>
    public ReadOnlySpan<byte> Actual => Received == Length ? _actual : [];

    /// <summary>Takes the next part; false if the vector would become too long, and then the part must not be stored.</summary>
    public bool TryAppend(ReadOnlySpan<byte> part)
    {
        if (part.IsEmpty) return true;
        if (part.Length > Length - Received) return false;
        Received += part.Length;
        if (Received == Length && _paddingBits != 0 && part[^1] >> (8 - _paddingBits) != 0) _clean = false;
        _digest.Append(part);
        if (_clean) _part?.Append(part);
        return true;
    }

    /// <summary>
    /// Whether the whole vector is there, has zero padding and is the one that was signed. Call once. If it is not, the host gives what it has written to
    /// <see cref="AggregatorRound.WithdrawVector"/>.
    /// </summary>
    public bool Complete()
    {
        if (Received != Length) return false;
        _actual ??= _digest.Finish();
        if (!_clean || !PublicBytes.Equal(_actual, _expected)) return false;
        _part?.Finish();
        return true;
    }

    /// <summary>Takes a whole vector from where it is stored; whether it is the one that was signed. Instead of the two methods above.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public bool CompleteFrom(Stream packed)
    {
        ArgumentNullException.ThrowIfNull(packed);
        var buffer = new byte[ReadSize];
        for (int read; (read = packed.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0;)
        {
            if (!TryAppend(buffer.AsSpan(0, read))) return false;
        }

        return Complete();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        _digest.Dispose();
    }

    /// <summary>For a second reading of what arrived; null when it broke off and the intake is disposed.</summary>
    private ReceivedBytes? Again()
    {
        if (_actual is null && _disposed) return null;
        _actual ??= ReceivedBytes.Finish(_digest, Length - Received);
        return new ReceivedBytes(_begin(), Received, Length, _actual);
    }
}
