using Google.Protobuf;

namespace SecureAggregation.Protocol;

/// <summary>
/// What protobuf's parser throws for bytes that are no message. Its own exception is not all: in version 3.25 the length of an inner message may overflow
/// the end that it is held against, and then the parser goes on until an array or a span stops it.
/// </summary>
public static class Unreadable
{
    /// <summary>Whether an exception of the parser says that the bytes are no message.</summary>
    public static bool Is(Exception e) => e is InvalidProtocolBufferException or IndexOutOfRangeException or ArgumentException;
}
