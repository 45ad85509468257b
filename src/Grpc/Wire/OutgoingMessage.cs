using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>
/// One message as it goes over the wire: flag byte and length, then the payload, in one pooled array; what the marshaller lends or gives as an array of its own
/// stays where it is. Written whole before anything is sent, so that a marshaller that fails leaves no half message on the stream.
/// </summary>
internal sealed class OutgoingMessage(int? limit) : SerializationContext, IBorrowingWriter, IDisposable
{
    // Longer than this, a payload is not worth copying behind its prefix.
    private const int Short = 4 * 1024;

    private readonly List<ReadOnlyMemory<byte>> _borrowed = [];
    private byte[] _buffer = [];
    private int _end = Prefix.Size;
    private int _borrowedLength;
    private bool _complete;

    /// <summary>Flag, length and payload.</summary>
    public ReadOnlySequence<byte> Bytes
    {
        get
        {
            if (!_complete) throw new InvalidOperationException("The marshaller returned without calling Complete().");
            var first = new Segment(_buffer.AsMemory(0, _end), null);
            var last = _borrowed.Aggregate(first, (before, bytes) => new Segment(bytes, before));
            return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        }
    }

    public ReadOnlySequence<byte> Payload => Bytes.Slice(Prefix.Size);

    private int Length => checked(_end - Prefix.Size + _borrowedLength);

    /// <summary>Runs a message through its marshaller.</summary>
    /// <exception cref="RpcException">The message is larger than the limit (ResourceExhausted).</exception>
    public static OutgoingMessage Create<T>(T message, Marshaller<T> marshaller, int? limit)
    {
        var outgoing = new OutgoingMessage(limit);
        try
        {
            marshaller.ContextualSerializer(message, outgoing);
            _ = outgoing.Bytes;
            return outgoing;
        }
        catch
        {
            outgoing.Dispose();
            throw;
        }
    }

    public override void Complete(byte[] payload)
    {
        Borrow(payload);
        Complete();
    }

    public override IBufferWriter<byte> GetBufferWriter() => this;

    public override void SetPayloadLength(int payloadLength)
    {
        CheckLimit(payloadLength);
        Reserve(payloadLength);
    }

    public override void Complete()
    {
        if (_complete) throw new InvalidOperationException("The marshaller called Complete() twice.");
        Reserve(0);
        _buffer[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(1), Length);
        _complete = true;
    }

    public void Borrow(ReadOnlyMemory<byte> bytes)
    {
        CheckLimit((long)Length + bytes.Length);
        if (_borrowed.Count == 0 && bytes.Length <= Short)
        {
            this.Write(bytes.Span);
            return;
        }

        _borrowed.Add(bytes);
        _borrowedLength += bytes.Length;
    }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Length - _end);
        _end += count;
        CheckLimit(Length);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_borrowed.Count > 0) throw new InvalidOperationException("After borrowed bytes nothing can be written into the message's own buffer: borrow that too.");
        Reserve(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_end);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _borrowed.Clear();
        _complete = false;
    }

    private void Reserve(int more)
    {
        if (_buffer.Length - _end >= more && _buffer.Length > 0) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_end + more, (int)Math.Min(2L * _buffer.Length, Array.MaxLength)));
        _buffer.AsSpan(0, Math.Min(_end, _buffer.Length)).CopyTo(larger);
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private void CheckLimit(long length)
    {
        if (length > limit)
        {
            throw Failure.Of(
                StatusCode.ResourceExhausted,
                $"The message to send has more than {limit} bytes, which is MaxSendMessageSize; send it in parts or raise the limit.");
        }
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is null) return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
