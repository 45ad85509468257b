using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>Which lines of the station's log are shown; "" and 0 for any.</summary>
internal sealed record LogFilter(string Severity = "", string Outpost = "", string Round = "", uint Event = 0, bool Security = false)
{
    // For people to paste: what would be escaped for a page stays readable, and a browser's clipboard is no page.
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IReadOnlyList<(string Value, string Word)> Severities { get; } = [("", "any severity"), ("warning", "warnings and worse"), ("critical", "critical alone")];

    public string Url => DeckUrls.With(
        DeckUrls.Log, ("severity", Severity), ("outpost", Outpost), ("round", Round), ("event", Event == 0 ? "" : Event.ToString(CultureInfo.InvariantCulture)), ("security", Security ? "1" : ""));

    public bool IsAny => this == new LogFilter();

    public bool Takes(LogLine line) =>
        Severity switch
        {
            "warning" => line.Severity is Protocol.Wire.Severity.Warning or Protocol.Wire.Severity.Critical,
            "critical" => line.Severity == Protocol.Wire.Severity.Critical,
            _ => true,
        }
        && (Outpost.Length == 0 || line.Outpost == Outpost)
        && (Round.Length == 0 || Contract.Hex(line.RoundId).StartsWith(Round.Trim(), StringComparison.OrdinalIgnoreCase))
        && (Event == 0 || line.EventId == Event)
        && (!Security || StationEvents.IsSecurity(line.EventId));

    /// <summary>Lines as JSON, with the names of the contract.</summary>
    public static string Json(IEnumerable<LogEntry> entries) => JsonSerializer.Serialize(
        entries.Select(entry => new
        {
            entry.Sequence,
            Time = entry.At.UtcDateTime,
            entry.Line.EventId,
            Event = StationEvents.Name(entry.Line.EventId),
            Severity = Status.Of(entry.Line.Severity).Word.ToLowerInvariant(),
            entry.Line.Text,
            RoundId = Contract.Hex(entry.Line.RoundId),
            entry.Line.Outpost,
        }),
        s_json);
}
