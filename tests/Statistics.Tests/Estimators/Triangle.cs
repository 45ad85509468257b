using MathNet.Numerics.LinearAlgebra;

namespace SecureAggregation.Statistics.Tests.Estimators;

internal static class Triangle
{
    /// <summary>The symmetric matrix of an upper triangle, row by row.</summary>
    public static Matrix<double> Symmetric(int size, ReadOnlySpan<double> upper)
    {
        var matrix = Matrix<double>.Build.Dense(size, size);
        var next = 0;
        for (var i = 0; i < size; i++)
        {
            for (var j = i; j < size; j++) matrix[i, j] = matrix[j, i] = upper[next++];
        }

        return matrix;
    }
}
