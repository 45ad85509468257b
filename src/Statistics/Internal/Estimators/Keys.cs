namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>Counts over a declared domain.</summary>
internal static class Keys
{
    /// <summary>How many keys have more rows than the threshold: 0 where there is no noise, what noise alone hardly reaches where there is.</summary>
    public static int Distinct(ReadOnlySpan<double> counts, double threshold = 0)
    {
        var distinct = 0;
        foreach (var count in counts)
        {
            if (count > threshold) distinct++;
        }

        return distinct;
    }

    /// <summary>The places of the k greatest counts above 0, greatest first; of equals the one that is declared first.</summary>
    public static int[] Top(IReadOnlyList<double> counts, int k) =>
        [.. Enumerable.Range(0, counts.Count).Where(i => counts[i] > 0).OrderByDescending(i => counts[i]).ThenBy(i => i).Take(k)];
}
