using System.Globalization;
using SecureAggregation.Cli.Schedules;
using SecureAggregation.Client;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;
using ColumnType = SecureAggregation.Statistics.ColumnType;
using DatasetSchema = SecureAggregation.Statistics.DatasetSchema;
using RowRule = SecureAggregation.Statistics.RowRule;

namespace SecureAggregation.Cli.Tests;

/// <summary>Series of runs, their budgets, and who asks them, on a clock that moves when a test says so.</summary>
public sealed class ScheduleTests : IDisposable
{
    private const string Roster = "aa";
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _time = new(s_start);
    private readonly List<string> _said = [];
    private readonly List<string> _asked = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Runs_keep_the_clock_of_their_zone_when_it_changes()
    {
        // Berlin goes from UTC+1 to UTC+2 on 29 March 2026.
        var series = Series.Of("0 6 * * 1", "Europe/Berlin", new(2026, 3, 20, 0, 0, 0, TimeSpan.Zero), new(2026, 4, 7, 0, 0, 0, TimeSpan.Zero));
        Assert.Equal(["2026-03-23 05:00", "2026-03-30 04:00", "2026-04-06 04:00"], series.Runs.Select(r => r.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)));

        // 2:30 does not exist that night: the run is at the first moment after it, once.
        Assert.Single(Series.Of("30 2 * * *", "Europe/Berlin", new(2026, 3, 28, 12, 0, 0, TimeSpan.Zero), new(2026, 3, 29, 12, 0, 0, TimeSpan.Zero)).Runs);
    }

    [Theory]
    [InlineData("x", "UTC", 1, "five fields")]
    [InlineData("0 6 * *", "UTC", 1, "five fields")]
    [InlineData("0 6 31 2 *", "UTC", 400, "has no run")]
    [InlineData("* * * * *", "UTC", 1, "more than 1000 runs")]
    [InlineData("0 6 * * 1", "Mars/Olympus", 30, "does not know")]
    [InlineData("0 6 * * 1", "UTC", -1, "not after")]
    public void Series_that_cannot_be_is_refused_with_the_reason(string cron, string zone, int days, string reason) =>
        Assert.Contains(reason, Assert.Throws<CliException>(() => Series.Of(cron, zone, s_start, s_start.AddDays(days))).Message, StringComparison.Ordinal);

    [Fact]
    public void Budget_of_the_series_ends_where_too_few_outposts_have_enough()
    {
        // Five Mondays at 0.5 each; a person may be in the data of two outposts at the second; the last but one has answered before and says that it costs nothing now.
        var series = Series.Of("0 6 * * 1", "UTC", s_start, s_start.AddDays(33));
        var budget = new SeriesBudget(series, PlanOf(
            Says("a", 500_000, 10_000_000, 2_600_000), Says("b", 1_000_000, 3_500_000, overlap: 2), Says("c", 0, 2_000_000, code: RefusalCode.AlreadyAnswered),
            Says("d", 500_000, 9_000_000, code: RefusalCode.Policy), new OutpostPlan { Name = "e" }));

        Assert.Equal((5, 2_500_000L), (series.Runs.Count, budget.TotalMicro));
        Assert.Equal([5, 3, 4, 0, null], budget.Outposts.Select(o => o.Enough));
        Assert.Equal([500_000, 1_000_000, 500_000, 500_000, 500_000], budget.Outposts.Select(o => o.EachMicro));
        // Three are needed: the third best has enough for three runs.
        Assert.Equal((3, false), (budget.Affordable, budget.Fits));

        Assert.True(new SeriesBudget(series, PlanOf(Says("a", 500_000, 2_500_000), Says("b", 500_000, 2_500_000), Says("c", 500_000, 2_500_000))).Fits);
        Assert.False(new SeriesBudget(series, PlanOf(Says("a", 500_000, 2_500_000), Says("b", 500_000, 2_500_000), Says("c", 500_000, 2_499_999))).Fits);
        Assert.Equal(0, new SeriesBudget(series, PlanOf(Says("a", 500_000, 2_500_000))).Affordable);
    }

    [Fact]
    public void Outpost_that_names_any_number_makes_no_plan_overflow()
    {
        var series = Series.Of("0 6 * * 1", "UTC", s_start, s_start.AddDays(33));
        var budget = new SeriesBudget(series, PlanOf(Says("a", ulong.MaxValue, ulong.MaxValue), Says("b", long.MaxValue, 1, overlap: uint.MaxValue), Says("c", 500_000, ulong.MaxValue)));
        Assert.Equal([0, 0, Series.MaxRuns], budget.Outposts.Select(o => o.Enough));
        Assert.All(budget.Outposts, o => Assert.True(o.EachMicro * series.Runs.Count > 0));
    }

    [Fact]
    public async Task Each_run_is_asked_once_when_it_is_due_and_not_before()
    {
        Accept("weekly", "0 6 * * 1", days: 20);
        // Answers and evidence come to lie in it.
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder["schedules"]));
        var runner = Runner();
        Assert.Equal((0, 0), await runner.RunDueAsync(default));

        Go(new DateTimeOffset(2026, 1, 5, 6, 0, 0, TimeSpan.Zero));
        Assert.Equal((1, 0), await runner.RunDueAsync(default));
        Assert.Equal((0, 0), await runner.RunDueAsync(default));
        Assert.Equal((0, 0), await Runner().RunDueAsync(default));

        Assert.Equal(["q at 2026-01-05 06:00"], _asked);
        var (schedule, record) = Assert.Single(Folder.Read());
        Assert.Equal((RunState.Done, "11"), (record[schedule.Runs[0]].State, record[schedule.Runs[0]].Round));
        Assert.Equal(3, schedule.Runs.Count);
    }

    [Fact]
    public async Task Runner_waits_for_each_run_and_ends_after_the_last()
    {
        Accept("hourly", "0 * * * *", hours: 3);
        Accept("late", "30 1 * * *", hours: 3);
        var running = Runner().RunAsync(default);
        while (!running.IsCompleted)
        {
            // A clock that ran on while a slow machine asks would make runs late.
            if (_time.IsAwaited) _time.Advance(TimeSpan.FromSeconds(30));
            await Task.Yield();
        }

        Assert.Equal((4, 0), await running);
        Assert.Equal(4, _asked.Count);
    }

    [Fact]
    public async Task Run_that_was_begun_when_the_program_ended_is_never_asked_again()
    {
        Accept("daily", "0 6 * * *", days: 3);
        Go(s_start.AddHours(6));
        using var stop = new CancellationTokenSource();
        var killed = Runner(answer: () =>
        {
            stop.Cancel();
            throw new OperationCanceledException(stop.Token);
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => killed.RunDueAsync(stop.Token));

        Assert.Equal((0, 0), await Runner().RunDueAsync(default));

        var (schedule, record) = Assert.Single(Folder.Read());
        Assert.Equal(RunState.Begun, record[schedule.Runs[0]].State);
        Assert.Single(_asked);
    }

    [Fact]
    public async Task Run_without_an_answer_is_recorded_and_the_next_goes_on()
    {
        Accept("daily", "0 6 * * *", days: 3);
        Go(s_start.AddHours(6));
        Assert.Equal((0, 1), await Runner(answer: () => throw new RoundFailedException("too few outposts")).RunDueAsync(default));
        Go(s_start.AddHours(30));
        Assert.Equal((1, 0), await Runner().RunDueAsync(default));

        var (schedule, record) = Assert.Single(Folder.Read());
        Assert.Equal([RunState.Failed, RunState.Done], schedule.Runs.Take(2).Select(r => record[r].State));
        Assert.Equal("too few outposts", record[schedule.Runs[0]].Note);
    }

    [Fact]
    public async Task Second_program_on_the_same_folder_asks_nothing()
    {
        Accept("daily", "0 6 * * *", days: 3);
        Go(s_start.AddHours(6));
        var answered = new TaskCompletionSource();
        var first = Runner(until: answered.Task).RunDueAsync(default);
        Assert.Single(_asked);

        // It would find the run unasked if it had read the record a moment before, and spend twice.
        var refused = await Assert.ThrowsAsync<CliException>(() => Runner().RunDueAsync(default));
        await Assert.ThrowsAsync<CliException>(() => Runner().RunAsync(default));

        Assert.Equal(ExitCode.Environment, refused.Code);
        Assert.Contains("another program", refused.Message, StringComparison.Ordinal);
        answered.SetResult();
        Assert.Equal((1, 0), await first);
        Assert.Equal((0, 0), await Runner().RunDueAsync(default));
        Assert.Single(_asked);
    }

    [Fact]
    public async Task Question_that_cannot_be_put_together_any_more_is_recorded_and_other_schedules_go_on()
    {
        Accept("daily", "0 6 * * *", days: 3);
        Accept("other", "0 6 * * *", days: 3);
        Go(s_start.AddHours(6));
        Assert.Equal((0, 2), await Runner(answer: () => throw new AnalysisException("the dataset d has no column y")).RunDueAsync(default));
        Assert.All(Folder.Read(), s => Assert.Equal(RunState.Failed, s.Record[s.Schedule.Runs[0]].State));
    }

    [Fact]
    public async Task Roster_that_is_replaced_meanwhile_ends_the_program_and_spoils_no_later_run()
    {
        Accept("daily", "0 6 * * *", days: 3);
        Accept("other", "0 6 * * *", days: 3);
        Go(s_start.AddHours(6));
        await Assert.ThrowsAsync<RosterReplacedException>(() => Runner(answer: () => throw new RosterReplacedException("epoch 2 is in force")).RunDueAsync(default));
        Assert.Equal([1, 0], Folder.Read().Select(s => s.Record.Count));
    }

    [Fact]
    public async Task Runs_that_nobody_was_there_for_are_left_out_and_those_of_another_roster_wait()
    {
        Accept("daily", "0 6 * * *", days: 3);
        Accept("other", "0 6 * * *", days: 3, roster: "bb");
        Go(s_start.AddHours(31));

        Assert.Equal((1, 0), await Runner(late: TimeSpan.FromHours(1)).RunDueAsync(default));

        var read = Folder.Read();
        Assert.Equal([RunState.Missed, RunState.Done], read[0].Schedule.Runs.Take(2).Select(r => read[0].Record[r].State));
        Assert.Empty(read[1].Record);
        Assert.Contains(_said, s => s.Contains("missed, nothing was asked", StringComparison.Ordinal));
    }

    [Fact]
    public async Task List_says_what_is_done_what_comes_and_what_was_spent()
    {
        Accept("daily", "0 6 * * *", days: 3);
        Go(s_start.AddHours(6));
        await Runner().RunDueAsync(default);

        var list = await Run.Of("schedule", "list", "--folder", _folder["schedules"], "--json");

        Assert.Equal(ExitCode.Ok, list.Code);
        var line = list.Json.GetProperty("schedules")[0];
        Assert.Equal((1, 3, 0.5, 1.5), (line.GetProperty("done").GetInt32(), line.GetProperty("runs").GetInt32(), line.GetProperty("spent_at_most").GetDouble(), line.GetProperty("total").GetDouble()));
        Assert.Equal(s_start.AddHours(30), line.GetProperty("next").GetDateTimeOffset());
        Assert.Contains("daily", (await Run.Of("schedule", "list", "--folder", _folder["schedules"])).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_record_stops_everything_until_somebody_has_looked()
    {
        Accept("daily", "0 6 * * *", days: 3);
        File.WriteAllText(Path.Combine(_folder["schedules"], "daily.runs.jsonl"), "{\"due\":");
        Go(s_start.AddHours(6));
        Assert.Contains("daily.runs.jsonl cannot be read", (await Assert.ThrowsAsync<CliException>(() => Runner().RunDueAsync(default))).Message, StringComparison.Ordinal);
        Assert.Empty(_asked);
        Assert.Equal(ExitCode.BadInput, (await Run.Of("schedule", "list", "--folder", _folder["nowhere"])).Code);
    }

    [Theory]
    [InlineData("\"total_micro\": 1500000", "\"total_micro\": 1499999", "was changed")]
    [InlineData("epsilon: 0.5", "epsilon: 0.6", "was changed")]
    [InlineData("measures: [count]", "measures: [kount]", "kount")]
    [InlineData("\"name\": \"daily\"", "\"name\": \"../daily\"", "one name")]
    [InlineData("\"zone\": \"UTC\"", "\"zone\": null", "cannot be read")]
    [InlineData("\"zone\": \"UTC\"", "\"zone\": \"UTC\", \"x\": 1", "cannot be read")]
    public void Schedule_that_was_changed_is_refused(string text, string with, string reason)
    {
        Accept("daily", "0 6 * * *", days: 3);
        var path = Path.Combine(_folder["schedules"], "daily.schedule.json");
        var before = File.ReadAllText(path);
        Assert.Contains(text, before, StringComparison.Ordinal);
        File.WriteAllText(path, before.Replace(text, with, StringComparison.Ordinal));
        Assert.Contains(reason, Assert.Throws<CliException>(() => Folder.Read()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../up")]
    [InlineData("")]
    public void Name_that_is_no_name_of_a_file_is_refused(string name) => Assert.Contains("--name", Assert.Throws<CliException>(() => Accept(name, "0 6 * * *", days: 3)).Message, StringComparison.Ordinal);

    [Fact]
    public void Name_that_is_taken_is_refused()
    {
        Accept("daily", "0 6 * * *", days: 3);
        Assert.Contains("exists already", Assert.Throws<CliException>(() => Accept("daily", "0 6 * * *", days: 3)).Message, StringComparison.Ordinal);
    }

    private ScheduleFolder Folder => new(_folder["schedules"]);

    private void Go(DateTimeOffset to) => _time.Advance(to - _time.GetUtcNow());

    private void Accept(string name, string cron, int days = 0, int hours = 0, string roster = Roster)
    {
        var series = Series.Of(cron, "UTC", s_start, s_start.AddDays(days).AddHours(hours));
        Folder.Add(new Schedule
        {
            Name = name, Query = "name: q\ndataset: d\nepsilon: 0.5\nmeasures: [count]\n", Cron = cron, Zone = "UTC", From = series.From, Until = series.Until, Runs = series.Runs,
            TotalMicro = 500_000L * series.Runs.Count, AcceptedAt = s_start, RosterHash = roster,
        });
    }

    private ScheduleRunner Runner(TimeSpan? late = null, Action? answer = null, Task? until = null) => new(
        Folder, Roster,
        async (query, _, _) =>
        {
            _asked.Add(string.Create(CultureInfo.InvariantCulture, $"{query.Name} at {_time.GetUtcNow():yyyy-MM-dd HH:mm}"));
            answer?.Invoke();
            if (until is not null) await until;
            return "11";
        },
        _time, late ?? TimeSpan.FromHours(1), _said.Add);

    private static OutpostPlan Says(string name, ulong cost, ulong left, ulong? study = null, uint overlap = 1, RefusalCode code = RefusalCode.Unspecified)
    {
        var answer = new PlanAnswer { Code = code, CostMicro = cost, Overlap = overlap, Budgets = { new BudgetLeft { Scope = BudgetScope.Dataset, LeftMicro = left } } };
        if (study is { } s) answer.Budgets.Add(new BudgetLeft { Scope = BudgetScope.Study, LeftMicro = s });
        return new OutpostPlan { Name = name, Online = true, Answer = answer };
    }

    private static QueryPlan PlanOf(params OutpostPlan[] outposts)
    {
        var query = AnalysisQuery.Parse("dataset: d\nepsilon: 0.5\nmeasures: [count]\n");
        var layout = VectorLayout.Create(query.Resolve(new DatasetSchema("d", "", RowRule.OneRowPerPerson, [new SchemaColumn("x", ColumnType.Integer)])), new MicroEpsilon(500_000), NoiseMode.Local, 3, 0);
        return new QueryPlan { Query = query, Rounds = 1, Layout = layout, Widths = [], Outposts = outposts, Quorum = 3, Typical = null };
    }
}
