using MathNet.Numerics.RootFinding;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Intervals by inverting tests: a candidate belongs to the interval while its test's excess, how far the totals are from it beyond the noise's
/// half width, is at most 0.
/// </summary>
internal static class Inversion
{
    /// <summary>
    /// The end of an interval between an accepted candidate and the last possible one: where the excess crosses 0, or the last one if even that is
    /// accepted. The excess grows by about so much a unit, which tells how near the end is: with many rows it is so near that a search between
    /// the bounds would miss it by more than the interval's width.
    /// </summary>
    /// <param name="excess">Of a candidate.</param>
    /// <param name="inside">An accepted candidate.</param>
    /// <param name="last">The last possible one; infinite only if the excess is above 0 far out.</param>
    /// <param name="slope">Above 0.</param>
    public static double Edge(Func<double, double> excess, double inside, double last, double slope)
    {
        var depth = -excess(inside);
        // With hardly any noise the half width is 0, and the interval the number itself.
        if (inside == last || depth <= 0) return inside;
        if (double.IsFinite(last) && excess(last) <= 0) return last;
        var (near, far) = (inside, last);
        for (var step = depth / slope; step < Math.Abs(last - inside); step *= 2)
        {
            far = inside + Math.CopySign(step, last - inside);
            if (excess(far) > 0) break;
            (near, far) = (far, last);
        }

        // Half widths are right to 1 in 10,000 themselves.
        return Brent.FindRoot(excess, Math.Min(near, far), Math.Max(near, far), 1e-4 * Math.Abs(far - near), 100);
    }
}
