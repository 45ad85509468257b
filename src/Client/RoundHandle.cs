using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Client;

/// <summary>One round, by its id.</summary>
public sealed class RoundHandle
{
    private readonly IConsortium _consortium;
    private readonly byte[] _id;
    private readonly byte[]? _question;
    private readonly Query? _asked;

    /// <param name="consortium">Whose round it is.</param>
    /// <param name="id">16 bytes, by the station's word.</param>
    /// <param name="question">Hash of the question that was submitted for it, if it was submitted here: evidence of any other is no answer.</param>
    /// <param name="asked">That question; evidence of a round that asks anything else is no answer.</param>
    internal RoundHandle(IConsortium consortium, byte[] id, byte[]? question = null, Query? asked = null)
    {
        if (id is not { Length: 16 }) throw new ArgumentException("A round id has 16 bytes, 32 hexadecimal digits.", nameof(id));
        (_consortium, _id, _question, _asked) = (consortium, [.. id], question, asked);
    }

    /// <summary>16 bytes.</summary>
    public byte[] Id => [.. _id];

    /// <summary>The question as it was submitted here; null if it was not. Submitted again it is one more attempt at the same question, where one is left: after an approval.</summary>
    public SignedQuery? Signed { get; internal init; }

    /// <summary>What evidence of this round must show, besides the roster.</summary>
    public BundleExpectation Expected => new() { RoundId = Id, QuestionHash = _question, AsksTheSameAs = _asked };

    /// <summary>As it stands now, by the station's word.</summary>
    public Task<RoundView> GetAsync(CancellationToken cancellation = default) => _consortium.GetRoundAsync(_id, cancellation);

    /// <summary>Waits until it is done or aborted, whatever happens to the stream meanwhile.</summary>
    /// <param name="progress">Told each view that the station sends on the way.</param>
    /// <param name="cancellation">Gives up waiting; the round goes on.</param>
    /// <returns>The last view, by the station's word: <see cref="ResultAsync"/> gives one that was checked.</returns>
    public async Task<RoundView> WaitAsync(Action<RoundView>? progress = null, CancellationToken cancellation = default)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var events = _consortium.WatchAsync(after: 0, reconnect: true, done.Token).GetAsyncEnumerator(done.Token);

        // The stream first, then the look: an end that comes between the two is seen by one of them.
        var next = events.MoveNextAsync().AsTask();
        try
        {
            var view = await GetAsync(cancellation);
            while (true)
            {
                progress?.Invoke(view);
                if (view.State is RoundState.Done or RoundState.Aborted) return view;
                view = await NextAsync(events, next, task => next = task, cancellation);
            }
        }
        finally
        {
            await done.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// The earlier round that answers the same question, where outposts declined this one for that reason (ALREADY_ANSWERED): the one that most of them
    /// name. It costs nothing. Their word is checked: its evidence must be of a question that asks the same.
    /// </summary>
    /// <param name="view">This round, aborted.</param>
    /// <returns>Null if none is named, or if the question was not submitted here.</returns>
    public RoundHandle? Earlier(RoundView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        if (_asked is null || view.State != RoundState.Aborted) return null;
        var named = view.Parties.Select(p => p.EarlierRound).Where(round => round.Length == 16).GroupBy(round => round).MaxBy(group => group.Count());
        return named is null ? null : new RoundHandle(_consortium, named.Key.ToByteArray(), question: null, _asked);
    }

    /// <summary>
    /// Waits for the end and checks the evidence: what it gives has been verified against the pinned roster. If the same question was answered before,
    /// it gives that answer.
    /// </summary>
    /// <exception cref="RoundFailedException">The round was aborted, or its evidence does not hold; no number may be used.</exception>
    public async Task<RoundReport> ResultAsync(Action<RoundView>? progress = null, CancellationToken cancellation = default)
    {
        var view = await WaitAsync(progress, cancellation);
        if (Earlier(view) is { } earlier) return await earlier.ResultAsync(progress: null, cancellation);
        if (view.State == RoundState.Aborted) throw new RoundFailedException($"Round {Convert.ToHexStringLower(_id)} was aborted: {view.Failure}") { Round = this };
        var report = await VerifyAsync(cancellation);
        return report.Passed
            ? report
            : throw new RoundFailedException($"Round {Convert.ToHexStringLower(_id)} failed verification at {report.Failure?.Name}: {report.Failure?.Detail}") { Round = this };
    }

    /// <summary>Fetches the evidence and checks it.</summary>
    public async Task<RoundReport> VerifyAsync(CancellationToken cancellation = default)
    {
        var report = await _consortium.VerifyAsync(_id, cancellation);
        var same = (_question is null || PublicBytes.Equal(report.QuestionHash, _question))
            && (_asked is null || PublicBytes.Equal(report.QuestionContent, Question.ContentOf(_asked)));
        if (!report.Passed || same) return report;
        var steps = VerificationSteps.All.Select(name => name == VerificationSteps.Messages
            ? new ReportStep(name, Passed: false, "The evidence is sound, but of another question than the one that was asked.")
            : report.Steps.FirstOrDefault(s => s.Name == name) ?? new ReportStep(name, Passed: null, "not reached"));
        return report with { Passed = false, Steps = [.. steps], Statistics = [], Totals = null, Head = null };
    }

    /// <summary>Writes the evidence to a stream.</summary>
    /// <param name="destination">Takes the file.</param>
    /// <param name="remembered">A head of the log that it shall be held against; null for none.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<long> ExportAsync(Stream destination, Checkpoint? remembered = null, CancellationToken cancellation = default) =>
        _consortium.ExportBundleAsync(_id, destination, remembered, cancellation);

    private async Task<RoundView> NextAsync(IAsyncEnumerator<Event> events, Task<bool> next, Action<Task<bool>> step, CancellationToken cancellation)
    {
        while (true)
        {
            // The stream ends only when it is cancelled.
            await next.WaitAsync(cancellation);
            var happened = events.Current;
            next = events.MoveNextAsync().AsTask();
            step(next);
            if (happened.EventCase == Event.EventOneofCase.None) return await GetAsync(cancellation);
            if (happened.Round is { } round && PublicBytes.Equal(round.RoundId.Span, _id)) return round;
        }
    }
}
