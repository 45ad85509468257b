using System.Text.Json;
using System.Text.Json.Serialization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli.Schedules;

/// <summary>A series that a person has accepted, as it lies in its file: the query as it was then, and what it may spend in all.</summary>
internal sealed record Schedule
{
    public required string Name { get; init; }

    /// <summary>The query's text. The file that it came from may change; what was accepted does not.</summary>
    public required string Query { get; init; }

    public required string Cron { get; init; }

    public required string Zone { get; init; }

    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset Until { get; init; }

    /// <summary>Every run that was shown when it was accepted. A time zone that changes its rules adds none.</summary>
    public required IReadOnlyList<DateTimeOffset> Runs { get; init; }

    /// <summary>What all runs together may spend at each outpost by their query, in millionths of ε: what the person named.</summary>
    public required long TotalMicro { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>Hash of the roster under which it was accepted.</summary>
    public required string RosterHash { get; init; }

    [JsonIgnore]
    public AnalysisQuery Asked => AnalysisQuery.Parse(Query);
}

/// <summary>How one run went.</summary>
internal enum RunState
{
    /// <summary>Asked, and not known how it ended: the program was ended meanwhile. It counts as spent and is not asked again.</summary>
    Begun,

    /// <summary>Answered and verified.</summary>
    Done,

    /// <summary>No number, or evidence that does not hold.</summary>
    Failed,

    /// <summary>It was due while nobody ran the schedule; nothing was asked.</summary>
    Missed,
}

/// <summary>A line of a schedule's record. Of one run the last line counts.</summary>
/// <param name="Due">Which run.</param>
/// <param name="State">How it went.</param>
/// <param name="At">When that was known.</param>
/// <param name="Round">The round that answered, hexadecimal; empty if none did.</param>
/// <param name="Note">Why there is no answer; empty if there is.</param>
internal sealed record RunLine(DateTimeOffset Due, RunState State, DateTimeOffset At, string Round = "", string Note = "");

/// <summary>Accepted schedules in a folder: NAME.schedule.json, which never changes, and NAME.runs.jsonl, to which a line is added for each step.</summary>
internal sealed class ScheduleFolder(string folder)
{
    private const string Suffix = ".schedule.json";
    private const int MaxFile = 1 << 20;
    private const int MaxRecord = 16 << 20;

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private static readonly JsonSerializerOptions s_shown = new(s_json) { WriteIndented = true };

    /// <summary>Where a run's answer and evidence are kept.</summary>
    public string Place(Schedule schedule, DateTimeOffset due, string suffix) => Path.Combine(folder, $"{schedule.Name}-{due.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}{suffix}");

    /// <exception cref="CliException">The name is taken, or no name of a file.</exception>
    public void Add(Schedule schedule)
    {
        if (schedule.Name.Length is 0 or > 64 || !schedule.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            throw new CliException(ExitCode.BadInput, $"--name is '{schedule.Name}'; it has 1 to 64 letters, digits, - and _");
        // Answers and their evidence come to lie in it: the members' to read, not this machine's.
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var path = Path.Combine(folder, schedule.Name + Suffix);
        if (File.Exists(path)) throw new CliException(ExitCode.BadInput, $"{path} exists already; choose another --name");
        using var file = OwnersFile.Open(path, FileMode.CreateNew);
        JsonSerializer.Serialize(file, schedule, s_shown);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Every schedule with its record, by name.</summary>
    /// <exception cref="CliException">A file cannot be read.</exception>
    public IReadOnlyList<(Schedule Schedule, IReadOnlyDictionary<DateTimeOffset, RunLine> Record)> Read() => !Directory.Exists(folder)
        ? throw Missing()
        : [.. Directory.EnumerateFiles(folder, "*" + Suffix).Order(StringComparer.Ordinal).Select(path =>
        {
            var schedule = ReadOne(path);
            return (schedule, (IReadOnlyDictionary<DateTimeOffset, RunLine>)RecordOf(schedule));
        })];

    /// <summary>Holds the folder back from other programs that run its schedules: two would both find a run unasked, and spend twice.</summary>
    /// <exception cref="CliException">Another program holds it, or it is not there.</exception>
    public IDisposable Hold()
    {
        if (!Directory.Exists(folder)) throw Missing();
        var path = Path.Combine(folder, ".lock");
        try
        {
            return OwnersFile.Open(path, FileMode.OpenOrCreate, FileShare.None);
        }
        catch (IOException e)
        {
            throw new CliException(ExitCode.Environment, $"another program runs the schedules of {folder} (it holds {path}); of each folder one may, or a run would be asked twice. Nothing was asked", e);
        }
    }

    /// <summary>Adds a line, on disk when it returns.</summary>
    public void Add(Schedule schedule, RunLine line)
    {
        using var file = OwnersFile.Open(RecordPath(schedule), FileMode.Append);
        file.Write(JsonSerializer.SerializeToUtf8Bytes(line, s_json));
        file.Write("\n"u8);
        file.Flush(flushToDisk: true);
    }

    /// <summary>A schedule that is what a person accepted: its name the file's, its query one that can be read and that spends no more than was named.</summary>
    private static Schedule ReadOne(string path)
    {
        var schedule = Of<Schedule>(SmallFile.Text(path, "schedule", MaxFile, $"{path} is gone"), path);
        try
        {
            if (schedule.Name + Suffix != Path.GetFileName(path)) throw new CliException(ExitCode.BadInput, $"{path} holds the schedule '{schedule.Name}'; a schedule and its file have one name");
            var spends = SeriesBudget.EachOf(schedule.Asked) * schedule.Runs.Count;
            return spends <= schedule.TotalMicro
                ? schedule
                : throw new CliException(ExitCode.BadInput, $"{path} was changed: its runs may spend {spends} millionths of ε, and {schedule.TotalMicro} were accepted");
        }
        catch (AnalysisException e)
        {
            throw new CliException(ExitCode.BadInput, $"{path}: {e.Message}", e);
        }
    }

    private Dictionary<DateTimeOffset, RunLine> RecordOf(Schedule schedule)
    {
        var path = RecordPath(schedule);
        var record = new Dictionary<DateTimeOffset, RunLine>();
        if (!File.Exists(path)) return record;
        var text = SmallFile.Text(path, "record", MaxRecord, $"{path} is gone");
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => Of<RunLine>(l, path))) record[line.Due] = line;
        return record;
    }

    private CliException Missing() => new(ExitCode.BadInput, $"the folder {folder} does not exist; secagg schedule accept makes it");

    private string RecordPath(Schedule schedule) => Path.Combine(folder, schedule.Name + ".runs.jsonl");

    private static T Of<T>(string text, string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(text, s_json) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCode.BadInput, $"{path} cannot be read: {e.Message} Nothing is asked until it can, since what was spent stands there", e);
        }
    }
}
