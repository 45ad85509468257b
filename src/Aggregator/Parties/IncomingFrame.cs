using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Parties;

/// <summary>
/// A frame of an outpost. Parts of vectors, which are nearly all the bytes that ever come, are read into a pooled buffer; everything else is a message of
/// its own. <see cref="Dispose"/> gives the buffer back.
/// </summary>
internal sealed class IncomingFrame : IDisposable
{
    private const byte ChunkTag = 0x1A;
    private const byte RoundIdTag = 0x0A;
    private const byte OffsetTag = 0x10;
    private const byte DataTag = 0x1A;
    private const int RoundIdLength = 16;

    /// <summary>
    /// Fields that nobody knows are dropped: an envelope goes into the log as it was read, and an entry with such a field is none that a verifier takes. An
    /// outpost could otherwise make every bundle of its rounds worthless.
    /// </summary>
    private static readonly MessageParser<PartyFrame> s_parser = PartyFrame.Parser.WithDiscardUnknownFields(true);

    private byte[] _buffer = [];
    private int _length;

    private IncomingFrame()
    {
    }

    /// <summary>How such frames come out of bytes.</summary>
    public static Marshaller<IncomingFrame> Marshaller { get; } = new(
        (_, _) => throw new NotSupportedException(), context => Read(context.PayloadAsReadOnlySequence()));

    /// <summary>The frame, unless it is a part of a vector.</summary>
    public PartyFrame? Other { get; private init; }

    /// <summary>Of a part of a vector: its round.</summary>
    public ReadOnlyMemory<byte> RoundId { get; private init; }

    /// <summary>Of a part of a vector: where it belongs.</summary>
    public ulong Offset { get; private init; }

    /// <summary>The part of a vector, until the frame is disposed.</summary>
    public ReadOnlySpan<byte> Data => _buffer.AsSpan(0, _length);

    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _length) = ([], 0);
    }

    /// <summary>Reads a frame; the message's limit has been held against its length.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is none.</exception>
    /// <exception cref="WireException">It is more than one field.</exception>
    public static IncomingFrame Read(ReadOnlySequence<byte> payload)
    {
        if (TryReadChunk(payload) is { } chunk) return chunk;
        OneField.Require(payload);
        var frame = s_parser.ParseFrom(payload);
        if (frame.Chunk is not { } odd) return new IncomingFrame { Other = frame };
        // Written in another order, or with fields that are not known here: as good, and rare.
        return WithData(new ReadOnlySequence<byte>(odd.Data.Memory), odd.RoundId.ToByteArray(), odd.Offset);
    }

    /// <summary>A part of a vector as every encoder that writes fields in order has it.</summary>
    private static IncomingFrame? TryReadChunk(ReadOnlySequence<byte> payload)
    {
        var reader = new SequenceReader<byte>(payload);
        if (!reader.IsNext(ChunkTag, advancePast: true) || !TryReadVarint(ref reader, out var length) || length != (ulong)reader.Remaining) return null;
        if (!reader.IsNext(RoundIdTag, advancePast: true) || !reader.IsNext(RoundIdLength, advancePast: true)) return null;
        var roundId = new byte[RoundIdLength];
        if (!reader.TryCopyTo(roundId)) return null;
        reader.Advance(RoundIdLength);
        var offset = 0UL;
        if (reader.IsNext(OffsetTag, advancePast: true) && !TryReadVarint(ref reader, out offset)) return null;
        if (!reader.IsNext(DataTag, advancePast: true) || !TryReadVarint(ref reader, out length) || length != (ulong)reader.Remaining) return null;
        return WithData(reader.UnreadSequence, roundId, offset);
    }

    private static IncomingFrame WithData(ReadOnlySequence<byte> data, byte[] roundId, ulong offset)
    {
        var length = checked((int)data.Length);
        var frame = new IncomingFrame { RoundId = roundId, Offset = offset, _buffer = ArrayPool<byte>.Shared.Rent(length), _length = length };
        data.CopyTo(frame._buffer);
        return frame;
    }

    private static bool TryReadVarint(ref SequenceReader<byte> reader, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 63 && reader.TryRead(out var next); shift += 7)
        {
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return true;
        }

        return false;
    }
}
