using System.Collections.Immutable;
using SecureAggregation.Client;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Store;

public enum FitState
{
    Running,
    Converged,

    /// <summary>It ended with a reason: no convergence, an aborted round, or evidence that does not hold.</summary>
    Failed,
    Cancelled,
}

/// <summary>A regression over several rounds, as it stands.</summary>
public sealed record FitView(string Id, AnalysisQuery Query, string Yaml, string By, DateTimeOffset Started)
{
    public FitState State { get; init; }

    public DateTimeOffset? Ended { get; init; }

    /// <summary>Most rounds that it may take.</summary>
    public int Most { get; init; }

    /// <summary>Rounds asked so far, in hexadecimal digits, in their order.</summary>
    public ImmutableArray<string> Rounds { get; init; } = [];

    /// <summary>The deviance at the coefficients of each finished round, noise included.</summary>
    public ImmutableArray<double> Deviances { get; init; } = [];

    /// <summary>The numbers of the last finished round.</summary>
    public IReadOnlyList<ReleasedStatistic> Statistics { get; init; } = [];

    public double? NullDeviance { get; init; }

    public double? McFadden { get; init; }

    /// <summary>Why it ended without converging.</summary>
    public string Failure { get; init; } = "";

    /// <summary>ε that the asked rounds cost at most at each outpost.</summary>
    public double Spent => Query.Epsilon.Micro / Math.Max(1, Most) * Rounds.Length / 1e6;
}

/// <summary>
/// Plays regressions over several rounds, whether or not somebody watches: a browser that leaves must not leave a fit half spent. They belong to this process; the rounds
/// themselves are in the log.
/// </summary>
public sealed partial class FitDesk(IConsortium consortium, DeckKey key, TimeProvider time, ILogger<FitDesk> logger) : IHostedService, IDisposable
{
    /// <summary>Fits that run at once: each keeps every outpost busy.</summary>
    public const int MostRunning = 4;
    private const int MostKept = 100;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<string, CancellationTokenSource> _running = [];
    private readonly List<Task> _tasks = [];
    private ImmutableArray<FitView> _fits = [];
    private int _begun;

    public Subscribers Changed { get; } = new();

    /// <summary>Newest first.</summary>
    public ImmutableArray<FitView> All
    {
        get
        {
            lock (_gate) return _fits;
        }
    }

    public FitView? Find(string? id) => All.FirstOrDefault(fit => fit.Id == id);

    /// <summary>Starts a fit; its id.</summary>
    /// <exception cref="QuestionException">It cannot be asked; the message says why.</exception>
    public string Start(string yaml, string account, TimeSpan validity)
    {
        if (key.Coordinator is null) throw new QuestionException(QueryDesk.NoCoordinator);
        var query = QueryDesk.Read(yaml);
        var fit = MakeFit(query);
        FitView view;
        lock (_gate)
        {
            if (_running.Count >= MostRunning) throw new QuestionException($"{MostRunning} regressions run already. Wait until one has ended, or cancel one.");
            view = new FitView($"{++_begun}", query, yaml, account, time.GetUtcNow()) { Most = fit.Model.Iterations };
            var stop = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            _running.Add(view.Id, stop);
            // One that runs is never put out of reach: it can be cancelled from its page alone.
            _fits = [view, .. _fits.Where((known, i) => i < MostKept - 1 || known.State == FitState.Running)];
            _tasks.RemoveAll(task => task.IsCompleted);
            _tasks.Add(Task.Run(() => RunAsync(view, validity, stop.Token), CancellationToken.None));
        }

        LogStarted(logger, account, query.Name, query.Dataset, view.Id);
        Changed.Tell();
        return view.Id;
    }

    /// <summary>Asks no further round; one that runs goes on at the station, and what is spent stays spent.</summary>
    public void Cancel(string id)
    {
        lock (_gate)
        {
            if (_running.TryGetValue(id, out var stop)) stop.Cancel();
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        Task[] tasks;
        lock (_gate) tasks = [.. _tasks];
        await Task.WhenAll(tasks).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stopping.Dispose();

    private static ModelFit MakeFit(AnalysisQuery query)
    {
        try
        {
            return new ModelFit(query);
        }
        catch (AnalysisException e)
        {
            throw new QuestionException(e.Message, e);
        }
    }

    private async Task RunAsync(FitView view, TimeSpan validity, CancellationToken stop)
    {
        FitState state;
        var failure = "";
        try
        {
            var options = new AskOptions { Validity = validity, Asked = round => Update(view.Id, fit => fit with { Rounds = fit.Rounds.Add(Convert.ToHexStringLower(round.Id)) }) };
            var fit = await consortium.FitAsync(view.Query, key.Coordinator!, options, done => Update(view.Id, known => Progress(known, done)), stop);
            (state, failure) = (fit.Converged ? FitState.Converged : FitState.Failed, fit.Failure);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            state = FitState.Cancelled;
        }
        catch (Exception e)
        {
            // Whatever it was, the page must say so: nobody awaits this task.
            (state, failure) = (FitState.Failed, e.Message);
        }

        lock (_gate)
        {
            if (_running.Remove(view.Id, out var source)) source.Dispose();
        }

        LogEnded(logger, view.Id, state, failure);
        Update(view.Id, fit => fit with { State = state, Failure = failure, Ended = time.GetUtcNow() });
    }

    private static FitView Progress(FitView known, ModelFit fit) =>
        known with { Deviances = [.. fit.Deviances], Statistics = fit.Statistics, NullDeviance = fit.NullDeviance, McFadden = fit.McFadden };

    private void Update(string id, Func<FitView, FitView> change)
    {
        lock (_gate)
        {
            _fits = [.. _fits.Select(fit => fit.Id == id ? change(fit) : fit)];
        }

        Changed.Tell();
    }

    [LoggerMessage(7012, LogLevel.Information, "{Account} began to fit '{Title}' of {Dataset}: fit {Fit}")]
    private static partial void LogStarted(ILogger logger, string account, string title, string dataset, string fit);

    [LoggerMessage(7013, LogLevel.Information, "Fit {Fit} ended: {State} {Failure}")]
    private static partial void LogEnded(ILogger logger, string fit, FitState state, string failure);
}
