namespace SecureAggregation.Party.Data;

/// <summary>Columns by name.</summary>
internal static class Headers
{
    /// <summary>Most columns.</summary>
    public const int MaxColumns = 4096;

    /// <summary>The position of a header.</summary>
    /// <exception cref="DataSourceException">There is none; a header that differs by a slip of the pen is suggested.</exception>
    public static int Find(IReadOnlyList<string> headers, string source, string header)
    {
        for (var i = 0; i < headers.Count; i++)
        {
            if (headers[i] == header) return i;
        }

        // Only what is near enough to be the same word: in a file without a header line, the first row is a patient's.
        var near = headers.Select(h => (Header: h, Distance: Distance(h, header)))
            .Where(n => n.Distance <= Math.Max(1, header.Length / 4)).OrderBy(n => n.Distance).FirstOrDefault().Header;
        var hint = near is null ? "Is the header line missing, or the delimiter another one?" : $"The nearest is '{near}'.";
        throw new DataSourceException($"'{source}' has no column '{header}', which the schema reads. {hint} Correct the data, or the " +
            "schema's 'from:'.");
    }

    /// <summary>Letters to change, add or take away, with case counted as nothing.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        foreach (var c in a)
        {
            var diagonal = row[0]++;
            for (var j = 1; j <= b.Length; j++)
            {
                var same = char.ToLowerInvariant(c) == char.ToLowerInvariant(b[j - 1]);
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (same ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
