namespace SecureAggregation.Statistics.Internal;

/// <summary>What files write where nothing is known, as far as anybody can know without being told.</summary>
internal static class MissingWords
{
    private static readonly HashSet<string> s_words = new(
        ["?", "-", ".", "NA", "N/A", "#N/A", "NaN", "NULL", "None", "nil", "unknown", "missing", "k.A.", "unbekannt", "ND", "inconnu", "desconocido", "onbekend"],
        StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> s_lookup = s_words.GetAlternateLookup<ReadOnlySpan<char>>();

    public static bool Contains(ReadOnlySpan<char> field) => s_lookup.Contains(field);
}
