using System.Globalization;

namespace SecureAggregation.Protocol;

/// <summary>
/// A file of consecutive hashes of the log's tree, as C2SP tlog-tiles cuts it: at level 0 leaf hashes, at each level above the roots of the full tiles
/// below (docs/transcript.md section 12).
/// </summary>
/// <param name="Level">0 to 7: the tree of 2^63 leaves has no more.</param>
/// <param name="Index">Which of its level, from 0.</param>
/// <param name="Width">Hashes, 1 to 256; a tile with fewer than 256 is the last of its level.</param>
public readonly record struct Tile(int Level, long Index, int Width)
{
    /// <summary>Hashes of a full tile.</summary>
    public const int FullWidth = 256;

    /// <summary>Whether it will never change.</summary>
    public bool IsFull => Width == FullWidth;

    /// <summary>Where it is published, below the log's address.</summary>
    public string Path => string.Create(CultureInfo.InvariantCulture, $"tile/{Level}/{TilePaths.Number(Index)}{(IsFull ? "" : $".p/{Width}")}");

    /// <summary>All tiles of a tree, level by level.</summary>
    /// <param name="size">Leaves.</param>
    public static IEnumerable<Tile> Of(long size)
    {
        for (var level = 0; HashesAt(level, size) is > 0 and var hashes; level++)
        {
            for (long i = 0; i < hashes / FullWidth; i++) yield return new Tile(level, i, FullWidth);
            if (hashes % FullWidth != 0) yield return new Tile(level, hashes / FullWidth, (int)(hashes % FullWidth));
        }
    }

    /// <summary>The tiles of a tree that are not full, at most one a level. Every complete subtree that its root is made of has its root in one of them.</summary>
    /// <param name="size">Leaves.</param>
    public static IEnumerable<Tile> Edge(long size)
    {
        for (var level = 0; HashesAt(level, size) is > 0 and var hashes; level++)
        {
            if (hashes % FullWidth != 0) yield return new Tile(level, hashes / FullWidth, (int)(hashes % FullWidth));
        }
    }

    /// <summary>The tile of a tree that holds a hash.</summary>
    /// <param name="level">Its level.</param>
    /// <param name="hash">Which hash of the level, from 0.</param>
    /// <param name="size">Leaves.</param>
    /// <exception cref="ArgumentOutOfRangeException">The tree has no such hash.</exception>
    public static Tile Holding(int level, long hash, long size)
    {
        var hashes = HashesAt(level, size);
        if (hash < 0 || hash >= hashes) throw new ArgumentOutOfRangeException(nameof(hash), hash, $"A tree of {size} leaves has {hashes} hashes at level {level}.");
        return new Tile(level, hash / FullWidth, (int)Math.Min(FullWidth, hashes - (hash / FullWidth * FullWidth)));
    }

    private static long HashesAt(int level, long size) => level < 8 ? size >> (8 * level) : 0;
}
