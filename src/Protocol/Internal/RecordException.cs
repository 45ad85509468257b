namespace SecureAggregation.Protocol.Internal;

/// <summary>A record of a bundle cannot be read, or has no place where it is.</summary>
internal sealed class RecordException(int record, string message) : Exception(message)
{
    /// <summary>Its number in the file; the header is 0.</summary>
    public int Record { get; } = record;
}
