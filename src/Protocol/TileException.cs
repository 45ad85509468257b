namespace SecureAggregation.Protocol;

/// <summary>A file of a published log is missing, damaged, or not the one that the log's head is over.</summary>
/// <param name="file">Its path below the log's address.</param>
/// <param name="message">A sentence that names it and says what is wrong.</param>
public sealed class TileException(string file, string message) : Exception(message)
{
    /// <summary>Its path below the log's address.</summary>
    public string File { get; } = file;
}
