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
/// Accounts and keys of the station's REST interface. The file says what they are, and the log that they came to be: an account or a key counts once an act of
/// the station with its mark is in the log (<see cref="LoggedRights"/>).
/// </summary>
internal sealed class StationRights : IAsyncDisposable
{
    private const int MostNamed = 20;

    // By RightsChange.
    private static readonly ActCode[] s_codes = [ActCode.AccountAdded, ActCode.AccountChanged, ActCode.AccountRemoved, ActCode.KeyAdded, ActCode.KeyRevoked];

    // An operator at the command line waits so long at most until a running station has read the file.
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(2);

    private readonly ActRecorder _acts;
    private readonly AlertBoard _alerts;
    private readonly ILogger<StationRights> _logger;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly LoggedRights _logged = new();
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
    public bool Counts(Account account) => _logged.Has(account);

    /// <summary>Whether the log says that this key is as it is.</summary>
    public bool Counts(ApiKey key) => _logged.Has(key);

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
            var acts = _logged.Missing(Book, by).Select(ActOf).ToList();
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
            await RecordAsync(LoggedRights.Operator);
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
        var names = _logged.Over(Book);
        var list = $"{string.Join(", ", names.Take(MostNamed))}{(names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "")}";
        if (list == _told) return;
        _told = list;
        if (names.Count == 0) return;
        _logger.RightsOver(list);
        _alerts.Raise(
            "accounts-over", Severity.Warning,
            $"The file of accounts holds {list} as before a change or the end that the log tells of: an older file was put back. They do not count. "
            + "Remove them (accounts remove NAME, keys revoke NAME), or, if they shall count, give the account a new password (accounts password NAME) and make a new key.");
    }

    private void Take(Act act)
    {
        // Another program's accounts may have the same names.
        if (!act.Signer.IsEmpty) return;
        if (Array.FindIndex(s_codes, code => code == act.Code) is >= 0 and var change) _logged.Take((RightsChange)change, act.Subject, act.Mark.Span);
    }

    private static Act ActOf(RightsAct missing) => new()
    {
        Code = s_codes[(int)missing.Change],
        Subject = missing.Subject,
        By = missing.By,
        Detail = missing.Detail.Length <= ActEntry.LongestDetail ? missing.Detail : missing.Detail[..(ActEntry.LongestDetail - 2)] + " …",
        Mark = ByteString.CopyFrom(missing.Mark),
    };
}
