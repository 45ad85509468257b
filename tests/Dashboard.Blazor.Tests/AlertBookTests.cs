using Microsoft.Extensions.Logging.Abstractions;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>What people did about alerts: states, the file, and what becomes of a damaged one.</summary>
public sealed class AlertBookTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("alerts").FullName;
    private readonly ManualTimeProvider _time = new();

    private string File => Path.Combine(_folder, "data", "alerts.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Alert_goes_from_open_to_acknowledged_to_closed_and_back()
    {
        var (book, alert) = (Open(), Alert(1000));
        Assert.Equal(AlertState.Open, StateOf(book, alert));
        book.Add(alert, AlertStep.Acknowledged, "ada", "calling Mars");
        Assert.Equal(AlertState.Acknowledged, StateOf(book, alert));
        book.Add(alert, AlertStep.Closed, "grace", "");
        Assert.Equal(AlertState.Closed, StateOf(book, alert));
        book.Add(alert, AlertStep.Reopened, "ada", "");
        Assert.Equal(AlertState.Open, StateOf(book, alert));
        Assert.Equal(["ada", "grace", "ada"], book.NotesOf(alert).Select(note => note.By));
    }

    [Fact]
    public void Closed_alert_that_is_raised_again_is_open_and_an_acknowledged_one_stays_known()
    {
        var book = Open();
        book.Add(Alert(1000), AlertStep.Acknowledged, "ada", "");
        Assert.Equal(AlertState.Acknowledged, StateOf(book, Alert(2000)));
        book.Add(Alert(2000), AlertStep.Closed, "ada", "");
        Assert.Equal(AlertState.Closed, StateOf(book, Alert(2000)));
        var again = new AlertCase(Alert(2001), book.NotesOf(Alert(2001)));
        Assert.Equal((AlertState.Open, true), (again.State, again.CameBack));
    }

    [Fact]
    public void Another_program_reads_what_was_written_and_only_the_owner_may()
    {
        Open().Add(Alert(1000), AlertStep.Acknowledged, "ada", "„Mars“ <calls>\nback");
        var note = Assert.Single(Open().NotesOf(Alert(1000)));
        Assert.Equal(("ada", "„Mars“ <calls> back", _time.GetUtcNow(), 1000ul), (note.By, note.Note, note.At, note.SeenMs));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.Equal(["alerts.json"], Directory.GetFiles(Path.GetDirectoryName(File)!).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("{ not json")]
    [InlineData("null")]
    [InlineData("""{"version":2,"alerts":[]}""")]
    [InlineData("""{"version":1,"alerts":[null]}""")]
    [InlineData("""{"version":1,"alerts":[{"id":"a","notes":[]}]}""")]
    [InlineData("""{"version":1,"alerts":[{"id":"a","notes":[null]}]}""")]
    [InlineData("""{"version":1,"alerts":[{"id":"a","notes":[{"step":"closed","by":null,"at":"2026-01-01T00:00:00+00:00","note":"","seenMs":1,"count":1}]}]}""")]
    [InlineData("""{"version":1,"alerts":[{"id":"a","notes":[{"step":9,"by":"ada","at":"2026-01-01T00:00:00+00:00","note":"","seenMs":1,"count":1}]}]}""")]
    public void Damaged_file_is_set_aside_with_a_message_and_the_deck_goes_on(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllText(File, content);

        var book = Open();

        var aside = Assert.Single(Directory.GetFiles(Path.GetDirectoryName(File)!));
        Assert.Contains("alerts.json.damaged-", aside, StringComparison.Ordinal);
        Assert.Equal(content, System.IO.File.ReadAllText(aside));
        Assert.Contains(File, book.Problem, StringComparison.Ordinal);
        Assert.Contains(aside, book.Problem, StringComparison.Ordinal);
        book.Add(Alert(1000), AlertStep.Closed, "ada", "");
        Assert.Equal(("", 1), (Open().Problem, Open().NotesOf(Alert(1000)).Length));
    }

    [Fact]
    public void File_that_is_too_large_is_not_read()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        using (var file = System.IO.File.Create(File)) file.SetLength((8 * 1024 * 1024) + 1);
        Assert.Contains("8388609 bytes", Open().Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Fullest_book_of_the_longest_notes_can_be_read_again()
    {
        var book = Open();
        for (var i = 0; i < AlertBook.MaxAlerts + 5; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            book.Add(Alert(1000, $"aborted/{i:d190}"), AlertStep.Acknowledged, "ada", new string('ä', AlertBook.LongestNote));
        }

        for (var i = 0; i < AlertBook.MaxNotes + 2; i++) book.Add(Alert(1000), AlertStep.Reopened, $"person {i}", new string('語', AlertBook.LongestNote));
        Assert.Equal("", Open().Problem);
        Assert.Equal(AlertBook.MaxNotes, Open().NotesOf(Alert(1000)).Length);
        Assert.Empty(Open().NotesOf(Alert(1000, $"aborted/{0:d190}")));
    }

    [Fact]
    public void Note_or_id_that_is_too_long_is_refused_and_nothing_changes()
    {
        var book = Open();
        Assert.Contains("281", Assert.Throws<AlertException>(() => book.Add(Alert(1000), AlertStep.Closed, "ada", new string('x', 281))).Message, StringComparison.Ordinal);
        Assert.Throws<AlertException>(() => book.Add(Alert(1000, new string('x', 201)), AlertStep.Closed, "ada", ""));
        Assert.Empty(book.NotesOf(Alert(1000)));
        Assert.False(System.IO.File.Exists(File));
    }

    [Fact]
    public void Step_that_cannot_be_written_does_not_count()
    {
        var book = Open();
        // A folder where the file should be: the rename fails.
        Directory.CreateDirectory(File);
        var problem = Assert.Throws<IOException>(() => book.Add(Alert(1000), AlertStep.Closed, "ada", "")).Message;
        // The thing, the rule, the fix.
        Assert.StartsWith($"The deck cannot write {File} (", problem, StringComparison.Ordinal);
        Assert.EndsWith("so nothing was changed; whoever runs the deck makes room there, or gives the folder to the deck's user, and then it can be tried again.", problem, StringComparison.Ordinal);
        Assert.Equal(AlertState.Open, StateOf(book, Alert(1000)));
    }

    [Fact]
    public void Without_a_file_nothing_is_written()
    {
        var book = AlertBook.Open(null, _time, NullLogger<AlertBook>.Instance);
        book.Add(Alert(1000), AlertStep.Closed, "ada", "");
        Assert.Equal((false, AlertState.Closed), (book.IsKept, StateOf(book, Alert(1000))));
    }

    private static AlertView Alert(ulong ms, string id = "offline/Mars") => new() { Id = id, Text = "Mars went offline.", TimeMs = ms, Count = 1 };

    private static AlertState StateOf(AlertBook book, AlertView alert) => new AlertCase(alert, book.NotesOf(alert)).State;

    private AlertBook Open() => AlertBook.Open(File, _time, NullLogger<AlertBook>.Instance);
}
