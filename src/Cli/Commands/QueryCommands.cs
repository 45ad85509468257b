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
    private static readonly Option<string?> s_schema = new("--schema") { Description = "Check against this schema file instead of what the outposts offer" };
    private static readonly Option<int> s_parties = new("--parties") { Description = "Without a station: how many outposts to count with", DefaultValueFactory = _ => 5 };
    private static readonly Option<int> s_attempts = new("--attempts") { Description = "Rounds to try, 1 to 10, if they are aborted; an outpost whose masked vector had left is charged again", DefaultValueFactory = _ => 1 };
    private static readonly Option<double?> s_deadline = new("--deadline") { Description = "Seconds that each phase waits for an outpost (default: the station's)" };
    private static readonly Option<string?> s_bundle = new("--bundle") { Description = "Keep the round's bundle in this file" };

    private static readonly Option<bool> s_dummy = new("--dummy") { Description = "Run it here on made-up rows (--rows, --seed) of --parties outposts: no station, no key, no cost, and no meaning" };

    public static Command Create() => new("query", "Ask the consortium")
    {
        new Command("run", "Sign a query, run its round, verify the total and show it")
        {
            s_file, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key, s_attempts, s_deadline, s_bundle,
            s_dummy, s_schema, s_parties, DatasetCommands.Rows, DatasetCommands.Seed,
        }.Does(Run),
        new Command("check", "Show what a query asks of each outpost, and how wide its intervals will be; spends nothing")
        {
            s_file, s_schema, s_parties, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key,
        }.Does(Check),
    };

    private static async Task<ExitCode> Run(Arguments arguments, CancellationToken stop)
    {
        if (arguments.Get(s_dummy)) return await RunOnDummy(arguments, stop);
        var attempts = arguments.Get(s_attempts);
        if (attempts is < 1 or > 10) throw new CliException(ExitCode.BadInput, $"--attempts is {attempts}; it must be from 1 to 10");
        var deadline = Deadline.Of(arguments, s_deadline);
        var file = arguments.Get(s_file);
        var query = QueryFiles.Read(file);
        await using var consortium = StationAccess.Connect(arguments);
        var view = await consortium.GetConsortiumAsync(stop);
        var roster = RosterFiles.Read(StationAccess.Required(arguments, StationAccess.RosterFile));
        var (analysis, _) = QueryFiles.Plan(file, query, QueryFiles.Offered(view, query.Dataset), view.Outposts.Count, roster);
        using var key = KeyFiles.Read(StationAccess.Required(arguments, StationAccess.Key));
        if (roster.FindCoordinator(key.Public) is null)
            throw new CliException(ExitCode.BadInput, $"the key {key.Public.Fingerprint} is not a coordinator's of this roster; only a coordinator may ask");
        var signed = QueryFiles.Sign(query, analysis, roster, key, attempts);
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
        while (round.State == RoundState.Aborted && --attempts > 0);

        if (round.State == RoundState.Aborted) return Aborted(arguments.Terminal, round);
        await Cosignatures.WaitAsync(handle, roster.Witnesses, stop);
        await handle.ExportAsync(evidence.Stream, stop);
        var path = await evidence.KeepAsync();
        // The station's word ends here: what is shown must be the answer to the question that was signed above.
        return Show(arguments.Terminal, round, query, BundleCheck.Of(path, handle.Expected with { RosterHash = roster.Hash }), bundle);
    }

    private static ExitCode Aborted(Terminal terminal, RoundView round)
    {
        if (terminal.Json) terminal.WriteJson(new { Round = Id(round), State = "aborted", round.Failure, Parties = Parties(round) });
        terminal.Error($"the round was aborted: {round.Failure}");
        var reasons = round.Parties.Where(p => p.Reason.Length > 0).ToList();
        foreach (var party in reasons) terminal.Error($"  {party.Name}: {party.Reason}");
        if (reasons.Count > 0) terminal.Error("an outpost tells the station no more than this word; its own log says the rule (event 2203), to its operator");
        return ExitCode.Failed;
    }

    private static ExitCode Show(Terminal terminal, RoundView round, AnalysisQuery query, BundleCheck check, string? bundle)
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
                Statistics = check.Statistics().Select(Document),
            });
        }
        else if (check.Passed)
        {
            terminal.Line($"{query.Name}: {check.Survivors.Count} of {check.Invited.Count} outposts, ε = {query.Epsilon}");
            terminal.Result.Write(StatisticTable.Of(check.Statistics()));
            terminal.Line("Intervals cover the privacy noise, not sampling. Verified: recomputed here from the signed transcript.");
            if (bundle is not null) terminal.Line($"bundle: {bundle}");
        }

        if (check.Passed) return ExitCode.Ok;
        terminal.Error($"the station's total does not verify and is not shown: {check.Failure}");
        return ExitCode.Failed;
    }

    private static async Task<ExitCode> Check(Arguments arguments, CancellationToken stop)
    {
        var query = QueryFiles.Read(arguments.Get(s_file));
        var (schema, outposts) = await SchemaOf(arguments, query, stop);
        var (_, layout) = QueryFiles.Plan(arguments.Get(s_file), query, schema.Schema, outposts ?? arguments.Get(s_parties), RosterOf(arguments));
        QueryPlan.Write(arguments.Terminal, query, layout);
        return ExitCode.Ok;
    }

    private static Protocol.Roster? RosterOf(Arguments arguments) => arguments.Find(StationAccess.RosterFile) is { } file ? RosterFiles.Read(file) : null;

    private static async Task<ExitCode> RunOnDummy(Arguments arguments, CancellationToken stop)
    {
        var (query, terminal) = (QueryFiles.Read(arguments.Get(s_file)), arguments.Terminal);
        var (schema, outposts) = await SchemaOf(arguments, query, stop);
        var (parties, roster) = (outposts ?? arguments.Get(s_parties), RosterOf(arguments));
        var rows = DatasetCommands.Make(arguments, schema).Count;
        var (statistics, remark) = DummyRun.Run(
            query, q => QueryFiles.Plan(arguments.Get(s_file), q, schema.Schema, parties, roster).Layout, schema, rows, arguments.Get(DatasetCommands.Seed));
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
        return (SchemaFile.Of(QueryFiles.Offered(view, query.Dataset)), view.Outposts.Count);
    }

    private static object Document(ReleasedStatistic s) =>
        new { s.Name, Kind = s.Kind.ToString().ToLowerInvariant(), s.Column, s.Group, s.Bin, s.Unit, s.Value, s.Low, s.High, s.Confidence, s.Withheld };

    private static string Id(RoundView round) => Convert.ToHexStringLower(round.RoundId.Span);

    private static object Parties(RoundView round) => round.Parties.Select(p => new { p.Name, State = p.State.ToString().ToLowerInvariant(), p.Reason });
}
