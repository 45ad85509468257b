using SecureAggregation.Aggregator.Store;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>What a store of masked vectors promises, held against each of them.</summary>
public sealed class BlobStoreTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private static readonly byte[] s_round = [.. Enumerable.Repeat((byte)1, 16)];

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Vector_is_there_only_after_commit(string kind)
    {
        using var place = new TestDatabase(kind, server);
        var (blobs, owner) = place.OpenBlobs();
        using var _ = owner;
        using (var writer = blobs.Create(s_round, 3))
        {
            writer.Append([1, 2]);
            Assert.Empty(blobs.Parties(s_round));
            writer.Append([3]);
            await writer.Commit();
        }

        Assert.Equal([3u], blobs.Parties(s_round));
        Assert.Equal([1, 2, 3], Read(blobs, 3));
        Assert.Equal([s_round], blobs.Rounds());
        Assert.Throws<FileNotFoundException>(() => blobs.Open(s_round, 4));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Large_vectors_beside_each_other_come_back_as_they_were(string kind)
    {
        using var place = new TestDatabase(kind, server);
        var (blobs, owner) = place.OpenBlobs();
        using var _ = owner;
        var vectors = Enumerable.Range(0, 20).Select(i =>
        {
            var vector = new byte[PostgresBlobStore.Piece * (i % 5) + i];
            new SeededRandom((ulong)i + 1).GetBytes(vector);
            return vector;
        }).ToArray();
        await Parallel.ForAsync(0, vectors.Length, async (i, _) =>
        {
            using var writer = blobs.Create(s_round, (uint)i);
            foreach (var part in vectors[i].Chunk(10_000 + (7000 * i))) writer.Append(part);
            await writer.Commit();
        });
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (uint)i), blobs.Parties(s_round));
        for (var i = 0u; i < vectors.Length; i++) Assert.Equal(vectors[i], Read(blobs, i));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_was_written_can_be_read_before_commit(string kind)
    {
        using var place = new TestDatabase(kind, server);
        var (blobs, owner) = place.OpenBlobs();
        using var _ = owner;
        using var writer = blobs.Create(s_round, 3);
        var vector = new byte[200_000];
        new SeededRandom(1).GetBytes(vector);
        writer.Append(vector);
        using var written = writer.Written();
        Assert.Equal(vector, All(written));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Vector_that_is_not_committed_leaves_nothing(string kind)
    {
        using var place = new TestDatabase(kind, server);
        var (blobs, owner) = place.OpenBlobs();
        using (owner)
        {
            using var writer = blobs.Create(s_round, 3);
            writer.Append(new byte[100_000]);
        }

        if (kind == TestDatabase.Sqlite) Assert.Empty(Directory.EnumerateFiles(place.Data, "*", SearchOption.AllDirectories));
        else Assert.Equal(0, place.Execute("DELETE FROM vector_pieces"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Half_written_vector_of_an_earlier_run_is_cut_and_counted(string kind)
    {
        using var place = new TestDatabase(kind, server);
        var (blobs, owner) = place.OpenBlobs();
        using (owner)
        {
            Assert.Equal(0, blobs.Cut);
            using var writer = blobs.Create(s_round, 1);
            writer.Append([1]);
            await writer.Commit();
        }

        if (kind == TestDatabase.Sqlite) File.WriteAllBytes(Directory.GetDirectories(Path.Combine(place.Data, "vectors")).Single() + "/2.part", [1, 2, 3]);
        else place.Execute("INSERT INTO vector_pieces VALUES (77, 0, @bytes), (77, 1, @bytes)", new { bytes = new byte[] { 1 } });
        (blobs, owner) = place.OpenBlobs();
        using (owner)
        {
            Assert.Equal(1, blobs.Cut);
            Assert.Equal([1u], blobs.Parties(s_round));
            Assert.Equal([1], Read(blobs, 1));
        }

        (blobs, owner) = place.OpenBlobs();
        using (owner) Assert.Equal(0, blobs.Cut);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Only_survivors_are_kept(string kind)
    {
        using var place = new TestDatabase(kind, server);
        var (blobs, owner) = place.OpenBlobs();
        using var _ = owner;
        foreach (var party in new uint[] { 0, 1, 12 })
        {
            using var writer = blobs.Create(s_round, party);
            writer.Append([(byte)party]);
            await writer.Commit();
        }

        blobs.KeepOnly(s_round, new HashSet<uint> { 0, 12 });
        Assert.Equal([0u, 12u], blobs.Parties(s_round));
        blobs.Delete(s_round);
        Assert.Empty(blobs.Parties(s_round));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Vector_that_is_sent_again_takes_the_place_of_the_first(string kind)
    {
        using var place = new TestDatabase(kind, server);
        var (blobs, owner) = place.OpenBlobs();
        using (owner)
        {
            foreach (var value in new byte[] { 1, 2 })
            {
                using var writer = blobs.Create(s_round, 5);
                writer.Append([value]);
                await writer.Commit();
            }

            Assert.Equal([2], Read(blobs, 5));
        }

        if (kind == TestDatabase.Postgres) Assert.Equal(1, place.Execute("DELETE FROM vector_pieces"));
    }

    [Fact]
    public async Task File_that_is_no_vector_is_not_taken_for_one()
    {
        using var folder = new TempFolder();
        using var blobs = new FileBlobStore(folder.Path);
        using (var writer = blobs.Create(s_round, 3)) await writer.Commit();
        var foreign = Path.Combine(Assert.Single(Directory.GetDirectories(folder.Path)), "copy of 3.vector");
        File.WriteAllText(foreign, "");
        Directory.CreateDirectory(folder.File("lost+found"));
        Assert.Equal([s_round], blobs.Rounds());
        Assert.Equal([3u], blobs.Parties(s_round));
        blobs.KeepOnly(s_round, new HashSet<uint> { 3 });
        Assert.False(File.Exists(foreign));
        Assert.Equal([3u], blobs.Parties(s_round));
    }

    private static byte[] Read(IBlobStore blobs, uint party)
    {
        using var stream = blobs.Open(s_round, party);
        return All(stream);
    }

    private static byte[] All(Stream stream)
    {
        using var all = new MemoryStream();
        stream.CopyTo(all);
        return all.ToArray();
    }
}
