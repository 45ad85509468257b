using System.CommandLine;
using Google.Protobuf;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Spectre.Console;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg roster add`, `remove`, `rotate` and `diff`: from one epoch to the next.</summary>
internal static class RosterChangeCommands
{
    private static readonly Argument<string> s_file = new("FILE") { Description = "The roster in force, which the change begins a new epoch after, or a draft that is still to be signed" };
    private static readonly Argument<string[]> s_names = new("NAME") { Description = "Who leaves", Arity = ArgumentArity.OneOrMore };
    private static readonly Argument<string[]> s_rotated = new("NAME=KEY.pub") { Description = "Whose key is replaced, and by which", Arity = ArgumentArity.ZeroOrMore, DefaultValueFactory = _ => [] };
    private static readonly Argument<string> s_before = new("BEFORE") { Description = "A roster or draft" };
    private static readonly Argument<string> s_after = new("AFTER") { Description = "Another" };
    private static readonly Option<string?> s_to = new("--to") { Description = "Where the new draft is written; needed when FILE is signed by all, by default FILE itself when it is a draft" };
    private static readonly Option<int?> s_colluders = new("--colluders") { Description = "How many parties may work together with the station (default: as before)" };
    private static readonly Option<string?> s_station = new("--station") { Description = "KEY.pub, the station's new one" };

    public static IEnumerable<Command> Create() =>
    [
        new Command("add", "Draft the next epoch with more members")
        {
            s_file, RosterCommands.Party, RosterCommands.Coordinator, RosterCommands.Auditor, s_to, s_colluders, RosterCommands.Days, RosterCommands.Force,
        }.Does(Add),
        new Command("remove", "Draft the next epoch without some members; a stolen or lost key is revoked this way, too") { s_file, s_names, s_to, s_colluders, RosterCommands.Days, RosterCommands.Force }.Does(Remove),
        new Command("rotate", "Draft the next epoch with new keys of some members, or of the station") { s_file, s_rotated, s_station, s_to, RosterCommands.Days, RosterCommands.Force }.Does(Rotate),
        new Command("diff", "What two rosters do not have alike: read it before you sign") { s_before, s_after }.Does(Diff),
    ];

    private static Task<ExitCode> Add(Arguments arguments, CancellationToken stop)
    {
        var parties = RosterCommands.Named(arguments.Find(RosterCommands.Party), "--party");
        var coordinators = RosterCommands.Named(arguments.Find(RosterCommands.Coordinator), "--coordinator");
        var auditors = RosterCommands.Named(arguments.Find(RosterCommands.Auditor), "--auditor");
        if (parties.Count + coordinators.Count + auditors.Count == 0)
            throw new CliException(ExitCode.BadInput, "nobody is named; add somebody with --party, --coordinator or --auditor NAME=KEY.pub");
        return Change(arguments, change =>
        {
            parties.ForEach(p => change.AddParty(p.Name, p.Key));
            coordinators.ForEach(c => change.AddCoordinator(c.Name, c.Key));
            auditors.ForEach(a => change.AddAuditor(a.Name, a.Key));
        });
    }

    private static Task<ExitCode> Remove(Arguments arguments, CancellationToken stop) => Change(arguments, change =>
    {
        foreach (var name in arguments.Get(s_names)) change.Remove(name);
    });

    private static Task<ExitCode> Rotate(Arguments arguments, CancellationToken stop)
    {
        var rotated = RosterCommands.Named(arguments.Get(s_rotated), "NAME=KEY.pub");
        var station = arguments.Find(s_station);
        if (rotated.Count == 0 && station is null)
            throw new CliException(ExitCode.BadInput, "no key is named; give NAME=KEY.pub for a member, or --station KEY.pub");
        return Change(arguments, change =>
        {
            rotated.ForEach(r => change.Rotate(r.Name, r.Key));
            if (station is not null) change.RotateStation(KeyFiles.ReadPublic(station));
        });
    }

    private static Task<ExitCode> Change(Arguments arguments, Action<RosterChange> change)
    {
        var (file, to) = (arguments.Get(s_file), arguments.Find(s_to));
        var (draft, before) = RosterFiles.ReadDraft(file);
        var signed = RosterFiles.Missing(draft, before).Count == 0;
        if (signed && to is null)
            throw new CliException(ExitCode.BadInput, $"{file} is signed by all and stays as it is; name the file of the next epoch's draft with --to NEW");
        to ??= file;
        if (to != file && File.Exists(to) && !arguments.Get(RosterCommands.Force))
            throw new CliException(ExitCode.BadInput, $"{to} exists already, perhaps with signatures; choose another name, or --force to overwrite it");
        var next = signed ? RosterChange.After(RosterFiles.Read(file)) : RosterChange.Of(before);
        change(next);
        var colluders = arguments.Find(s_colluders) is { } c ? RosterCommands.Unsigned(c, "--colluders") : (uint?)null;
        Protocol.Wire.Roster body;
        try
        {
            body = next.Finish(RosterCommands.EndOfLife(arguments), colluders);
        }
        catch (RosterException e)
        {
            throw new CliException(ExitCode.BadInput, $"{e.Message} Nothing was written.", e);
        }

        File.WriteAllBytes(to, Roster.Sign(body, []));
        if (!arguments.Terminal.Json && draft.Signatures.Count > 0 && !signed) arguments.Terminal.Line($"{Count(draft.Signatures.Count, "signature")} of the former draft no longer count");
        return Report(arguments.Terminal, before, body, RosterFiles.Missing(new SignedRoster(), body));
    }

    private static Task<ExitCode> Diff(Arguments arguments, CancellationToken stop)
    {
        var (oldFile, before) = RosterFiles.ReadDraft(arguments.Get(s_before));
        var (newFile, after) = RosterFiles.ReadDraft(arguments.Get(s_after));
        var missing = RosterFiles.Missing(newFile, after);
        var follows = RosterFiles.Missing(oldFile, before).Count == 0 && after.PreviousHash.Span.SequenceEqual(Roster.Open(oldFile.ToByteArray()).Hash);
        return Report(arguments.Terminal, before, after, missing, follows);
    }

    private static Task<ExitCode> Report(Terminal terminal, Protocol.Wire.Roster before, Protocol.Wire.Roster after, List<string> missing, bool? follows = null)
    {
        var differences = RosterDifference.Between(before, after);
        if (terminal.Json)
        {
            terminal.WriteJson(new { before.Epoch, NextEpoch = after.Epoch, Follows = follows, Differences = differences, MissingSignatures = missing });
            return Task.FromResult(ExitCode.Ok);
        }

        if (differences.Count == 0) terminal.Line("both say the same");
        else
        {
            var table = new Table().Border(TableBorder.Simple).AddColumns("", "what", "before", "after");
            foreach (var d in differences) table.AddRow(d.Kind, Markup.Escape(d.What), Markup.Escape(d.Before), Markup.Escape(d.After));
            terminal.Result.Write(table);
        }

        if (follows is { } yes)
            terminal.Line(yes ? "the second names the first as the roster that it follows" : "the second does not follow the first: it names another roster, or none, as the one before it");
        if (missing.Count > 0) terminal.Line($"signatures of {string.Join(", ", missing)} are missing; each signs with `secagg roster sign`");
        return Task.FromResult(ExitCode.Ok);
    }

    private static string Count(int n, string noun) => n == 1 ? $"1 {noun}" : $"{n} {noun}s";
}
