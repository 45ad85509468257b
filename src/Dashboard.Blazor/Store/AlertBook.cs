using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>What somebody did about an alert.</summary>
public enum AlertStep
{
    Acknowledged,
    Closed,
    Reopened,
}

/// <param name="Step">What was done.</param>
/// <param name="By">Whose account did it.</param>
/// <param name="At">When.</param>
/// <param name="Note">Why, in that person's words.</param>
/// <param name="SeenMs">When the alert had last been raised by then.</param>
/// <param name="Count">How often it had been raised by then.</param>
public sealed record AlertNote(AlertStep Step, string By, DateTimeOffset At, string Note, ulong SeenMs, uint Count);

/// <summary>
/// What people did about the station's alerts: the deck's own, as accounts are, in one JSON file or in memory. The alerts themselves are the station's and are not kept. Each change is
/// written whole, flushed and renamed into place before it counts. Safe for use by many threads.
/// </summary>
public sealed partial class AlertBook
{
    public const int LongestNote = 280;
    public const int MaxAlerts = 200;
    public const int MaxNotes = 8;
    private const int LongestId = 200;
    private const int LongestName = 100;
    private const int LargestFile = 8 * 1024 * 1024;
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) } };
    private readonly Lock _gate = new();
    private readonly string? _path;
    private readonly TimeProvider _time;
    private readonly ILogger<AlertBook> _log;
    private ImmutableDictionary<string, ImmutableArray<AlertNote>> _notes;

    private AlertBook(string? path, ImmutableDictionary<string, ImmutableArray<AlertNote>> notes, string problem, TimeProvider time, ILogger<AlertBook> log) =>
        (_path, _notes, Problem, _time, _log) = (path, notes, problem, time, log);

    /// <summary>Told when somebody did something.</summary>
    public Subscribers Changed { get; } = new();

    /// <summary>Whether what is done outlives this program.</summary>
    public bool IsKept => _path is not null;

    /// <summary>What was wrong with the file at the start, and where it is now; empty if nothing was.</summary>
    public string Problem { get; }

    /// <summary>Oldest first.</summary>
    public ImmutableArray<AlertNote> NotesOf(AlertView alert) => Volatile.Read(ref _notes).GetValueOrDefault(alert.Id, []);

    /// <summary>Reads a file; a missing one is an empty book, and one that is no such book is set aside, said and logged.</summary>
    /// <param name="path">The file; null for memory alone.</param>
    /// <param name="time">For the moment of each step.</param>
    /// <param name="log">Where steps and a damaged file are said.</param>
    /// <exception cref="IOException">The file cannot be read, or not be set aside.</exception>
    public static AlertBook Open(string? path, TimeProvider time, ILogger<AlertBook> log)
    {
        var none = ImmutableDictionary<string, ImmutableArray<AlertNote>>.Empty;
        if (path is null || !File.Exists(path)) return new AlertBook(path, none, "", time, log);
        try
        {
            return new AlertBook(path, Read(path), "", time, log);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            var aside = DeckFile.SetAside(path, time);
            var problem = $"{path} could not be read ({e.Message}). It was set aside as {aside}, and every alert counts as open again; to get back what was done, mend that file and put it in place with the deck stopped.";
            SetAside(log, problem);
            return new AlertBook(path, none, problem, time, log);
        }
    }

    /// <summary>Writes down what somebody did.</summary>
    /// <exception cref="AlertException">The note is too long, or the station's id of the alert is.</exception>
    /// <exception cref="IOException">It could not be written; nothing is changed.</exception>
    public void Add(AlertView alert, AlertStep step, string by, string note)
    {
        ArgumentNullException.ThrowIfNull(alert);
        ArgumentNullException.ThrowIfNull(by);
        ArgumentNullException.ThrowIfNull(note);
        note = string.Concat(note.Select(c => char.IsControl(c) ? ' ' : c)).Trim();
        if (note.Length > LongestNote) throw new AlertException($"The note has {note.Length} characters; write at most {LongestNote}.");
        if (alert.Id.Length is 0 or > LongestId) throw new AlertException($"The station's id of this alert has {alert.Id.Length} characters; the deck keeps notes for ids of 1 to {LongestId}. Tell the station's operator.");
        var added = new AlertNote(step, by.Length <= LongestName ? by : by[..LongestName], _time.GetUtcNow(), note, alert.TimeMs, alert.Count);
        lock (_gate)
        {
            var notes = _notes.GetValueOrDefault(alert.Id, []).Add(added);
            if (notes.Length > MaxNotes) notes = notes.RemoveAt(0);
            var next = _notes.SetItem(alert.Id, notes);
            if (next.Count > MaxAlerts) next = next.Remove(next.MinBy(entry => entry.Value[^1].At).Key);
            if (_path is not null) DeckFile.Write(_path, new Form(1, [.. next.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => new Line(entry.Key, entry.Value))]), s_json);
            Volatile.Write(ref _notes, next);
        }

        Done(_log, alert.Id, step, by);
        Changed.Tell();
    }

    private static ImmutableDictionary<string, ImmutableArray<AlertNote>> Read(string path)
    {
        var form = DeckFile.Read<Form>(path, LargestFile, s_json);
        if (form is not { Version: 1, Alerts: { } lines }) throw new InvalidDataException("it is not a file of alerts of version 1");
        var read = ImmutableDictionary.CreateBuilder<string, ImmutableArray<AlertNote>>();
        foreach (var line in lines.Take(MaxAlerts))
        {
            if (line is not { Id: { Length: > 0 and <= LongestId } id, Notes: { Count: > 0 } notes }) throw new InvalidDataException("an alert in it has no id or no notes");
            if (notes.Any(note => note is not { By: not null, Note.Length: <= LongestNote })) throw new InvalidDataException($"a note of {id} lacks who wrote it, or is too long");
            read[id] = [.. notes.TakeLast(MaxNotes)];
        }

        return read.ToImmutable();
    }

    [LoggerMessage(7020, LogLevel.Information, "Alert {Alert}: {Step} by {Account}")]
    private static partial void Done(ILogger logger, string alert, AlertStep step, string account);

    [LoggerMessage(7021, LogLevel.Warning, "{Problem}")]
    private static partial void SetAside(ILogger logger, string problem);

    private sealed record Form(int Version, List<Line> Alerts);

    private sealed record Line(string Id, IReadOnlyList<AlertNote> Notes);
}

/// <summary>What somebody wants to write down breaks a rule; the message says which.</summary>
public sealed class AlertException(string message) : Exception(message);
