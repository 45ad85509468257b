using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;

namespace SecureAggregation.Accounts;

/// <summary>
/// The accounts of a program, in one JSON file that only its owner can read. Passwords are kept as ASP.NET Core Identity hashes them (PBKDF2 with
/// HMAC-SHA-512, 210,000 iterations, 16 bytes of salt; OWASP Password Storage Cheat Sheet). Each change is written whole, flushed and renamed into place before
/// it counts. Safe for use by many threads.
/// </summary>
public sealed partial class AccountBook
{
    private const int Iterations = 210_000;
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly RandomNumberGenerator _random;
    private readonly TimeProvider _time;
    private readonly PasswordHasher<string> _hasher = new(Microsoft.Extensions.Options.Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));
    private readonly string _nobody;
    private readonly bool _administered;
    private AccountFile _file = AccountFile.Empty;
    private (DateTime Written, long Length) _seen;

    private AccountBook(string path, bool administered, RandomNumberGenerator random, TimeProvider time)
    {
        (_path, _administered, _random, _time) = (path, administered, random, time);
        Refresh();
        _nobody = _hasher.HashPassword("", NewStamp());
    }

    /// <summary>Every account, by name.</summary>
    public IReadOnlyList<Account> All
    {
        get
        {
            lock (_gate) return [.. _file.Accounts.Select(l => l.Public()).OrderBy(a => a.Name, StringComparer.OrdinalIgnoreCase)];
        }
    }

    /// <summary>Reads the accounts in a file; a missing file is an empty book.</summary>
    /// <param name="path">The file; its folder is made if need be.</param>
    /// <param name="random">For stamps.</param>
    /// <param name="time">For the moment at which an account was made.</param>
    /// <param name="administered">Whether an account must always be left that can administer; not where the operator has a command line for it.</param>
    /// <exception cref="AccountException">The file is not such a book.</exception>
    public static AccountBook Open(string path, RandomNumberGenerator random, TimeProvider time, bool administered = true)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
            else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return new AccountBook(path, administered, random, time);
    }

    /// <summary>Reads the file again if another program has changed it; true if so.</summary>
    /// <exception cref="AccountException">It is not such a book any more; the one that was read before stays in force.</exception>
    public bool Reload()
    {
        lock (_gate) return Refresh();
    }

    /// <summary>The account of this name, or null.</summary>
    public Account? Find(string name)
    {
        lock (_gate) return LineOf(name)?.Public();
    }

    /// <summary>The account, if name and password fit; null otherwise. Takes as long for a name that nobody has.</summary>
    public Account? Check(string name, string password)
    {
        AccountLine? line;
        lock (_gate) line = LineOf(name);
        if (password.Length > AccountRules.LongestPassword) return null;
        var result = _hasher.VerifyHashedPassword(name, line?.Password ?? _nobody, password);
        if (line is null || result == PasswordVerificationResult.Failed) return null;
        return result == PasswordVerificationResult.SuccessRehashNeeded ? Rehash(line, password) : line.Public();
    }

    /// <summary>Makes an account.</summary>
    /// <param name="name">Taken by nobody yet.</param>
    /// <param name="password">See <see cref="AccountRules"/>.</param>
    /// <param name="roles">One at least.</param>
    /// <param name="studies">The studies that the person may see and ask for; null for all.</param>
    /// <param name="by">Who makes it.</param>
    /// <exception cref="AccountException">The name is taken, or name, password, roles or studies break a rule.</exception>
    public Account Add(string name, string password, IEnumerable<Role> roles, IReadOnlyCollection<string>? studies = null, string by = "")
    {
        if ((AccountRules.WrongName(name) ?? AccountRules.WrongPassword(name, password) ?? AccountRules.WrongStudies(studies)) is { } wrong) throw new AccountException(wrong);
        var line = new AccountLine(name, Words(roles), _hasher.HashPassword(name, password), NewStamp(), _time.GetUtcNow(), studies?.ToArray(), Named(by));
        lock (_gate)
        {
            Update(file => LineOf(name) is null ? file with { Accounts = [.. file.Accounts, line] } : throw new AccountException($"there is an account {name} already; choose another name"));
        }

        return line.Public();
    }

    /// <summary>Gives an account another password; its sessions end.</summary>
    /// <exception cref="AccountException">There is no such account, or the password breaks a rule.</exception>
    public Account SetPassword(string name, string password, string by = "")
    {
        if (AccountRules.WrongPassword(name, password) is { } wrong) throw new AccountException(wrong);
        var hash = _hasher.HashPassword(name, password);
        return Change(name, line => line with { Password = hash, By = Named(by) });
    }

    /// <summary>Gives an account other roles; its sessions end.</summary>
    /// <exception cref="AccountException">There is no such account, no role is named, or nobody would be left to administer.</exception>
    public Account SetRoles(string name, IEnumerable<Role> roles, string by = "")
    {
        var words = Words(roles);
        return Change(name, line => line with { Roles = words, By = Named(by) });
    }

    /// <summary>Gives an account other studies, null for all; its sessions end.</summary>
    /// <exception cref="AccountException">There is no such account, or a study breaks a rule.</exception>
    public Account SetStudies(string name, IReadOnlyCollection<string>? studies, string by = "")
    {
        if (AccountRules.WrongStudies(studies) is { } wrong) throw new AccountException(wrong);
        return Change(name, line => line with { Studies = studies?.ToArray(), By = Named(by) });
    }

    /// <summary>Removes an account; its sessions end.</summary>
    /// <exception cref="AccountException">There is no such account, or nobody would be left to administer.</exception>
    public void Remove(string name)
    {
        lock (_gate) Update(file => Existing(name) is var line ? file with { Accounts = [.. file.Accounts.Where(l => l != line)] } : file);
    }

    /// <summary>Whether a session of this account with this stamp still stands.</summary>
    public bool Stands(string name, string stamp) => Find(name) is { } account
        && CryptographicOperations.FixedTimeEquals(System.Text.Encoding.UTF8.GetBytes(account.Stamp), System.Text.Encoding.UTF8.GetBytes(stamp));

    private static string[] Words(IEnumerable<Role> roles)
    {
        string[] words = [.. roles.Distinct().Order().Select(r => r.Word())];
        return words.Length > 0 ? words : throw new AccountException("an account has at least one role: " + string.Join(", ", Accounts.Roles.All.Select(r => r.Word())));
    }

    private AccountLine? LineOf(string name) => _file.Accounts.Find(l => string.Equals(l.Name, name, StringComparison.OrdinalIgnoreCase));

    private AccountLine Existing(string name) => LineOf(name) ?? throw new AccountException($"there is no account {name}");

    private Account Change(string name, Func<AccountLine, AccountLine> change)
    {
        lock (_gate)
        {
            AccountLine line = null!;
            Update(file =>
            {
                var old = Existing(name);
                line = change(old) with { Stamp = NewStamp() };
                return file with { Accounts = [.. file.Accounts.Select(l => l == old ? line : l)] };
            });
            return line.Public();
        }
    }

    /// <summary>A hash of older parameters is renewed at sign-in, when the password is at hand; sessions go on.</summary>
    private Account Rehash(AccountLine seen, string password)
    {
        var hash = _hasher.HashPassword(seen.Name, password);
        lock (_gate)
        {
            if (LineOf(seen.Name) == seen) Update(file => file with { Accounts = [.. file.Accounts.Select(l => l == seen ? seen with { Password = hash } : l)] });
        }

        return seen.Public();
    }

    private static string? Named(string by) => by.Length > 0 ? by : null;

    private string NewStamp()
    {
        var bytes = new byte[16];
        _random.GetBytes(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    /// <summary>Changes the file as it is now, which another program may have written since.</summary>
    private void Update(Func<AccountFile, AccountFile> change)
    {
        using var hold = PrivateFile.Hold(_path);
        Refresh();
        var next = change(_file);
        var administered = next.Accounts.Exists(l => l.Roles.Contains(Role.Admin.Word()));
        if (_administered && !administered) throw new AccountException("somebody must be left who can administer accounts; make another admin first");
        next.Write(_path);
        (_file, _seen) = (next, Seen());
    }

    private bool Refresh()
    {
        var now = Seen();
        if (now == _seen) return false;
        try
        {
            (_file, _seen) = (now == default ? AccountFile.Empty : AccountFile.Read(_path), now);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A command that was run by another user leaves such a file, and what it revoked would go on.
            throw new AccountException($"{_path} cannot be read ({e.Message}); give it to the user as whom this program runs: chown, mode 0600", e);
        }
    }

    private (DateTime Written, long Length) Seen() => new FileInfo(_path) is { Exists: true } file ? (file.LastWriteTimeUtc, file.Length) : default;
}
