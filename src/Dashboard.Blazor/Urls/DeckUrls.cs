using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Urls;

/// <summary>The only place that builds addresses of pages.</summary>
internal static class DeckUrls
{
    public const string Overview = "/";
    public const string Rounds = "/rounds";
    public const string Help = "/help";
    public const string Health = "/health";

    public static string Round(RoundView round) => Round(round.Id());

    public static string Round(string roundId) => $"{Rounds}/{roundId}";

    /// <summary>The list of rounds, filtered; what is empty is left out of the address.</summary>
    public static string RoundsWhere(string state, string find)
    {
        string[] parts = [.. new[] { ("state", state), ("find", find) }.Where(p => p.Item2.Length > 0).Select(p => $"{p.Item1}={Uri.EscapeDataString(p.Item2)}")];
        return parts.Length == 0 ? Rounds : $"{Rounds}?{string.Join('&', parts)}";
    }

    /// <summary>Sixteen bytes in hexadecimal digits, as the address carries them; null for anything else.</summary>
    public static byte[]? ParseRoundId(string? text) =>
        text is { Length: 32 } && text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : null;
}
