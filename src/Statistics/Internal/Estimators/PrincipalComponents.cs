using MathNet.Numerics.LinearAlgebra;

namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>Principal components, the one of most variance first.</summary>
/// <param name="Variances">The eigenvalues, at least 0 if the matrix is repaired.</param>
/// <param name="Loadings">One unit vector a component. Its sign is free: the greatest loading, the first of equals, is positive.</param>
/// <param name="Explained">Shares of the whole variance; they add up to 1.</param>
internal sealed record PrincipalComponents(double[] Variances, double[][] Loadings, double[] Explained)
{
    /// <param name="matrix">A covariance or correlation matrix.</param>
    /// <param name="definite">Whether eigenvalues below 0 become 0.</param>
    public static Answer<PrincipalComponents> Of(Matrix<double> matrix, bool definite = true)
    {
        if (!Symmetric.IsFinite(matrix)) return Answer.Not(Answer.TooLarge);
        var (values, vectors) = Symmetric.Eigen(matrix);
        var variances = values.Select(v => definite ? Math.Max(0, v) : v).ToArray();
        var whole = variances.Sum();
        if (!(whole > 0)) return Answer.Not("no column varies");
        var loadings = vectors.EnumerateColumns().Select(Signed).ToArray();
        var result = new PrincipalComponents(variances, loadings, [.. variances.Select(v => v / whole)]);
        return Answer.Finite(result, whole);
    }

    private static double[] Signed(Vector<double> vector)
    {
        var sign = Math.Sign(vector[vector.AbsoluteMaximumIndex()]);
        return [.. vector.Select(v => sign * v)];
    }
}
