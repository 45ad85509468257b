using System.Globalization;

namespace SecureAggregation.Dashboard.Blazor.Components.Charts;

internal static class Svg
{
    /// <summary>A coordinate: two decimals are finer than any screen.</summary>
    public static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
