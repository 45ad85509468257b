namespace SecureAggregation.Client;

/// <summary>Where a published log is read from.</summary>
public interface ITileFiles
{
    /// <summary>A file by its path below the log's address; null if there is none.</summary>
    /// <exception cref="IOException">It cannot be read, or is larger than any file of a log.</exception>
    /// <exception cref="HttpRequestException">The server does not answer, or not with the file.</exception>
    Task<byte[]?> ReadAsync(string path, CancellationToken cancellation = default);

    /// <summary>The paths of all files, where that can be known; null where it cannot.</summary>
    IEnumerable<string>? List();
}
