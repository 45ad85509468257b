using System.Buffers;
using Google.Protobuf;
using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol;

/// <summary>
/// Strict decoding: bytes are accepted only if encoding the decoded message again gives the same bytes. Unknown fields, a second spelling of a
/// number and fields out of order all fail, so that two readers of one signed body can never see two different messages.
/// </summary>
public static class Canonical
{
    /// <summary>Decodes a message.</summary>
    /// <param name="parser">Parser of the message type.</param>
    /// <param name="bytes">The encoding.</param>
    /// <param name="limit">Most bytes accepted; checked first.</param>
    /// <exception cref="WireException">Too long, not decodable, or not canonical.</exception>
    public static T Decode<T>(MessageParser<T> parser, ReadOnlySpan<byte> bytes, int limit)
        where T : IMessage<T>
    {
        if (bytes.Length > limit)
        {
            throw new WireException($"A {typeof(T).Name} of {bytes.Length} bytes is over its limit of {limit} bytes.");
        }

        T message;
        try
        {
            // Unknown fields are dropped here, so they show as a difference below.
            message = parser.WithDiscardUnknownFields(true).ParseFrom(bytes);
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            throw new WireException($"The bytes are not a {typeof(T).Name} in protobuf encoding.");
        }

        if (!EncodesTo(message, bytes))
        {
            throw new WireException($"The encoding of the {typeof(T).Name} is not canonical: unknown or reordered fields, or a number spelt in a longer way.");
        }

        return message;
    }

    private static bool EncodesTo(IMessage message, ReadOnlySpan<byte> bytes)
    {
        if (message.CalculateSize() != bytes.Length) return false;
        var buffer = ArrayPool<byte>.Shared.Rent(bytes.Length);
        try
        {
            var encoded = buffer.AsSpan(0, bytes.Length);
            message.WriteTo(encoded);
            return PublicBytes.Equal(encoded, bytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
