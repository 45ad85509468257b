using System.CommandLine;
using System.Globalization;
using SecureAggregation.Client;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg query`: ask the consortium, or see what a question would be and cost.</summary>
internal static class QueryCommands
{
    private static readonly Argument<string> s_file = new("FILE") { Description = "The query, YAML or JSON (docs/queries.md)" };
    private static readonly Option<string?> s_schema = new("--schema") { Description = "Use this schema file instead of what the outposts offer; plan then asks no station" };
    private static readonly Option<int> s_parties = new("--parties") { Description = "Without a station: how many outposts to count with", DefaultValueFactory = _ => 5 };
    private static readonly Option<int> s_attempts = new("--attempts") { Description = "Rounds to try, 1 to 10, if they are aborted; an outpost whose masked vector had left is charged again", DefaultValueFactory = _ => 1 };
    private static readonly Option<double?> s_deadline = new("--deadline") { Description = "Seconds that each phase waits for an outpost (default: the station's)" };
    private static readonly Option<string?> s_bundle = new("--bundle") { Description = "Keep the round's bundle in this file" };

    private static readonly Option<string?> s_signed = new("--signed") { Description = "Keep the signed query in this file; if it is there already, submit that one again, as it was signed: after an approval" };
    private static readonly Option<double> s_valid = new("--valid") { Description = "Hours until which outposts may answer; a person who must approve it needs time", DefaultValueFactory = _ => 0.5 };

    private static readonly Option<string?> s_width = new("--width") { Description = "MEASURE=HALF, e.g. 'mean(age)=0.5': find the ε for which that half width is expected, and plan with it" };

    private static readonly Option<bool> s_dummy = new("--dummy") { Description = "Run it here on made-up rows (--rows, --seed) of --parties outposts: no station, no key, no cost, and no meaning" };

    private static readonly Option<bool> s_forPlan = new("--for-plan") { Description = "Sign it with no attempts, so that it can be planned and never run" };

    public static Command Create() => new("query", "Ask the consortium")
    {
        new Command("run", "Sign a query, run its round, verify the total and show it")
        {
            s_file, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key, s_attempts, s_deadline, s_bundle, s_signed, s_valid, Reading.Confidence, Reading.Repairs,
            s_dummy, s_schema, s_parties, DatasetCommands.Rows, DatasetCommands.Seed,
        }.Does(Run),
        new Command("sign", "Sign a query and print it as the station's REST interface takes it (docs/rest.md); asks nothing")
        {
            s_file, s_schema, s_forPlan, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key, s_attempts, s_valid,
        }.Does(Sign),
        new Command("plan", "Show what a query asks of each outpost, how wide its intervals will be, what it costs and who would refuse; spends nothing")
        {
            s_file, s_schema, s_parties, DatasetCommands.Rows, s_width, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key,
        }.Does(Plan),
    };

    private static async Task<ExitCode> Run(Arguments arguments, CancellationToken stop)
    {
        if (arguments.Get(s_dummy)) return await RunOnDummy(arguments, stop);
        var attempts = Attempts(arguments);
        var deadline = Deadline.Of(arguments, s_deadline);
        var file = arguments.Get(s_file);
        var query = QueryFiles.Read(file);
        var reading = Reading.Of(arguments, query.Repairs);
        await using var consortium = StationAccess.Connect(arguments);
        var view = await consortium.GetConsortiumAsync(stop);
        var roster = RosterFiles.Read(StationAccess.Required(arguments, StationAccess.RosterFile));
        var (analysis, _) = QueryFiles.Plan(file, query, OfferedSchema.Of(view, query.Dataset), view.Outposts.Count, roster);
        using var key = KeyFiles.Read(StationAccess.Required(arguments, StationAccess.Key));
        if (roster.FindCoordinator(key.Public) is null)
            throw new CliException(ExitCode.BadInput, $"the key {key.Public.Fingerprint} is not a coordinator's of this roster; only a coordinator may ask");
        if (ModelFit.IsAsked(query)) return await Fit(arguments, consortium, query, key, attempts, deadline, stop);
        var life = Life(arguments);
        var signed = QueryFiles.SignOnce(arguments.Find(s_signed), query, () => QueryFiles.Sign(query, analysis, roster, key, attempts, life));
        var progress = new RoundProgress(arguments.Terminal.Progress);
        var bundle = arguments.Find(s_bundle);
        // Opened before anything is spent: a place that cannot be written must not cost an answer.
        await using var evidence = EvidenceFile.Create(bundle);
        RoundHandle handle;
        RoundView round;
        do
        {
            // The same signed query again: an attempt that ended before the vectors left costs nothing more.
            handle = await consortium.SubmitAsync(signed, deadline, stop);
            round = await progress.ShowAsync(report => handle.WaitAsync(report, stop));
        }
        while (round.State == RoundState.Aborted && Earlier(round) is null && !Waits(round) && --attempts > 0);

        if (Earlier(round) is { } earlier)
        {
            // The outposts have answered this before: that total is the answer, at no cost, if its evidence shows that the question was the same.
            handle = consortium.Round(earlier);
            round = await handle.GetAsync(stop);
            arguments.Terminal.Note($"answered before by round {Id(round)}; nothing was spent");
            var expected = handle.Expected with { RosterHash = roster.Hash, AsksTheSameAs = Query.Parser.ParseFrom(signed.Body) };
            return Show(arguments.Terminal, round, query, await RememberedHeads.CheckAsync(handle, evidence, roster, expected, stop), bundle, reading);
        }

        if (round.State == RoundState.Aborted) return Aborted(arguments.Terminal, round);
        await Cosignatures.WaitAsync(handle, roster.Witnesses, stop);
        // The station's word ends here: what is shown must be the answer to the question that was signed above.
        var check = await RememberedHeads.CheckAsync(handle, evidence, roster, handle.Expected with { RosterHash = roster.Hash }, stop);
        return Show(arguments.Terminal, round, query, check, bundle, reading);
    }

    /// <summary>For programs that have no coordinator's key: what they hand in, they cannot change.</summary>
    private static async Task<ExitCode> Sign(Arguments arguments, CancellationToken stop)
    {
        var file = arguments.Get(s_file);
        var query = QueryFiles.Read(file);
        if (ModelFit.IsAsked(query)) throw new CliException(ExitCode.BadInput, $"{file} takes several rounds, of which each is made from the one before; only secagg query run can ask it");
        var roster = RosterFiles.Read(StationAccess.Required(arguments, StationAccess.RosterFile));
        var schema = arguments.Find(s_schema) is { } path ? QueryFiles.ReadSchema(path).Schema : await Offered(arguments, query.Dataset, stop);
        var (analysis, _) = QueryFiles.Plan(file, query, schema, roster.Parties.Count, roster);
        using var key = KeyFiles.Read(StationAccess.Required(arguments, StationAccess.Key));
        if (roster.FindCoordinator(key.Public) is null)
            throw new CliException(ExitCode.BadInput, $"the key {key.Public.Fingerprint} is not a coordinator's of this roster; only a coordinator may ask");
        var signed = QueryFiles.Sign(query, analysis, roster, key, arguments.Get(s_forPlan) ? 0 : Attempts(arguments), Life(arguments));
        arguments.Terminal.WriteJson(new { Query = signed.Body.ToBase64(), Signature = signed.Signature.ToBase64() });
        return ExitCode.Ok;
    }

    private static async Task<DatasetSchema> Offered(Arguments arguments, string dataset, CancellationToken stop)
    {
        await using var consortium = StationAccess.Connect(arguments);
        return OfferedSchema.Of(await consortium.GetConsortiumAsync(stop), dataset);
    }

    private static int Attempts(Arguments arguments) => arguments.Get(s_attempts) is var attempts and >= 1 and <= 10
        ? attempts
        : throw new CliException(ExitCode.BadInput, $"--attempts is {arguments.Get(s_attempts)}; it must be from 1 to 10");

    private static TimeSpan Life(Arguments arguments) => arguments.Get(s_valid) is var life and > 0 and <= 720
        ? TimeSpan.FromHours(life)
        : throw new CliException(ExitCode.BadInput, $"--valid is {arguments.Get(s_valid)}; it must be more than 0 and at most 720 hours, 30 days");

    /// <summary>A regression over several rounds: each is a query of its own, checked before the next is asked.</summary>
    private static async Task<ExitCode> Fit(
        Arguments arguments, IConsortium consortium, AnalysisQuery query, Crypto.IdentityKey key, int attempts, TimeSpan? deadline, CancellationToken stop)
    {
        if (arguments.Find(s_bundle) is not null)
            throw new CliException(ExitCode.BadInput, "--bundle keeps one round, and this query takes several; leave it out and fetch each with secagg verify ROUND --bundle FILE");
        var terminal = arguments.Terminal;
        ModelFit fit;
        try
        {
            fit = await consortium.FitAsync(query, key, new AskOptions { Attempts = attempts, PhaseDeadline = deadline }, f => terminal.Note(FitReport.Round(f)), stop);
        }
        catch (Exception e) when (e is RoundFailedException or QuestionException)
        {
            // With --json this is the one document.
            throw new CliException(
                e is QuestionException ? ExitCode.BadInput : ExitCode.Failed,
                e is QuestionException ? e.Message : $"{e.Message}{Environment.NewLine}secagg query plan says what each outpost would do with it; what earlier rounds cost is spent",
                e);
        }

        if (terminal.Json)
        {
            terminal.WriteJson(new { Query = query.Name, Epsilon = query.Epsilon.Micro / 1e6, fit.Rounds, fit.Converged, fit.Failure, fit.Deviances, fit.NullDeviance, McFadden = fit.McFadden, Statistics = fit.Statistics.Select(Document) });
        }
        else
        {
            terminal.Line(FitReport.Outcome(query, fit));
            terminal.Result.Write(StatisticTable.Of(fit.Statistics));
            terminal.Line("Intervals cover the privacy noise of the last round, not sampling. Every round was verified here.");
        }

        return fit.Converged ? ExitCode.Ok : ExitCode.Failed;
    }

    /// <summary>Whether a person must approve the question somewhere: another attempt right now would end the same way.</summary>
    private static bool Waits(RoundView round) => round.Parties.Any(p => p.Reason == nameof(RefusalCode.PendingApproval));

    /// <summary>The round to which the outposts point, if more point to it than to any other.</summary>
    private static byte[]? Earlier(RoundView round) => round.State != RoundState.Aborted ? null
        : round.Parties.Where(p => p.EarlierRound.Length == 16).GroupBy(p => p.EarlierRound).MaxBy(g => g.Count())?.Key.ToByteArray();

    private static ExitCode Aborted(Terminal terminal, RoundView round)
    {
        if (terminal.Json) terminal.WriteJson(new { Round = Id(round), State = "aborted", round.Failure, Parties = Parties(round) });
        terminal.Error($"the round was aborted: {round.Failure}");
        var reasons = round.Parties.Where(p => p.Reason.Length > 0).ToList();
        foreach (var party in reasons) terminal.Error($"  {party.Name}: {RefusalWords.Of(party.Reason)}");
        if (round.Parties.Any(p => p.Reason == nameof(RefusalCode.NotApproved))) terminal.Error("what a person rejected stays rejected; talk to them, then ask another query");
        else if (Waits(round)) terminal.Error("persons must approve it first: then submit the same signed query again, with --signed FILE (and --valid HOURS when it is signed)");
        if (reasons.Count > 0) terminal.Error("an outpost tells the station no more than this word; its own log says the rule (event 2203), to its operator");
        return ExitCode.Failed;
    }

    private static ExitCode Show(Terminal terminal, RoundView round, AnalysisQuery query, BundleCheck check, string? bundle, ReleaseOptions reading)
    {
        if (terminal.Json)
        {
            terminal.WriteJson(new
            {
                Round = Id(round),
                State = "done",
                Query = query.Name,
                Epsilon = query.Epsilon.Micro / 1e6,
                Parties = Parties(round),
                Verified = check.Passed,
                Bundle = bundle is null ? null : Path.GetFullPath(bundle),
                Statistics = check.Statistics(reading).Select(Document),
            });
        }
        else if (check.Passed)
        {
            var exact = query.Noise == NoiseMode.None;
            terminal.Line($"{query.Name}: {check.Survivors.Count} of {check.Invited.Count} outposts, {(exact ? "exact: no noise was added" : $"ε = {query.Epsilon}")}");
            terminal.Result.Write(StatisticTable.Of(check.Statistics(reading)));
            terminal.Line($"{(exact ? "" : "Intervals cover the privacy noise, not sampling. ")}Verified: recomputed here from the signed transcript.");
            if (bundle is not null) terminal.Line($"bundle: {bundle}");
        }

        if (check.Passed) return ExitCode.Ok;
        terminal.Error($"the station's total does not verify and is not shown: {check.Failure}");
        return ExitCode.Failed;
    }

    private static async Task<ExitCode> Plan(Arguments arguments, CancellationToken stop)
    {
        var query = QueryFiles.Read(arguments.Get(s_file));
        var rows = arguments.Get(DatasetCommands.Rows);
        // A station knows what each outpost would do; the query's own schema counts where there is none.
        var alone = arguments.Find(s_schema) is not null || (HasSchema(arguments, query) && arguments.Find(StationAccess.Station) is null);
        if (alone)
        {
            var (schema, _) = await SchemaOf(arguments, query, stop);
            return PlanAlone(arguments, query, schema.Schema, rows);
        }

        await using var consortium = StationAccess.Connect(arguments);
        using var key = KeyFiles.Read(StationAccess.Required(arguments, StationAccess.Key));
        var roster = RosterFiles.Read(StationAccess.Required(arguments, StationAccess.RosterFile));
        if (arguments.Find(s_width) is not null)
        {
            var view = await consortium.GetConsortiumAsync(stop);
            query = ForWidth(arguments, query, OfferedSchema.Of(view, query.Dataset), view.Outposts.Count, roster, rows);
        }

        try
        {
            var plan = await consortium.PlanAsync(query, key, new PlanOptions { RowsPerParty = rows }, stop);
            PlanReport.Write(arguments.Terminal, query, plan.Rounds, plan.Layout, plan.Widths, plan);
            return ExitCode.Ok;
        }
        catch (QuestionException e)
        {
            throw new CliException(ExitCode.BadInput, $"{arguments.Get(s_file)}: {e.Message}", e);
        }
    }

    /// <summary>Without a station: what the query and a schema alone tell.</summary>
    private static ExitCode PlanAlone(Arguments arguments, AnalysisQuery query, DatasetSchema schema, long rows)
    {
        var (parties, roster) = (arguments.Get(s_parties), RosterOf(arguments));
        if (arguments.Find(s_width) is not null) query = ForWidth(arguments, query, schema, parties, roster, rows);
        var fit = ModelFit.IsAsked(query) ? new ModelFit(query) : null;
        var (_, layout) = QueryFiles.Plan(arguments.Get(s_file), fit?.Next ?? query, schema, parties, roster);
        var widths = Precision.Of(query, schema, parties, roster is null ? 0 : Protocol.RoundRules.HonestFloor(roster, query.MinSurvivors ?? 0), rows);
        PlanReport.Write(arguments.Terminal, query, fit?.Model.Iterations ?? 1, layout, widths, null);
        return ExitCode.Ok;
    }

    /// <summary>The query with the ε that --width asks for.</summary>
    private static AnalysisQuery ForWidth(Arguments arguments, AnalysisQuery query, DatasetSchema schema, int parties, Protocol.Roster? roster, long rows)
    {
        var text = arguments.Find(s_width)!;
        var at = text.LastIndexOf('=');
        if (at <= 0 || !double.TryParse(text.AsSpan(at + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var half))
            throw new CliException(ExitCode.BadInput, $"--width is '{text}'; it must be MEASURE=HALF, e.g. 'mean(age)=0.5'");
        try
        {
            var honest = roster is null ? 0 : Protocol.RoundRules.HonestFloor(roster, query.MinSurvivors ?? 0);
            var found = query with { Epsilon = Precision.EpsilonFor(query, schema, text[..at], half, parties, honest, rows) };
            arguments.Terminal.Note(string.Create(CultureInfo.InvariantCulture, $"with ε = {found.Epsilon} {text[..at]} is expected to be known to ± {half}; write it into the query, which has ε = {query.Epsilon}"));
            return found;
        }
        catch (AnalysisException e)
        {
            throw new CliException(ExitCode.BadInput, $"--width: {e.Message}", e);
        }
    }

    /// <summary>Whether a query brings its schema, so that no station is needed.</summary>
    private static bool HasSchema(Arguments arguments, AnalysisQuery query) => arguments.Find(s_schema) is not null || query.Schema is not null || query.SchemaPath is not null;

    private static Protocol.Roster? RosterOf(Arguments arguments) => arguments.Find(StationAccess.RosterFile) is { } file ? RosterFiles.Read(file) : null;

    private static async Task<ExitCode> RunOnDummy(Arguments arguments, CancellationToken stop)
    {
        var (query, terminal) = (QueryFiles.Read(arguments.Get(s_file)), arguments.Terminal);
        var reading = Reading.Of(arguments, query.Repairs);
        var (schema, outposts) = await SchemaOf(arguments, query, stop);
        var (parties, roster) = (outposts ?? arguments.Get(s_parties), RosterOf(arguments));
        var rows = DatasetCommands.Make(arguments, schema).Count;
        var (statistics, remark) = DummyRun.Run(
            query, q => QueryFiles.Plan(arguments.Get(s_file), q, schema.Schema, parties, roster).Layout, schema, rows, arguments.Get(DatasetCommands.Seed), reading);
        if (terminal.Json)
        {
            terminal.WriteJson(new { Dummy = true, Note = DummyRun.Label, Query = query.Name, Epsilon = query.Epsilon.Micro / 1e6, Parties = parties, Remark = remark, Statistics = statistics.Select(Document) });
            return ExitCode.Ok;
        }

        terminal.Line(DummyRun.Label);
        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{query.Name}: {parties} outposts with {rows} rows each, ε = {query.Epsilon} as it would be, nothing spent"));
        if (remark.Length > 0) terminal.Line(remark);
        terminal.Result.Write(StatisticTable.Of(statistics));
        terminal.Line(DummyRun.Label);
        return ExitCode.Ok;
    }

    /// <summary>The schema that a query is held against: --schema, the query's own, or what the outposts offer, and then how many they are.</summary>
    private static async Task<(SchemaFile Schema, int? Outposts)> SchemaOf(Arguments arguments, AnalysisQuery query, CancellationToken stop)
    {
        if (arguments.Find(s_schema) is { } file) return (QueryFiles.ReadSchema(file), null);
        if (query.Schema is { } own) return (own, null);
        if (query.SchemaPath is { } beside)
            return (QueryFiles.ReadSchema(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(arguments.Get(s_file)))!, beside)), null);
        await using var consortium = StationAccess.Connect(arguments);
        var view = await consortium.GetConsortiumAsync(stop);
        return (SchemaFile.Of(OfferedSchema.Of(view, query.Dataset)), view.Outposts.Count);
    }

    /// <summary>A number as --json shows it.</summary>
    public static object Document(ReleasedStatistic s) =>
        new { s.Name, s.Measure, Kind = s.Kind.Word(), s.Column, s.Group, s.Bin, s.Quantity, s.Unit, s.Value, s.Low, s.High, s.Confidence, s.Withheld };

    private static string Id(RoundView round) => Convert.ToHexStringLower(round.RoundId.Span);

    private static object Parties(RoundView round) => round.Parties.Select(p => new { p.Name, State = p.State.ToString().ToLowerInvariant(), p.Reason });
}
