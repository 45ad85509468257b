using System.Text;

namespace SecureAggregation.Party.Data;

/// <summary>What the bytes of a text mean: UTF-8, or one of two tables of one byte a character. Never guessed: a wrong guess merges categories.</summary>
internal sealed class TextEncoding
{
    /// <summary>In a table: no character.</summary>
    public const char None = '\uFFFF';

    private const string Utf8Name = "utf-8";

    private TextEncoding(string name, char[]? table) => (Name, Table) = (name, table);

    public static TextEncoding Utf8 { get; } = new(Utf8Name, null);

    /// <summary>
    /// ISO 8859-1 without the control characters 80 to 9F, which no table has: a file with such bytes is Windows-1252 under the wrong name.
    /// </summary>
    public static TextEncoding Latin1 { get; } = new("latin1", Make(Encoding.Latin1, b => b is >= 0x80 and <= 0x9F));

    public static TextEncoding Windows1252 { get; } = new(
        "windows-1252",
        Make(CodePagesEncodingProvider.Instance.GetEncoding(1252)!, b => b is 0x81 or 0x8D or 0x8F or 0x90 or 0x9D));

    /// <summary>The names that a configuration may give.</summary>
    public static string Names => "\"utf-8\", \"latin1\" or \"windows-1252\"";

    public string Name { get; }

    /// <summary>The character of each byte, or <see cref="None"/>; null for UTF-8.</summary>
    public char[]? Table { get; }

    /// <summary>The encoding of a name as people write it; null if there is none.</summary>
    public static TextEncoding? Find(string name) => name.ToLowerInvariant() switch
    {
        "" or Utf8Name or "utf8" => Utf8,
        "latin1" or "latin-1" or "iso-8859-1" => Latin1,
        "windows-1252" or "cp1252" => Windows1252,
        _ => null,
    };

    private static char[] Make(Encoding encoding, Predicate<int> none) =>
        [.. Enumerable.Range(0, 256).Select(b => none(b) ? None : encoding.GetChars([(byte)b])[0])];
}
