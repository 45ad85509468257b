using SecureAggregation.Aggregator.Store;

namespace SecureAggregation.Aggregator.Tests;

public sealed class BlobStoreTests : IDisposable
{
    private static readonly byte[] s_round = [.. Enumerable.Repeat((byte)1, 16)];

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Vector_has_its_name_only_after_commit()
    {
        using var blobs = new BlobStore(_folder.Path);
        using (var writer = blobs.Create(s_round, 3))
        {
            writer.Append([1, 2]);
            Assert.Empty(blobs.Parties(s_round));
            writer.Append([3]);
            await writer.Commit();
        }

        Assert.Equal([3u], blobs.Parties(s_round));
        using var stream = blobs.Open(s_round, 3);
        Assert.Equal(3, stream.Length);
    }

    [Fact]
    public async Task File_that_is_no_vector_is_not_taken_for_one()
    {
        using var blobs = new BlobStore(_folder.Path);
        using (var writer = blobs.Create(s_round, 3)) await writer.Commit();
        var foreign = Path.Combine(Assert.Single(Directory.GetDirectories(_folder.Path)), "copy of 3.vector");
        File.WriteAllText(foreign, "");
        Assert.Equal([3u], blobs.Parties(s_round));
        blobs.KeepOnly(s_round, new HashSet<uint> { 3 });
        Assert.False(File.Exists(foreign));
        Assert.Equal([3u], blobs.Parties(s_round));
    }

    [Fact]
    public void Vector_that_is_not_committed_leaves_nothing()
    {
        using var blobs = new BlobStore(_folder.Path);
        using (var writer = blobs.Create(s_round, 3)) writer.Append([1, 2]);
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Half_written_vector_of_an_earlier_run_is_removed()
    {
        using var blobs = new BlobStore(_folder.Path);
        using (var writer = blobs.Create(s_round, 1))
        {
            writer.Append([1]);
            await writer.Commit();
        }

        File.WriteAllBytes(Directory.GetDirectories(_folder.Path).Single() + "/2.part", [1, 2, 3]);
        using var later = new BlobStore(_folder.Path);
        Assert.Equal([1u], later.Parties(s_round));
        Assert.Single(Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Only_survivors_are_kept()
    {
        using var blobs = new BlobStore(_folder.Path);
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
}
