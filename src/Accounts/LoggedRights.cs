using System.Globalization;
using System.Text;
using SecureAggregation.Crypto;

namespace SecureAggregation.Accounts;

/// <summary>What became of an account or a key.</summary>
public enum RightsChange
{
    /// <summary>An account was made.</summary>
    AccountAdded,

    /// <summary>It has another password, other roles or other studies.</summary>
    AccountChanged,

    /// <summary>It is gone.</summary>
    AccountRemoved,

    /// <summary>A key was made.</summary>
    KeyAdded,

    /// <summary>It is gone.</summary>
    KeyRevoked,
}

/// <summary>A change that a log is to tell of. It holds no secret and no hash of one.</summary>
/// <param name="Change">What it is.</param>
/// <param name="Subject">The name of the account or the key.</param>
/// <param name="By">Who did it.</param>
/// <param name="Detail">In words: roles or permissions, studies, expiry.</param>
/// <param name="Mark">What the account or key is since then: 32 bytes, a hash over its rights and its random stamp; empty when it is gone.</param>
public sealed record RightsAct(RightsChange Change, string Subject, string By, string Detail, byte[] Mark);

/// <summary>
/// What a log says of the accounts and keys of a book. One counts only while its mark is in the log, so nobody gets in without an entry, whoever wrote the file;
/// and a mark that the log has seen end is dead for ever: the file of a backup brings nobody back. Safe for use by many threads.
/// </summary>
public sealed class LoggedRights
{
    /// <summary>Who has changed a book in which nobody is named: whoever may write its file.</summary>
    public const string Operator = "operator";

    private const string AccountPrefix = "account ";
    private const string KeyPrefix = "key ";
    private readonly Lock _gate = new();
    private readonly Dictionary<string, byte[]> _marks = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<byte[]> _dead = new(PublicBytes.Comparer);

    /// <summary>Whether the log says that this account is as it is.</summary>
    public bool Has(Account account) => Is(NameOf(account), MarkOf(account));

    /// <summary>Whether the log says that this key is as it is.</summary>
    public bool Has(ApiKey key) => Is(NameOf(key), MarkOf(key));

    /// <summary>A hash of what an account is, 32 bytes; another password, role or study gives another.</summary>
    public static byte[] MarkOf(Account account)
    {
        ArgumentNullException.ThrowIfNull(account);
        return Mark("account", account.Name, account.Roles.Select(r => r.Word()), account.Studies, account.Stamp, account.Proof, DateTimeOffset.UnixEpoch);
    }

    /// <summary>The same of a key.</summary>
    public static byte[] MarkOf(ApiKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Mark("key", key.Name, key.Permissions.Select(p => p.Word()), key.Studies, key.Stamp, key.Proof, key.Expires);
    }

    /// <summary>The name, unless it would be taken for <see cref="Operator"/> in the log.</summary>
    /// <exception cref="AccountException">It would.</exception>
    public static string NotOperator(string name) => string.Equals(name, Operator, StringComparison.OrdinalIgnoreCase)
        ? throw new AccountException($"{Operator} is the log's word for whoever has the machine; choose another name")
        : name;

    /// <summary>Takes what the log says, oldest first.</summary>
    /// <param name="change">What became of it.</param>
    /// <param name="subject">The account or key.</param>
    /// <param name="mark">Its mark since then.</param>
    public void Take(RightsChange change, string subject, ReadOnlySpan<byte> mark)
    {
        var name = (change is RightsChange.KeyAdded or RightsChange.KeyRevoked ? KeyPrefix : AccountPrefix) + subject;
        lock (_gate)
        {
            if (_marks.Remove(name, out var before)) _dead.Add(before);
            if (change is not (RightsChange.AccountRemoved or RightsChange.KeyRevoked)) _marks[name] = mark.ToArray();
        }
    }

    /// <summary>What a book holds as it was before a change or an end of which the log tells: "account NAME" or "key NAME" each.</summary>
    public IReadOnlyList<string> Over(AccountBook book)
    {
        ArgumentNullException.ThrowIfNull(book);
        lock (_gate) return [.. book.All.Where(a => IsOver(NameOf(a), MarkOf(a))).Select(NameOf), .. book.Keys.Where(k => IsOver(NameOf(k), MarkOf(k))).Select(NameOf)];
    }

    /// <summary>What the log does not say yet of a book.</summary>
    /// <param name="book">The book.</param>
    /// <param name="by">Who did it, where the book does not say.</param>
    public IReadOnlyList<RightsAct> Missing(AccountBook book, string by)
    {
        ArgumentNullException.ThrowIfNull(book);
        var (accounts, keys, acts) = (book.All, book.Keys, new List<RightsAct>());
        lock (_gate)
        {
            foreach (var account in accounts.Where(a => IsNew(NameOf(a), MarkOf(a))))
            {
                acts.Add(new RightsAct(
                    _marks.ContainsKey(NameOf(account)) ? RightsChange.AccountChanged : RightsChange.AccountAdded,
                    account.Name, Who(account.By), $"roles: {Words(account.Roles.Select(r => r.Word()))}; {Studies(account.Studies)}", MarkOf(account)));
            }

            foreach (var key in keys.Where(k => IsNew(NameOf(k), MarkOf(k))))
            {
                if (_marks.ContainsKey(NameOf(key))) acts.Add(new RightsAct(RightsChange.KeyRevoked, key.Name, Who(key.By), "", []));
                acts.Add(new RightsAct(
                    RightsChange.KeyAdded, key.Name, Who(key.By),
                    string.Create(CultureInfo.InvariantCulture, $"may: {Words(key.Permissions.Select(p => p.Word()))}; {Studies(key.Studies)}; until {key.Expires:yyyy-MM-ddTHH:mm:ssZ}"), MarkOf(key)));
            }

            var there = accounts.Select(NameOf).Concat(keys.Select(NameOf)).ToHashSet(StringComparer.OrdinalIgnoreCase);
            foreach (var gone in _marks.Keys.Where(name => !there.Contains(name)).Order(StringComparer.Ordinal))
            {
                acts.Add(gone.StartsWith(KeyPrefix, StringComparison.Ordinal)
                    ? new RightsAct(RightsChange.KeyRevoked, gone[KeyPrefix.Length..], by, "", [])
                    : new RightsAct(RightsChange.AccountRemoved, gone[AccountPrefix.Length..], by, "", []));
            }
        }

        return acts;

        string Who(string said) => said.Length > 0 ? said : by;
    }

    private bool Is(string name, byte[] mark)
    {
        lock (_gate) return _marks.TryGetValue(name, out var logged) && PublicBytes.Equal(logged, mark);
    }

    private bool IsOver(string name, byte[] mark) => !Is(name, mark) && _dead.Contains(mark);

    private bool IsNew(string name, byte[] mark) => !Is(name, mark) && !_dead.Contains(mark);

    private static string NameOf(Account account) => AccountPrefix + account.Name;

    private static string NameOf(ApiKey key) => KeyPrefix + key.Name;

    private static byte[] Mark(string kind, string name, IEnumerable<string> words, IReadOnlyList<string>? studies, string stamp, string proof, DateTimeOffset expires)
    {
        using var hash = new LabelHash("station/right");
        hash.Field(Encoding.UTF8.GetBytes(kind)).Field(Encoding.UTF8.GetBytes(name)).Field(Encoding.UTF8.GetBytes(Words(words))).Field(Encoding.UTF8.GetBytes(stamp)).Field(Encoding.UTF8.GetBytes(proof));
        hash.Field((ulong)expires.ToUnixTimeMilliseconds()).Field(studies is null ? 0u : 1u);
        foreach (var study in studies ?? []) hash.Field(Encoding.UTF8.GetBytes(study));
        return hash.Finish();
    }

    private static string Words(IEnumerable<string> words) => string.Join(", ", words);

    private static string Studies(IReadOnlyList<string>? studies) => studies is null ? "all studies" : $"studies: {Words(studies)}";
}
