using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Identity;

namespace SecureAggregation.Accounts;

/// <summary>
/// The accounts of a program, in one JSON file that only its owner can read. Passwords are kept as ASP.NET Core Identity hashes them (PBKDF2 with
/// HMAC-SHA-512, 210,000 iterations, 16 bytes of salt; OWASP Password Storage Cheat Sheet). Each change is written whole, flushed and renamed into place before
/// it counts. Safe for use by many threads.
/// </summary>
public sealed class AccountBook
{
    private const int LargestFile = 4 * 1024 * 1024;
    private const int Iterations = 210_000;
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly RandomNumberGenerator _random;
    private readonly TimeProvider _time;
    private readonly PasswordHasher<string> _hasher = new(Microsoft.Extensions.Options.Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));
    private readonly string _nobody;
    private List<Line> _lines;

    private AccountBook(string path, List<Line> lines, RandomNumberGenerator random, TimeProvider time)
    {
        (_path, _lines, _random, _time) = (path, lines, random, time);
        _nobody = _hasher.HashPassword("", NewStamp());
    }

    /// <summary>Every account, by name.</summary>
    public IReadOnlyList<Account> All
    {
        get
        {
            lock (_gate) return [.. _lines.Select(Public).OrderBy(a => a.Name, StringComparer.OrdinalIgnoreCase)];
        }
    }

    /// <summary>Reads the accounts in a file; a missing file is an empty book.</summary>
    /// <param name="path">The file; its folder is made if need be.</param>
    /// <param name="random">For stamps.</param>
    /// <param name="time">For the moment at which an account was made.</param>
    /// <exception cref="AccountException">The file is not such a book.</exception>
    public static AccountBook Open(string path, RandomNumberGenerator random, TimeProvider time)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        return new AccountBook(path, File.Exists(path) ? Read(path) : [], random, time);
    }

    /// <summary>The account of this name, or null.</summary>
    public Account? Find(string name)
    {
        lock (_gate) return LineOf(name) is { } line ? Public(line) : null;
    }

    /// <summary>The account, if name and password fit; null otherwise. Takes as long for a name that nobody has.</summary>
    public Account? Check(string name, string password)
    {
        Line? line;
        lock (_gate) line = LineOf(name);
        if (password.Length > AccountRules.LongestPassword) return null;
        var result = _hasher.VerifyHashedPassword(name, line?.Password ?? _nobody, password);
        if (line is null || result == PasswordVerificationResult.Failed) return null;
        return result == PasswordVerificationResult.SuccessRehashNeeded ? Rehash(line, password) : Public(line);
    }

    /// <summary>Makes an account.</summary>
    /// <exception cref="AccountException">The name is taken, or name, password or roles break a rule.</exception>
    public Account Add(string name, string password, IEnumerable<Role> roles)
    {
        if ((AccountRules.WrongName(name) ?? AccountRules.WrongPassword(name, password)) is { } wrong) throw new AccountException(wrong);
        var line = new Line(name, Words(roles), _hasher.HashPassword(name, password), NewStamp(), _time.GetUtcNow());
        lock (_gate)
        {
            if (LineOf(name) is not null) throw new AccountException($"there is an account {name} already; choose another name");
            Write([.. _lines, line]);
        }

        return Public(line);
    }

    /// <summary>Gives an account another password; its sessions end.</summary>
    /// <exception cref="AccountException">There is no such account, or the password breaks a rule.</exception>
    public Account SetPassword(string name, string password)
    {
        if (AccountRules.WrongPassword(name, password) is { } wrong) throw new AccountException(wrong);
        var hash = _hasher.HashPassword(name, password);
        return Change(name, line => line with { Password = hash });
    }

    /// <summary>Gives an account other roles; its sessions end.</summary>
    /// <exception cref="AccountException">There is no such account, no role is named, or nobody would be left to administer.</exception>
    public Account SetRoles(string name, IEnumerable<Role> roles)
    {
        var words = Words(roles);
        return Change(name, line => line with { Roles = words });
    }

    /// <summary>Removes an account; its sessions end.</summary>
    /// <exception cref="AccountException">There is no such account, or nobody would be left to administer.</exception>
    public void Remove(string name)
    {
        lock (_gate)
        {
            var line = Existing(name);
            Write([.. _lines.Where(l => l != line)]);
        }
    }

    /// <summary>Whether a session of this account with this stamp still stands.</summary>
    public bool Stands(string name, string stamp) => Find(name) is { } account
        && CryptographicOperations.FixedTimeEquals(System.Text.Encoding.UTF8.GetBytes(account.Stamp), System.Text.Encoding.UTF8.GetBytes(stamp));

    private static List<Line> Read(string path)
    {
        var length = new FileInfo(path).Length;
        if (length > LargestFile) throw new AccountException($"{path} has {length} bytes; a file of accounts has at most {LargestFile}");
        try
        {
            var file = JsonSerializer.Deserialize<Form>(File.ReadAllBytes(path), s_json);
            if (file is not { Version: 1, Accounts: { } lines }) throw new AccountException($"{path} is not a file of accounts of version 1; restore it, or move it away to begin anew");
            foreach (var line in lines)
            {
                if (line is null) throw new AccountException($"{path} has an account that is null; restore the file");
                if (AccountRules.WrongName(line.Name ?? "") is { } wrong) throw new AccountException($"{path}: '{line.Name}': {wrong}");
                if (string.IsNullOrEmpty(line.Password) || string.IsNullOrEmpty(line.Stamp)) throw new AccountException($"{path}: account {line.Name} lacks its password's hash or its stamp; restore the file");
                if (Array.Find(line.Roles ?? [""], role => Accounts.Roles.Find(role) is null) is { } unknown) throw new AccountException($"{path}: account {line.Name}: '{unknown}' is not a role");
            }

            var twice = lines.GroupBy(l => l.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1);
            return twice is null ? lines : throw new AccountException($"{path} has account {twice.Key} twice; remove one");
        }
        catch (JsonException e)
        {
            throw new AccountException($"{path} is not JSON: {e.Message}", e);
        }
    }

    private static string[] Words(IEnumerable<Role> roles)
    {
        string[] words = [.. roles.Distinct().Order().Select(r => r.Word())];
        return words.Length > 0 ? words : throw new AccountException("an account has at least one role: " + string.Join(", ", Accounts.Roles.All.Select(r => r.Word())));
    }

    private static Account Public(Line line) => new(line.Name, [.. line.Roles.Select(Accounts.Roles.Parse)], line.Stamp, line.Created);

    private Line? LineOf(string name) => _lines.Find(l => string.Equals(l.Name, name, StringComparison.OrdinalIgnoreCase));

    private Line Existing(string name) => LineOf(name) ?? throw new AccountException($"there is no account {name}");

    private Account Change(string name, Func<Line, Line> change)
    {
        lock (_gate)
        {
            var old = Existing(name);
            var line = change(old) with { Stamp = NewStamp() };
            Write([.. _lines.Select(l => l == old ? line : l)]);
            return Public(line);
        }
    }

    /// <summary>A hash of older parameters is renewed at sign-in, when the password is at hand; sessions go on.</summary>
    private Account Rehash(Line seen, string password)
    {
        var hash = _hasher.HashPassword(seen.Name, password);
        lock (_gate)
        {
            if (LineOf(seen.Name) == seen) Write([.. _lines.Select(l => l == seen ? seen with { Password = hash } : l)]);
        }

        return Public(seen);
    }

    private string NewStamp()
    {
        var bytes = new byte[16];
        _random.GetBytes(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    private void Write(List<Line> lines)
    {
        var administered = lines.Exists(l => l.Roles.Contains(Role.Admin.Word()));
        if (!administered) throw new AccountException("somebody must be left who can administer accounts; make another admin first");
        var draft = _path + ".new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(draft, options))
        {
            JsonSerializer.Serialize(stream, new Form(1, lines), s_json);
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, _path, overwrite: true);
        _lines = lines;
    }

    private sealed record Form(int Version, List<Line> Accounts);

    private sealed record Line(string Name, string[] Roles, string Password, string Stamp, DateTimeOffset Created)
    {
        public override string ToString() => Name;
    }
}
