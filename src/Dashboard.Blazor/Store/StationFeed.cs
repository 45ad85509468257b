using SecureAggregation.Client;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>
/// Keeps the store filled from one Watch stream. When the station is away the store keeps what it had and says so; when it is back everything
/// is fetched anew, so nothing that was missed stays missing.
/// </summary>
internal sealed partial class StationFeed(
    IConsortium consortium, DeckStore store, VerificationDesk desk, TimeProvider time, ILogger<StationFeed> log) : BackgroundService
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = s_firstPause;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(() => pause = s_firstPause, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever it was, the pages must go on with what they have.
                if (store.Current.Link != StationLink.Offline) StationAway(log, e.Message);
                var problem = e is ConsortiumException ? e.Message : "The stream from the station broke: " + e.Message;
                store.Update(state => state.WithOffline(problem));
            }

            try
            {
                await Task.Delay(pause, time, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, s_longestPause.Ticks));
        }
    }

    private async Task FollowAsync(Action heard, CancellationToken stop)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using var events = consortium.WatchAsync(after: 0, reconnect: false, leaving.Token).GetAsyncEnumerator(leaving.Token);

        // The stream opens before the view is fetched, so that no event falls between the two.
        var next = events.MoveNextAsync().AsTask();
        try
        {
            await FetchAsync(stop);
            heard();
            while (await next)
            {
                var happened = events.Current;
                if (happened.EventCase == Event.EventOneofCase.None) await FetchAsync(stop); // the station says that it left some out
                else store.Update(state => state.With(happened, time.GetUtcNow()));
                if (happened.Round is not null) desk.Consider(store.Current);
                next = events.MoveNextAsync().AsTask();
            }

            throw new StationUnavailableException("The station ended the stream of events.");
        }
        finally
        {
            // An enumerator may only be disposed when its step is over.
            await leaving.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FetchAsync(CancellationToken stop)
    {
        var view = await consortium.GetConsortiumAsync(stop);
        var rounds = await consortium.ListRoundsAsync(DeckState.MaxRounds, cancellation: stop);
        store.Update(state => state.WithView(view, rounds, time.GetUtcNow()));
        StationHeard(log, view.Name, view.Outposts.Count);
        desk.Consider(store.Current);
    }

    [LoggerMessage(7001, LogLevel.Information, "Station heard: consortium {Consortium}, {Outposts} outposts")]
    private static partial void StationHeard(ILogger logger, string consortium, int outposts);

    [LoggerMessage(7002, LogLevel.Warning, "Station away: {Problem}")]
    private static partial void StationAway(ILogger logger, string problem);
}
