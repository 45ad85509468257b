using System.CommandLine;
using System.Globalization;
using SecureAggregation.Cli.Schedules;
using SecureAggregation.Client;
using SecureAggregation.Privacy;
using SecureAggregation.Statistics;
using Spectre.Console;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg schedule`: a query that is asked again and again, with the budget of the whole series accepted before its first run.</summary>
internal static class ScheduleCommands
{
    // Above what any series may spend; the product with a million must stay a number.
    private const decimal MostTotal = 1_000_000_000_000;

    private static readonly Argument<string> s_file = new("FILE") { Description = "The query, YAML or JSON (docs/queries.md)" };
    private static readonly Option<string> s_cron = new("--cron") { Description = "When: minute, hour, day of the month, month, day of the week, e.g. '0 6 * * 1'", Required = true };
    private static readonly Option<string> s_zone = new("--zone") { Description = "Time zone of --cron, e.g. Europe/Berlin", DefaultValueFactory = _ => "UTC" };
    private static readonly Option<string> s_until = new("--until") { Description = "No run is later: a date (its end in UTC) or a time such as 2027-03-31T12:00Z", Required = true };
    private static readonly Option<string> s_folder = new("--folder") { Description = "Where accepted schedules, their records and answers lie", DefaultValueFactory = _ => "schedules" };
    private static readonly Option<string> s_name = new("--name") { Description = "Its name: letters, digits, - and _", Required = true };
    private static readonly Option<string> s_total = new("--total") { Description = "The ε of the whole series, as `schedule plan` shows it: naming it accepts it", Required = true };
    private static readonly Option<bool> s_once = new("--once") { Description = "Ask what is due now, and end: for a timer of the system" };
    private static readonly Option<double> s_late = new("--late") { Description = "Hours; a run that is later than this is left out", DefaultValueFactory = _ => 1 };

    public static Command Create() => new("schedule", "Ask a query again and again, within a budget that was accepted for the whole series")
    {
        new Command("plan", "Show every run, what the whole series costs at each outpost, and how far the budgets reach; spends nothing")
        {
            s_file, s_cron, s_zone, s_until, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key,
        }.Does(Plan),
        new Command("accept", "Accept a series and its budget; nothing is asked until `schedule run`")
        {
            s_file, s_cron, s_zone, s_until, s_name, s_total, s_folder, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key,
        }.Does(Accept),
        new Command("run", "Ask what is due, until every accepted run is over")
        {
            s_folder, s_once, s_late, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key,
        }.Does(Run),
        new Command("list", "Accepted series: what is done, what comes next, what was spent") { s_folder }.Does(List),
    };

    private static async Task<ExitCode> Plan(Arguments arguments, CancellationToken stop)
    {
        var (budget, query, _) = await BudgetAsync(arguments, stop);
        Write(arguments.Terminal, query, budget);
        return budget.Fits ? ExitCode.Ok : ExitCode.Failed;
    }

    private static async Task<ExitCode> Accept(Arguments arguments, CancellationToken stop)
    {
        if (!decimal.TryParse(arguments.Get(s_total), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var named) || named > MostTotal)
            throw new CliException(ExitCode.BadInput, $"--total is '{arguments.Get(s_total)}'; it must be a number, the ε of the whole series, as `secagg schedule plan` shows it");
        var (budget, query, roster) = await BudgetAsync(arguments, stop);
        if (named * MicroEpsilon.PerUnit != budget.TotalMicro)
            throw new CliException(ExitCode.BadInput, $"--total is {arguments.Get(s_total)}, but the series of {budget.Series.Runs.Count} runs may spend {Epsilon(budget.TotalMicro)} at each outpost; name that to accept it");
        if (!budget.Fits) throw new CliException(ExitCode.Failed, Reach(budget) + "; nothing was accepted");
        var series = budget.Series;
        var schedule = new Schedule
        {
            Name = arguments.Get(s_name), Query = SmallFile.Text(arguments.Get(s_file), "query", 256 * 1024, "the query is gone"), Cron = series.Cron, Zone = series.Zone, From = series.From, Until = series.Until, Runs = series.Runs,
            TotalMicro = budget.TotalMicro, AcceptedAt = TimeProvider.System.GetUtcNow(), RosterHash = Convert.ToHexStringLower(roster.Hash),
        };
        new ScheduleFolder(arguments.Get(s_folder)).Add(schedule);
        Write(arguments.Terminal, query, budget);
        arguments.Terminal.Note($"accepted as {schedule.Name}; `secagg schedule run` asks it");
        return ExitCode.Ok;
    }

    private static async Task<ExitCode> Run(Arguments arguments, CancellationToken stop)
    {
        var late = arguments.Get(s_late);
        if (late is not (> 0 and <= 168)) throw new CliException(ExitCode.BadInput, FormattableString.Invariant($"--late is {late}; it must be more than 0 and at most 168 hours, a week"));
        var roster = RosterFiles.Read(StationAccess.Required(arguments, StationAccess.RosterFile));
        await using var consortium = StationAccess.Connect(arguments);
        var (terminal, folder, hash) = (arguments.Terminal, new ScheduleFolder(arguments.Get(s_folder)), Convert.ToHexStringLower(roster.Hash));
        foreach (var (other, _) in folder.Read().Where(s => s.Schedule.RosterHash != hash))
            terminal.Note($"{other.Name} was accepted under another roster and is not asked: accept it again under this one, with another name");
        var runner = new ScheduleRunner(folder, hash, (query, place, cancellation) => AskAsync(consortium, query, place, cancellation), TimeProvider.System, TimeSpan.FromHours(late), terminal.Note);
        var (done, failed) = arguments.Get(s_once) ? await runner.RunDueAsync(stop) : await runner.RunAsync(stop);
        if (terminal.Json) terminal.WriteJson(new { Done = done, Failed = failed });
        else terminal.Line($"{done} answered, {failed} not");
        return failed == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    /// <summary>One run: a single attempt, since another could be charged again and was not planned. Numbers and evidence are kept.</summary>
    private static async Task<string> AskAsync(IConsortium consortium, AnalysisQuery query, Func<string, string> place, CancellationToken stop)
    {
        var answer = await consortium.AnswerAsync(query, null, new AskOptions { Attempts = 1, Patience = TimeSpan.FromMinutes(10) }, cancellation: stop);
        var number = 0;
        foreach (var report in answer.Reports)
        {
            await using var file = OwnersFile.Create(place(++number == 1 ? ".secagg" : $"-{number}.secagg"));
            await consortium.ExportBundleAsync(report.RoundId, file, cancellation: stop);
        }

        var round = Convert.ToHexStringLower(answer.Reports[^1].RoundId);
        await using var numbers = OwnersFile.Create(place(".json"));
        await System.Text.Json.JsonSerializer.SerializeAsync(numbers, new { round, statistics = answer.Statistics.Select(QueryCommands.Document) }, Terminal.JsonForm, stop);
        return round;
    }

    private static Task<ExitCode> List(Arguments arguments, CancellationToken stop)
    {
        var rows = new ScheduleFolder(arguments.Get(s_folder)).Read().Select(s => new
        {
            s.Schedule.Name, s.Schedule.Cron, s.Schedule.Zone, s.Schedule.Until, Runs = s.Schedule.Runs.Count,
            Done = Of(s.Record, RunState.Done), Failed = Of(s.Record, RunState.Failed), Missed = Of(s.Record, RunState.Missed), Unknown = Of(s.Record, RunState.Begun),
            Next = s.Schedule.Runs.Where(due => !s.Record.ContainsKey(due)).Select(due => (DateTimeOffset?)due).FirstOrDefault(),
            SpentAtMost = SeriesBudget.EachOf(s.Schedule.Asked) * s.Record.Values.Count(r => r.State != RunState.Missed) / 1e6, Total = s.Schedule.TotalMicro / 1e6,
        }).ToList();
        if (arguments.Terminal.Json)
        {
            arguments.Terminal.WriteJson(new { Schedules = rows });
            return Task.FromResult(ExitCode.Ok);
        }

        var table = new Table().Border(TableBorder.Simple).AddColumns("schedule", "cron", "runs", "done", "failed", "missed", "unknown", "next (UTC)", "ε spent at most", "of");
        foreach (var r in rows)
        {
            table.AddRow([.. new object[] { r.Name, r.Cron, r.Runs, r.Done, r.Failed, r.Missed, r.Unknown, r.Next is { } next ? Time(next) : "over", r.SpentAtMost, r.Total }
                .Select(cell => Markup.Escape(Convert.ToString(cell, CultureInfo.InvariantCulture)!))]);
        }

        arguments.Terminal.Result.Write(table);
        return Task.FromResult(ExitCode.Ok);

        static int Of(IReadOnlyDictionary<DateTimeOffset, RunLine> record, RunState state) => record.Values.Count(r => r.State == state);
    }

    private static async Task<(SeriesBudget Budget, AnalysisQuery Query, Protocol.Roster Roster)> BudgetAsync(Arguments arguments, CancellationToken stop)
    {
        var (query, now) = (QueryFiles.Read(arguments.Get(s_file)), TimeProvider.System.GetUtcNow());
        var series = Series.Of(arguments.Get(s_cron), arguments.Get(s_zone), now, Until(arguments.Get(s_until)));
        var roster = RosterFiles.Read(StationAccess.Required(arguments, StationAccess.RosterFile));
        if (series.Runs[^1] > roster.NotAfter)
            throw new CliException(ExitCode.BadInput, $"the roster ends at {roster.NotAfter:u}, before the last run at {Time(series.Runs[^1])}; end the series sooner");
        await using var consortium = StationAccess.Connect(arguments);
        return (new SeriesBudget(series, await consortium.PlanAsync(query, null, null, stop)), query, roster);
    }

    private static DateTimeOffset Until(string text)
    {
        if (DateOnly.TryParseExact(text, DayNumber.IsoFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) && date < DateOnly.MaxValue) return new DateTimeOffset(date.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero).AddTicks(-1);
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUniversalTime()
            : throw new CliException(ExitCode.BadInput, $"--until is '{text}'; it must be a date such as 2027-03-31");
    }

    private static void Write(Terminal terminal, AnalysisQuery query, SeriesBudget budget)
    {
        var runs = budget.Series.Runs;
        if (terminal.Json)
        {
            terminal.WriteJson(new
            {
                Query = query.Name, budget.Series.Cron, budget.Series.Zone, Runs = runs, EpsilonEach = budget.EachMicro / 1e6, EpsilonTotal = budget.TotalMicro / 1e6, budget.Quorum, budget.Affordable, budget.Fits,
                Outposts = budget.Outposts.Select(o => new { o.Outpost, ChargeEach = o.EachMicro / 1e6, Left = o.LeftMicro / 1e6, EnoughForRuns = o.Enough }),
            });
            return;
        }

        terminal.Line($"{query.Name}: {runs.Count} runs, {Time(runs[0])}{(runs.Count > 1 ? $" to {Time(runs[^1])}" : "")} UTC");
        terminal.Line($"ε = {Epsilon(budget.EachMicro)} a run, {Epsilon(budget.TotalMicro)} in all at each outpost");
        var table = new Table().Border(TableBorder.Simple).AddColumns("outpost", "charges a run", "in all", "has left", "enough for");
        foreach (var outpost in budget.Outposts)
        {
            table.AddRow(
                Markup.Escape(outpost.Outpost), Epsilon(outpost.EachMicro), Epsilon(outpost.EachMicro * runs.Count), outpost.LeftMicro is { } left ? Epsilon(left) : "did not say",
                outpost.Enough is { } enough ? enough >= runs.Count ? "all runs" : $"{enough} runs" : "did not say");
        }

        terminal.Result.Write(table);
        terminal.Line(Reach(budget));
    }

    private static string Reach(SeriesBudget budget) => budget.Fits
        ? $"at least {budget.Quorum} outposts, which a round needs, have enough for all {budget.Series.Runs.Count} runs, if nobody else spends it"
        : budget.Affordable == 0 ? $"not even the first run has {budget.Quorum} outposts with enough left, which a round needs"
        : $"after run {budget.Affordable} of {budget.Series.Runs.Count}, on {Time(budget.Series.Runs[budget.Affordable - 1])}, fewer than {budget.Quorum} outposts would have enough left; ask more seldom, for less ε, or end sooner";

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Epsilon(long micro) => (micro / 1e6).ToString("0.######", CultureInfo.InvariantCulture);
}
