namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>
/// The nearest monotone sequence in least squares: pool adjacent violators (Ayer, Brunk, Ewing, Reid and Silverman 1955). A curve that
/// noise has made to go up and down is repaired without being pushed to either side, and a sequence that is monotone stays as it is.
/// </summary>
internal static class Monotone
{
    public static void Rising(Span<double> values)
    {
        Span<int> ends = values.Length <= 256 ? stackalloc int[values.Length] : new int[values.Length];
        var blocks = 0;
        for (var i = 0; i < values.Length; i++)
        {
            // Block b has its mean at its start, which is where the block before it ends.
            var start = i;
            var mean = values[i];
            while (blocks > 0)
            {
                var before = blocks > 1 ? ends[blocks - 2] : 0;
                if (values[before] <= mean) break;
                var (left, right) = ((double)(start - before), (double)(i + 1 - start));
                mean = ((values[before] * left) + (mean * right)) / (left + right);
                start = before;
                blocks--;
            }

            values[start] = mean;
            ends[blocks++] = i + 1;
        }

        for (int b = 0, start = 0; b < blocks; start = ends[b++]) values[start..ends[b]].Fill(values[start]);
    }

    public static void Falling(Span<double> values)
    {
        values.Reverse();
        Rising(values);
        values.Reverse();
    }
}
