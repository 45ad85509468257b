using System.Text;
using Dapper;
using Microsoft.Data.Sqlite;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Tests;

public sealed class SqliteTranscriptStoreTests : IDisposable
{
    private static readonly byte[] s_round = [.. Enumerable.Repeat((byte)7, 16)];

    private readonly TempFolder _folder = new();

    private string Path => _folder.File("transcript.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Append_then_reopen_gives_the_same_entries_and_head()
    {
        using (var store = new SqliteTranscriptStore(Path))
        {
            Assert.Null(store.Head());
            store.Append([Entry(0, "a"), Entry(1, "b")], Head(2));
            store.Append([Entry(2, "c")], Head(3));
        }

        using var again = new SqliteTranscriptStore(Path);
        Assert.Equal(3, again.Count());
        Assert.Equal("note 3", again.Head()!.Note);
        Assert.Equal(["a", "b", "c"], again.Read(0, 10).Select(e => Encoding.UTF8.GetString(e.Leaf)));
        Assert.Equal([1L, 2L], again.Read(1, 2).Select(e => e.Index));
        Assert.Equal([0L, 1L, 2L], again.ReadRound(s_round).Select(e => e.Index));
        Assert.Equal(s_round, Assert.Single(again.Rounds()));
    }

    [Fact]
    public void Append_that_fails_leaves_nothing_behind()
    {
        using var store = new SqliteTranscriptStore(Path);
        store.Append([Entry(0, "a")], Head(1));
        Assert.Throws<StoreException>(() => store.Append([Entry(1, "b"), Entry(0, "again")], Head(3)));
        Assert.Equal(1, store.Count());
        Assert.Equal(1, store.Head()!.Size);
        store.Append([Entry(1, "b")], Head(2));
        Assert.Equal(2, store.Count());
    }

    [Fact]
    public void Full_disk_is_a_store_exception_and_reads_go_on()
    {
        using var store = new SqliteTranscriptStore(Path);
        store.Append([Entry(0, "a")], Head(1));
        // A database that may not grow answers as a full disk does.
        store.LimitPages(20);
        var big = new string('x', 200_000);
        var failure = Assert.Throws<StoreException>(() => store.Append([Entry(1, big)], Head(2)));
        Assert.Contains("full", failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(["a"], store.Read(0, 10).Select(e => Encoding.UTF8.GetString(e.Leaf)));
    }

    [Fact]
    public void File_that_is_no_database_is_refused()
    {
        File.WriteAllText(Path, new string('?', 5000));
        Assert.Throws<StoreException>(() => new SqliteTranscriptStore(Path));
    }

    [Fact]
    public void Newer_format_is_refused_with_both_numbers()
    {
        using (new SqliteTranscriptStore(Path))
        {
            using var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
            connection.Execute("PRAGMA user_version = 99");
        }

        var failure = Assert.Throws<StoreException>(() => new SqliteTranscriptStore(Path));
        Assert.Contains("99", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Writer_flushes_each_transaction()
    {
        using var store = new SqliteTranscriptStore(Path);
        Assert.Equal((2L, "wal"), store.Durability());
    }

    [Fact]
    public void Cut_checkpoints_cosignatures_and_views_are_kept()
    {
        using var store = new SqliteTranscriptStore(Path);
        store.Append([Entry(0, "a"), Entry(1, "b")], Head(2));
        store.Cut(1);
        Assert.Equal(1, store.Count());
        store.SaveCheckpoint(Head(2));
        store.SaveCheckpoint(Head(2));
        store.SaveCosignature(new StoredCosignature(2, 4, [1]));
        store.SaveCosignature(new StoredCosignature(2, 4, [9]));
        store.SaveCosignature(new StoredCosignature(2, 5, [2]));
        Assert.Equal("note 2", Assert.Single(store.Checkpoints(2)).Note);
        Assert.Empty(store.Checkpoints(3));
        Assert.Equal([(4L, (byte)1), (5L, (byte)2)], store.Cosignatures(0).Select(c => (c.Party, c.Signature[0])));
        store.SaveView(s_round, [1, 2]);
        store.SaveView(s_round, [3]);
        Assert.Equal([3], store.Views()[s_round]);
    }

    internal static StoredEntry Entry(long index, string text) =>
        new(index, s_round, Encoding.UTF8.GetBytes(text), MerkleTree.LeafHash(Encoding.UTF8.GetBytes(text)));

    private static StoredHead Head(long size) => new(size, [1, 2, 3], $"note {size}");
}
