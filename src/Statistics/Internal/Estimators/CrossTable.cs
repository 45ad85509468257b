using MathNet.Numerics.LinearAlgebra;

namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>
/// Two categories crossed. Counts below 0 are 0; a label that nobody has, in the whole table, is not in the table and costs no degree of
/// freedom.
/// </summary>
internal static class CrossTable
{
    private const string EmptyCell = "a cell of the table is empty";
    private const string EmptyRow = "a row of the table is empty";

    /// <summary>Pearson's chi-square test of independence.</summary>
    /// <param name="counts">One row a label of the first category.</param>
    public static Answer<Test> ChiSquare(double[,] counts) => ChiSquare(counts, 0);

    /// <summary>The same with Yates' correction for continuity: of a two by two table.</summary>
    public static Answer<Test> Yates(double[,] counts) =>
        counts.GetLength(0) == 2 && counts.GetLength(1) == 2 ? ChiSquare(counts, 0.5) : Answer.Not("Yates' correction is for two by two tables");

    /// <summary>Odds of the event in the first row over those in the second, with Woolf's interval (Annals of Human Genetics 19, 1955).</summary>
    /// <param name="counts">Rows: exposed, not exposed. Columns: with and without the event.</param>
    /// <param name="confidence">Between 0 and 1.</param>
    public static Answer<Interval> OddsRatio(double[,] counts, double confidence = 0.95)
    {
        var (a, b, c, d) = Cells(counts);
        if (!(a > 0 && b > 0 && c > 0 && d > 0)) return Answer.Not(EmptyCell);
        return OfLog(Math.Log(a / b) - Math.Log(c / d), (1 / a) + (1 / b) + (1 / c) + (1 / d), confidence);
    }

    /// <summary>Share with the event in the first row over that in the second, with Katz's interval (Biometrics 34, 1978).</summary>
    /// <inheritdoc cref="OddsRatio"/>
    public static Answer<Interval> RelativeRisk(double[,] counts, double confidence = 0.95)
    {
        var (a, b, c, d) = Cells(counts);
        if (!(a > 0 && c > 0)) return Answer.Not(EmptyCell);
        // 1/a − 1/(a + b), which is never below 0.
        return OfLog(Math.Log(a / (a + b)) - Math.Log(c / (c + d)), (b / (a + b) / a) + (d / (c + d) / c), confidence);
    }

    /// <summary>Share with the event in the first row less that in the second, with Wald's interval.</summary>
    /// <inheritdoc cref="OddsRatio"/>
    public static Answer<Interval> RiskDifference(double[,] counts, double confidence = 0.95)
    {
        var (a, b, c, d) = Cells(counts);
        var (exposed, others) = (a + b, c + d);
        if (!(exposed > 0 && others > 0)) return Answer.Not(EmptyRow);
        var (p, q) = (a / exposed, c / others);
        var half = Tails.NormalQuantile(confidence) * Math.Sqrt((p * (1 - p) / exposed) + (q * (1 - q) / others));
        return Answer.Finite(new Interval(p - q, p - q - half, p - q + half), half, p - q);
    }

    /// <summary>
    /// The standardised difference of a category between two groups: Mahalanobis' distance of the shares of all labels but one (Yang and
    /// Dalton, SAS Global Forum 2012, paper 335). With two labels it is the difference of shares in their mean standard deviation.
    /// </summary>
    public static Answer<double> StandardisedDifference(ReadOnlySpan<double> first, ReadOnlySpan<double> second) =>
        StandardisedShares(first, second).Then(d => Answer.Number(Math.Sqrt(d.Sum(x => x * x))));

    /// <summary>The vector whose length is the standardised difference.</summary>
    public static Answer<double[]> StandardisedShares(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        var labels = new List<(double P, double Q)>(first.Length);
        var (rows, others) = (0.0, 0.0);
        for (var i = 0; i < first.Length; i++)
        {
            var (p, q) = (Math.Max(0, first[i]), Math.Max(0, second[i]));
            (rows, others) = (rows + p, others + q);
            if (p > 0 || q > 0) labels.Add((p, q));
        }

        if (!(rows > 0 && others > 0)) return Answer.Not("a group has no rows");
        if (!double.IsFinite(rows + others)) return Answer.Not(Answer.TooLarge);
        if (labels.Count < 2) return Answer.Not("all rows have the same label");
        var difference = Vector<double>.Build.Dense(labels.Count - 1, i => (labels[i + 1].P / rows) - (labels[i + 1].Q / others));
        var spread = Matrix<double>.Build.Dense(labels.Count - 1, labels.Count - 1, (i, j) =>
            (Covariance(labels[i + 1].P / rows, labels[j + 1].P / rows, i == j) + Covariance(labels[i + 1].Q / others, labels[j + 1].Q / others, i == j)) / 2);
        return Symmetric.Factor(spread) is { } factor
            ? factor.Whiten(difference).ToArray()
            : Answer.Not("the groups have too few labels in common");

        static double Covariance(double p, double q, bool same) => same ? p * (1 - p) : -p * q;
    }

    /// <summary>(observed − expected)/√expected of each cell: chi-square is the square of its length.</summary>
    /// <param name="counts">One row a label of the first category.</param>
    /// <param name="correction">How much nearer observed is taken to expected: a half for Yates' correction.</param>
    public static Answer<(double[] Residuals, double DegreesOfFreedom)> Residuals(double[,] counts, double correction)
    {
        var (height, width) = (counts.GetLength(0), counts.GetLength(1));
        var (rows, columns, total) = (new double[height], new double[width], 0.0);
        for (var r = 0; r < height; r++)
        {
            for (var c = 0; c < width; c++)
            {
                var count = Math.Max(0, counts[r, c]);
                (rows[r], columns[c], total) = (rows[r] + count, columns[c] + count, total + count);
            }
        }

        var df = (rows.Count(r => r > 0) - 1.0) * (columns.Count(c => c > 0) - 1.0);
        if (total <= 0 || df <= 0) return Answer.Not("all rows have the same label");
        if (correction > 0 && df != 1) return Answer.Not(EmptyRow);
        var residuals = new double[height * width];
        for (var r = 0; r < height; r++)
        {
            for (var c = 0; c < width; c++)
            {
                var expected = rows[r] / total * columns[c];
                if (!(expected > 0)) continue;
                var off = Math.Max(0, counts[r, c]) - expected;
                residuals[(r * width) + c] = Math.CopySign(Math.Abs(off) - Math.Min(correction, Math.Abs(off)), off) / Math.Sqrt(expected);
            }
        }

        return (residuals, df);
    }

    private static Answer<Test> ChiSquare(double[,] counts, double correction) => Residuals(counts, correction).Then(table =>
        Answer.Number(table.Residuals.Sum(r => r * r)).Then(s => (Answer<Test>)new Test(s, table.DegreesOfFreedom, Tails.ChiSquare(s, table.DegreesOfFreedom))));

    private static (double A, double B, double C, double D) Cells(double[,] counts) =>
        (Math.Max(0, counts[0, 0]), Math.Max(0, counts[0, 1]), Math.Max(0, counts[1, 0]), Math.Max(0, counts[1, 1]));

    /// <summary>exp of a logarithm and of its normal interval.</summary>
    internal static Answer<Interval> OfLog(double log, double variance, double confidence)
    {
        var half = Tails.NormalQuantile(confidence) * Math.Sqrt(variance);
        var (value, low, high) = (Math.Exp(log), Math.Exp(log - half), Math.Exp(log + half));
        return Answer.Finite(new Interval(value, low, high), value, low, high);
    }
}
