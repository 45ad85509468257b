using System.Collections.Concurrent;
using System.Security.Claims;
using Google.Protobuf;
using SecureAggregation.Accounts;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Security;

/// <summary>
/// The deck's accounts. What is done to one is an act that the deck signs with its key and brings to the station's log, and an account counts only once its act is
/// in the log, under a head that the station signed (docs/transcript.md section 14). An account that is removed is gone at once, whether the station is there or not.
/// </summary>
internal sealed partial class DeckAccounts(AccountBook book, ActReceipts receipts, IConsortium consortium, DeckStore store, TimeProvider time, ILogger<DeckAccounts> log) : BackgroundService
{
    // More than any deck does; a number that a station makes up is not taken over.
    private const ulong MostActs = 1 << 24;

    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(2);
    private readonly SemaphoreSlim _writing = new(1);

    // What is gone from the book names nobody any more.
    private readonly ConcurrentDictionary<string, string> _removedBy = new(StringComparer.OrdinalIgnoreCase);
    private string _said = "";

    public AccountBook Book => book;

    /// <summary>What of the accounts is not in the log, and why; empty when all of it is.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>Whether the log says that this account is as it is.</summary>
    public bool Counts(Account account) => receipts.Logged.Has(account);

    /// <summary>The account that may sign in with these; null if there is none.</summary>
    public Account? Check(string name, string password) => book.Check(name, password) is { } account && Counts(account) ? account : null;

    /// <summary>Whether the account behind a session still is what it was when the session began.</summary>
    public bool Stands(ClaimsPrincipal user, string stamp) => user.Identity?.Name is { } name && book.Stands(name, stamp) && book.Find(name) is { } account && Counts(account);

    /// <summary>Changes the book, and returns when that is in the log.</summary>
    /// <param name="by">Who does it.</param>
    /// <param name="change">Changes the book.</param>
    /// <exception cref="AccountException">A rule is broken, or the station is away, and nothing was changed; or it was changed and does not count yet.</exception>
    public async Task<T> ChangeAsync<T>(string by, Func<AccountBook, T> change)
    {
        if (store.Current.Link == StationLink.Offline)
            throw new AccountException("the station is away, and what is done to accounts must be in its log; nothing was changed: try again when the deck says that the station is live, or remove an account, which works at once");
        await _writing.WaitAsync();
        try
        {
            var result = change(book);
            try
            {
                await RecordAsync(by, CancellationToken.None);
            }
            catch (Exception e) when (e is ConsortiumException or TranscriptException or IOException or UnauthorizedAccessException)
            {
                throw new AccountException($"it is changed here and does not count until it is in the station's log; the deck tries again by itself. {Problem}", e);
            }

            return result;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Removes an account: at once here, and in the log as soon as the station is there.</summary>
    /// <exception cref="AccountException">There is no such account, or nobody would be left to administer.</exception>
    public async Task RemoveAsync(string by, string name)
    {
        _removedBy[name] = by;
        book.Remove(name);
        await TryRecordAsync(by, CancellationToken.None);
    }

    public override void Dispose()
    {
        _writing.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_look, time);
        try
        {
            do
            {
                try
                {
                    book.Reload();
                }
                catch (AccountException e)
                {
                    Say($"The file of accounts was changed and cannot be read; the accounts that were there before stay in force. {e.Message}");
                    continue;
                }

                await TryRecordAsync(LoggedRights.Operator, stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The deck stops.
        }
    }

    private async Task TryRecordAsync(string by, CancellationToken stop)
    {
        await _writing.WaitAsync(stop);
        try
        {
            await RecordAsync(by, stop);
        }
        catch (Exception e) when (e is ConsortiumException or TranscriptException or IOException or UnauthorizedAccessException)
        {
            // Problem says so, and the next look tries again.
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task RecordAsync(string by, CancellationToken stop)
    {
        try
        {
            foreach (var missing in receipts.Logged.Missing(book, by)) await RecordAsync(missing, stop);
            var over = receipts.Logged.Over(book);
            Say(over.Count == 0 ? "" : $"The file of accounts holds {string.Join(", ", over)} as before a change or the end that the log tells of: an older file was put back. They do not count; remove them, or invite them again.");
        }
        catch (Exception e) when (e is ConsortiumException or TranscriptException or IOException or UnauthorizedAccessException)
        {
            Say($"Not all that was done to accounts is in the station's log yet; what is not does not count. {e.Message}");
            throw;
        }
    }

    private async Task RecordAsync(RightsAct missing, CancellationToken stop)
    {
        var act = new Act
        {
            Code = missing.Change switch { RightsChange.AccountAdded => ActCode.AccountAdded, RightsChange.AccountChanged => ActCode.AccountChanged, _ => ActCode.AccountRemoved },
            Subject = missing.Subject,
            By = missing.Change == RightsChange.AccountRemoved ? _removedBy.GetValueOrDefault(missing.Subject, missing.By) : missing.By,
            Detail = missing.Detail,
            Mark = ByteString.CopyFrom(missing.Mark),
            Number = receipts.Last + 1,
        };
        var reply = await consortium.RecordActAsync(act, stop);
        if (!IsLogged(reply, act))
        {
            // Another program has this key too, or the receipts were lost: what was logged since is passed over, an act that was the same then as well.
            if (reply.Next <= act.Number || reply.Next > MostActs)
                throw new TranscriptException($"the station says that act {reply.Next} of this deck comes next, and confirmed act {receipts.Last} before: its log was cut, or restored from an older copy. Ask its operator; if that is settled, move {receipts.Path} away and start the deck again: all accounts are then logged anew.");
            act.Number = reply.Next;
            reply = await consortium.RecordActAsync(act, stop);
            if (!IsLogged(reply, act)) throw new TranscriptException($"the station did not take act {act.Number} of this deck, though it said that it comes next.");
        }

        await CheckAsync((long)reply.Entry, act, stop);
        receipts.Take(missing, act.Number);
        Recorded(log, missing.Subject, missing.Change, act.By, reply.Entry);
    }

    private static bool IsLogged(RecordActReply reply, Act act) => reply.Entry is > 0 and < long.MaxValue && reply.Next == act.Number + 1;

    /// <summary>The station's word that it is in the log is not enough.</summary>
    private async Task CheckAsync(long entry, Act act, CancellationToken stop)
    {
        var report = await consortium.CheckEntryAsync(entry, stop);
        if (report is not { InLog: true, Signed: true } || !report.Logged.Messages.OfType<Act>().Any(a => a.Number == act.Number && a.Mark.Equals(act.Mark) && a.Subject == act.Subject && a.Code == act.Code))
            throw new TranscriptException($"the station says that this is entry {entry} of its log, and it is not: {report?.SignedDetail ?? "the log ends before it"}. Keep the deck's log and tell the consortium.");
    }

    private void Say(string problem)
    {
        Problem = problem;
        if (problem == _said) return;
        _said = problem;
        if (problem.Length > 0) NotLogged(log, problem);
    }

    [LoggerMessage(7030, LogLevel.Information, "Account {Name}: {Change} by {By}, entry {Entry} of the station's log")]
    private static partial void Recorded(ILogger log, string name, RightsChange change, string by, ulong entry);

    [LoggerMessage(7031, LogLevel.Warning, "{Problem}")]
    private static partial void NotLogged(ILogger log, string problem);
}
