using System.Diagnostics;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using Spectre.Console;

namespace SecureAggregation.Cli.Demo;

/// <summary>Runs a plan's queries against a demo's programs and holds each total against the truth.</summary>
internal sealed class DemoRunner(Terminal terminal, DemoPlan plan, DemoWorld world, DemoStation programs, IConsortium consortium, IdentityKey coordinator)
{
    /// <summary>A total outside of this interval would be a one-in-a-million event: the demo then says that something is wrong.</summary>
    private const double Certain = 0.999999;

    public async Task<DemoResult> RunAsync(CancellationToken stop)
    {
        var rounds = new List<DemoRound>();
        foreach (var query in plan.Queries)
        {
            var round = await RunAsync(query, stop);
            rounds.Add(round);
            if (round.Failure.Length > 0) terminal.Error($"{round.Query}: {round.Failure}");
        }

        return new DemoResult(programs.Dashboard, rounds);
    }

    private async Task<DemoRound> RunAsync(DemoQuery asked, CancellationToken stop)
    {
        var watch = Stopwatch.StartNew();
        var query = asked.Query;
        terminal.Note($"{query.Name} (ε = {query.Epsilon})");
        if (ModelFit.IsAsked(query)) return await FitAsync(query, watch, stop);
        var signed = QueryFiles.Sign(query, asked.Analysis, world.Roster, coordinator, attempts: 3);
        var handle = await consortium.SubmitAsync(signed, cancellation: stop);
        var losses = asked.Losses.ToList();
        var view = await new RoundProgress(terminal.Progress).ShowAsync(report => handle.WaitAsync(
            seen =>
            {
                report(seen);
                foreach (var loss in losses.Where(l => seen.Phase >= l.Phase).ToList())
                {
                    losses.Remove(loss);
                    programs.Kill(loss.Outpost);
                    terminal.Note($"  {loss.Outpost} is killed (SIGKILL) in the phase \"{RoundProgress.Name(loss.Phase)}\"");
                }
            },
            stop));
        var seconds = Math.Round(watch.Elapsed.TotalSeconds, 3);
        var id = Convert.ToHexStringLower(handle.Id);
        var names = view.Parties.Select(p => p.Name).ToList();
        if (view.State != RoundState.Done)
            return new DemoRound(query.Name, id, names.Count, 0, names, query.Epsilon.ToDouble(), [], false, "", seconds) { Failure = Aborted(view) };

        await Cosignatures.WaitAsync(handle, world.Roster.Witnesses, stop);
        var bundle = Path.Combine(world.Folder, "bundles", id[..12] + ".secagg");
        Directory.CreateDirectory(Path.GetDirectoryName(bundle)!);
        await using (var file = File.Create(bundle)) await handle.ExportAsync(file, cancellation: stop);
        var check = BundleCheck.Of(bundle, handle.Expected with { RosterHash = world.Roster.Hash });
        var survivors = check.Survivors.Select(s => s.Name).ToHashSet();
        var totals = check.Passed ? Totals(asked, check, survivors) : [];
        var round = new DemoRound(
            query.Name, id, names.Count, survivors.Count, [.. names.Where(n => !survivors.Contains(n))], query.Epsilon.ToDouble(), totals, check.Passed, bundle, seconds)
        {
            Failure = check.Passed ? Outside(totals) : $"the bundle does not verify: {check.Failure}",
        };
        if (check.Passed) Show(round, check, asked, survivors);
        return round;
    }

    /// <summary>A regression: several rounds, each verified by the client before the next is asked. Nobody knows the truth beside it.</summary>
    private async Task<DemoRound> FitAsync(AnalysisQuery query, Stopwatch watch, CancellationToken stop)
    {
        var (parties, epsilon) = (world.Clinics.Count, query.Epsilon.ToDouble());
        ModelFit fit;
        try
        {
            fit = await consortium.FitAsync(query, coordinator, new AskOptions { Attempts = 3 }, f => terminal.Note(FitReport.Round(f)), stop);
        }
        catch (RoundFailedException e)
        {
            return new DemoRound(query.Name, "", parties, 0, [], epsilon, [], false, "", Math.Round(watch.Elapsed.TotalSeconds, 3)) { Failure = e.Message };
        }

        var totals = fit.Statistics.Where(s => s.Value is not null).Select(s => new DemoTotal(s.Name, s.Value!.Value, s.Low!.Value, s.High!.Value, null) { Plausible = true }).ToList();
        if (terminal.Json)
        {
            terminal.Warn(FitReport.Outcome(query, fit));
        }
        else
        {
            terminal.Line(FitReport.Outcome(query, fit));
            terminal.Result.Write(StatisticTable.Of(fit.Statistics));
        }

        return new DemoRound(query.Name, "", parties, parties, [], epsilon, totals, true, "", Math.Round(watch.Elapsed.TotalSeconds, 3))
        {
            Failure = totals.Count > 0 ? "" : $"no number could be shown: {fit.Failure}",
        };
    }

    /// <summary>Here all outposts are ours: their logs say more than they tell the station.</summary>
    private string Aborted(RoundView view)
    {
        var reasons = view.Parties.Where(p => p.Reason.Length > 0)
            .Select(p => $"{Environment.NewLine}  {p.Name}: {RefusalWords.Of(p.Reason)}; see {Path.Combine(world.OutpostFolder(p.Name), "outpost.log")}");
        return $"the round was aborted: {view.Failure}{string.Concat(reasons)}";
    }

    private static List<DemoTotal> Totals(DemoQuery asked, BundleCheck check, HashSet<string> survivors)
    {
        var wide = check.Statistics(new ReleaseOptions(Certain)).ToDictionary(s => s.Name);
        var totals = new List<DemoTotal>();
        foreach (var statistic in check.Statistics())
        {
            if (statistic is not { Value: { } value, Low: { } low, High: { } high }) continue;
            var truth = asked.Truth(survivors, statistic);
            var plausible = double.IsNaN(truth) || (wide[statistic.Name] is { Low: { } from, High: { } to } && truth >= from && truth <= to);
            totals.Add(new DemoTotal(statistic.Name, value, low, high, double.IsNaN(truth) ? null : truth) { Plausible = plausible });
        }

        return totals;
    }

    private static string Outside(List<DemoTotal> totals) =>
        totals.Count == 0 ? "every number was withheld"
        : totals.Where(t => !t.Plausible).Select(t => t.Name).ToList() is { Count: > 0 } names ? $"outside of the {Certain * 100:0.##} % interval: {string.Join(", ", names)}"
        : "";

    private void Show(DemoRound round, BundleCheck check, DemoQuery asked, HashSet<string> survivors)
    {
        if (terminal.Json) return;
        terminal.Result.MarkupLineInterpolated($"[bold]{round.Query}[/]   ε = {asked.Query.Epsilon}   {round.Survivors} of {round.Parties} outposts{(round.Dropped.Count > 0 ? ", without " + string.Join(", ", round.Dropped) : "")}   {round.Seconds:0.0} s");
        terminal.Result.Write(StatisticTable.Of(check.Statistics(), s => asked.Truth(survivors, s) is var truth && double.IsNaN(truth) ? null : truth));
        terminal.Result.MarkupLineInterpolated($"  [green]verified[/]: recomputed from {round.Bundle}");
        terminal.Line("");
    }
}
