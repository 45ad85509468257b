using System.Globalization;
using FsCheck.Fluent;
using SecureAggregation.Crypto;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests;

/// <summary>Tiles as C2SP tlog-tiles wants them; its own examples are among the cases.</summary>
public sealed class TileTests
{
    [Theory]
    [InlineData(0, "000")]
    [InlineData(5, "005")]
    [InlineData(273, "273")]
    [InlineData(999, "999")]
    [InlineData(1000, "x001/000")]
    [InlineData(1234067, "x001/x234/067")]
    [InlineData(1_000_000_000, "x001/x000/x000/000")]
    public void Numbers_are_cut_into_marked_groups_of_three_digits(long number, string path) => Assert.Equal(path, TilePaths.Number(number));

    [Fact]
    public void Tree_of_70000_leaves_has_the_tiles_of_the_specification()
    {
        var tiles = Tile.Of(70_000).ToList();

        Assert.Equal(273, tiles.Count(t => t is { Level: 0, IsFull: true }));
        Assert.Equal(
            ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"],
            tiles.Where(t => t.Level > 0 || !t.IsFull).Select(t => t.Path));
        Assert.Equal("tile/0/272", tiles.Last(t => t is { Level: 0, IsFull: true }).Path);
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "tile/0/000.p/1")]
    [InlineData(255, "tile/0/000.p/255")]
    [InlineData(256, "tile/0/000 tile/1/000.p/1")]
    [InlineData(257, "tile/0/000 tile/0/001.p/1 tile/1/000.p/1")]
    public void Small_trees_have_the_tiles_of_the_specification(long size, string paths) =>
        Assert.Equal(paths.Split(' ', StringSplitOptions.RemoveEmptyEntries), Tile.Of(size).Select(t => t.Path));

    [Fact]
    public void Widths_of_partial_tiles_are_those_of_the_formula() => Property.Holds(
        Gen.Choose(0, 1 << 28),
        size => Tile.Edge(size).All(t => t.Width == (size >> (8 * t.Level)) % 256) && Tile.Edge(size).Count() == Enumerable.Range(0, 8).Count(l => (((long)size >> (8 * l)) % 256) != 0),
        cases: 300);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(700)]
    [InlineData(65_536)]
    [InlineData(65_793)]
    public async Task Proofs_from_tiles_are_those_of_the_leaves(int size)
    {
        var (leaves, files) = Log(size);
        var tree = await Open(leaves, files);
        foreach (var index in new[] { 0, size / 3, size / 2, size - 1 }.Distinct())
        {
            Assert.Equal(leaves[index], await tree.LeafHashAsync(index));
            Assert.Equal(MerkleTree.InclusionProof(leaves, index), await tree.InclusionProofAsync(index, size));
            if (index == 0) continue;
            Assert.Equal(MerkleTree.ConsistencyProof(leaves, index, size), await tree.ConsistencyProofAsync(index, size));
            Assert.Equal(MerkleTree.Root(leaves, index), await tree.RootAsync(index));

            // The same under an earlier head, out of the tiles of this one.
            var (earlier, half) = (leaves.Take(index).ToList(), index / 2);
            Assert.Equal(MerkleTree.InclusionProof(earlier, half), await tree.InclusionProofAsync(half, index));
            if (half > 0) Assert.Equal(MerkleTree.ConsistencyProof(earlier, half, index), await tree.ConsistencyProofAsync(half, index));
        }
    }

    [Fact]
    public async Task Changed_byte_in_any_tile_is_found_and_the_tile_is_named()
    {
        var (leaves, files) = Log(600);
        foreach (var (path, bytes) in files)
        {
            foreach (var at in new[] { 0, bytes.Length / 2, bytes.Length - 1 })
            {
                bytes[at] ^= 1;
                var failure = await Assert.ThrowsAsync<TileException>(() => LoadAll(leaves, files));
                Assert.Contains(path, failure.Message, StringComparison.Ordinal);
                bytes[at] ^= 1;
            }
        }

        await LoadAll(leaves, files);
    }

    [Fact]
    public async Task Missing_or_short_tile_is_named()
    {
        var (leaves, files) = Log(600);
        foreach (var path in files.Keys.ToList())
        {
            var bytes = files[path];
            files.Remove(path);
            Assert.Equal(path, (await Assert.ThrowsAsync<TileException>(() => LoadAll(leaves, files))).File);
            files[path] = bytes[..^1];
            Assert.Equal(path, (await Assert.ThrowsAsync<TileException>(() => LoadAll(leaves, files))).File);
            files[path] = bytes;
        }
    }

    private static async Task LoadAll(List<byte[]> leaves, Dictionary<string, byte[]> files)
    {
        var tree = await Open(leaves, files);
        foreach (var tile in Tile.Of(leaves.Count)) await tree.LoadAsync(tile);
    }

    private static Task<TileTree> Open(List<byte[]> leaves, Dictionary<string, byte[]> files) =>
        TileTree.OpenAsync(new LogPosition(leaves.Count, MerkleTree.Root(leaves)), path => Task.FromResult(files.GetValueOrDefault(path)));

    /// <summary>A tree, and its tiles by the letter of the specification: each hash is the root of its own leaves.</summary>
    private static (List<byte[]> Leaves, Dictionary<string, byte[]> Files) Log(int size)
    {
        List<byte[]> leaves = [.. Enumerable.Range(0, size).Select(i => MerkleTree.LeafHash(System.Text.Encoding.ASCII.GetBytes(i.ToString(CultureInfo.InvariantCulture))))];
        var files = new Dictionary<string, byte[]>();
        foreach (var tile in Tile.Of(size))
        {
            var under = 1 << (8 * tile.Level);
            files[tile.Path] = [.. Enumerable.Range(0, tile.Width).SelectMany(i => MerkleTree.Root(leaves.GetRange((((int)tile.Index * 256) + i) * under, under)))];
        }

        return (leaves, files);
    }
}
