using Dapper;
using Npgsql;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>What is PostgreSQL's own: its lock, and a server that goes away.</summary>
public sealed class PostgresDatabaseTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    [PostgresFact]
    public void Second_station_is_refused_and_told_who_has_the_database()
    {
        var database = server.NewDatabase();
        using var first = new PostgresDatabase(database);
        var refused = Assert.Throws<StoreException>(() => new PostgresDatabase(database));
        Assert.True(refused.IsDisk);
        Assert.Contains("belongs to another running station (session ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(PostgresServer.Password, refused.ToString(), StringComparison.Ordinal);
    }

    [PostgresFact]
    public void Stations_in_schemas_of_their_own_share_a_database()
    {
        var database = server.NewDatabase();
        using (var connection = new NpgsqlConnection(database)) connection.Execute("CREATE SCHEMA one; CREATE SCHEMA two;");
        using var first = new PostgresTranscriptStore(new PostgresDatabase(database + ";Search Path=one"));
        using var second = new PostgresTranscriptStore(new PostgresDatabase(database + ";Search Path=two"));
        first.Append([TranscriptStoreTests.Entry(0, "a")], TranscriptStoreTests.Head(1));
        Assert.Null(second.Head());
    }

    [PostgresFact]
    public void Server_that_does_not_answer_and_a_wrong_password_are_told_without_the_password()
    {
        foreach (var wrong in (string[])[server.Connect(PostgresServer.Owner, "wrong" + PostgresServer.Password), $"Host=/nowhere;Username=x;Password={PostgresServer.Password}", $"Hots=x;Password={PostgresServer.Password}"])
        {
            var failure = Assert.Throws<StoreException>(() => new PostgresDatabase(wrong));
            Assert.True(failure.IsDisk, failure.Message);
            Assert.DoesNotContain(PostgresServer.Password, failure.ToString(), StringComparison.Ordinal);
        }
    }

    [PostgresFact]
    public void Head_that_somebody_else_moved_is_not_built_upon()
    {
        var database = server.NewDatabase();
        using var store = new PostgresTranscriptStore(new PostgresDatabase(database));
        store.Append([TranscriptStoreTests.Entry(0, "a")], TranscriptStoreTests.Head(1));
        using (var other = new NpgsqlConnection(database)) other.Execute("UPDATE head SET size = 7");
        var failure = Assert.Throws<StoreException>(() => store.Append([TranscriptStoreTests.Entry(1, "b")], TranscriptStoreTests.Head(2)));
        Assert.Contains("not at size 1 any more", failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, store.Count());
    }

    [PostgresFact]
    public void Server_that_is_killed_is_a_lost_store_until_it_is_back()
    {
        using var own = new PostgresServer();
        using var database = new PostgresDatabase(own.ConnectionString);
        using var store = new PostgresTranscriptStore(database);
        store.Append([TranscriptStoreTests.Entry(0, "a")], TranscriptStoreTests.Head(1));
        Assert.Single(store.Read(0, 9));
        own.Kill();
        Assert.True(Assert.Throws<StoreException>(() => store.Append([TranscriptStoreTests.Entry(1, "b")], TranscriptStoreTests.Head(2))).IsLost);
        Assert.True(Assert.Throws<StoreException>(() => store.Head()).IsLost);
        Assert.True(Assert.Throws<StoreException>(() => store.Read(0, 9).ToList()).IsLost);
        own.Start();
        Assert.Equal(1, store.Head()!.Size);
        store.Append([TranscriptStoreTests.Entry(1, "b")], TranscriptStoreTests.Head(2));
        Assert.Equal(2, store.Read(0, 9).Count());
        // The lock was taken again.
        Assert.Contains("another running station", Assert.Throws<StoreException>(() => new PostgresDatabase(own.ConnectionString)).Message, StringComparison.Ordinal);
    }
}
