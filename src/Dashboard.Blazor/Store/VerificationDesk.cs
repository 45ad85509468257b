using System.Threading.Channels;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>
/// Checks finished rounds from their evidence, one at a time: the newest by itself, others when somebody asks. The pages say "Verified" only
/// when this desk's report passed.
/// </summary>
internal sealed partial class VerificationDesk(
    IConsortium consortium, DeckStore store, TimeProvider time, ILogger<VerificationDesk> log) : BackgroundService
{
    private readonly Channel<string> _asked = Channel.CreateBounded<string>(
        new BoundedChannelOptions(DeckState.MaxRounds) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Takes up the newest finished round unless it has been checked, and again those that more outposts have countersigned since.</summary>
    public void Consider(DeckState state)
    {
        if (state.LastDone is { } newest && state.CheckOf(newest) is null) Ask(newest.Id());
        foreach (var round in state.Rounds)
        {
            // The count is the station's word: at most as many checks follow it as there are outposts.
            if (state.CheckOf(round) is { State: CheckState.Verified } check && check.Cosignatures < Math.Min(round.Cosignatures, (uint)state.Outposts.Count)) Ask(round.Id());
        }
    }

    /// <summary>Queues a check of a round, again if it had one.</summary>
    public void Ask(string roundId)
    {
        if (store.Current.Checks.GetValueOrDefault(roundId)?.State is CheckState.Waiting or CheckState.Running) return;
        store.Update(state => state.WithCheck(roundId, new RoundCheck(CheckState.Waiting, time.GetUtcNow())));
        if (!_asked.Writer.TryWrite(roundId))
            store.Update(state => state.WithCheck(roundId, Unavailable("Too many checks are waiting; try again in a while.")));
    }

    /// <summary>
    /// Checks a round for somebody who watches, against a head that they remember if there is one. All pages see the outcome, but for a failure that only that head shows.
    /// </summary>
    public async Task<RoundCheck> WalkAsync(string roundId, VerifyWishes wishes, CancellationToken cancellation)
    {
        var shown = store.Current.FindRound(roundId);
        var check = await OneAsync(async () => Judge(await ReportAsync(roundId, wishes, cancellation), shown, time.GetUtcNow()), cancellation);
        check = check with { Cosignatures = shown?.Cosignatures ?? 0 };
        if (check.State == CheckState.Verified || (check.State == CheckState.Failed && wishes.Remembered is null)) store.Update(state => state.WithCheck(roundId, check));
        Checked(log, roundId, check.State, check.Report?.Failure?.Detail ?? check.Problem);
        return check;
    }

    /// <summary>Checks a bundle from elsewhere. Says nothing of what the station shows.</summary>
    public Task<RoundCheck> WalkAsync(Stream bundle, VerifyWishes wishes, CancellationToken cancellation) =>
        OneAsync(async () => Judge(await consortium.VerifyAsync(bundle, wishes, cancellation), null, time.GetUtcNow()), cancellation);

    public override void Dispose()
    {
        _one.Dispose();
        base.Dispose();
    }

    private Task<RoundReport> ReportAsync(string roundId, VerifyWishes wishes, CancellationToken cancellation) =>
        consortium.VerifyAsync(Convert.FromHexString(roundId), wishes, cancellation);

    /// <summary>One at a time: a check takes all cores.</summary>
    private async Task<RoundCheck> OneAsync(Func<Task<RoundCheck>> check, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            return await check();
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            return Unavailable(e.Message);
        }
        finally
        {
            _one.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var roundId in _asked.Reader.ReadAllAsync(stoppingToken)) await CheckAsync(roundId, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The program ends; a check that was under way starts anew with the next one.
        }
    }

    private async Task CheckAsync(string roundId, CancellationToken stop)
    {
        store.Update(state => state.WithCheck(roundId, new RoundCheck(CheckState.Running, time.GetUtcNow())));
        // Counted before the evidence is fetched: what comes while it is checked calls for another check.
        var cosignatures = store.Current.FindRound(roundId)?.Cosignatures ?? 0;
        var check = await OneAsync(async () => Judge(await ReportAsync(roundId, new VerifyWishes(), stop), store.Current.FindRound(roundId), time.GetUtcNow()), stop);
        Checked(log, roundId, check.State, check.Report?.Failure?.Detail ?? check.Problem);
        store.Update(state => state.WithCheck(roundId, check with { Cosignatures = cosignatures }));
        Consider(store.Current);
    }

    /// <summary>
    /// Evidence that passes but has another total than the station shows is a failure of the display's claim. What the total means is not compared: the pages
    /// show what this program makes of it, and a station of another version may make its intervals otherwise.
    /// </summary>
    internal static RoundCheck Judge(RoundReport report, RoundView? shown, DateTimeOffset at)
    {
        if (!report.Passed) return new RoundCheck(CheckState.Failed, at, report);
        if (shown is null || shown.TotalHash.IsEmpty || PublicBytes.Equal(shown.TotalHash.Span, report.TotalHash)) return new RoundCheck(CheckState.Verified, at, report);
        const string Problem = "The evidence is sound, but its total is not the one that the station shows.";
        var step = new ReportStep("The total shown is that of the evidence", Passed: false, Problem);
        return new RoundCheck(CheckState.Failed, at, report with { Passed = false, Steps = [.. report.Steps, step] }, Problem);
    }

    private RoundCheck Unavailable(string problem) => new(CheckState.Unavailable, time.GetUtcNow(), Problem: problem);

    [LoggerMessage(7003, LogLevel.Information, "Round {RoundId} checked: {State} {Detail}")]
    private static partial void Checked(ILogger logger, string roundId, CheckState state, string detail);
}
