using SecureAggregation.Client;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model.Evidence;

/// <summary>What of an entry stands in the list; the leaf itself may have megabytes and is let go.</summary>
internal sealed record LogRow(long Index, ulong TimeMs, string RoundId, uint Sender, MessageKind Kind, int Bytes, RejectionCode Rejection, string Hash, string? Problem)
{
    public static LogRow Of(LogLeaf leaf) => new(
        leaf.Index, leaf.Entry?.TimeMs ?? 0, leaf.Entry is { } entry ? Contract.Hex(entry.RoundId) : "", leaf.Entry?.Sender ?? 0, leaf.Entry?.Envelope?.Kind ?? MessageKind.Unspecified,
        leaf.Bytes.Length, leaf.Entry?.Rejection ?? RejectionCode.None, Convert.ToHexStringLower(leaf.Hash), leaf.Problem);
}

/// <summary>Which entries of the log are looked for, newest first, below an index.</summary>
/// <param name="Find">An index, a round's id, a leaf's hash (or how one of both begins), a sender's name or a kind.</param>
/// <param name="Kind">One kind, as the contract names it; empty for all.</param>
/// <param name="From">"station" or an outpost's index in the roster; empty for all.</param>
/// <param name="Before">Only entries below this index; null from the head on.</param>
internal sealed record LogQuery(string Find = "", string Kind = "", string From = "", long? Before = null)
{
    public const int LongestFind = 100;
    private const int ShortestPrefix = 4;

    public bool IsFiltered => Find.Length > 0 || Kind.Length > 0 || From.Length > 0;

    /// <summary>An index that was typed.</summary>
    public long? Index => Find.Length is > 0 and <= 18 && Find.All(char.IsAsciiDigit) ? long.Parse(Find, System.Globalization.CultureInfo.InvariantCulture) : null;

    /// <summary>A whole round's id that was typed.</summary>
    public string? RoundId => Find.Length == 32 && Find.All(char.IsAsciiHexDigit) ? Find.ToLowerInvariant() : null;

    public bool Matches(LogRow row, Func<uint, string> nameOf)
    {
        if (Kind.Length > 0 && !row.Kind.ToString().Equals(Kind, StringComparison.OrdinalIgnoreCase)) return false;
        if (From.Length > 0 && From != (row.Sender == 0 ? "station" : $"{row.Sender - 1}")) return false;
        if (Find.Length == 0) return true;
        if (Index is { } index) return row.Index == index;
        var hex = Find.Length >= ShortestPrefix && Find.All(char.IsAsciiHexDigit);
        return (hex && (row.RoundId.StartsWith(Find, StringComparison.OrdinalIgnoreCase) || row.Hash.StartsWith(Find, StringComparison.OrdinalIgnoreCase)))
            || nameOf(row.Sender).Contains(Find, StringComparison.OrdinalIgnoreCase)
            || MessageWords.Of(row.Kind).Contains(Find, StringComparison.OrdinalIgnoreCase);
    }
}
