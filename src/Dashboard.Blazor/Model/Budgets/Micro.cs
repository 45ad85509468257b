using System.Globalization;

namespace SecureAggregation.Dashboard.Blazor.Model.Budgets;

/// <summary>ε in whole millionths. Sums stay exact and cannot overflow, whatever the station says.</summary>
internal static class Micro
{
    private const int Unit = 1_000_000;

    /// <summary>"2.75", with all the digits that it has.</summary>
    public static string Words(Int128 micro)
    {
        var (sign, size) = micro < 0 ? ("−", -micro) : ("", micro);
        var (whole, rest) = Int128.DivRem(size, Unit);
        var text = sign + whole.ToString("#,0", CultureInfo.InvariantCulture);
        return rest == 0 ? text : $"{text}.{((int)rest).ToString("D6", CultureInfo.InvariantCulture).TrimEnd('0')}";
    }

    /// <summary>For a place on a screen only.</summary>
    public static double Draw(Int128 micro) => (double)micro / Unit;

    /// <summary>0 to 100.</summary>
    public static double Percent(Int128 part, Int128 whole) => whole <= 0 ? 0 : Math.Clamp(100 * (double)part / (double)whole, 0, 100);
}
