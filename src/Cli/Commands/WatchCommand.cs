using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using Spectre.Console;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg watch`: how the consortium stands, and then what happens, line by line.</summary>
internal static class WatchCommand
{
    private const int MostRounds = 500;

    private static readonly Option<bool> s_once = new("--once") { Description = "Show how it stands and end" };
    private static readonly Option<int> s_rounds = new("--rounds") { Description = "Newest rounds to show, up to 500", DefaultValueFactory = _ => 10 };

    public static Command Create() =>
        new Command("watch", "Show outposts and rounds, then follow what happens (with --json: one line of JSON an event)")
        {
            StationAccess.Station, StationAccess.RosterFile, StationAccess.Key, s_once, s_rounds,
        }.Does(Watch);

    private static async Task<ExitCode> Watch(Arguments arguments, CancellationToken stop)
    {
        var limit = arguments.Get(s_rounds);
        if (limit is < 1 or > MostRounds) throw new CliException(ExitCode.BadInput, $"--rounds is {limit}; it must be from 1 to {MostRounds}");
        await using var consortium = StationAccess.Connect(arguments);
        var terminal = arguments.Terminal;
        var view = await consortium.GetConsortiumAsync(stop);
        var rounds = await consortium.ListRoundsAsync(limit, cancellation: stop);
        var own = RosterFiles.Read(StationAccess.Required(arguments, StationAccess.RosterFile));
        if (!PublicBytes.Equal(own.Hash, Roster.Open(view.Roster.ToByteArray()).Hash))
            terminal.Warn($"the station works under another roster than yours ({own.Consortium}, epoch {own.Epoch}); get the one in force and compare its words before you ask");
        var once = arguments.Get(s_once);
        if (!terminal.Json) Show(terminal, view, rounds);
        else if (once) terminal.WriteJson(Document(view, rounds));
        if (once) return ExitCode.Ok;

        await foreach (var happened in consortium.WatchAsync(cancellation: stop))
        {
            if (Describe(happened) is not { } line) continue;
            var time = Moment.Of(happened.TimeMs);
            if (terminal.Json) terminal.WriteLine(JsonSerializer.Serialize(new { time, sequence = happened.Sequence, text = line }));
            else terminal.Line($"{time.ToLocalTime():HH:mm:ss}  {line}");
        }

        return ExitCode.Ok;
    }

    private static void Show(Terminal terminal, ConsortiumView view, ListRoundsReply rounds)
    {
        terminal.Line($"{view.Name}, epoch {view.Epoch}: {view.Outposts.Count(o => o.Online)} of {view.Outposts.Count} outposts online, a round needs {view.Quorum}; log {view.Head?.Size ?? 0} entries");
        var outposts = new Table().Border(TableBorder.Simple).AddColumns("outpost", "state", "last seen", "datasets", "rounds", "dropped");
        foreach (var outpost in view.Outposts)
        {
            outposts.AddRow(
                Markup.Escape(outpost.Name),
                outpost.Online ? "online" : "offline",
                Time(outpost.LastSeenMs),
                Markup.Escape(string.Join(", ", outpost.Datasets.Select(d => d.Name))),
                outpost.RoundsJoined.ToString(CultureInfo.InvariantCulture),
                outpost.RoundsDropped.ToString(CultureInfo.InvariantCulture));
        }

        terminal.Result.Write(outposts);
        if (rounds.Rounds.Count == 0) return;
        var table = new Table().Border(TableBorder.Simple).AddColumns("round", "started", "query", "state", "ε");
        foreach (var round in rounds.Rounds)
        {
            table.AddRow(
                Convert.ToHexStringLower(round.RoundId.Span)[..12],
                Time(round.StartedMs),
                Markup.Escape(round.Title),
                Markup.Escape(State(round)),
                (round.EpsilonMicro / 1e6).ToString(CultureInfo.InvariantCulture));
        }

        terminal.Result.Write(table);
    }

    private static object Document(ConsortiumView view, ListRoundsReply rounds) => new
    {
        Consortium = view.Name,
        view.Epoch,
        view.Quorum,
        LogSize = view.Head?.Size ?? 0,
        Outposts = view.Outposts.Select(o => new { o.Name, o.Online, LastSeenMs = o.LastSeenMs, Datasets = o.Datasets.Select(d => d.Name), o.RoundsJoined, o.RoundsDropped }),
        Rounds = rounds.Rounds.Select(r => new { Round = Convert.ToHexStringLower(r.RoundId.Span), r.Title, r.Dataset, State = State(r), Epsilon = r.EpsilonMicro / 1e6, r.StartedMs, r.FinishedMs }),
    };

    private static string? Describe(Event happened) => happened.EventCase switch
    {
        Event.EventOneofCase.Round => $"round {Convert.ToHexStringLower(happened.Round.RoundId.Span)[..12]} \"{happened.Round.Title}\": {State(happened.Round)}",
        Event.EventOneofCase.Outpost => $"{happened.Outpost.Name} is {(happened.Outpost.Online ? "online" : "offline")}",
        Event.EventOneofCase.Alert => $"alert: {happened.Alert.Text}",
        Event.EventOneofCase.Log => happened.Log.Text,
        _ => null,
    };

    private static string State(RoundView round) => round.State switch
    {
        RoundState.Done => "done",
        RoundState.Aborted => $"aborted: {round.Failure}",
        _ => $"{RoundProgress.Name(round.Phase)} ({round.Parties.Count(p => p.Marks.Any(m => m.Phase == round.Phase))} of {round.Parties.Count(p => p.State is PartyState.Invited or PartyState.Active or PartyState.Done)})",
    };

    private static string Time(ulong milliseconds) =>
        milliseconds == 0 ? "never" : Moment.Of(milliseconds).ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
