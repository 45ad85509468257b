namespace SecureAggregation.Statistics.Internal;

/// <summary>"Did you mean": the nearest of known names by edit distance.</summary>
internal static class Nearest
{
    /// <summary>"; did you mean 'x'?" or ".".</summary>
    public static string Suggestion(string name, IEnumerable<string> known) => Of(name, known) is { } best ? $"; did you mean '{best}'?" : ".";

    /// <summary>The nearest of the names, if any is near.</summary>
    public static string? Of(string name, IEnumerable<string> known)
    {
        var best = known
            .Select(k => (Name: k, Distance: Distance(name.ToUpperInvariant(), k.ToUpperInvariant())))
            .Where(k => k.Distance <= Math.Max(name.Length <= 3 ? 1 : 2, name.Length / 3))
            .OrderBy(k => k.Distance)
            .FirstOrDefault();
        return best.Name;
    }

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? diagonal : diagonal + 1;
                diagonal = row[j];
                row[j] = Math.Min(cost, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
