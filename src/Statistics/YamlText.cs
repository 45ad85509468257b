namespace SecureAggregation.Statistics;

/// <summary>Text as a YAML scalar.</summary>
public static class YamlText
{
    /// <summary>Plain where that is safe in any place, quoted otherwise.</summary>
    public static string Quote(string text) =>
        text.Length > 0 && char.IsAsciiLetter(text[0])
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            && text is not ("true" or "false" or "null" or "yes" or "no")
            ? text
            : $"\"{string.Concat(text.Select(c => c is '"' or '\\' ? $"\\{c}" : char.IsControl(c) ? $"\\x{(int)c:x2}" : c.ToString()))}\"";
}
