using System.CommandLine;
using SecureAggregation.Client;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Spectre.Console;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg verify`: a round, checked from its evidence alone: a bundle's file, or fetched by the round's id from the station or from a published log.</summary>
internal static class VerifyCommand
{
    private static readonly Argument<string> s_what = new("BUNDLE|ROUND") { Description = "A round's bundle, as `secagg query run --bundle` writes it; or the round's id, to fetch it from the station or from --tiles" };
    private static readonly Option<string?> s_hash = new("--roster-hash") { Description = "Hash of the roster that you pinned, 64 hexadecimal digits" };
    private static readonly Option<string?> s_words = new("--words") { Description = "Or its twelve words, in quotes" };
    private static readonly Option<string?> s_bundle = new("--bundle") { Description = "Keep a fetched bundle in this file" };
    private static readonly Option<string?> s_head = new("--head") { Description = "A head of the log that you remember, as a signed note in a file: the bundle must be of the same log" };
    private static readonly Option<bool> s_manifest = new("--manifest") { Description = "Show every field that crossed the wire in the round, with counts and bytes" };

    public static Command Create() =>
        new Command("verify", "Check a round from its evidence alone, in six steps: checkpoint, inclusion, consistency, messages, total, privacy")
        {
            s_what, s_hash, s_words, StationAccess.RosterFile, StationAccess.Station, StationAccess.Key, PublishedLog.Tiles, s_head, RememberedHeads.Folder, s_bundle, s_manifest, Reading.Confidence, Reading.Repairs,
        }.Does(Verify);

    private static async Task<ExitCode> Verify(Arguments arguments, CancellationToken stop)
    {
        var what = arguments.Get(s_what);
        _ = Reading.Of(arguments);
        var named = arguments.Find(s_head) is { } file ? ReadNote(file) : null;
        var expected = new BundleExpectation { RosterHash = Pinned(arguments), RosterWords = arguments.Find(s_words), Remembered = named };
        var tiles = arguments.Find(PublishedLog.Tiles);
        if (tiles is null && File.Exists(what)) return Judge(arguments, BundleCheck.Of(what, expected));
        if (what.Length != 32 || !what.All(char.IsAsciiHexDigit))
            throw new CliException(ExitCode.BadInput, $"the bundle {what} does not exist; give a bundle's file, or a round's id of 32 hexadecimal digits");
        var (round, heads) = (Convert.FromHexString(what), RememberedHeads.Of(arguments));
        await using var evidence = EvidenceFile.Create(arguments.Find(s_bundle));
        var roster = arguments.Find(StationAccess.RosterFile) is { Length: > 0 } path ? RosterFiles.Read(path) : null;
        var remembered = named ?? (roster is null ? null : heads.Find(roster));
        BundleCheck check;
        if (tiles is not null)
        {
            check = await BundleCheck.OfTilesAsync(PublishedLog.Open(tiles), round, evidence.Stream, expected with { Remembered = remembered }, stop);
            await evidence.KeepAsync();
        }
        else
        {
            await using var consortium = StationAccess.Connect(arguments);
            var handle = consortium.Round(round);
            await handle.ExportAsync(evidence.Stream, remembered, stop);
            check = BundleCheck.Of(await evidence.KeepAsync(), expected with { RoundId = round, Remembered = remembered });
        }

        if (roster is not null && check.Report is { Passed: true, Checkpoint: { } head }) heads.Keep(roster, head);
        return Judge(arguments, check);
    }

    private static ExitCode Judge(Arguments arguments, BundleCheck check)
    {
        var (terminal, report) = (arguments.Terminal, check.Report);
        if (terminal.Json) terminal.WriteJson(Document(arguments, check));
        else Print(arguments, check);
        return report.Passed ? ExitCode.Ok : ExitCode.Failed;
    }

    private static object Document(Arguments arguments, BundleCheck check)
    {
        var report = check.Report;
        return new
        {
            Verified = report.Passed,
            Failure = report.Passed ? null : check.Failure,
            FailedStep = report.Failure?.Name,
            report.FailedEntry,
            report.FailedRecord,
            report.FailedFile,
            Round = report.Round is { } round ? Convert.ToHexStringLower(round.RoundId) : null,
            RosterHash = report.Roster is { } found ? Convert.ToHexStringLower(found.Hash) : null,
            Aborted = report.Passed ? report.Round?.Abort?.Reason.ToString() : null,
            Head = report is { Checkpoint: { } head, Roster: { } roster }
                ? new { head.Origin, head.Size, Root = Convert.ToHexStringLower(head.Root), Cosigned = head.Cosigners(roster).Select(c => c.Name), roster.Witnesses }
                : null,
            Steps = report.Steps.Select(s => new { s.Name, s.Passed, s.Detail }),
            Invited = check.Invited.Select(p => p.Name),
            Survivors = check.Survivors.Select(p => p.Name),
            Manifest = report.Manifest.Fields,
            Statistics = check.Passed ? check.Statistics(Reading.Of(arguments)).Select(s => new { s.Name, s.Value, s.Low, s.High, s.Confidence, s.Withheld }) : null,
        };
    }

    private static void Print(Arguments arguments, BundleCheck check)
    {
        var (terminal, report) = (arguments.Terminal, check.Report);
        foreach (var step in report.Steps)
        {
            var mark = step.Passed switch { true => "[green]pass[/]", false => "[red]FAIL[/]", null => "[grey]    [/]" };
            terminal.Result.MarkupLine($"{mark}  {Markup.Escape(step.Name),-11} {Markup.Escape(step.Detail)}");
        }

        if (arguments.Get(s_manifest)) terminal.Result.Write(Manifest(report.Manifest));
        if (!report.Passed)
        {
            terminal.Line("This bundle does not verify.");
        }
        else if (!check.Passed)
        {
            terminal.Line($"Verified: the transcript holds, and the round was aborted ({report.Round?.Abort?.Reason}); there is no total.");
        }
        else
        {
            terminal.Line($"Verified: the total was recomputed from the transcript and the masked vectors of {string.Join(", ", check.Survivors.Select(p => p.Name))}, and is the station's, bit for bit.");
            terminal.Result.Write(StatisticTable.Of(check.Statistics(Reading.Of(arguments))));
            if (arguments.Find(s_words) is null && Pinned(arguments) is null)
                terminal.Line("The roster was taken from the bundle: compare its twelve words above with the ones you know, or give --words, --roster-hash or --roster.");
        }
    }

    private static Table Manifest(WireManifest manifest)
    {
        var table = new Table().AddColumn("field").AddColumn(new TableColumn("count").RightAligned()).AddColumn(new TableColumn("bytes").RightAligned());
        foreach (var field in manifest.Fields) table.AddRow(Markup.Escape(field.Name), $"{field.Count}", $"{field.Bytes}");
        return table;
    }

    private static Checkpoint ReadNote(string file)
    {
        var note = SmallFile.Text(file, "head", 1024 * 1024, $"--head: the file {file} does not exist; give a head of the log as `secagg log head` prints it");
        try
        {
            return Checkpoint.Parse(note);
        }
        catch (TranscriptException e)
        {
            throw new CliException(ExitCode.BadInput, $"--head {file}: {e.Message}", e);
        }
    }

    private static byte[]? Pinned(Arguments arguments)
    {
        // What was said for this bundle counts before what the environment says in general.
        if (arguments.Find(s_hash) is not { } hex)
            return arguments.Find(s_words) is null && arguments.Find(StationAccess.RosterFile) is { Length: > 0 } file ? RosterFiles.Read(file).Hash : null;
        try
        {
            var hash = Convert.FromHexString(hex.Trim());
            return hash.Length == 32 ? hash : throw new FormatException();
        }
        catch (FormatException)
        {
            throw new CliException(ExitCode.BadInput, $"--roster-hash has {hex.Length} characters; it must be 64 hexadecimal digits, as `secagg roster words --json` shows");
        }
    }
}
