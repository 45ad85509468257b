using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>Symmetric matrices that should be positive (semi-)definite and, with noise, may not be.</summary>
internal static class Symmetric
{
    /// <summary>
    /// What is left of a variable's variance after those before it, as a share, below which it counts as following from them: what
    /// cancellation in double arithmetic leaves of an exact dependence.
    /// </summary>
    public const double Dependent = 1e-10;

    /// <summary>A covariance matrix's eigenvalue, in units of the correlation matrix's, down to which it is rounding and not noise.</summary>
    private const double Rounding = 1e-10;

    public static bool IsFinite(Matrix<double> matrix) => matrix.ForAll(double.IsFinite);

    /// <summary>A factor to solve with, or null where the matrix is not positive definite. Scaled to a unit diagonal first, so that units do not matter.</summary>
    public static SymmetricFactor? Factor(Matrix<double> matrix)
    {
        var scale = matrix.Diagonal().Map(d => d > 0 ? 1 / Math.Sqrt(d) : double.NaN);
        if (!scale.ForAll(double.IsFinite)) return null;
        var unit = Matrix<double>.Build.Dense(matrix.RowCount, matrix.RowCount, (i, j) => i == j ? 1 : matrix[i, j] * scale[i] * scale[j]);
        var lower = Matrix<double>.Build.Dense(matrix.RowCount, matrix.RowCount);
        for (var j = 0; j < matrix.RowCount; j++)
        {
            for (var i = j; i < matrix.RowCount; i++)
            {
                var left = unit[i, j];
                for (var k = 0; k < j; k++) left -= lower[i, k] * lower[j, k];
                if (i > j) lower[i, j] = left / lower[j, j];
                else if (left > Dependent) lower[j, j] = Math.Sqrt(left);
                else return null;
            }
        }

        return new SymmetricFactor(lower, scale);
    }

    /// <summary>Eigenvalues, greatest first, and their unit vectors as columns.</summary>
    /// <param name="matrix">Finite.</param>
    public static (double[] Values, Matrix<double> Vectors) Eigen(Matrix<double> matrix)
    {
        // Without the scale, squares of great numbers overflow.
        var scale = Math.Max(matrix.Enumerate().Max(Math.Abs), 1e-300);
        Evd<double> evd = (matrix / scale).Evd(Symmetricity.Symmetric);
        var order = Enumerable.Range(0, matrix.RowCount).OrderByDescending(i => evd.EigenValues[i].Real).ToArray();
        return ([.. order.Select(i => evd.EigenValues[i].Real * scale)], Matrix<double>.Build.DenseOfColumnVectors(order.Select(i => evd.EigenVectors.Column(i))));
    }

    /// <summary>
    /// A covariance matrix that noise may have made impossible: variances below 0 become 0, and the column's covariances with them; where
    /// correlations contradict each other, the negative eigenvalues of the correlation matrix become 0 and its diagonal 1 again, so that the variances stay.
    /// </summary>
    public static (Matrix<double> Matrix, bool Repaired) Nearest(Matrix<double> matrix)
    {
        var deviations = matrix.Diagonal().Map(d => Math.Sqrt(Math.Max(0, d)));
        var inverse = deviations.Map(d => d > 0 ? 1 / d : 0, Zeros.Include);
        var correlation = Matrix<double>.Build.Dense(matrix.RowCount, matrix.RowCount, (i, j) => matrix[i, j] * inverse[i] * inverse[j]);
        var clipped = deviations.EnumerateIndexed(Zeros.Include).Any(d => d.Item2 == 0 && matrix.Row(d.Item1).Exists(c => c != 0));
        if (!IsFinite(correlation)) return (Matrix<double>.Build.DenseOfDiagonalVector(deviations.PointwisePower(2)), true);
        var (values, vectors) = Eigen(correlation);
        if (values[^1] >= -Rounding && !clipped) return (matrix, false);
        var positive = Vector<double>.Build.Dense(values.Length, i => Math.Max(0, values[i]));
        var repaired = vectors * Matrix<double>.Build.DenseOfDiagonalVector(positive) * vectors.Transpose();
        var unit = repaired.Diagonal().Map(d => d > 0 ? 1 / Math.Sqrt(d) : 0, Zeros.Include);
        return (Matrix<double>.Build.Dense(matrix.RowCount, matrix.RowCount, (i, j) =>
            repaired[i, j] * unit[i] * unit[j] * deviations[i] * deviations[j]), true);
    }
}

/// <summary>A Cholesky factor of a matrix scaled to a unit diagonal.</summary>
internal sealed class SymmetricFactor(Matrix<double> lower, Vector<double> scale)
{
    /// <summary>The x with matrix·x = right.</summary>
    public Vector<double> Solve(Vector<double> right)
    {
        var x = Whiten(right);
        for (var i = x.Count - 1; i >= 0; i--)
        {
            for (var k = i + 1; k < x.Count; k++) x[i] -= lower[k, i] * x[k];
            x[i] /= lower[i, i];
        }

        return x.PointwiseMultiply(scale);
    }

    /// <summary>The x whose length is the root of right'·matrix⁻¹·right.</summary>
    public Vector<double> Whiten(Vector<double> right)
    {
        var x = right.PointwiseMultiply(scale);
        for (var i = 0; i < x.Count; i++)
        {
            for (var k = 0; k < i; k++) x[i] -= lower[i, k] * x[k];
            x[i] /= lower[i, i];
        }

        return x;
    }

    public Matrix<double> Inverse()
    {
        var inverse = Matrix<double>.Build.DenseOfColumnVectors(
            Enumerable.Range(0, scale.Count).Select(i => Solve(Vector<double>.Build.Dense(scale.Count, j => i == j ? 1 : 0))));
        return (inverse + inverse.Transpose()) / 2;
    }
}
