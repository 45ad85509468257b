using System.Numerics;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;

namespace SecureAggregation.Protocol;

/// <summary>
/// The tree of a published log, read from its tiles. Nothing that it gives is taken as it comes: the right edge makes the head's root, and each
/// full tile has its root in the tile above. Not thread-safe.
/// </summary>
public sealed class TileTree
{
    private const int LevelHeight = 8;

    private readonly LogPosition _head;
    private readonly Func<string, Task<byte[]?>> _read;
    private readonly Dictionary<Tile, byte[][]> _tiles = [];

    private TileTree(LogPosition head, Func<string, Task<byte[]?>> read) => (_head, _read) = (head, read);

    /// <summary>Number of leaves.</summary>
    public long Size => _head.Size;

    /// <summary>Opens the tree of a head and checks its right edge.</summary>
    /// <param name="head">The head that counts.</param>
    /// <param name="read">Gives a file by its path; null if there is none.</param>
    /// <exception cref="TileException">A file is missing or wrong.</exception>
    public static async Task<TileTree> OpenAsync(LogPosition head, Func<string, Task<byte[]?>> read)
    {
        ArgumentNullException.ThrowIfNull(head);
        ArgumentNullException.ThrowIfNull(read);
        var tree = new TileTree(head, read);
        var edge = Tile.Edge(head.Size).ToList();
        foreach (var tile in edge) tree._tiles.Add(tile, await tree.ReadAsync(tile));
        var root = await tree.RootAsync(head.Size);
        return PublicBytes.Equal(root, head.Root)
            ? tree
            : throw new TileException(
                edge.Count > 0 ? edge[0].Path : TilePaths.Checkpoint,
                $"{string.Join(", ", edge.Select(t => t.Path))}: the hashes give the root {PublicBytes.Hex(root)}; the head of {head.Size} entries has {PublicBytes.Hex(head.Root)}. One of these files was changed.");
    }

    /// <summary>The hash of a leaf.</summary>
    /// <exception cref="TileException">A file is missing or wrong.</exception>
    public Task<byte[]> LeafHashAsync(long index) => NodeAsync(0, index);

    /// <summary>The root of the first leaves, at most all.</summary>
    /// <exception cref="TileException">A file is missing or wrong.</exception>
    public Task<byte[]> RootAsync(long size) => size == 0 ? Task.FromResult(MerkleTree.Root([])) : SubtreeAsync(0, Within(size));

    /// <summary>The path from a leaf to the root of the first leaves, at most all.</summary>
    /// <exception cref="TileException">A file is missing or wrong.</exception>
    public Task<byte[][]> InclusionProofAsync(long index, long size) => AllAsync(ProofRanges.Inclusion(index, Within(size)));

    /// <summary>The proof that the first leaves of one number extend those of another.</summary>
    /// <exception cref="TileException">A file is missing or wrong.</exception>
    public Task<byte[][]> ConsistencyProofAsync(long oldSize, long newSize) => AllAsync(ProofRanges.Consistency(oldSize, Within(newSize)));

    /// <summary>Reads a tile and holds it against the tree.</summary>
    /// <exception cref="TileException">It is missing or wrong.</exception>
    public async Task<IReadOnlyList<byte[]>> LoadAsync(Tile tile)
    {
        if (_tiles.TryGetValue(tile, out var known)) return known;
        var hashes = await ReadAsync(tile);

        // Tiles of the right edge were checked when the tree was opened: what is read here is full, and has its root above.
        var above = await NodeAsync((tile.Level + 1) * LevelHeight, tile.Index);
        if (!PublicBytes.Equal(MerkleTree.Root(hashes), above))
        {
            throw new TileException(
                tile.Path, $"{tile.Path}: its hashes have the root {PublicBytes.Hex(MerkleTree.Root(hashes))}; {Tile.Holding(tile.Level + 1, tile.Index, Size).Path} says {PublicBytes.Hex(above)}: the file was changed.");
        }

        _tiles.Add(tile, hashes);
        return hashes;
    }

    private long Within(long size) =>
        size >= 0 && size <= Size ? size : throw new ArgumentOutOfRangeException(nameof(size), size, $"The log has {Size} entries.");

    private async Task<byte[][]> ReadAsync(Tile tile)
    {
        var bytes = await _read(tile.Path) ?? throw new TileException(tile.Path, $"{tile.Path} is missing; a log of {Size} entries has it. Run `secagg log export` again.");
        return bytes.Length == tile.Width * MerkleTree.HashSize
            ? [.. bytes.Chunk(MerkleTree.HashSize)]
            : throw new TileException(tile.Path, $"{tile.Path} has {bytes.Length} bytes; {tile.Width} hashes have {tile.Width * MerkleTree.HashSize}.");
    }

    private async Task<byte[][]> AllAsync(IEnumerable<(long From, long To)> ranges)
    {
        var hashes = new List<byte[]>();
        foreach (var (from, to) in ranges) hashes.Add(await SubtreeAsync(from, to));
        return [.. hashes];
    }

    private async Task<byte[]> SubtreeAsync(long from, long to)
    {
        var leaves = to - from;
        if (BitOperations.IsPow2(leaves)) return await NodeAsync(BitOperations.Log2((ulong)leaves), from / leaves);
        var middle = from + ProofRanges.LeftSize(leaves);
        return MerkleTree.Root([await SubtreeAsync(from, middle), await SubtreeAsync(middle, to)]);
    }

    /// <summary>The root of the complete subtree of 2^height leaves with that number.</summary>
    private async Task<byte[]> NodeAsync(int height, long number)
    {
        var (level, inside) = (height / LevelHeight, height % LevelHeight);
        var first = number << inside;
        var hashes = await LoadAsync(Tile.Holding(level, first, Size));
        var place = (int)(first % Tile.FullWidth);
        return inside == 0 ? hashes[place] : MerkleTree.Root([.. hashes.Skip(place).Take(1 << inside)]);
    }
}
