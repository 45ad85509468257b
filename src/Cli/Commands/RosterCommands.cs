using System.CommandLine;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Spectre.Console;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg roster`: who belongs to the consortium, agreed by everybody's signature.</summary>
internal static class RosterCommands
{
    private const int MostDays = 3660;

    private static readonly Argument<string> s_file = new("FILE") { Description = "The roster file" };
    private static readonly Option<string> s_consortium = new("--consortium") { Description = "Name of the consortium", Required = true };
    public static readonly Option<string[]> Party = Several("--party", "NAME=KEY.pub, once for each party, in the order of their indices");
    public static readonly Option<string[]> Coordinator = Several("--coordinator", "NAME=KEY.pub of somebody who may ask");
    public static readonly Option<string[]> Auditor = Several("--auditor", "NAME=KEY.pub of somebody who may read transcripts");
    private static readonly Option<string> s_station = new("--station") { Description = "KEY.pub of the station", Required = true };
    private static readonly Option<int?> s_colluders = new("--colluders") { Description = "How many parties may work together with the station (default: a third, rounded up, less one)" };
    private static readonly Option<int> s_survivors = new("--min-survivors") { Description = "Fewest parties in a total, at least 3", DefaultValueFactory = _ => 3 };
    private static readonly Option<int> s_honest = new("--min-honest") { Description = "Fewest honest parties in a total, at least 2", DefaultValueFactory = _ => 2 };
    private static readonly Option<int> s_dropouts = new("--dropout-permille") { Description = "How many of a thousand parties are expected to vanish during a round, at most 500", DefaultValueFactory = _ => 100 };
    private static readonly Option<bool> s_sparse = new("--sparse-graph") { Description = $"Let rounds above {GraphParameters.CompleteUpTo} parties share masks with some neighbours instead of all (docs/protocol.md section 3)" };
    public static readonly Option<int> Days = new("--days") { Description = "Days until the roster expires", DefaultValueFactory = _ => 365 };
    public static readonly Option<bool> Force = new("--force") { Description = "Overwrite an existing roster" };
    private static readonly Option<string?> s_previous = new("--previous") { Description = "The roster that this one follows" };
    private static readonly Option<string?> s_origin = new("--log-origin") { Description = "Name of the station's log (default: made from the consortium's name)" };
    private static readonly Option<string[]> s_keys = Several("--key", "Private key of a founder, may be given several times");

    public static Command Create()
    {
        var roster = new Command("roster", "Draft, sign, compare and change the list of who belongs")
        {
            new Command("new", "Draft a roster; every party and coordinator then signs it")
            {
                s_file, s_consortium, Party, Coordinator, Auditor, s_station, s_colluders, s_survivors, s_honest, s_dropouts, s_sparse, Days, s_previous, s_origin, Force,
            }.Does(New),
            new Command("sign", "Add signatures to a draft") { s_file, s_keys }.Does(Sign),
            new Command("show", "Show a roster, and whose signature is missing") { s_file }.Does(Show),
            new Command("words", "The twelve words by which people compare rosters") { s_file }.Does(Words),
        };
        foreach (var command in RosterChangeCommands.Create().Concat(RosterSuccessionCommands.Create())) roster.Add(command);
        return roster;
    }

    private static Task<ExitCode> New(Arguments arguments, CancellationToken stop)
    {
        var path = arguments.Get(s_file);
        if (File.Exists(path) && !arguments.Get(Force))
            throw new CliException(ExitCode.BadInput, $"{path} exists already, perhaps with signatures; choose another name, or --force to overwrite it");
        var notAfter = EndOfLife(arguments);
        var parties = Named(arguments.Find(Party), "--party");
        var previous = arguments.Find(s_previous) is { } file ? RosterFiles.Read(file) : null;
        var name = arguments.Get(s_consortium);
        var colluders = arguments.Find(s_colluders) ?? Roster.DefaultColluders(parties.Count);
        var roster = new Protocol.Wire.Roster
        {
            Consortium = name,
            Epoch = (previous?.Epoch ?? 0) + 1,
            PreviousHash = ByteString.CopyFrom(previous?.Hash ?? []),
            NotAfter = (ulong)notAfter.ToUnixTimeSeconds(),
            AggregatorKey = ByteString.CopyFrom(KeyFiles.ReadPublic(arguments.Get(s_station)).Point),
            LogOrigin = arguments.Find(s_origin) ?? RosterFiles.Origin(name),
            MaxColluders = Unsigned(colluders, "--colluders"),
            MinSurvivors = Unsigned(arguments.Get(s_survivors), "--min-survivors"),
            MinHonest = Unsigned(arguments.Get(s_honest), "--min-honest"),
            DropoutPermille = Unsigned(arguments.Get(s_dropouts), "--dropout-permille"),
            Witnesses = (uint)Roster.DefaultWitnesses(parties.Count, colluders),
            SparseGraph = arguments.Get(s_sparse),
        };
        roster.Parties.AddRange(parties.Select((p, i) => new RosterParty { Index = (uint)i, Name = p.Name, PublicKey = ByteString.CopyFrom(p.Key.Point), Founder = true }));
        roster.Coordinators.AddRange(Named(arguments.Find(Coordinator), "--coordinator").Select(c => Officer(c, founder: true)));
        roster.Auditors.AddRange(Named(arguments.Find(Auditor), "--auditor").Select(a => Officer(a, founder: false)));
        // Signing with nobody's key runs every rule, so that a draft that could never be used is refused before people sign it.
        File.WriteAllBytes(path, Roster.Sign(roster, []));
        return Show(arguments, stop);
    }

    private static Task<ExitCode> Sign(Arguments arguments, CancellationToken stop)
    {
        var path = arguments.Get(s_file);
        if (arguments.Find(s_keys) is not { Length: > 0 } files)
            throw new CliException(ExitCode.BadInput, "no key given; name the founder's private key with --key FILE");
        var (draft, roster) = RosterFiles.ReadDraft(path);
        foreach (var file in files)
        {
            using var key = KeyFiles.Read(file);
            if (!RosterFiles.Founders(roster).Any(f => f.Key.Equals(key.Public)))
                throw new CliException(ExitCode.BadInput, $"{file} is not the key of a founder named in {path}; nothing was signed");
            var signature = SignedRoster.Parser.ParseFrom(Roster.Sign(roster, [key])).Signatures.Single();
            if (!draft.Signatures.Any(s => s.PublicKey == signature.PublicKey)) draft.Signatures.Add(signature);
        }

        var ordered = draft.Signatures.OrderBy(s => Convert.ToHexString(s.PublicKey.Span), StringComparer.Ordinal).ToArray();
        draft.Signatures.Clear();
        draft.Signatures.AddRange(ordered);
        File.WriteAllBytes(path, draft.ToByteArray());
        return Show(arguments, stop);
    }

    private static Task<ExitCode> Show(Arguments arguments, CancellationToken stop)
    {
        var (draft, roster) = RosterFiles.ReadDraft(arguments.Get(s_file));
        var missing = RosterFiles.Missing(draft, roster);
        var opened = missing.Count == 0 ? Roster.Open(draft.ToByteArray()) : null;
        var terminal = arguments.Terminal;
        if (terminal.Json)
        {
            terminal.WriteJson(new
            {
                roster.Consortium,
                roster.Epoch,
                Hash = opened is null ? null : Convert.ToHexStringLower(opened.Hash),
                Words = opened?.Words,
                NotAfter = DateTimeOffset.FromUnixTimeSeconds((long)roster.NotAfter),
                roster.MaxColluders,
                roster.MinSurvivors,
                roster.MinHonest,
                roster.DropoutPermille,
                roster.SparseGraph,
                roster.Witnesses,
                Parties = roster.Parties.Select(p => new { p.Index, p.Name, Key = Key(p.PublicKey).Fingerprint, Key(p.PublicKey).Words }),
                Coordinators = roster.Coordinators.Select(o => new { o.Name, Key = Key(o.PublicKey).Fingerprint, Key(o.PublicKey).Words }),
                Auditors = roster.Auditors.Select(o => new { o.Name, Key = Key(o.PublicKey).Fingerprint, Key(o.PublicKey).Words }),
                Station = Key(roster.AggregatorKey).Fingerprint,
                StationWords = Key(roster.AggregatorKey).Words,
                MissingSignatures = missing,
            });
            return Task.FromResult(ExitCode.Ok);
        }

        terminal.Line($"{roster.Consortium}, epoch {roster.Epoch}, until {DateTimeOffset.FromUnixTimeSeconds((long)roster.NotAfter):yyyy-MM-dd}");
        terminal.Line($"totals need {roster.MinSurvivors} parties, {roster.MinHonest} of them honest; {roster.MaxColluders} may collude with the station");
        if (roster.SparseGraph) terminal.Line(Graph(roster));
        var table = new Table().Border(TableBorder.Simple).AddColumns("role", "name", "key", "in words");
        foreach (var party in roster.Parties) table.AddRow($"party {party.Index}", Markup.Escape(party.Name), Key(party.PublicKey).Fingerprint, Key(party.PublicKey).Words);
        foreach (var officer in roster.Coordinators) table.AddRow("coordinator", Markup.Escape(officer.Name), Key(officer.PublicKey).Fingerprint, Key(officer.PublicKey).Words);
        foreach (var officer in roster.Auditors) table.AddRow("auditor", Markup.Escape(officer.Name), Key(officer.PublicKey).Fingerprint, Key(officer.PublicKey).Words);
        table.AddRow("station", "", Key(roster.AggregatorKey).Fingerprint, Key(roster.AggregatorKey).Words);
        terminal.Result.Write(table);
        if (opened is null) terminal.Line($"a draft: signatures of {string.Join(", ", missing)} are missing");
        else terminal.Line($"words: {string.Join(' ', opened.Words)}");
        return Task.FromResult(ExitCode.Ok);
    }

    private static Task<ExitCode> Words(Arguments arguments, CancellationToken stop)
    {
        var roster = RosterFiles.Read(arguments.Get(s_file));
        if (arguments.Terminal.Json) arguments.Terminal.WriteJson(new { roster.Words, Hash = Convert.ToHexStringLower(roster.Hash) });
        else arguments.Terminal.Line(string.Join(' ', roster.Words));
        return Task.FromResult(ExitCode.Ok);
    }

    private static string Graph(Protocol.Wire.Roster roster)
    {
        var (n, allowed) = (roster.Parties.Count, $"rounds above {GraphParameters.CompleteUpTo} parties may use the sparse graph");
        if (n <= GraphParameters.CompleteUpTo) return allowed;
        return GraphParameters.For(n, (int)roster.MaxColluders, (int)roster.DropoutPermille) is { } graph
            ? $"{allowed}: with all {n}, {graph.Degree} neighbours each, for up to {roster.DropoutPermille / 10.0:0.#} % that vanish"
            : $"{allowed}, but with all {n} there is none that is safe";
    }

    public static DateTimeOffset EndOfLife(Arguments arguments)
    {
        var days = arguments.Get(Days);
        return days is >= 1 and <= MostDays
            ? TimeProvider.System.GetUtcNow().AddDays(days)
            : throw new CliException(ExitCode.BadInput, $"--days is {days}; it must be from 1 to {MostDays}");
    }

    private static RosterOfficer Officer((string Name, IdentityPublicKey Key) officer, bool founder) =>
        new() { Name = officer.Name, PublicKey = ByteString.CopyFrom(officer.Key.Point), Founder = founder };

    private static IdentityPublicKey Key(ByteString point) => new(point.Span);

    public static uint Unsigned(int value, string option) =>
        value >= 0 ? (uint)value : throw new CliException(ExitCode.BadInput, $"{option} is {value}; it must not be negative");

    public static List<(string Name, IdentityPublicKey Key)> Named(string[]? values, string option) => [.. (values ?? []).Select(value =>
    {
        var at = value.IndexOf('=', StringComparison.Ordinal);
        if (at <= 0 || at == value.Length - 1) throw new CliException(ExitCode.BadInput, $"'{value}' is not a name with a public key: write NAME=KEY.pub{(option.StartsWith("--", StringComparison.Ordinal) ? $" behind {option}" : "")}");
        return (value[..at], KeyFiles.ReadPublic(value[(at + 1)..]));
    })];

    private static Option<string[]> Several(string name, string description) => new(name) { Description = description, AllowMultipleArgumentsPerToken = false };
}
