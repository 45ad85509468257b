using System.Globalization;
using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol;

/// <summary>Where the files of a published log are, below its address (docs/transcript.md section 12).</summary>
public static class TilePaths
{
    /// <summary>The newest head, a signed note.</summary>
    public const string Checkpoint = "checkpoint";

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
