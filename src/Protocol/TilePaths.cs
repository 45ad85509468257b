using System.Globalization;
using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol;

/// <summary>Where the files of a published log are, below its address (docs/transcript.md section 12).</summary>
public static class TilePaths
{
    // What a record of a bundle may have.
    private const int LongestRecord = 192 * 1024 * 1024;

    /// <summary>The newest head, a signed note.</summary>
    public const string Checkpoint = "checkpoint";

    /// <summary>The head that evidence of rounds under a roster that is not the last is under.</summary>
    /// <param name="roster">Index of the roster's entry.</param>
    public static string Head(long roster) => $"head/{Number(roster)}";

    /// <summary>Most bytes of a file: whoever reads one takes no more.</summary>
    public static int Longest(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path == Checkpoint || path.StartsWith("head/", StringComparison.Ordinal)) return Protocol.Checkpoint.LongestNote;
        return path.StartsWith("tile/", StringComparison.Ordinal) ? Tile.FullWidth * MerkleTree.HashSize : LongestRecord;
    }

    /// <summary>Indices of the entries that hold a roster.</summary>
    public const string Rosters = "rosters";

    /// <summary>An entry, as it is hashed into the tree.</summary>
    public static string Entry(long index) => $"entry/{Number(index)}";

    /// <summary>Indices of a round's entries.</summary>
    public static string Round(ReadOnlySpan<byte> roundId) => $"round/{PublicBytes.Hex(roundId)}";

    /// <summary>The masked vector of a party in a round.</summary>
    public static string Vector(ReadOnlySpan<byte> roundId, uint party) => string.Create(CultureInfo.InvariantCulture, $"vector/{PublicBytes.Hex(roundId)}/{party}");

    /// <summary>A number in groups of three digits, all but the last marked: 1234067 is x001/x234/067. So no file needs the name of a folder.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public static string Number(long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        var path = (number % 1000).ToString("000", CultureInfo.InvariantCulture);
        for (number /= 1000; number > 0; number /= 1000) path = string.Create(CultureInfo.InvariantCulture, $"x{number % 1000:000}/{path}");
        return path;
    }
}
