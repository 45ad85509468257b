namespace SecureAggregation.Protocol;

/// <summary>Where the masked vectors of a round are kept (a blob each, beside the transcript).</summary>
public interface IMaskedVectors
{
    /// <summary>The packed masked vector of a party, from its beginning; the caller disposes the stream. Those of different
    /// parties may be opened and read at the same time.</summary>
    /// <exception cref="IOException">It is not there or cannot be read.</exception>
    Stream Open(uint party);
}
