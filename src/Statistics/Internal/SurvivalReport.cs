using SecureAggregation.Statistics.Internal.Blocks;
using SecureAggregation.Statistics.Internal.Estimators;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Kaplan-Meier and Nelson-Aalen curves of one group, and the log-rank test between groups. A curve's point belongs to the end of its bin.
/// </summary>
internal static class SurvivalReport
{
    public static void Write(SurvivalBlock block, Scope scope, ICollection<ReleasedStatistic> into)
    {
        var bins = Enumerable.Range(0, block.Bins).Select(i => Bins.Name(block.Edges, i)).ToArray();
        var bare = new List<ReleasedStatistic>();
        foreach (var bin in bins)
        {
            bare.AddRange([Bare(bin, ""), Bare(bin, "se"), Bare(bin, "hazard"), Bare(bin, "at_risk")]);
        }

        var unit = block.Column.Unit;
        bare.AddRange([Bare("", "events"), Bare("", "median", unit), Bare("", "restricted_mean", unit), Bare("", "n")]);
        var rows = Cells(scope).Sum();
        if (scope.TooFew(rows))
        {
            foreach (var statistic in bare) into.Add(scope.Withhold(statistic));
            return;
        }

        double[] ends = [.. block.Edges.Skip(1)];
        Drawn.Write([scope], bare, cells => Values(Table(block, scope, cells[0]), ends, bins.Length), into);

        ReleasedStatistic Bare(string bin, string quantity, string inUnit = "") =>
            scope.Bare(block.Measures[0].Name, MeasureKind.Survival, block.Column.Name, bin, quantity, inUnit);
    }

    public static void Compare(SurvivalBlock block, IReadOnlyList<Scope> groups, ICollection<ReleasedStatistic> into)
    {
        var bare = new List<ReleasedStatistic> { Bare("", "log-rank chi2"), Bare("", "log-rank df"), Bare("", "log-rank p") };
        foreach (var group in groups) bare.AddRange([Bare($"[{group.Group}]", "observed"), Bare($"[{group.Group}]", "expected")]);
        if (groups.Any(g => g.TooFew(Cells(g).Sum())))
        {
            foreach (var statistic in bare) into.Add(groups[0].Withhold(statistic));
            return;
        }

        var found = new List<ReleasedStatistic>();
        Drawn.Write(groups, bare, cells => Test([.. cells.Select(c => Table(block, groups[0], c))], groups.Count), found);
        Judge(block, groups, found);
        foreach (var statistic in found) into.Add(statistic);

        ReleasedStatistic Bare(string bin, string quantity) => groups[0].Between(block.Measures[0].Name, MeasureKind.Survival, block.Column.Name, bin, quantity);
    }

    /// <summary>Chi-square is the square of a length, and noise makes lengths longer: judged by how far it moves the vector, as with tables.</summary>
    private static void Judge(SurvivalBlock block, IReadOnlyList<Scope> groups, List<ReleasedStatistic> found)
    {
        if (found is not [{ Value: { } square }, { Value: { } df }, { Value: { } p }, ..]) return;
        var length = new Simulation(groups, groups[0].Alpha).Length(cells =>
            LogRank.Of([.. cells.Select(c => Table(block, groups[0], c))]).TryGet(out var rank) && rank.Residuals.Length == (int)df ? rank.Residuals : [double.NaN]);
        foreach (var at in (int[])[0, 2])
        {
            found[at] = length is not { } of
                ? Scope.Undetermined(found[at] with { Value = null, Low = null, High = null, Method = "" }, Drawn.TooNoisy)
                : at == 0 ? found[at] with { Low = Math.Min(square, of.Low * of.Low), High = Math.Max(square, of.High * of.High) }
                : found[at] with { Low = Math.Min(p, Tails.ChiSquare(of.High * of.High, (int)df)), High = Math.Max(p, Tails.ChiSquare(of.Low * of.Low, (int)df)) };
        }
    }

    private static double[] Values(EventTable table, double[] ends, int bins)
    {
        var values = Drawn.None((4 * bins) + 4);
        if (!Survival.Curve(table).TryGet(out var curve)) return values;
        for (var i = 0; i < bins; i++)
        {
            // Nobody is at risk after the curve's last bin, and nothing is known of survival there unless it has come to 0.
            if (i < curve.Length) (values[4 * i], values[(4 * i) + 1], values[(4 * i) + 2]) = (curve[i].Survival, curve[i].StandardError, curve[i].Hazard);
            values[(4 * i) + 3] = i < curve.Length ? curve[i].AtRisk : 0;
        }

        values[^4] = table.Events.Sum();
        if (Survival.Quantile(curve).TryGet(out var median)) values[^3] = ends[median];
        if (Survival.RestrictedMean(curve, ends, ends[^1]).TryGet(out var mean)) values[^2] = mean.Value;
        values[^1] = table.Events.Sum() + table.Censored.Sum() + table.Beyond;
        return values;
    }

    private static double[] Test(EventTable[] tables, int groups)
    {
        var values = Drawn.None(3 + (2 * groups));
        if (!LogRank.Of(tables).TryGet(out var rank)) return values;
        if (rank.Test.TryGet(out var test)) (values[0], values[1], values[2]) = (test.Statistic, test.DegreesOfFreedom, test.P);
        for (var g = 0; g < groups; g++) (values[3 + (2 * g)], values[4 + (2 * g)]) = (rank.Observed[g], rank.Expected[g]);
        return values;
    }

    private static EventTable Table(SurvivalBlock block, Scope scope, double[] cells) =>
        new(cells[..block.Bins], cells[block.Bins..(2 * block.Bins)], cells[^1], scope.Options.Has(Repairs.Monotone));

    private static IEnumerable<double> Cells(Scope scope) => Enumerable.Range(0, scope.Block.Cells.Count).Select(i => scope[i]);
}
