using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>From the opened totals to statistics with intervals (docs/privacy.md, "Intervals").</summary>
public static class Release
{
    /// <summary>The statistics of a round: for a grouped query first those of all groups together, then each group's, in the order of the
    /// query.</summary>
    /// <param name="layout">The layout of the signed query.</param>
    /// <param name="totals">The signed totals, see <see cref="VectorLayout.Centre(ReadOnlySpan{ulong})"/>.</param>
    /// <param name="contributors">How many parties are in the totals: so much noise is.</param>
    /// <param name="options">Confidence and minimum cohort; 95 % and 10 if null.</param>
    /// <exception cref="ArgumentException">The totals or contributors do not fit the layout.</exception>
    public static IReadOnlyList<ReleasedStatistic> Decode(VectorLayout layout, IReadOnlyList<Int128> totals, int contributors, ReleaseOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(totals);
        options ??= new ReleaseOptions();
        if (totals.Count != layout.Length)
        {
            throw new ArgumentException($"There are {totals.Count} totals; this query's layout has {layout.Length}.", nameof(totals));
        }

        if (contributors < 1 || contributors > layout.InvitedParties)
        {
            throw new ArgumentException(
                $"{contributors} parties contributed, but {layout.InvitedParties} were invited.", nameof(contributors));
        }

        if (options.Confidence is not (>= 0.5 and <= 0.999999))
        {
            throw new ArgumentException($"The confidence is {options.Confidence}; it must be 0.5 to 0.999999.", nameof(options));
        }

        if (layout.Noise == NoiseMode.None) options = options with { MinimumCohort = Math.Max(options.MinimumCohort, ExactRelease.SmallestCount) };
        var statistics = new List<ReleasedStatistic>();
        var all = Enumerable.Range(0, layout.Groups.Count).ToArray();
        if (all.Length > 1)
        {
            foreach (var block in layout.Blocks) block.Release(ScopeOf(block, "", all), statistics);
        }

        var groups = all.Select(g => layout.Blocks.Select(b => ScopeOf(b, NameOf(g), [g])).ToArray()).ToArray();
        foreach (var scope in groups.SelectMany(g => g)) scope.Block.Release(scope, statistics);
        if (all.Length > 1)
        {
            for (var i = 0; i < layout.Blocks.Count; i++) layout.Blocks[i].Compare([.. groups.Select(g => g[i])], statistics);
        }

        if (options.Has(Repairs.Zero)) statistics = [.. statistics.Select(s => s.ClipAtZero())];
        return layout.Noise == NoiseMode.None ? ExactRelease.Of(statistics) : statistics;

        string NameOf(int group) => string.Join(',', layout.Analysis.GroupBy.Zip(layout.Groups[group], (g, key) => $"{g.Column}={key}"));

        Scope ScopeOf(LayoutBlock block, string name, int[] of)
        {
            var cells = new Int128[block.Cells.Count];
            foreach (var group in of)
            {
                for (var i = 0; i < cells.Length; i++) cells[i] += totals[layout.IndexOf(group, block, i)];
            }

            return new Scope(layout, block, name, cells, contributors, of.Length, options);
        }
    }
}
