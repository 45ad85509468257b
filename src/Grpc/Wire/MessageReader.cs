using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Takes messages from a body, one at a time; the same on both sides.</summary>
internal sealed class MessageReader<T>(PipeReader input, Marshaller<T> marshaller, int? limit)
    where T : class
{
    private const int FirstStep = 256 * 1024;

    private static readonly MessageDescriptor? s_type = Choices.TypeOf<T>();

    /// <summary>The next message; null at a clean end.</summary>
    /// <exception cref="RpcException">The bytes break the protocol or the limit.</exception>
    public async ValueTask<T?> ReadAsync(CancellationToken cancellationToken)
    {
        var result = await input.ReadAtLeastAsync(Prefix.Size, cancellationToken).ConfigureAwait(false);
        if (result.Buffer.Length < Prefix.Size)
            return result.Buffer.IsEmpty ? null : throw Truncated(result.Buffer.Length, Prefix.Size);

        var length = Length(result.Buffer);
        var frame = Prefix.Size + (long)length;
        while (result.Buffer.Length < frame)
        {
            // Room for what is asked for is made at once, so it is asked for in steps: the length is a word of the other side's, and only what came is a fact.
            var step = Math.Min(frame, Math.Max(FirstStep, 2 * result.Buffer.Length));
            input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            result = await input.ReadAtLeastAsync((int)step, cancellationToken).ConfigureAwait(false);
            if (result.Buffer.Length < step) throw Truncated(result.Buffer.Length, frame);
        }

        return Parse(result.Buffer.Slice(Prefix.Size, length));
    }

    private static RpcException Truncated(long has, long wants) =>
        Failure.Of(StatusCode.Internal, $"The stream ended inside a message: {has} of {wants} bytes came.");

    private int Length(ReadOnlySequence<byte> buffer)
    {
        try
        {
            return Prefix.ReadLength(buffer, limit);
        }
        catch (RpcException)
        {
            input.AdvanceTo(buffer.End);
            throw;
        }
    }

    private T Parse(ReadOnlySequence<byte> payload)
    {
        try
        {
            if (s_type is not null && Choices.AreRepeated(s_type, payload)) throw new InvalidOperationException($"A {s_type.Name} holds one of its parts twice.");
            return marshaller.ContextualDeserializer(new IncomingMessage(payload))
                ?? throw new InvalidOperationException("The marshaller returned null.");
        }
        catch (Exception e)
        {
            throw Failure.Of(StatusCode.Internal, $"A message of {payload.Length} bytes could not be read as {typeof(T).Name}.", e);
        }
        finally
        {
            input.AdvanceTo(payload.End);
        }
    }
}
