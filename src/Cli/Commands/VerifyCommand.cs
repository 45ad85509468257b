using System.CommandLine;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using Spectre.Console;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg verify`: a round, checked from its bundle alone; the bundle is a file, or is fetched from the station by the round's id.</summary>
internal static class VerifyCommand
{
    private static readonly Argument<string> s_file = new("BUNDLE") { Description = "A round's bundle, as `secagg query run --bundle` writes it; or the round's id, to fetch it from the station" };
    private static readonly Option<string?> s_hash = new("--roster-hash") { Description = "Hash of the roster that you pinned, 64 hexadecimal digits" };
    private static readonly Option<string?> s_words = new("--words") { Description = "Or its twelve words, in quotes" };
    private static readonly Option<string?> s_bundle = new("--bundle") { Description = "Keep a fetched bundle in this file" };

    public static Command Create() =>
        new Command("verify", "Check a round from its bundle alone: signatures, log, masked vectors; recompute the total and its statistics")
        {
            s_file, s_hash, s_words, StationAccess.RosterFile, StationAccess.Station, StationAccess.Key, s_bundle, Confidence.Option,
        }.Does(Verify);

    private static async Task<ExitCode> Verify(Arguments arguments, CancellationToken stop)
    {
        var path = arguments.Get(s_file);
        _ = Confidence.Of(arguments);
        if (File.Exists(path)) return Judge(arguments, BundleCheck.Of(path, new BundleExpectation { RosterHash = Pinned(arguments) }));
        if (path.Length != 32 || !path.All(char.IsAsciiHexDigit))
            throw new CliException(ExitCode.BadInput, $"the bundle {path} does not exist; give a bundle's file, or a round's id of 32 hexadecimal digits");
        await using var consortium = StationAccess.Connect(arguments);
        await using var evidence = EvidenceFile.Create(arguments.Find(s_bundle));
        var round = consortium.Round(Convert.FromHexString(path));
        await round.ExportAsync(evidence.Stream, stop);
        return Judge(arguments, BundleCheck.Of(await evidence.KeepAsync(), round.Expected with { RosterHash = Pinned(arguments) }));
    }

    private static ExitCode Judge(Arguments arguments, BundleCheck check)
    {
        var words = arguments.Find(s_words);
        var otherWords = words is not null && check.Report.Roster is { } roster && !Fingerprint.Matches(roster.Hash, words);
        var aborted = check.Report.Passed && check.Report.Round?.State == RoundState.Aborted;
        var holds = !otherWords && (check.Passed || aborted);
        var terminal = arguments.Terminal;
        if (terminal.Json)
        {
            terminal.WriteJson(new
            {
                Verified = holds,
                Failure = otherWords ? OtherWords(check) : holds ? null : check.Failure,
                FailedEntry = check.Report.FailedEntry,
                Round = check.Report.Round is { } round ? Convert.ToHexStringLower(round.RoundId) : null,
                RosterHash = check.Report.Roster is { } found ? Convert.ToHexStringLower(found.Hash) : null,
                Aborted = aborted ? check.Report.Round?.Abort?.Reason.ToString() : null,
                Steps = check.Report.Steps.Select(s => new { s.Name, s.Passed, s.Detail }),
                Invited = check.Invited.Select(p => p.Name),
                Survivors = check.Survivors.Select(p => p.Name),
                Statistics = holds && !aborted ? check.Statistics(Confidence.Of(arguments)).Select(s => new { s.Name, s.Value, s.Low, s.High, s.Confidence, s.Withheld }) : null,
            });
            return holds ? ExitCode.Ok : ExitCode.Failed;
        }

        foreach (var step in check.Report.Steps)
        {
            var mark = step.Passed switch { true => "[green]pass[/]", false => "[red]FAIL[/]", null => "[grey]    [/]" };
            terminal.Result.MarkupLine($"{mark}  {Markup.Escape(step.Name),-11} {Markup.Escape(step.Detail)}");
        }

        if (otherWords) terminal.Error(OtherWords(check));
        if (!holds)
        {
            terminal.Line("This bundle does not verify.");
            return ExitCode.Failed;
        }

        if (aborted)
        {
            terminal.Line($"Verified: the transcript holds, and the round was aborted ({check.Report.Round?.Abort?.Reason}); there is no total.");
            return ExitCode.Ok;
        }

        terminal.Line($"Verified: the total was recomputed from the transcript and the masked vectors of {string.Join(", ", check.Survivors.Select(p => p.Name))}, and is the station's, bit for bit.");
        terminal.Result.Write(StatisticTable.Of(check.Statistics(Confidence.Of(arguments))));
        if (words is null && Pinned(arguments) is null)
            terminal.Line("The roster was taken from the bundle: compare its twelve words above with the ones you know, or give --words, --roster-hash or --roster.");
        return ExitCode.Ok;
    }

    private static string OtherWords(BundleCheck check) =>
        $"the bundle's roster has other words: {string.Join(' ', check.Report.Roster?.Words ?? [])}; it belongs to another consortium or epoch";

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
