using System.Globalization;
using System.Text;
using Google.Protobuf;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Security;

/// <summary>
/// Accounts and keys of the station's REST interface. The file says what they are, and the log that they came to be: an account or a key counts once an act with
/// its mark is in the log, so nobody gets in without an entry, whoever wrote the file. A mark that the log has seen end is dead for ever: the file of a backup brings
/// nobody back.
/// </summary>
internal sealed class StationRights : IAsyncDisposable
{
    /// <summary>Who has changed a file in which nobody is named: whoever may write it.</summary>
    public const string Operator = "operator";

    private const int MostNamed = 20;

    // An operator at the command line waits so long at most until a running station has read the file.
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(2);

    private readonly ActRecorder _acts;
    private readonly AlertBoard _alerts;
    private readonly ILogger<StationRights> _logger;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ByteString> _marks = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<ByteString> _dead = [];
    private readonly ITimer _look;
    private string _told = "";

    public StationRights(AccountBook book, ActRecorder acts, AlertBoard alerts, TimeProvider clock, ILogger<StationRights> logger)
    {
        (Book, _acts, _alerts, _logger) = (book, acts, alerts, logger);
        foreach (var logged in acts.All) Take(logged.Act);
        _look = clock.CreateTimer(_ => _ = LookAsync(), null, s_look, s_look);
    }

    public AccountBook Book { get; }

    /// <summary>Whether the log says that this account is as it is.</summary>
    public bool Counts(Account account) => Has(NameOf(account), MarkOf(account));

    /// <summary>Whether the log says that this key is as it is.</summary>
    public bool Counts(ApiKey key) => Has(NameOf(key), MarkOf(key));

    /// <summary>The name, unless it would be taken for the command line's in the log.</summary>
    /// <exception cref="AccountException">It would.</exception>
    public static string NotOperator(string name) => string.Equals(name, Operator, StringComparison.OrdinalIgnoreCase)
        ? throw new AccountException($"{Operator} is the log's word for the station's command line; choose another name")
        : name;

    /// <summary>A hash of what an account is, 32 bytes; another password, role or study gives another.</summary>
    public static byte[] MarkOf(Account account) => Mark("account", account.Name, account.Roles.Select(r => r.Word()), account.Studies, account.Stamp, account.Proof, DateTimeOffset.UnixEpoch);

    /// <summary>The same of a key.</summary>
    public static byte[] MarkOf(ApiKey key) => Mark("key", key.Name, key.Permissions.Select(p => p.Word()), key.Studies, key.Stamp, key.Proof, key.Expires);

    /// <summary>Puts into the log what has changed since, and returns when it is there: until then it does not count.</summary>
    /// <param name="by">Who did it, where the file does not say.</param>
    /// <exception cref="StoreException">The log cannot be written.</exception>
    public Task RecordAsync(string by) => ChangeAsync(by, () => true);

    /// <summary>Changes the book and puts that into the log; nobody else's look at the file comes between, so that it is logged under the right name.</summary>
    /// <param name="by">Who does it.</param>
    /// <param name="change">Changes the book.</param>
    /// <exception cref="AccountException">A rule is broken.</exception>
    /// <exception cref="StoreException">The log cannot be written.</exception>
    public async Task<T> ChangeAsync<T>(string by, Func<T> change)
    {
        await _writing.WaitAsync();
        try
        {
            var result = change();
            Warn();
            var acts = Changes(by);
            await _acts.AppendAsync(acts);
            foreach (var act in acts) Take(act);
            return result;
        }
        finally
        {
            _writing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _look.DisposeAsync();
        _writing.Dispose();
    }

    private async Task LookAsync()
    {
        try
        {
            if (Book.Reload()) _logger.RightsRead(Book.All.Count, Book.Keys.Count);
            await RecordAsync(Operator);
        }
        catch (AccountException e)
        {
            _logger.RightsRefused(e.Message);
            _alerts.Raise("accounts", Severity.Warning, $"The file of accounts was changed and cannot be read; the accounts that were there before stay in force. {e.Message}");
        }
        catch (Exception e) when (e is StoreException or ObjectDisposedException or IOException or UnauthorizedAccessException)
        {
            // The log tells that it cannot be written; the next look tries again. Or the station stops.
        }
    }

    /// <summary>Tells of what an older file has brought back, once as long as it is the same.</summary>
    private void Warn()
    {
        string[] names;
        lock (_gate) names = [.. Book.All.Where(a => IsOver(NameOf(a), MarkOf(a))).Select(NameOf), .. Book.Keys.Where(k => IsOver(NameOf(k), MarkOf(k))).Select(NameOf)];
        var list = $"{string.Join(", ", names.Take(MostNamed))}{(names.Length > MostNamed ? $" and {names.Length - MostNamed} more" : "")}";
        if (list == _told) return;
        _told = list;
        if (names.Length == 0) return;
        _logger.RightsOver(list);
        _alerts.Raise(
            "accounts-over", Severity.Warning,
            $"The file of accounts holds {list} as before a change or the end that the log tells of: an older file was put back. They do not count. "
            + "Remove them (accounts remove NAME, keys revoke NAME), or, if they shall count, give the account a new password (accounts password NAME) and make a new key.");
    }

    private List<Act> Changes(string by)
    {
        var (accounts, keys) = (Book.All, Book.Keys);
        var acts = new List<Act>();
        lock (_gate)
        {
            foreach (var account in accounts.Where(a => IsNew(NameOf(a), MarkOf(a))))
                acts.Add(New(_marks.ContainsKey(NameOf(account)) ? ActCode.AccountChanged : ActCode.AccountAdded, account.Name, account.By, $"roles: {Words(account.Roles.Select(r => r.Word()))}; {Studies(account.Studies)}", MarkOf(account)));
            foreach (var key in keys.Where(k => IsNew(NameOf(k), MarkOf(k))))
            {
                if (_marks.ContainsKey(NameOf(key))) acts.Add(New(ActCode.KeyRevoked, key.Name, key.By, "", []));
                acts.Add(New(ActCode.KeyAdded, key.Name, key.By, string.Create(CultureInfo.InvariantCulture, $"may: {Words(key.Permissions.Select(p => p.Word()))}; {Studies(key.Studies)}; until {key.Expires:yyyy-MM-ddTHH:mm:ssZ}"), MarkOf(key)));
            }

            var there = accounts.Select(NameOf).Concat(keys.Select(NameOf)).ToHashSet(StringComparer.OrdinalIgnoreCase);
            foreach (var gone in _marks.Keys.Where(name => !there.Contains(name)).Order(StringComparer.Ordinal))
                acts.Add(New(gone.StartsWith("key ", StringComparison.Ordinal) ? ActCode.KeyRevoked : ActCode.AccountRemoved, gone[(gone.IndexOf(' ', StringComparison.Ordinal) + 1)..], "", "", []));
        }

        return acts;

        Act New(ActCode code, string subject, string who, string detail, byte[] mark) => new()
        {
            Code = code,
            Subject = subject,
            By = who.Length > 0 ? who : by,
            Detail = detail.Length <= ActEntry.LongestDetail ? detail : detail[..(ActEntry.LongestDetail - 2)] + " …",
            Mark = ByteString.CopyFrom(mark),
        };
    }

    private void Take(Act act)
    {
        // Another program's accounts may have the same names.
        if (!act.Signer.IsEmpty) return;
        var name = act.Code switch
        {
            ActCode.AccountAdded or ActCode.AccountChanged or ActCode.AccountRemoved => "account " + act.Subject,
            ActCode.KeyAdded or ActCode.KeyRevoked => "key " + act.Subject,
            _ => null,
        };
        if (name is null) return;
        lock (_gate)
        {
            if (_marks.Remove(name, out var before)) _dead.Add(before);
            if (act.Code is not (ActCode.AccountRemoved or ActCode.KeyRevoked)) _marks[name] = act.Mark;
        }
    }

    private bool Has(string name, byte[] mark)
    {
        lock (_gate) return Is(name, mark);
    }

    private bool Is(string name, byte[] mark) => _marks.TryGetValue(name, out var logged) && PublicBytes.Equal(logged.Span, mark);

    private bool IsOver(string name, byte[] mark) => !Is(name, mark) && _dead.Contains(ByteString.CopyFrom(mark));

    private bool IsNew(string name, byte[] mark) => !Is(name, mark) && !_dead.Contains(ByteString.CopyFrom(mark));

    private static string NameOf(Account account) => "account " + account.Name;

    private static string NameOf(ApiKey key) => "key " + key.Name;

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
