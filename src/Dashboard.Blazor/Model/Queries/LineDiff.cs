namespace SecureAggregation.Dashboard.Blazor.Model.Queries;

/// <summary>What became of a line.</summary>
public enum LineChange
{
    Kept,
    Removed,
    Added,
}

/// <summary>Two texts against each other, line by line.</summary>
internal static class LineDiff
{
    // The table grows with the product: beyond, whatever lies between the equal ends counts as changed.
    private const int Most = 1000;

    public static IReadOnlyList<(LineChange Change, string Line)> Of(string before, string after)
    {
        var (a, b) = (Lines(before), Lines(after));
        var head = 0;
        while (head < a.Length && head < b.Length && a[head] == b[head]) head++;
        var tail = 0;
        while (tail < a.Length - head && tail < b.Length - head && a[^(tail + 1)] == b[^(tail + 1)]) tail++;
        return
        [
            .. a[..head].Select(line => (LineChange.Kept, line)),
            .. Between(a[head..(a.Length - tail)], b[head..(b.Length - tail)]),
            .. a[(a.Length - tail)..].Select(line => (LineChange.Kept, line)),
        ];
    }

    private static List<(LineChange Change, string Line)> Between(string[] a, string[] b)
    {
        if (a.Length > Most || b.Length > Most) return [.. a.Select(l => (LineChange.Removed, l)), .. b.Select(l => (LineChange.Added, l))];

        // longest[i, j]: lines that a from i on and b from j on have in common.
        var longest = new int[a.Length + 1, b.Length + 1];
        for (var i = a.Length - 1; i >= 0; i--)
        {
            for (var j = b.Length - 1; j >= 0; j--) longest[i, j] = a[i] == b[j] ? longest[i + 1, j + 1] + 1 : Math.Max(longest[i + 1, j], longest[i, j + 1]);
        }

        var found = new List<(LineChange, string)>();
        var (x, y) = (0, 0);
        while (x < a.Length || y < b.Length)
        {
            if (x < a.Length && y < b.Length && a[x] == b[y])
            {
                found.Add((LineChange.Kept, a[x++]));
                y++;
            }
            else if (x < a.Length && (y == b.Length || longest[x + 1, y] >= longest[x, y + 1])) found.Add((LineChange.Removed, a[x++]));
            else found.Add((LineChange.Added, b[y++]));
        }

        return found;
    }

    private static string[] Lines(string text) => text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
}
