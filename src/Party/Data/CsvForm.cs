namespace SecureAggregation.Party.Data;

/// <summary>How a CSV text is written.</summary>
/// <param name="Delimiter">The character between fields; null: found out from the header.</param>
/// <param name="Encoding">What its bytes mean.</param>
internal sealed record CsvForm(char? Delimiter, TextEncoding Encoding)
{
    /// <summary>UTF-8, with the delimiter found out.</summary>
    public static CsvForm Default { get; } = new(null, TextEncoding.Utf8);

    /// <summary>The comma, unless the header has none and a semicolon or a tab instead.</summary>
    /// <param name="head">The beginning of the text, with the whole header in it.</param>
    public static char FindDelimiter(ReadOnlySpan<char> head)
    {
        head = head.TrimStart("\r\n");
        var (semicolon, tab, quoted) = (false, false, false);
        foreach (var c in head)
        {
            if (c == '"') quoted = !quoted;
            if (quoted) continue;
            if (c == ',') return c;
            if (c is '\r' or '\n') break;
            semicolon |= c == ';';
            tab |= c == '\t';
        }

        return semicolon ? ';' : tab ? '\t' : ',';
    }
}
