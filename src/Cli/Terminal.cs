using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace SecureAggregation.Cli;

/// <summary>
/// Results go to standard output; progress, notes and errors go to standard error. With <c>--json</c> standard output carries exactly one
/// document and standard error no progress.
/// </summary>
internal sealed class Terminal
{
    /// <summary>How documents are written.</summary>
    public static JsonSerializerOptions JsonForm { get; } = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly TextWriter _output;
    private bool _answered;

    public Terminal(TextWriter output, TextWriter error, bool json)
    {
        _output = output;
        Json = json;
        Result = Console(output);
        Progress = Console(json ? TextWriter.Null : error);
        Errors = Console(error);
    }

    public bool Json { get; }

    /// <summary>Tables and texts that are the answer.</summary>
    public IAnsiConsole Result { get; }

    /// <summary>What is going on meanwhile; silent with --json.</summary>
    public IAnsiConsole Progress { get; }

    private IAnsiConsole Errors { get; }

    /// <summary>Standard output for an answer that is no text for people, e.g. a CSV file.</summary>
    public TextWriter Stream()
    {
        _answered = true;
        return _output;
    }

    public void WriteJson(object document) => WriteLine(JsonSerializer.Serialize(document, JsonForm));

    public void Line(string text) => Result.WriteLine(text);

    /// <summary>A line as it is, for programs that read it.</summary>
    public void WriteLine(string text)
    {
        _answered = true;
        _output.WriteLine(text);
    }

    public void Note(string text) => Progress.WriteLine(text);

    /// <summary>Something that the person must know, also with --json.</summary>
    public void Warn(string text) => Errors.MarkupLineInterpolated($"[yellow]note:[/] {text}");

    public void Error(string text) => Errors.MarkupLineInterpolated($"[red]secagg:[/] {text}");

    /// <summary>The end of a command that could not do its work. With --json the one document says so, unless there was an answer already.</summary>
    public ExitCode Fail(ExitCode code, string message)
    {
        foreach (var line in message.Split(Environment.NewLine)) Error(line);
        if (Json && !_answered) WriteJson(new { Error = message, ExitCode = (int)code });
        return code;
    }

    private static IAnsiConsole Console(TextWriter writer)
    {
        var output = new AnsiConsoleOutput(writer);
        if (output.IsTerminal) return AnsiConsole.Create(new AnsiConsoleSettings { Out = output });
        var settings = new AnsiConsoleSettings { Out = output, Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No };
        var console = AnsiConsole.Create(settings);
        // In a pipe there is no width to fit: a line that is cut or folded at 80 columns cannot be read by a program.
        console.Profile.Width = 4096;
        return console;
    }
}
