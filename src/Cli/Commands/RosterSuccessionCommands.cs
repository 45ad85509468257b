using System.CommandLine;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg roster publish` and `follow`: the next epoch put in force at a running station, and taken by whoever asks it.</summary>
internal static class RosterSuccessionCommands
{
    private static readonly Argument<string> s_next = new("NEXT") { Description = "The roster of the next epoch, signed by all" };
    private static readonly Option<string?> s_words = new("--words") { Description = "The words of the roster to take, as another member reads them out; asked for if they are needed and not given" };

    public static IEnumerable<Command> Create() =>
    [
        new Command("publish", "Put the next epoch in force at the running station; outposts whose operators have signed it follow by themselves")
        {
            s_next, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key,
        }.Does(Publish),
        new Command("follow", "Replace the roster file by the one in force, if your key has signed it or its words are right; the old one is kept beside it")
        {
            StationAccess.Station, StationAccess.RosterFile, StationAccess.Key, s_words,
        }.Does(Follow),
    ];

    private static async Task<ExitCode> Publish(Arguments arguments, CancellationToken stop)
    {
        var file = arguments.Get(s_next);
        var (draft, body) = RosterFiles.ReadDraft(file);
        if (RosterFiles.Missing(draft, body) is { Count: > 0 } missing)
            throw new CliException(ExitCode.BadInput, $"{file}: signatures of {string.Join(", ", missing)} are missing; each signs with `secagg roster sign {file} --key KEY.pem`. Nothing was sent");
        var next = RosterFiles.Read(file);
        var current = RosterFiles.Read(StationAccess.Required(arguments, StationAccess.RosterFile));
        if (Succession.Broken(next, current) is { } rule) throw new CliException(ExitCode.BadInput, $"{file} does not follow the roster that you have: {rule} Nothing was sent");
        await using var consortium = StationAccess.Connect(arguments);
        if (!arguments.Terminal.Json) arguments.Terminal.Note("Rounds that run end first …");
        var reply = await consortium.PublishRosterAsync(next.Signed, stop);
        if (arguments.Terminal.Json) arguments.Terminal.WriteJson(new { next.Epoch, reply.Entry, reply.Revoked, next.Words });
        else
        {
            arguments.Terminal.Line($"Epoch {next.Epoch} of {next.Consortium} is in force; it is entry {reply.Entry} of the log.");
            if (reply.Revoked.Count > 0) arguments.Terminal.Line($"Keys of {string.Join(", ", reply.Revoked)} in epoch {current.Epoch} count no more.");
            arguments.Terminal.Line("Outposts follow by themselves; whoever asks or reads takes it with `secagg roster follow`.");
        }

        return ExitCode.Ok;
    }

    private static async Task<ExitCode> Follow(Arguments arguments, CancellationToken stop)
    {
        var file = StationAccess.Required(arguments, StationAccess.RosterFile);
        var (pinned, terminal) = (RosterFiles.Read(file), arguments.Terminal);
        using var key = KeyFiles.Read(StationAccess.Required(arguments, StationAccess.Key));
        await using var consortium = StationAccess.Connect(arguments);
        var offered = (await consortium.GetSuccessionAsync(stop)).Select(r => new ReadOnlyMemory<byte>(r)).ToList();
        if (offered.Count == 0)
        {
            if (terminal.Json) terminal.WriteJson(new { pinned.Epoch, Taken = false });
            else terminal.Line($"Epoch {pinned.Epoch} is in force; {file} stays as it is.");
            return ExitCode.Ok;
        }

        var (next, carried) = Chain(pinned, offered);
        // As at an outpost: a key may be stolen, so its signature counts beside those of most founders only.
        var signed = carried && next.IsSignedBy(key.Public);
        if (!signed) Compare(arguments, pinned, next);
        var kept = $"{file}.epoch-{pinned.Epoch}";
        File.WriteAllBytes(kept, pinned.Signed);
        File.WriteAllBytes(file + ".part", next.Signed);
        File.Move(file + ".part", file, overwrite: true);
        if (terminal.Json) terminal.WriteJson(new { next.Epoch, Taken = true, Kept = kept });
        else terminal.Line($"{file} is epoch {next.Epoch} now, {(signed ? "which your key has signed" : "which has the words that you gave")}; epoch {pinned.Epoch}, for evidence of its rounds, is in {kept}.");
        return ExitCode.Ok;
    }

    private static (Roster Next, bool Carried) Chain(Roster pinned, IReadOnlyList<ReadOnlyMemory<byte>> offered)
    {
        var (last, carried) = (pinned, true);
        foreach (var bytes in offered)
        {
            var next = Roster.Open(bytes.Span);
            if (Succession.Broken(next, last) is { } rule) throw new CliException(ExitCode.Failed, $"the rosters that the station tells of do not follow the one that you have: {rule} Nothing was changed");
            carried &= Succession.NotCarried(next, last) is null;
            last = next;
        }

        return (last, carried);
    }

    private static void Compare(Arguments arguments, Roster pinned, Roster next)
    {
        var words = arguments.Find(s_words);
        if (words is null && !arguments.Terminal.Json && !Console.IsInputRedirected)
        {
            foreach (var d in RosterDifference.Between(RosterFiles.Body(pinned), RosterFiles.Body(next))) arguments.Terminal.Note($"{d.Kind} {d.What}: {d.Before} -> {d.After}");
            arguments.Terminal.Note($"Your key and those of most founders before have not signed epoch {next.Epoch}. Its words, as another member reads them to you:");
            words = Console.In.ReadLine();
        }

        if (words is null)
            throw new CliException(ExitCode.BadInput, $"your key and those of most founders before have not signed epoch {next.Epoch}, and the station's word is not enough: let another member read you the words of `secagg roster words`, and give them with --words");
        if (!Fingerprint.Matches(next.Hash, words))
            throw new CliException(ExitCode.Failed, $"these are not the words of the roster that the station tells of (epoch {next.Epoch}); nothing was changed. If they were read to you rightly, the station shows you another roster than the others");
    }
}
