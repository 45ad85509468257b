namespace SecureAggregation.Party.Data;

/// <summary>A file on another machine that can be fetched from any byte on.</summary>
internal interface IRemoteFile
{
    /// <summary>What messages call it; never with a password or a signature in it.</summary>
    string Name { get; }

    /// <summary>Fetches it.</summary>
    /// <param name="from">The first byte.</param>
    /// <param name="version">The version that it must still be; null for whichever it is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DataSourceException">It is not there, may not be read, or is another version.</exception>
    Task<RemoteBody> FetchAsync(long from, string? version, CancellationToken cancellationToken);
}

/// <summary>What a fetch gives.</summary>
/// <param name="Content">The bytes; the caller owns them.</param>
/// <param name="Length">Length of the whole file, if told.</param>
/// <param name="Version">A name for exactly these bytes (a strong ETag), if told.</param>
internal sealed record RemoteBody(Stream Content, long? Length, string? Version);

/// <summary>How long and how much a fetch may take.</summary>
internal sealed record RemoteLimits
{
    /// <summary>Longest wait for an answer to begin.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest wait for the next bytes.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Wait before a broken download is gone on with; doubled each time.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often in a row a broken download is gone on with.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>Most bytes, as they are sent.</summary>
    public long Bytes { get; init; } = 64L * 1024 * 1024 * 1024;
}
