using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg doctor`: looks at what programs here need, and says what to do. Changes nothing.</summary>
internal static class DoctorCommand
{
    private const long LeastSpace = 100L << 20;
    private const long GoodSpace = 1L << 30;

    // Rounds hold the clocks of outposts and station to two minutes; people should know before that.
    private static readonly TimeSpan s_clockWarning = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_clockFailure = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_expiryWarning = TimeSpan.FromDays(30);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    private static readonly Option<string?> s_data = new("--data") { Description = "A program's data or state folder: whether it can be written, who else can read it, room on its disk" };
    private static readonly Option<string?> s_listen = new("--listen") { Description = "IP:PORT on which a program is to listen: whether it is free" };

    public static Command Create() =>
        new Command("doctor", "Check roster, key, folder, port, station and clock, whichever are named, and say what to do; exit code 1 if something is wrong")
        {
            StationAccess.RosterFile, StationAccess.Key, StationAccess.Station, s_data, s_listen,
        }.Does(Examine);

    private static async Task<ExitCode> Examine(Arguments arguments, CancellationToken stop)
    {
        var findings = new List<Finding>();
        var roster = Try(findings, "roster", arguments.Find(StationAccess.RosterFile), "name one with --roster", RosterFiles.Read);
        if (roster is not null) findings.Add(Look(roster, TimeProvider.System.GetUtcNow()));
        using var key = Try(findings, "key", arguments.Find(StationAccess.Key), "name one with --key", KeyFiles.Read);
        if (key is not null) findings.Add(Look(key, roster));
        findings.Add(arguments.Find(s_data) is { Length: > 0 } folder ? LookAtFolder(folder) : Finding.Skipped("data", "name a folder with --data"));
        findings.Add(arguments.Find(s_listen) is { Length: > 0 } listen ? LookAtPort(listen) : Finding.Skipped("port", "name an address with --listen"));
        findings.AddRange(await LookAtStation(arguments.Find(StationAccess.Station), roster, key, stop));
        var failed = findings.Exists(f => f.State == "failed");
        if (arguments.Terminal.Json) arguments.Terminal.WriteJson(new { Healthy = !failed, Checks = findings });
        else Show(arguments.Terminal, findings);
        return failed ? ExitCode.Failed : ExitCode.Ok;
    }

    private static void Show(Terminal terminal, List<Finding> findings)
    {
        foreach (var finding in findings)
        {
            terminal.Line($"{finding.State,-8} {finding.Check,-8} {finding.Detail}");
            if (finding.Do.Length > 0) terminal.Line($"{"",-17} -> {finding.Do}");
        }
    }

    private static T? Try<T>(List<Finding> findings, string check, string? path, string hint, Func<string, T> read)
        where T : class
    {
        if (path is not { Length: > 0 })
        {
            findings.Add(Finding.Skipped(check, hint));
            return null;
        }

        try
        {
            return read(path);
        }
        catch (CliException e)
        {
            findings.Add(Finding.Failed(check, e.Message, "mend what the sentence names"));
            return null;
        }
    }

    private static Finding Look(Roster roster, DateTimeOffset now)
    {
        var what = string.Create(CultureInfo.InvariantCulture, $"{roster.Consortium}, epoch {roster.Epoch}, {roster.Parties.Count} outposts, until {roster.NotAfter:u}: {string.Join(' ', roster.Words)}");
        return roster.NotAfter < now ? Finding.Failed("roster", $"expired; {what}", "have the founders sign the next epoch: secagg roster rotate, docs/setup.md")
            : roster.NotAfter < now + s_expiryWarning ? Finding.Warning("roster", $"ends soon; {what}", "have the founders sign the next epoch: docs/setup.md")
            : Finding.Ok("roster", what);
    }

    private static Finding Look(IdentityKey key, Roster? roster)
    {
        var fingerprint = key.Public.Fingerprint;
        if (roster is null) return Finding.Ok("key", $"{fingerprint}, its owner's only; no roster to look it up in");
        var who = roster.FindParty(key.Public) is { } party ? $"outpost {party.Name}" : roster.FindCoordinator(key.Public) is { } coordinator ? $"coordinator {coordinator.Name}"
            : roster.FindAuditor(key.Public) is { } auditor ? $"auditor {auditor.Name}" : key.Public.Equals(roster.Aggregator) ? "the station" : null;
        return who is null ? Finding.Failed("key", $"{fingerprint} is nobody's in the roster", "use the key that the roster names, or have the founders sign a roster that names this one")
            : Finding.Ok("key", $"{fingerprint}, {who}");
    }

    private static Finding LookAtFolder(string folder)
    {
        const UnixFileMode foreign = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (!Directory.Exists(folder)) return Finding.Failed("data", $"{folder} is not there", $"make it for the program's user: install -d -m 700 '{folder}'");
        try
        {
            // A new file, whatever the name: where others can write, one of a known name may be a link to a file that this would empty.
            var probe = Path.Combine(folder, ".secagg-doctor-" + Path.GetRandomFileName());
            using (new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
            {
                // That it could be made is what there is to know.
            }

            var free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
            var room = string.Create(CultureInfo.InvariantCulture, $"{free / (double)GoodSpace:F1} GiB free");
            if (free < LeastSpace) return Finding.Failed("data", $"{folder}: {room}", "free space: a station stops its rounds and an outpost answers none when the disk is full");
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(folder) & foreign) != UnixFileMode.None)
                return Finding.Warning("data", $"{folder} can be read by other users of this machine; {room}", $"chmod 700 '{folder}'");
            return free < GoodSpace ? Finding.Warning("data", $"{folder}: {room}", "give it more than 1 GiB") : Finding.Ok("data", $"{folder} can be written; {room}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Finding.Failed("data", $"{folder} cannot be written: {e.Message}", "run this as the program's user, and give that user the folder");
        }
    }

    private static Finding LookAtPort(string listen)
    {
        if (!IPEndPoint.TryParse(listen, out var endpoint) || !listen.Contains(':', StringComparison.Ordinal))
            return Finding.Failed("port", $"{listen} is no IP address and port", "write e.g. 0.0.0.0:7443");
        try
        {
            using var listener = new TcpListener(endpoint);
            listener.Start();
            return Finding.Ok("port", $"{listen} is free");
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? Finding.Failed("port", $"{listen} is in use", "nothing, if that is the program itself; else stop the other one (ss -ltnp), or choose another port")
                : Finding.Failed("port", $"{listen} cannot be listened on: {e.Message}", "choose an address of this machine, and a port above 1023");
        }
    }

    private static async Task<IReadOnlyList<Finding>> LookAtStation(string? address, Roster? roster, IdentityKey? key, CancellationToken stop)
    {
        if (address is not { Length: > 0 } || roster is null || key is null)
        {
            const string need = "needs --station, --roster and --key of an outpost, coordinator or auditor";
            return [Finding.Skipped("station", need), Finding.Skipped("clock", $"is compared with the station's: {need}")];
        }

        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps)
            return [Finding.Failed("station", $"{address} is no address of a station", "write e.g. https://station.example:7443")];
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(s_patience);
            await using var consortium = StationAccess.Connect(uri, roster, key);
            var asked = TimeProvider.System.GetTimestamp();
            var view = await consortium.GetConsortiumAsync(limit.Token);
            var now = TimeProvider.System.GetUtcNow() - (TimeProvider.System.GetElapsedTime(asked) / 2);
            return [Look(view, roster), LookAtClock(now - Moment.Of(view.TimeMs))];
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return [Finding.Failed("station", $"{address} did not answer in {s_patience.TotalSeconds:F0} s", "look at the network between here and there: is the port open?")];
        }
        catch (Exception e) when (Failures.Explain(e) is { } failure)
        {
            return [Finding.Failed("station", $"{address}: {failure.Message}", "is it running, is the port open, and does it have the roster's key?")];
        }
    }

    private static Finding Look(ConsortiumView view, Roster roster)
    {
        var online = view.Outposts.Count(o => o.Online);
        var said = $"{view.StationSoftware}, {online} of {view.Outposts.Count} outposts online, {view.Quorum} needed for a round";
        if (view.Epoch != roster.Epoch)
            return Finding.Warning("station", $"{said}; it has epoch {view.Epoch} of the roster, this file is epoch {roster.Epoch}", "use the newest roster on both sides");
        return online < view.Quorum ? Finding.Warning("station", said, $"ask the members of {string.Join(", ", view.Outposts.Where(o => !o.Online).Select(o => o.Name))}") : Finding.Ok("station", said);
    }

    private static Finding LookAtClock(TimeSpan ahead)
    {
        var said = string.Create(CultureInfo.InvariantCulture, $"this clock is {Math.Abs(ahead.TotalSeconds):F1} s {(ahead < TimeSpan.Zero ? "behind" : "ahead of")} the station's");
        return ahead.Duration() > s_clockFailure ? Finding.Failed("clock", said, "set both by NTP: timedatectl set-ntp true")
            : ahead.Duration() > s_clockWarning ? Finding.Warning("clock", said, "set both by NTP: timedatectl set-ntp true") : Finding.Ok("clock", said);
    }

    /// <summary>One check.</summary>
    /// <param name="Check">What was looked at.</param>
    /// <param name="State">ok, warning, failed or skipped.</param>
    /// <param name="Detail">What was found.</param>
    /// <param name="Do">What to do; empty if nothing.</param>
    private sealed record Finding(string Check, string State, string Detail, string Do)
    {
        public static Finding Ok(string check, string detail) => new(check, "ok", detail, "");

        public static Finding Warning(string check, string detail, string whatToDo) => new(check, "warning", detail, whatToDo);

        public static Finding Failed(string check, string detail, string whatToDo) => new(check, "failed", detail, whatToDo);

        public static Finding Skipped(string check, string detail) => new(check, "skipped", detail, "");
    }
}
