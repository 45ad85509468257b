namespace SecureAggregation.Privacy.Tests;

/// <summary>Chi-square of draws against a distribution, at α = 1e-6.</summary>
internal static class Fit
{
    private const double LeastExpected = 20;

    /// <summary>Fails where the draws do not follow the distribution.</summary>
    /// <param name="draws">What a sampler gave.</param>
    /// <param name="cumulative">P(X ≤ x).</param>
    /// <param name="low">Where the left tail ends, which is one cell.</param>
    /// <param name="high">Where the right tail begins.</param>
    public static void Check(Int128[] draws, Func<Int128, double> cumulative, Int128 low, Int128 high)
    {
        // Up to 200 strips of equal width, so that large scales are tested too; neighbours merge until 20 draws are expected.
        var width = Int128.Max(1, (high - low) / 200);
        var sorted = draws.Order().ToArray();
        var (chiSquare, freedom) = (0.0, -1);
        var (seen, below) = (0, 0.0);
        for (var edge = low; ; edge += width)
        {
            var last = edge >= high;
            var upTo = last ? 1 : cumulative(edge);
            var expected = (upTo - below) * draws.Length;
            if (!last && (expected < LeastExpected || (1 - upTo) * draws.Length < LeastExpected)) continue;
            var next = seen;
            while (next < sorted.Length && (last || sorted[next] <= edge)) next++;
            chiSquare += (next - seen - expected) * (next - seen - expected) / expected;
            freedom++;
            (seen, below) = (next, upTo);
            if (last) break;
        }

        // Wilson and Hilferty's approximation of the quantile; z(1 − 1e-6) = 4.753.
        var limit = freedom * Math.Pow(1 - (2.0 / (9 * freedom)) + (4.753 * Math.Sqrt(2.0 / (9 * freedom))), 3);
        Assert.True(chiSquare < limit, $"chi-square {chiSquare:F1} with {freedom} degrees of freedom is above {limit:F1}");
    }

    /// <summary>The same for a symmetric distribution of whole numbers, with tails of 20 expected draws and more.</summary>
    public static void Check(Int128[] draws, NoiseSum noise)
    {
        var reach = (Int128)noise.HalfWidth(Math.Min(0.5, 40.0 / draws.Length));
        Check(draws, x => x >= 0 ? 1 - (noise.Tail((double)x) / 2) : noise.Tail((double)(-x - 1)) / 2, -reach - 1, reach);
    }
}
