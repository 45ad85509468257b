using System.CommandLine;
using System.Text.Json;
using SecureAggregation.Crypto;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg init`, `invite`, `join`, `admit` and `outpost init`: from nothing to the keys that a roster is drafted from.</summary>
internal static class EnrolCommands
{
    private const int MostDays = 90;
    private const string Members = "members";
    private const string Invitations = "invitations";

    private static readonly Argument<string> s_folder = new("FOLDER") { Description = "A new folder" };
    private static readonly Argument<string> s_invited = new("NAME") { Description = "Who is invited, by the name that the roster is to have" };
    private static readonly Argument<string> s_answer = new("FILE.join") { Description = "What the invited person sent back" };
    private static readonly Option<string> s_coordinator = new("--coordinator") { Description = "Your name in the roster, as the one who asks", Required = true };
    private static readonly Option<string> s_name = new("--name") { Description = "The name of the invitation", Required = true };
    private static readonly Option<string> s_role = new("--as") { Description = "party, coordinator, auditor or station", DefaultValueFactory = _ => "party" };
    private static readonly Option<int> s_days = new("--days") { Description = "Days for which the code is good", DefaultValueFactory = _ => 7 };
    private static readonly Option<string> s_in = new("--folder") { Description = "The folder that `secagg init` made", DefaultValueFactory = _ => "." };
    private static readonly Option<string> s_keyFile = new("--key") { Description = "Your private key; made if there is none", Required = true };
    private static readonly Option<string?> s_code = new("--code") { Description = "The twelve words of the invitation; - reads them from standard input, where other users of the machine do not see them; asked for if they are not given" };
    private static readonly Option<string?> s_address = new("--station") { Description = "Address of the station, https://HOST:PORT, if it is known" };

    public static IEnumerable<Command> Create() =>
    [
        new Command("init", "Begin a consortium: a folder with the coordinator's key, to invite the others from") { s_folder, s_coordinator }.Does((arguments, _) => Task.FromResult(Init(arguments))),
        new Command("invite", "Make a one-time code for somebody; tell it to them directly, by telephone or in a room") { s_invited, s_role, s_days, s_in }.Does((arguments, _) => Task.FromResult(Invite(arguments))),
        new Command("join", "Answer an invitation: a file with your public key, bound to the code, for whoever invited you") { s_name, s_role, s_keyFile, s_code }.Does((arguments, _) => Task.FromResult(Join(arguments))),
        new Command("admit", "Take the answer to an invitation: checks it against the code, and keeps the public key for the roster") { s_answer, s_in }.Does((arguments, _) => Task.FromResult(Admit(arguments))),
        new Command("outpost", "Set up an outpost")
        {
            new Command("init", "A new outpost's folder: key (made here, and never leaving), configuration, policy to complete, and the answer to an invitation")
            {
                s_folder, s_name, s_address, s_code,
            }.Does((arguments, _) => Task.FromResult(InitOutpost(arguments))),
        },
    ];

    private static ExitCode Init(Arguments arguments)
    {
        var (folder, name) = (New(arguments.Get(s_folder)), arguments.Get(s_coordinator));
        Invitation.CheckName(name);
        Directory.CreateDirectory(Path.Combine(folder, Invitations));
        Directory.CreateDirectory(Path.Combine(folder, Members));
        var file = Path.Combine(folder, "coordinator.pem");
        using var key = IdentityKey.Generate();
        KeyFiles.Write(file, key, overwrite: false);
        return Say(arguments, new { key = file, key.Public.Fingerprint, key.Public.Words }, [
            $"{name}'s key    {file}   keep it here",
            $"in words: {key.Public.Words}",
            $"next: in {folder}, `secagg invite NAME` for each outpost, `secagg invite NAME --as station` for the station; `secagg admit FILE.join` takes what they send back",
            $"then: secagg roster new roster.bin --consortium \"…\" --station {Members}/STATION.pub --party NAME={Members}/NAME.pub … --coordinator {name}=coordinator.pem.pub",
        ]);
    }

    private static ExitCode Invite(Arguments arguments)
    {
        var (name, role, days) = (arguments.Get(s_invited), Role(arguments), arguments.Get(s_days));
        if (days is < 1 or > MostDays) throw new CliException(ExitCode.BadInput, $"--days is {days}; it must be from 1 to {MostDays}");
        var folder = Begun(arguments);
        var (invitation, code) = Invitation.Make(name, role, TimeProvider.System.GetUtcNow().AddDays(days));
        var file = InvitationFile(folder, name);
        if (File.Exists(MemberFile(folder, name))) throw new CliException(ExitCode.BadInput, $"{name} has answered already: {MemberFile(folder, name)}; to invite {name} anew delete that");
        if (File.Exists(file))
        {
            if (Invitation.Read(file).Expires > TimeProvider.System.GetUtcNow()) throw new CliException(ExitCode.BadInput, $"{name} is invited already; to make another code delete {file}, and the first one counts no more");
            File.Delete(file);
        }

        invitation.Write(file);
        var answer = role == "party" ? $"secagg outpost init FOLDER --name \"{name}\"" : $"secagg join --name \"{name}\" --as {role} --key {role}.pem";
        return Say(arguments, new { name, role, code, invitation.Expires }, [
            $"code for {name}, good until {invitation.Expires:u}, shown this once:",
            $"  {code}",
            $"Tell it to {name} directly, not on the way on which the answer will come. {name} types: {answer}",
        ]);
    }

    private static ExitCode Join(Arguments arguments)
    {
        var (name, role, file, code) = (arguments.Get(s_name), Role(arguments), arguments.Get(s_keyFile), Code(arguments, required: true)!);
        Invitation.Check(name, code);
        if (!File.Exists(file))
        {
            using var made = IdentityKey.Generate();
            KeyFiles.Write(file, made, overwrite: false);
        }

        using var key = KeyFiles.Read(file);
        var answer = WriteAnswer(Path.GetDirectoryName(Path.GetFullPath(file))!, name, role, code, key);
        return Say(arguments, new { answer, key.Public.Fingerprint, key.Public.Words }, [$"send back      {answer}   on any way; whoever carries it cannot change the key in it", $"in words       {key.Public.Words}"]);
    }

    private static ExitCode Admit(Arguments arguments)
    {
        var (answer, folder) = (arguments.Get(s_answer), Begun(arguments));
        var name = Invitation.NameOf(answer);
        var file = InvitationFile(folder, name);
        if (!File.Exists(file)) throw new CliException(ExitCode.BadInput, $"there is no invitation of {name} in {folder}: none was made, or its code was used already. Make one with `secagg invite`");
        var invitation = Invitation.Read(file);
        var key = invitation.Open(answer, TimeProvider.System.GetUtcNow());
        var member = MemberFile(folder, name);
        KeyFiles.WritePublic(member, key);
        // A code is for one answer.
        File.Delete(file);
        return Say(arguments, new { name, invitation.Role, publicKey = member, key.Fingerprint, key.Words }, [$"{name} ({invitation.Role})  {member}   {key.Words}"]);
    }

    private static ExitCode InitOutpost(Arguments arguments)
    {
        var (name, code) = (arguments.Get(s_name), Code(arguments, required: false));
        var station = arguments.Find(s_address) ?? "";
        if (station.Length > 0 && (!Uri.TryCreate(station, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps))
            throw new CliException(ExitCode.BadInput, $"--station is '{station}'; it must be an address such as https://station.example:7443");
        var folder = New(arguments.Get(s_folder));
        if (code is not null) Invitation.Check(name, code);
        Directory.CreateDirectory(folder);
        using var key = IdentityKey.Generate();
        KeyFiles.Write(Path.Combine(folder, "outpost.pem"), key, overwrite: false);
        File.WriteAllText(Path.Combine(folder, "outpost.json"), $$"""
            {
              "Outpost": {
                "Station": {{JsonSerializer.Serialize(station.Length > 0 ? station : "https://station.example:7443")}},
                "Roster": "roster.bin",
                "Key": "outpost.pem",
                "Policy": "policy.yaml",
                "Datasets": {}
              }
            }

            """);
        File.WriteAllText(Path.Combine(folder, "policy.yaml"), """
            # What may be asked here (docs/outpost.md, "Policy"). Nothing is answered that does not stand here.
            policy: 1
            coordinators: []             # names in the roster
            datasets: {}
            #  visits:
            #    operations: [ count, mean ]
            #    columns: [ age, sex ]
            #    epsilon_per_query: 1
            #    epsilon_total: 10

            """);
        var answer = code is null ? null : WriteAnswer(folder, name, "party", code, key);
        return Say(arguments, new { folder, answer, key.Public.Fingerprint, key.Public.Words }, [
            $"key            {Path.Combine(folder, "outpost.pem")}   made here; keep it here",
            $"in words       {key.Public.Words}",
            answer is null ? $"public key     {Path.Combine(folder, "outpost.pem.pub")}   goes to whoever drafts the roster" : $"send back      {answer}   on any way; whoever carries it cannot change the key in it",
            $"next: secagg dataset register NAME --csv FILE --config {Path.Combine(folder, "outpost.json")}, complete its schema and policy.yaml; when the roster comes, sign it, and enrol it",
        ]);
    }

    private static string WriteAnswer(string folder, string name, string role, string code, IdentityKey key)
    {
        var path = Path.Combine(folder, $"{name}.join");
        File.WriteAllText(path, Invitation.Answer(name, role, code, KeyFiles.PublicPem(key.Public), key.Public));
        return path;
    }

    private static string? Code(Arguments arguments, bool required)
    {
        if (arguments.Find(s_code) is { } given) return given == "-" ? Console.In.ReadLine() ?? "" : given;
        if (!Console.IsInputRedirected && !arguments.Terminal.Json)
        {
            arguments.Terminal.Note(required ? "The code of the invitation, twelve words:" : "The code of the invitation, twelve words (empty: without an invitation):");
            if (Console.In.ReadLine() is { Length: > 0 } typed) return typed;
        }

        return required ? throw new CliException(ExitCode.BadInput, "no code was given; it is told by whoever invites: --code \"twelve words\", or --code - and the words on standard input") : null;
    }

    private static string Role(Arguments arguments) => arguments.Get(s_role) is var role && Invitation.Roles.Contains(role)
        ? role
        : throw new CliException(ExitCode.BadInput, $"--as is '{arguments.Get(s_role)}'; it must be one of {string.Join(", ", Invitation.Roles)}");

    private static string New(string folder) => File.Exists(folder) ? throw new CliException(ExitCode.BadInput, $"{folder} is a file; name a new folder")
        : !Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any()
        ? folder
        : throw new CliException(ExitCode.BadInput, $"{folder} is there already and not empty; name a new folder");

    private static string Begun(Arguments arguments) => arguments.Get(s_in) is var folder && Directory.Exists(Path.Combine(folder, Invitations))
        ? folder
        : throw new CliException(ExitCode.BadInput, $"{folder} is no folder that `secagg init` made; name it with --folder");

    private static string InvitationFile(string folder, string name) => Path.Combine(folder, Invitations, name);

    private static string MemberFile(string folder, string name) => Path.Combine(folder, Members, name + ".pub");

    private static ExitCode Say(Arguments arguments, object document, string[] lines)
    {
        if (arguments.Terminal.Json) arguments.Terminal.WriteJson(document);
        else Array.ForEach(lines, arguments.Terminal.WriteLine);
        return ExitCode.Ok;
    }
}
