using SecureAggregation.Statistics.Internal.Blocks;
using SecureAggregation.Statistics.Internal.Estimators;

namespace SecureAggregation.Statistics.Internal;

/// <summary>What a table of counts tells: shares, chi-square, and how groups differ.</summary>
internal static class TableReport
{
    /// <summary>A contingency table.</summary>
    public static void Write(ContingencyBlock block, Scope scope, ICollection<ReleasedStatistic> into)
    {
        var table = block.Table;
        var (rows, across) = (table.Rows.Keys, table.Across.Keys);
        for (var i = 0; i < block.Cells.Count; i++)
        {
            into.Add(scope.Counted(Bare(block.Cells[i].Name, ""), i));
            into.Add(Proportion.Percent(Bare(block.Cells[i].Name, "row percent"), scope, i, Row(i / across.Count)));
        }

        var cells = new Margins(
        [
            .. rows.Select((key, r) => ($"{table.Rows.Column}={key}", Row(r).Select(i => (scope, i)).ToArray())),
            .. across.Select((key, c) => ($"{table.Across.Column}={key}", Enumerable.Range(0, rows.Count).Select(r => (scope, (r * across.Count) + c)).ToArray())),
        ]);
        var df = (rows.Count - 1) * (across.Count - 1);
        ChiSquare(Bare, "", [scope], cells, drawn => Shaped(drawn[0]), 0, df, into);
        if (block.Cells.Count != 4) return;
        ChiSquare(Bare, "yates ", [scope], cells, drawn => Shaped(drawn[0]), 0.5, df, into);
        ReleasedStatistic[] bare = [.. from of in (string[])["or", "rr", "rd"] from end in (string[])["", " ci_low", " ci_high"] select Bare("", of + end)];
        if (cells.AreFew) into.AddAll(bare.Select(scope.Withhold));
        else Drawn.Write([scope], bare, drawn => Ratios(Shaped(drawn[0])), into, cells.Near ?? "a cell of the table is within its noise of 0");

        ReleasedStatistic Bare(string bin, string quantity) => scope.Bare(table.Name, MeasureKind.Contingency, table.Rows.Column, bin, quantity);

        int[] Row(int r) => [.. Enumerable.Range(r * across.Count, across.Count)];

        double[,] Shaped(double[] counts)
        {
            var shaped = new double[rows.Count, across.Count];
            for (var i = 0; i < counts.Length; i++) shaped[i / across.Count, i % across.Count] = counts[i];
            return shaped;
        }

        double[] Ratios(double[,] counts) =>
        [
            .. Ends(CrossTable.OddsRatio(counts, scope.Options.Confidence)),
            .. Ends(CrossTable.RelativeRisk(counts, scope.Options.Confidence)),
            .. Ends(CrossTable.RiskDifference(counts, scope.Options.Confidence)),
        ];
    }

    /// <summary>A category's labels in one group of a query.</summary>
    public static void Shares(ColumnMeasure measure, Scope scope, ICollection<ReleasedStatistic> into)
    {
        int[] all = [.. Enumerable.Range(0, scope.Block.Cells.Count)];
        foreach (var i in all)
        {
            var label = scope.Block.Cells[i].Name;
            into.Add(scope.Counted(scope.Bare(measure.Name, MeasureKind.Compare, measure.Column, label), i));
            into.Add(Proportion.Percent(scope.Bare(measure.Name, MeasureKind.Compare, measure.Column, label, "percent"), scope, i, all));
        }
    }

    /// <summary>A category's labels between the groups of a query.</summary>
    public static void Compare(ColumnMeasure measure, IReadOnlyList<Scope> groups, ICollection<ReleasedStatistic> into)
    {
        var labels = groups[0].Block.Cells;
        var cells = new Margins(
        [
            .. groups.Select(g => (g.Group, Enumerable.Range(0, labels.Count).Select(i => (g, i)).ToArray())),
            .. labels.Select((label, i) => (label.Name, groups.Select(g => (g, i)).ToArray())),
        ]);
        ChiSquare(Bare, "", groups, cells, Stacked, 0, (groups.Count - 1) * (labels.Count - 1), into);
        if (groups.Count != 2) return;
        Length([Bare("", "smd")], groups, cells, Shares, length => [length], into);

        ReleasedStatistic Bare(string bin, string quantity) => groups[0].Between(measure.Name, MeasureKind.Compare, measure.Column, bin, quantity);

        static double[] Shares(double[][] drawn) => CrossTable.StandardisedShares(drawn[0], drawn[1]).TryGet(out var shares) ? shares : [double.NaN];

        double[,] Stacked(double[][] drawn)
        {
            var stacked = new double[groups.Count, labels.Count];
            for (var g = 0; g < groups.Count; g++)
            {
                for (var i = 0; i < labels.Count; i++) stacked[g, i] = drawn[g][i];
            }

            return stacked;
        }
    }

    private static void ChiSquare(
        Func<string, string, ReleasedStatistic> bare,
        string prefix,
        IReadOnlyList<Scope> scopes,
        Margins cells,
        Func<double[][], double[,]> table,
        double correction,
        int df,
        ICollection<ReleasedStatistic> into) =>
        Length(
            [bare("", prefix + "chi2"), bare("", prefix + "df"), bare("", prefix + "p")],
            scopes,
            cells,
            drawn => CrossTable.Residuals(table(drawn), correction).TryGet(out var fit) ? fit.Residuals : [double.NaN],
            length => [length * length, df, Tails.ChiSquare(length * length, df)],
            into);

    /// <summary>Statistics that follow from the length of a vector, rising or falling with it.</summary>
    private static void Length(
        IReadOnlyList<ReleasedStatistic> bare,
        IReadOnlyList<Scope> scopes,
        Margins cells,
        Func<double[][], double[]> vector,
        Func<double, double[]> values,
        ICollection<ReleasedStatistic> into)
    {
        if (cells.AreFew)
        {
            into.AddAll(bare.Select(scopes[0].Withhold));
            return;
        }

        if (cells.Near is not null || new Simulation(scopes, scopes[0].Alpha).Length(vector) is not { } length)
        {
            into.AddAll(bare.Select(b => Scope.Undetermined(b, cells.Near ?? Drawn.TooNoisy)));
            return;
        }

        var (value, low, high) = (values(length.Value), values(length.Low), values(length.High));
        into.AddAll(bare.Select((b, i) => b with { Value = value[i], Low = Math.Min(low[i], high[i]), High = Math.Max(low[i], high[i]), Method = Drawn.Method }));
    }

    private static double[] Ends(Answer<Interval> answer) => answer.TryGet(out var of) ? [of.Value, of.Low, of.High] : Drawn.None(3);

    private static void AddAll(this ICollection<ReleasedStatistic> into, IEnumerable<ReleasedStatistic> statistics)
    {
        foreach (var statistic in statistics) into.Add(statistic);
    }
}
