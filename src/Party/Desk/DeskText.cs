using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Desk;

/// <summary>How the operator's commands write numbers, times and documents.</summary>
internal static class DeskText
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static decimal Units(long micro) => micro / 1_000_000m;

    public static string Epsilon(long micro) => Units(micro).ToString("0.######", CultureInfo.InvariantCulture);

    public static string Time(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Noise(int mode) => ((QueryNoise)mode).ToString().ToLowerInvariant();

    public static string Json(object document) => JsonSerializer.Serialize(document, s_json);

    /// <summary>A coordinator's or an approver's words, as one line.</summary>
    public static string OneLine(string text) => new([.. text.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)]);

    /// <summary>Columns as wide as what is in them, two blanks between.</summary>
    public static string Table(IReadOnlyList<string> head, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = head.Select((h, c) => rows.Select(r => r[c].Length).Append(h.Length).Max()).ToArray();
        string Line(IReadOnlyList<string> row) => string.Join("  ", row.Select((cell, c) => cell.PadRight(widths[c]))).TrimEnd();
        return string.Join(Environment.NewLine, rows.Prepend(head).Select(Line));
    }
}
