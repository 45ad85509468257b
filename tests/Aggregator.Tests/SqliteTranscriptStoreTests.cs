using System.Text;
using SecureAggregation.Aggregator.Store;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>What is SQLite's own; <see cref="TranscriptStoreTests"/> has the rest.</summary>
public sealed class SqliteTranscriptStoreTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Path => _folder.File("transcript.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Full_disk_is_a_store_exception_and_reads_go_on()
    {
        using var store = new SqliteTranscriptStore(Path);
        store.Append([TranscriptStoreTests.Entry(0, "a")], TranscriptStoreTests.Head(1));
        // A database that may not grow answers as a full disk does.
        store.LimitPages(20);
        var big = new string('x', 200_000);
        var failure = Assert.Throws<StoreException>(() => store.Append([TranscriptStoreTests.Entry(1, big)], TranscriptStoreTests.Head(2)));
        Assert.Contains("full", failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(["a"], store.Read(0, 10).Select(e => Encoding.UTF8.GetString(e.Leaf)));
    }

    [Fact]
    public void File_that_is_no_database_is_refused()
    {
        File.WriteAllText(Path, new string('?', 5000));
        Assert.False(Assert.Throws<StoreException>(() => new SqliteTranscriptStore(Path)).IsDisk);
    }

    [Fact]
    public void Writer_flushes_each_transaction()
    {
        using var store = new SqliteTranscriptStore(Path);
        Assert.Equal((2L, "wal"), store.Durability());
    }
}
