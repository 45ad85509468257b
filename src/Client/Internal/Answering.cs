using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Client.Internal;

/// <summary>From a question to checked evidence, with patience for rounds that are aborted and stations that are away.</summary>
internal static class Answering
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(15);

    /// <summary>The evidence of the round that answers a question; it has passed.</summary>
    public static async Task<RoundReport> OfAsync(IConsortium consortium, TimeProvider time, AnalysisQuery query, IdentityKey? coordinator, AskOptions options, CancellationToken cancellation)
    {
        // A question that is asked once more is another question, so this is not tried again; the rest is.
        var round = await consortium.AskAsync(query, coordinator, options, cancellation);
        for (var left = options.Attempts - 1; ; left--)
        {
            var asked = round;
            var view = await PatientlyAsync(() => asked.WaitAsync(options.Progress, cancellation), options, time, cancellation);
            var over = view.State != RoundState.Aborted || asked.Earlier(view) is not null || left <= 0 || asked.Signed is null || WaitsForAPerson(view);
            if (over) return await PatientlyAsync(() => asked.ResultAsync(options.Progress, cancellation), options, time, cancellation);
            // The same signed question: an outpost whose vector had not left is not charged again.
            round = await PatientlyAsync(() => consortium.SubmitAsync(asked.Signed!, options.PhaseDeadline, cancellation), options, time, cancellation);
            options.Asked?.Invoke(round);
        }
    }

    /// <summary>A regression over several rounds.</summary>
    public static async Task<ModelFit> FitAsync(
        IConsortium consortium, TimeProvider time, AnalysisQuery query, IdentityKey? coordinator, AskOptions options, ReleaseOptions? reading, Action<ModelFit, RoundReport> progress,
        CancellationToken cancellation)
    {
        ModelFit fit;
        try
        {
            fit = new ModelFit(query);
        }
        catch (AnalysisException e)
        {
            throw new QuestionException(e.Message, e);
        }

        while (fit.Next is { } next)
        {
            var report = await OfAsync(consortium, time, next, coordinator, options, cancellation);
            // Cannot be null: the round passed its checks.
            var totals = report.Totals!;
            fit.Add(totals.Layout, totals.Values, totals.Contributors, reading);
            progress(fit, report);
        }

        return fit;
    }

    /// <summary>Whether somebody must decide first: another attempt right now would end the same way.</summary>
    private static bool WaitsForAPerson(RoundView round) => round.Parties.Any(p => p.Refusal is RefusalCode.PendingApproval or RefusalCode.NotApproved);

    private static async Task<T> PatientlyAsync<T>(Func<Task<T>> step, AskOptions options, TimeProvider time, CancellationToken cancellation)
    {
        var (began, pause) = (time.GetTimestamp(), s_firstPause);
        while (true)
        {
            try
            {
                return await step();
            }
            catch (StationUnavailableException) when (time.GetElapsedTime(began) + pause <= options.Patience)
            {
                await Task.Delay(pause, time, cancellation);
                pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, s_longestPause.Ticks));
            }
        }
    }
}
