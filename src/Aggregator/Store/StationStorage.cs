using SecureAggregation.Aggregator.Hosting;

namespace SecureAggregation.Aggregator.Store;

/// <summary>Where a station keeps what it must: the transcript, and masked vectors beside it.</summary>
internal sealed record StationStorage(ITranscriptStore Transcript, IBlobStore Blobs) : IDisposable
{
    /// <summary>Opens what the options name: SQLite in the data folder unless they name a database.</summary>
    /// <exception cref="StoreException">It cannot be opened, or is no transcript.</exception>
    public static StationStorage Open(StationOptions options, StationFiles files)
    {
        if (options.Database.Length == 0) return With(new SqliteTranscriptStore(files.Transcript), () => new FileBlobStore(files.Vectors));
        var database = new PostgresDatabase(options.Database);
        return With(
            new PostgresTranscriptStore(database), () => options.Vectors == VectorPlace.Database ? new PostgresBlobStore(database) : new FileBlobStore(files.Vectors));
    }

    /// <summary>The same only to read, also while a station runs on it: no lock is taken and nothing is cut, made or brought up to date.</summary>
    /// <exception cref="StoreException">It cannot be opened, or is no transcript.</exception>
    public static StationStorage Read(StationOptions options)
    {
        var vectors = StationFiles.VectorsIn(options.DataDirectory);
        if (options.Database.Length == 0) return Read(options.DataDirectory);
        var database = new PostgresDatabase(options.Database, readOnly: true);
        return With(
            new PostgresTranscriptStore(database),
            () => options.Vectors == VectorPlace.Database ? new PostgresBlobStore(database, readOnly: true) : new FileBlobStore(vectors, readOnly: true));
    }

    /// <summary>What is in a folder, only to read.</summary>
    /// <exception cref="StoreException">It cannot be opened, or is no transcript.</exception>
    public static StationStorage Read(string folder) =>
        With(new SqliteTranscriptStore(StationFiles.TranscriptIn(folder), readOnly: true), () => new FileBlobStore(StationFiles.VectorsIn(folder), readOnly: true));

    /// <summary>Vectors that are being committed are on disk when this returns.</summary>
    public void Dispose()
    {
        Blobs.Dispose();
        Transcript.Dispose();
    }

    private static StationStorage With(ITranscriptStore transcript, Func<IBlobStore> blobs)
    {
        try
        {
            return new StationStorage(transcript, blobs());
        }
        catch (Exception e)
        {
            transcript.Dispose();
            if (e is (IOException and not StoreException) or UnauthorizedAccessException) throw new StoreException($"The masked vectors: {e.Message}", e) { IsDisk = true };
            throw;
        }
    }
}
