using System.Text;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>What a transcript store promises, held against each of them.</summary>
public sealed class TranscriptStoreTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private static readonly byte[] s_round = [.. Enumerable.Repeat((byte)7, 16)];

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Append_then_reopen_gives_the_same_entries_and_head(string kind)
    {
        using var place = new TestDatabase(kind, server);
        using (var store = place.OpenTranscript())
        {
            Assert.Null(store.Head());
            store.Append([Entry(0, "a"), Entry(1, "b")], Head(2));
            store.Append([Entry(2, "c")], Head(3));
        }

        using var again = place.OpenTranscript();
        Assert.Equal(3, again.Count());
        Assert.Equal("note 3", again.Head()!.Note);
        Assert.Equal(["a", "b", "c"], again.Read(0, 10).Select(e => Encoding.UTF8.GetString(e.Leaf)));
        Assert.Equal([1L, 2L], again.Read(1, 2).Select(e => e.Index));
        Assert.Equal([0L, 1L, 2L], again.ReadRound(s_round).Select(e => e.Index));
        Assert.Equal(MerkleTree.LeafHash("b"u8), again.Read(1, 1).Single().LeafHash);
        Assert.Equal(s_round, Assert.Single(again.Rounds()));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Rounds_are_listed_in_the_order_of_their_first_entries(string kind)
    {
        using var place = new TestDatabase(kind, server);
        using var store = place.OpenTranscript();
        store.Append([Entry(0, "roster") with { RoundId = [] }, Entry(1, "a") with { RoundId = [9] }, Entry(2, "b") with { RoundId = [3] }, Entry(3, "c") with { RoundId = [9] }], Head(4));
        Assert.Equal([[9], [3]], store.Rounds());
        Assert.Equal([1L, 3L], store.ReadRound([9]).Select(e => e.Index));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Append_that_fails_leaves_nothing_behind(string kind)
    {
        using var place = new TestDatabase(kind, server);
        using var store = place.OpenTranscript();
        store.Append([Entry(0, "a")], Head(1));
        var failure = Assert.Throws<StoreException>(() => store.Append([Entry(1, "b"), Entry(0, "again")], Head(3)));
        Assert.False(failure.IsLost);
        Assert.Equal(1, store.Count());
        Assert.Equal(1, store.Head()!.Size);
        store.Append([Entry(1, "b")], Head(2));
        Assert.Equal(2, store.Count());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Head_alone_can_be_written_again(string kind)
    {
        using var place = new TestDatabase(kind, server);
        using var store = place.OpenTranscript();
        store.Append([Entry(0, "a")], Head(1));
        store.Append([], Head(1) with { Note = "again" });
        Assert.Equal((1L, "again"), (store.Count(), store.Head()!.Note));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Many_and_large_entries_come_back_as_they_were(string kind)
    {
        using var place = new TestDatabase(kind, server);
        using var store = place.OpenTranscript();
        var random = new SeededRandom(5);
        var entries = Enumerable.Range(0, 600).Select(i =>
        {
            var leaf = new byte[i % 100 == 0 ? 300_000 : random.Next(2000)];
            random.GetBytes(leaf);
            return new StoredEntry(i, s_round, leaf, MerkleTree.LeafHash(leaf));
        }).ToList();
        store.Append(entries, Head(600));
        Assert.Equal(entries.Select(e => Convert.ToHexString(e.Leaf)), store.ReadRound(s_round).Select(e => Convert.ToHexString(e.Leaf)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Reading_goes_on_while_others_write(string kind)
    {
        using var place = new TestDatabase(kind, server);
        using var store = place.OpenTranscript();
        store.Append([.. Enumerable.Range(0, 50).Select(i => Entry(i, $"{i}"))], Head(50));
        using var reading = store.Read(0, 50).GetEnumerator();
        Assert.True(reading.MoveNext());
        store.Append([Entry(50, "b")], Head(51));
        var rest = 0;
        while (reading.MoveNext()) rest++;
        Assert.Equal(49, rest);
        Assert.Equal(51, store.Count());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Cut_checkpoints_cosignatures_and_views_are_kept(string kind)
    {
        using var place = new TestDatabase(kind, server);
        using var store = place.OpenTranscript();
        store.Append([Entry(0, "a"), Entry(1, "b")], Head(2));
        store.Cut(1);
        Assert.Equal(1, store.Count());
        store.SaveCheckpoint(Head(2));
        store.SaveCheckpoint(Head(2));
        store.SaveCosignature(new StoredCosignature(2, 4, [1]));
        store.SaveCosignature(new StoredCosignature(2, 4, [9]));
        store.SaveCosignature(new StoredCosignature(2, 5, [2]));
        Assert.Equal("note 2", Assert.Single(store.Checkpoints(2, 2)).Note);
        Assert.Empty(store.Checkpoints(3, 9));
        Assert.Empty(store.Cosignatures(0, 1));
        Assert.Equal([(4L, (byte)1), (5L, (byte)2)], store.Cosignatures(0, 9).Select(c => (c.Party, c.Signature[0])));
        store.SaveView(s_round, [1, 2]);
        store.SaveView(s_round, [3]);
        Assert.Equal([3], store.View(s_round));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Newer_format_is_refused_with_both_numbers(string kind)
    {
        using var place = new TestDatabase(kind, server);
        place.OpenTranscript().Dispose();
        place.Execute(kind == TestDatabase.Sqlite ? "PRAGMA user_version = 99" : "UPDATE format SET version = 99");
        var failure = Assert.Throws<StoreException>(place.OpenTranscript);
        Assert.True(failure.IsNewer);
        Assert.False(failure.IsDisk);
        Assert.Contains("format is 99, this program knows formats up to ", failure.Message, StringComparison.Ordinal);
    }

    internal static StoredEntry Entry(long index, string text) =>
        new(index, s_round, Encoding.UTF8.GetBytes(text), MerkleTree.LeafHash(Encoding.UTF8.GetBytes(text)));

    internal static StoredHead Head(long size) => new(size, [1, 2, 3], $"note {size}");
}
