using MathNet.Numerics.LinearAlgebra;

namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>Means and sample covariances (n − 1) of some columns.</summary>
/// <param name="Count">How many complete rows.</param>
/// <param name="Means">One a column.</param>
/// <param name="Matrix">Positive semi-definite, if it is repaired where it is not.</param>
/// <param name="Repaired">The totals were impossible, and <paramref name="Matrix"/> is the nearest possible one.</param>
/// <param name="Definite">Whether impossible totals are repaired; else <paramref name="Matrix"/> is what they give.</param>
internal sealed record CovarianceMatrix(double Count, double[] Means, Matrix<double> Matrix, bool Repaired, bool Definite)
{
    /// <summary>Pearson's correlation of two columns, within [−1, 1] unless impossible totals stay as they are.</summary>
    public Answer<double> Correlation(int a, int b)
    {
        var spread = Math.Sqrt(Matrix[a, a]) * Math.Sqrt(Matrix[b, b]);
        if (!(spread > 0)) return Answer.Not("the rows of a column are all equal");
        var r = Matrix[a, b] / spread;
        return Answer.Number(a == b ? 1 : Definite ? Math.Clamp(r, -1, 1) : r);
    }

    /// <summary>The t test of no correlation, n − 2 degrees of freedom.</summary>
    public static Answer<Test> CorrelationTest(double r, double count)
    {
        var df = count - 2;
        if (!(df >= 1)) return Answer.Not(Moments.TooFewRows);
        if (r * r >= 1) return Answer.Not("one column follows from the other");
        var t = r * Math.Sqrt(df / ((1 - r) * (1 + r)));
        return Answer.Finite(t, t).Then(s => (Answer<Test>)new Test(s, df, Tails.Student(s, df)));
    }

    /// <summary>All correlations: not determined if a column's rows are all equal.</summary>
    public Answer<Matrix<double>> Correlations()
    {
        var result = Matrix<double>.Build.Dense(Means.Length, Means.Length);
        for (var i = 0; i < Means.Length; i++)
        {
            for (var j = 0; j < Means.Length; j++)
            {
                var answer = Correlation(i, j);
                if (!answer.TryGet(out var correlation)) return Answer.Not(answer.Reason!);
                result[i, j] = correlation;
            }
        }

        return result;
    }
}

/// <summary>
/// Covariances from n, the sums Σz and the sums of products Σzz', where x = middle + unit·z for each column. The nearer the middle is to
/// the mean, the less cancels.
/// </summary>
internal static class CrossProducts
{
    /// <param name="count">n.</param>
    /// <param name="sums">Σz, one a column.</param>
    /// <param name="products">Σzz', symmetric.</param>
    /// <param name="middle">One a column; empty stands for 0.</param>
    /// <param name="unit">One a column; empty stands for 1.</param>
    /// <param name="definite">Whether impossible totals are repaired (<see cref="Symmetric.Nearest"/>).</param>
    public static Answer<CovarianceMatrix> Covariance(
        double count, ReadOnlySpan<double> sums, Matrix<double> products, ReadOnlySpan<double> middle = default, ReadOnlySpan<double> unit = default, bool definite = true)
    {
        if (!(count >= 2)) return Answer.Not(Moments.TooFewRows);
        var means = new double[sums.Length];
        var matrix = Matrix<double>.Build.Dense(sums.Length, sums.Length);
        for (var i = 0; i < sums.Length; i++)
        {
            var scale = unit.IsEmpty ? 1 : unit[i];
            means[i] = (middle.IsEmpty ? 0 : middle[i]) + (scale * (sums[i] / count));
            for (var j = 0; j <= i; j++)
            {
                var covariance = Moments.Less(products[i, j], sums[i] / count * sums[j]) / (count - 1);
                matrix[i, j] = matrix[j, i] = scale * (unit.IsEmpty ? 1 : unit[j]) * covariance;
            }
        }

        if (!Symmetric.IsFinite(matrix) || !double.IsFinite(count)) return Answer.Not(Answer.TooLarge);
        var (nearest, repaired) = definite ? Symmetric.Nearest(matrix) : (matrix, false);
        return Answer.Finite(new CovarianceMatrix(count, means, nearest, repaired, definite), means);
    }
}
