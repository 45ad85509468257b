using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>An empty place for what a station keeps, of either kind, that tests may open again and again, and damage.</summary>
internal sealed class TestDatabase : IDisposable
{
    public const string Sqlite = "SQLite";
    public const string Postgres = "PostgreSQL";

    private readonly TempFolder _folder = new();

    public TestDatabase(string kind, PostgresServer server) => ConnectionString = kind == Postgres ? server.NewDatabase() : "";

    private TestDatabase(string connectionString) => ConnectionString = connectionString;

    /// <summary>Both kinds, where there is a server for the second.</summary>
    public static TheoryData<string> Kinds => PostgresServer.Missing is null ? [Sqlite, Postgres] : [Sqlite];

    /// <summary>Empty for SQLite.</summary>
    public string ConnectionString { get; }

    public string Data => _folder.File("data");

    public string File => Path.Combine(Data, "transcript.db");

    /// <summary>Makes a station keep what it must here, all of it in the database if there is one.</summary>
    public void Configure(StationOptions options)
    {
        (options.DataDirectory, options.Database) = (Data, ConnectionString);
        options.Vectors = ConnectionString.Length == 0 ? VectorPlace.Files : VectorPlace.Database;
    }

    /// <summary>The same in another place; no station may run on it.</summary>
    public TestDatabase Copy(PostgresServer server)
    {
        var copy = new TestDatabase(ConnectionString.Length == 0 ? "" : server.NewDatabase(ConnectionString));
        foreach (var file in Directory.GetFiles(Data, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy.Data, Path.GetRelativePath(Data, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            System.IO.File.Copy(file, target);
        }

        return copy;
    }

    public ITranscriptStore OpenTranscript()
    {
        Directory.CreateDirectory(Data);
        return ConnectionString.Length == 0 ? new SqliteTranscriptStore(File) : new PostgresTranscriptStore(new PostgresDatabase(ConnectionString));
    }

    public (IBlobStore Blobs, IDisposable Owner) OpenBlobs()
    {
        if (ConnectionString.Length == 0)
        {
            var files = new FileBlobStore(Path.Combine(Data, "vectors"));
            return (files, files);
        }

        var database = new PostgresDatabase(ConnectionString);
        var blobs = new PostgresBlobStore(database);
        return (blobs, new StationStorage(new PostgresTranscriptStore(database), blobs));
    }

    /// <summary>Does something to the tables behind the station's back.</summary>
    public int Execute(string sql, object? parameters = null)
    {
        using var connection = Connect();
        return connection.Execute(sql, parameters);
    }

    public DbConnection Connect()
    {
        DbConnection connection = ConnectionString.Length == 0 ? new SqliteConnection($"Data Source={File};Pooling=False") : new NpgsqlConnection(ConnectionString);
        connection.Open();
        return connection;
    }

    public void Dispose() => _folder.Dispose();
}
