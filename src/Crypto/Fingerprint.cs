namespace SecureAggregation.Crypto;

/// <summary>
/// Hashes as words, for people who compare them over the phone: 11 bits a word, most significant first, from the English
/// list of BIP-39, whose 2,048 words differ in their first four letters. Twelve words carry 132 bits.
/// </summary>
public static class Fingerprint
{
    /// <summary>Words that are shown for a roster.</summary>
    public const int DefaultCount = 12;

    private const int BitsPerWord = 11;
    private const string Resource = "bip39-english.txt";

    private static readonly string[] s_words = Load();

    /// <summary>The first <paramref name="count"/> words of a hash.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The hash has fewer than 11 bits for each word.</exception>
    public static string[] Words(ReadOnlySpan<byte> hash, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, hash.Length * 8 / BitsPerWord);
        var words = new string[count];
        for (var i = 0; i < count; i++)
        {
            var index = 0;
            for (var bit = i * BitsPerWord; bit < (i + 1) * BitsPerWord; bit++)
                index = (index << 1) | ((hash[bit / 8] >> (7 - (bit % 8))) & 1);
            words[i] = s_words[index];
        }

        return words;
    }

    /// <summary>The words with blanks between them.</summary>
    /// <inheritdoc cref="Words" path="/exception"/>
    public static string Phrase(ReadOnlySpan<byte> hash, int count = DefaultCount) => string.Join(' ', Words(hash, count));

    /// <summary>Whether what somebody typed is the phrase of a hash; case and blanks do not matter, the number of words does.</summary>
    public static bool Matches(ReadOnlySpan<byte> hash, string typed)
    {
        ArgumentNullException.ThrowIfNull(typed);
        var words = typed.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return string.Equals(string.Join(' ', words), Phrase(hash), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether a word, in lower case, is one of the list.</summary>
    public static bool Has(string word) => Array.BinarySearch(s_words, word, StringComparer.Ordinal) >= 0;

    /// <summary>The list as it was published, one word a line.</summary>
    internal static Stream OpenList() =>
        // Cannot be null: the build embeds it.
        typeof(Fingerprint).Assembly.GetManifestResourceStream(Resource)!;

    private static string[] Load()
    {
        using var reader = new StreamReader(OpenList());
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
