using System.Buffers.Text;
using System.Collections;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Hosting;

namespace SecureAggregation.Aggregator.Security;

/// <summary>The commands `accounts` and `keys`: they write the file of accounts; a running station reads it within two seconds and puts an act for each change into its log.</summary>
internal static class RightsCommand
{
    public const string Usage = """
        Who may use the REST interface of a station. The station may run; it takes a change up within two seconds
        and writes it into its log.

        usage: SecureAggregation.Aggregator accounts add NAME --role ROLE[,ROLE] [--study STUDY[,STUDY]] [--password-file FILE]
               SecureAggregation.Aggregator accounts set NAME [--role ROLE[,ROLE]] [--study STUDY[,STUDY]|all]
               SecureAggregation.Aggregator accounts password NAME [--password-file FILE]
               SecureAggregation.Aggregator accounts remove NAME
               SecureAggregation.Aggregator accounts list [--json]
               SecureAggregation.Aggregator keys add NAME --may PERMISSION[,PERMISSION] [--study STUDY[,STUDY]] [--days N]
               SecureAggregation.Aggregator keys revoke NAME
               SecureAggregation.Aggregator keys list [--json]

        Each takes --data DIR (or --config FILE, or the environment), as the station does.

          roles                admin, coordinator, member, analyst, auditor
          permissions          read-results, plan-queries, ask-questions, stop-rounds, read-transcript,
                               export-evidence, watch-operations, manage-accounts
          --study              the studies that may be seen and asked for; all without it
          --password-file FILE the password is the first line of FILE, - for standard input; without it
                               one is made and shown once
          --days N             how long a key may be used, 1 to 366, 90 by default

        exit codes: 0 done, 2 command line or a rule that is broken, 6 data folder not usable
        """;

    private const int DefaultDays = 90;

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public static ExitCode Run(IReadOnlyList<string> args, IDictionary environment, TextWriter output, TextWriter errors)
    {
        if (args.Contains("--help") || args.Contains("-h") || args.Count == 1)
        {
            output.WriteLine(Usage);
            return args.Count == 1 ? ExitCode.Configuration : ExitCode.Stopped;
        }

        try
        {
            var own = new Dictionary<string, string>(StringComparer.Ordinal);
            var (words, others) = Split(args, own);
            using var random = RandomNumberGenerator.Create();
            var folder = CommandLine.ReadDataDirectory(others, environment);
            Do(words, own, AccountBook.Open(StationFiles.Accounts(folder), random, TimeProvider.System, administered: false), output);
            return ExitCode.Stopped;
        }
        catch (StartException e)
        {
            errors.WriteLine(e.Message);
            return e.Code;
        }
        catch (AccountException e)
        {
            errors.WriteLine(e.Message);
            return ExitCode.Configuration;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"The file of accounts or of the password cannot be used: {e.Message}");
            return ExitCode.DataDirectory;
        }
    }

    private static void Do(IReadOnlyList<string> words, Dictionary<string, string> own, AccountBook book, TextWriter output)
    {
        var by = LoggedRights.Operator;
        switch (words)
        {
            case ["accounts", "add", var name]:
                var (password, made) = Password(own);
                book.Add(LoggedRights.NotOperator(name), password, Roles(own) ?? [], Studies(own), by);
                output.WriteLine($"Account {name} is made.{(made ? $" Its password, shown this once: {password}" : "")}");
                break;
            case ["accounts", "set", var name]:
                if (!own.ContainsKey("--role") && !own.ContainsKey("--study")) throw new AccountException("accounts set takes --role, --study or both");
                // Looked at first, so that a wrong study leaves the roles as they were.
                if (AccountRules.WrongStudies(Studies(own)) is { } wrong) throw new AccountException(wrong);
                if (Roles(own) is { } roles) book.SetRoles(name, roles, by);
                if (own.ContainsKey("--study")) book.SetStudies(name, Studies(own), by);
                output.WriteLine($"Account {name} is changed; its sessions end.");
                break;
            case ["accounts", "password", var name]:
                (password, made) = Password(own);
                book.SetPassword(name, password, by);
                output.WriteLine($"Account {name} has another password; its sessions end.{(made ? $" The password, shown this once: {password}" : "")}");
                break;
            case ["accounts", "remove", var name]:
                book.Remove(name);
                output.WriteLine($"Account {name} is removed; its sessions end.");
                break;
            case ["accounts", "list"]:
                List(own, output, book.All.Select(a => new { a.Name, Roles = a.Roles.Select(r => r.Word()), a.Studies, CreatedAt = a.Created, a.By }), a => $"{a.Name}\t{string.Join(',', a.Roles)}\t{Shown(a.Studies)}");
                break;
            case ["keys", "add", var name]:
                if (!own.TryGetValue("--may", out var may)) throw new AccountException("keys add takes --may with the permissions of the key");
                var (key, text) = book.AddKey(name, may.Split(',').Select(Permissions.Parse), Studies(own), TimeSpan.FromDays(Days(own)), by);
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Key {name} is made, until {key.Expires:yyyy-MM-dd HH:mm}Z. Shown this once: {text}"));
                break;
            case ["keys", "revoke", var name]:
                book.RevokeKey(name);
                output.WriteLine($"Key {name} is revoked.");
                break;
            case ["keys", "list"]:
                List(
                    own, output, book.Keys.Select(k => new { k.Name, May = k.Permissions.Select(p => p.Word()), k.Studies, CreatedAt = k.Created, ExpiresAt = k.Expires, k.By }),
                    k => string.Create(CultureInfo.InvariantCulture, $"{k.Name}\t{string.Join(',', k.May)}\t{Shown(k.Studies)}\tuntil {k.ExpiresAt:yyyy-MM-dd HH:mm}Z"));
                break;
            default:
                throw new AccountException($"'{string.Join(' ', words)}' is no command of the station; see accounts --help");
        }
    }

    private static void List<T>(Dictionary<string, string> own, TextWriter output, IEnumerable<T> items, Func<T, string> line)
    {
        if (own.ContainsKey("--json")) output.WriteLine(JsonSerializer.Serialize(items, s_json));
        else foreach (var item in items) output.WriteLine(line(item));
    }

    /// <summary>The words of the command, its own options, and what is left for the station's command line.</summary>
    private static (List<string> Words, List<string> Others) Split(IReadOnlyList<string> args, Dictionary<string, string> own)
    {
        var (words, others) = (new List<string>(), new List<string>());
        for (var i = 0; i < args.Count; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var n, var v] && n.StartsWith("--", StringComparison.Ordinal) ? (n, v) : (args[i], null);
            if (!name.StartsWith("--", StringComparison.Ordinal)) words.Add(args[i]);
            else if (name == "--json") own[name] = "";
            else if (name is "--role" or "--study" or "--password-file" or "--may" or "--days") own[name] = value ?? Next(name);
            else others.AddRange(value is not null ? [args[i]] : [name, Next(name)]);

            string Next(string option) => i + 1 < args.Count && !args[i + 1].StartsWith("--", StringComparison.Ordinal) ? args[++i] : throw new AccountException($"{option} needs a value; see accounts --help");
        }

        return (words, others);
    }

    private static List<Role>? Roles(Dictionary<string, string> own) => own.TryGetValue("--role", out var words) ? [.. words.Split(',').Select(Accounts.Roles.Parse)] : null;

    private static string[]? Studies(Dictionary<string, string> own) => own.TryGetValue("--study", out var words) && words != "all" ? words.Split(',') : null;

    private static int Days(Dictionary<string, string> own) =>
        !own.TryGetValue("--days", out var text) ? DefaultDays : int.TryParse(text, CultureInfo.InvariantCulture, out var days) ? Math.Clamp(days, 0, 1000) : throw new AccountException($"--days is '{text}'; it is a number from 1 to 366");

    private static string Shown(IReadOnlyList<string>? studies) => studies is null ? "all studies" : string.Join(',', studies);

    private static (string Password, bool Made) Password(Dictionary<string, string> own)
    {
        if (!own.TryGetValue("--password-file", out var file)) return (Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(18)), true);
        using var reader = file == "-" ? Console.In : new StreamReader(file);
        return (reader.ReadLine() ?? throw new AccountException($"{file} is empty; its first line is the password"), false);
    }
}
