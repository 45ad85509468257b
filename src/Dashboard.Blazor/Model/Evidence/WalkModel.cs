using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol;

namespace SecureAggregation.Dashboard.Blazor.Model.Evidence;

/// <summary>One panel of the verify walk.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Name">One of <see cref="VerificationSteps"/>.</param>
/// <param name="Title">In words.</param>
/// <param name="Rule">What must hold.</param>
/// <param name="Step">What was found; null before there is a report.</param>
public sealed record WalkPanel(int Number, string Name, string Title, string Rule, ReportStep? Step);

/// <summary>How far one kind of evidence is verified.</summary>
public sealed record WalkLane(string Name, int Done, int Of, bool Failed)
{
    public double Part => Of == 0 ? 0 : (double)Done / Of;
}

/// <summary>The verify walk as the page shows it, made of a check and of nothing else: what no report passed is never called so.</summary>
public sealed record WalkModel(RoundCheck? Check, IReadOnlyDictionary<string, VerificationProgress> Progress)
{
    public bool Running => Check?.State is CheckState.Running or CheckState.Waiting;

    public RoundReport? Report => Running ? null : Check?.Report;

    /// <summary>Where it failed; null unless it did.</summary>
    public WalkPanel? Failed => Check?.State == CheckState.Failed ? Panels.FirstOrDefault(panel => panel.Step?.Passed == false) : null;

    public bool Passed => Check is { State: CheckState.Verified, Report.Passed: true } && Check.Report.Steps.All(step => step.Passed == true);

    public Status Status => Passed ? Status.Verified : Running ? Status.Checking with { Word = "Not verified yet" } : Check?.State == CheckState.Failed ? Status.FailedVerification with { Word = "Failed" } : Status.Unverified with { Word = "Not verified yet" };

    /// <summary>The result in a sentence.</summary>
    public string Verdict => (Passed, Failed) switch
    {
        (true, _) => "Verified",
        (_, { } failed) => $"Failed at panel {failed.Number}, {Place}",
        _ when Check?.State == CheckState.Failed => "Failed",
        _ => "Not verified yet",
    };

    public string Expected => Report?.Expected ?? Failed?.Rule ?? "";

    public string Got => Report?.Found ?? Failed?.Step?.Detail ?? "";

    public IReadOnlyList<WalkPanel> Panels
    {
        get
        {
            var names = VerificationSteps.All.Concat((Report?.Steps ?? []).Select(step => step.Name).Except(VerificationSteps.All));
            return [.. names.Select((name, i) => new WalkPanel(i + 1, name, Title(name), Rule(name), Report?.Steps.FirstOrDefault(step => step.Name == name)))];
        }
    }

    public IReadOnlyList<WalkLane> Lanes
    {
        get
        {
            var entries = Report?.Entries.Count ?? Progress.Values.Select(p => p.Step == VerificationSteps.Messages ? p.Of ?? 0 : 0).DefaultIfEmpty().Max();
            var vectors = Report is null ? Of(VerificationSteps.Total) : Facts(VerificationSteps.Total).Count(fact => fact.Name.StartsWith("Vector", StringComparison.Ordinal));
            return
            [
                Lane("Entries in the log", VerificationSteps.Inclusion, Math.Max(entries, Done(VerificationSteps.Inclusion))),
                Lane("Messages signed and in order", VerificationSteps.Messages, entries),
                Lane("Masked vectors in the sum", VerificationSteps.Total, vectors),
            ];
        }
    }

    public string Finding => Running
        ? $"{Lanes[1].Done} of {Lanes[1].Of} messages are replayed so far."
        : Report is null ? "Nothing has been looked at yet." : $"{string.Join(", ", Lanes.Select(lane => $"{lane.Name}: {lane.Done} of {lane.Of}"))}.";

    private string Place => (Failed?.Step?.Entry, Report?.FailedRecord) switch
    {
        ({ } entry, _) => $"entry {entry}",
        (_, { } record) => $"record {record} of the bundle",
        _ => "no single entry",
    };

    private IReadOnlyList<VerificationFact> Facts(string name) => Report?.Steps.FirstOrDefault(step => step.Name == name)?.Facts ?? [];

    // How many vectors there are to be is said where the messages were looked at; those behind the one at fault were not.
    private int Survivors => Facts(VerificationSteps.Messages).FirstOrDefault(fact => fact.Name == "In the total")?.Value.Count(c => c == ',') + 1 ?? 0;

    private int Done(string name) => Progress.TryGetValue(name, out var told) ? told.Done : 0;

    private int Of(string name) => Progress.TryGetValue(name, out var told) ? told.Of ?? 0 : 0;

    private WalkLane Lane(string name, string step, int of)
    {
        if (Report is not { } report) return new WalkLane(name, Math.Min(Done(step), of), of, false);
        var found = report.Steps.FirstOrDefault(s => s.Name == step);
        if (found?.Passed == true) return new WalkLane(name, of, of, false);
        if (found?.Passed is null) return new WalkLane(name, 0, of, false);
        var done = step == VerificationSteps.Messages && found.Entry is { } entry ? Math.Max(0, report.Entries.Count(index => index < (long)entry)) : step == VerificationSteps.Inclusion ? report.Entries.Count : Math.Max(0, of - 1);
        return new WalkLane(name, done, Math.Max(step == VerificationSteps.Total ? Survivors : of, done + 1), true);
    }

    private static string Title(string name) => name switch
    {
        VerificationSteps.Checkpoint => "Checkpoint: who signed the head of the log",
        VerificationSteps.Inclusion => "Inclusion: every entry is in the log, and all of them are here",
        VerificationSteps.Consistency => "Consistency: the log extends the head that is remembered",
        VerificationSteps.Messages => "Messages: each signed by an enrolled key, in the order of the phases",
        VerificationSteps.Total => "Total: the masked vectors less the masks are the published total",
        VerificationSteps.Privacy => "Privacy: shape, noise and charges are those of the question",
        _ => name,
    };

    private static string Rule(string name) => name switch
    {
        VerificationSteps.Checkpoint => "a roster that its founders signed and that is the pinned one; a head signed by the roster's station, every cosignature by one of its outposts",
        VerificationSteps.Inclusion => "for each entry a path of hashes from its leaf to the root of the head; as many entries as the round's last one signs",
        VerificationSteps.Consistency => "a proof that the smaller of both heads is the beginning of the larger",
        VerificationSteps.Messages => "for each entry what the protocol allows at its place, signed by its sender over all that went before",
        VerificationSteps.Total => "vectors that are the ones each outpost signed, and a sum that is the published total bit for bit",
        VerificationSteps.Privacy => "cells and bits that follow from the signed question; noise and charges no less than it costs",
        _ => "the total that the station shows",
    };
}
