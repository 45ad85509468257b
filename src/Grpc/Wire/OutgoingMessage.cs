using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>
/// One message as it goes over the wire: flag byte and length, then the payload, in one pooled array; a payload that the marshaller gives as an array of its own
/// stays where it is. Written whole before anything is sent, so that a marshaller that fails leaves no half message on the stream.
/// </summary>
internal sealed class OutgoingMessage(int? limit) : SerializationContext, IBufferWriter<byte>, IDisposable
{
    // Longer than this, a payload is not worth copying behind its prefix.
    private const int Short = 4 * 1024;

    private byte[] _buffer = [];
    private byte[] _payload = [];
    private int _end = Prefix.Size;
    private bool _complete;

    /// <summary>Flag, length, and the payload where it was written behind them.</summary>
    public ReadOnlyMemory<byte> Frame => _complete
        ? _buffer.AsMemory(0, _end)
        : throw new InvalidOperationException("The marshaller returned without calling Complete().");

    /// <summary>The payload that follows <see cref="Frame"/>, when the marshaller gave it as an array; usually empty.</summary>
    public ReadOnlyMemory<byte> Rest => _payload;

    public ReadOnlyMemory<byte> Payload => _payload.Length > 0 ? _payload : Frame[Prefix.Size..];

    /// <summary>Runs a message through its marshaller.</summary>
    /// <exception cref="RpcException">The message is larger than the limit (ResourceExhausted).</exception>
    public static OutgoingMessage Create<T>(T message, Marshaller<T> marshaller, int? limit)
    {
        var outgoing = new OutgoingMessage(limit);
        try
        {
            marshaller.ContextualSerializer(message, outgoing);
            _ = outgoing.Frame;
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
        if (payload.Length <= Short)
        {
            SetPayloadLength(payload.Length);
            payload.CopyTo(_buffer, Prefix.Size);
            _end = Prefix.Size + payload.Length;
            Complete();
            return;
        }

        CheckLimit(payload.Length);
        _payload = payload;
        _end = Prefix.Size;
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
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(1), _end - Prefix.Size + _payload.Length);
        _complete = true;
    }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Length - _end);
        _end += count;
        CheckLimit(_end - Prefix.Size);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_end);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _payload) = ([], []);
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

    private void CheckLimit(int length)
    {
        if (length > limit)
        {
            throw Failure.Of(
                StatusCode.ResourceExhausted,
                $"The message to send has more than {limit} bytes, which is MaxSendMessageSize; send it in parts or raise the limit.");
        }
    }
}
