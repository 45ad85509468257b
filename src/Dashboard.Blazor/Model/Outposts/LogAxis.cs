namespace SecureAggregation.Dashboard.Blazor.Model.Outposts;

/// <summary>A logarithmic axis of times in whole decades of milliseconds.</summary>
internal sealed record LogAxis(int Low, int High)
{
    public IEnumerable<double> Ticks => Enumerable.Range(Low, High - Low + 1).Select(power => Math.Pow(10, power));

    /// <summary>The decades that hold the times; what is below a millisecond counts as one.</summary>
    public static LogAxis Holding(IEnumerable<double> milliseconds)
    {
        var powers = milliseconds.Select(ms => Math.Log10(Math.Max(1, ms))).DefaultIfEmpty(0).ToArray();
        var low = (int)Math.Floor(powers.Min());
        return new LogAxis(low, Math.Max(low + 1, (int)Math.Ceiling(powers.Max())));
    }

    /// <summary>0 at the low end, 1 at the high end, never outside.</summary>
    public double At(double milliseconds) => Math.Clamp((Math.Log10(Math.Max(1, milliseconds)) - Low) / (High - Low), 0, 1);

    /// <summary>"100 ms", "10 s".</summary>
    public static string Label(double milliseconds) => milliseconds < 1000 ? $"{milliseconds:0} ms" : $"{milliseconds / 1000:0} s";
}
