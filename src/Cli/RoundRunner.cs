using SecureAggregation.Client;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Cli;

/// <summary>Follows one round from the station's events to its end.</summary>
internal static class RoundRunner
{
    // Events can be lost when this side is slow; a look at the round itself now and then makes up for it.
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    /// <summary>Waits until the round is done or aborted, reporting each view of it on the way.</summary>
    public static async Task<RoundView> FollowAsync(IConsortium consortium, byte[] roundId, Action<RoundView> report, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        RoundView? final = null;
        var gate = new Lock();

        void See(RoundView view)
        {
            lock (gate)
            {
                if (final is not null) return;
                report(view);
                if (view.State is not (RoundState.Done or RoundState.Aborted)) return;
                final = view;
                ended.Cancel();
            }
        }

        async Task Watch()
        {
            await foreach (var happened in consortium.WatchAsync(cancellation: ended.Token))
            {
                if (happened.Round is { } view && view.RoundId.Span.SequenceEqual(roundId)) See(view);
            }
        }

        async Task Look()
        {
            while (!ended.IsCancellationRequested)
            {
                See(await consortium.GetRoundAsync(roundId, ended.Token));
                await Task.Delay(s_look, ended.Token);
            }
        }

        try
        {
            await await Task.WhenAny(Watch(), Look());
        }
        catch (OperationCanceledException) when (final is not null)
        {
            // Expected: the end of the round ends both.
        }

        stop.ThrowIfCancellationRequested();
        return final ?? throw new CliException(ExitCode.CannotConnect, "the station stopped sending events before the round ended; look at it again with `secagg watch`");
    }
}
