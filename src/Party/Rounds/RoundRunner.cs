using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Party.Link;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Rounds;

/// <summary>
/// The outpost's side of all rounds: proposal → rules, policy, budget → join; noise, then the pass over the data → masked input;
/// and so on to the cosigned log. Many rounds at once. It outlives the streams to the station.
/// </summary>
internal sealed class RoundRunner : IStationRounds, IAsyncDisposable
{
    private const int MostRounds = 256;
    private static readonly TimeSpan s_afterlife = TimeSpan.FromMinutes(10);

    private readonly PartySetup _setup;
    private readonly Answering _answering;
    private readonly PartyMemory _memory;
    private readonly TimeProvider _clock;
    private readonly ILogger<RoundRunner> _logger;
    private readonly TimeSpan _pause;
    private readonly ConcurrentDictionary<byte[], OpenRound> _rounds = new(PublicBytes.Comparer);
    private readonly ConcurrentDictionary<byte[], QueryAnswer> _answers = new(PublicBytes.Comparer);
    private readonly SemaphoreSlim _admission = new(1);
    private readonly HeadKeeper _heads;
    private IStationSession? _session;
    private volatile bool _leaving;

    public RoundRunner(
        PartySetup setup,
        Answering answering,
        PartyMemory memory,
        TimeProvider clock,
        ILogger<RoundRunner> logger,
        OutpostOptions? options = null)
    {
        _pause = options?.Pause ?? TimeSpan.Zero;
        (_setup, _answering, _memory, _clock, _logger) = (setup, answering, memory, clock, logger);
        _heads = new HeadKeeper(setup, memory, logger, SendAsync, _rounds.GetValueOrDefault, Finish);
    }

    public void Attach(IStationSession session) => Volatile.Write(ref _session, session);

    public void Repeat()
    {
        foreach (var round in _rounds.Values) _ = round.DoAsync(() => Guarded(round, () => RepeatAsync(round))).AsTask();
    }

    public void Detach(IStationSession session) => Interlocked.CompareExchange(ref _session, null, session);

    public async ValueTask ReceiveAsync(Broadcast broadcast, CancellationToken cancellationToken)
    {
        var id = broadcast.RoundId.ToByteArray();
        if (id.Length != 16) return;
        if (_rounds.TryGetValue(id, out var known))
        {
            await known.DoAsync(() => StepAsync(known, r => r.Receive(broadcast, _clock.GetUtcNow()), broadcast), cancellationToken);
            return;
        }

        // What belongs to no round that is known here is of a round before a restart, or long over: there this outpost is silent for good.
        if (broadcast.Envelope is not { Kind: MessageKind.Propose } proposal) return;
        if (_memory.HasSeen(id))
        {
            Log.SeenBefore(_logger, PublicBytes.Hex(id.AsSpan(0, 4)));
            return;
        }

        if (!MakeRoom())
        {
            Log.TooManyRounds(_logger, _rounds.Count);
            return;
        }

        var round = new OpenRound(id, _clock.GetUtcNow() + s_afterlife);
        _rounds[id] = round;
        await round.DoAsync(() => Guarded(round, () => ConsiderAsync(round, proposal)), cancellationToken);
    }

    public ValueTask ReceiveAsync(Publication publication, CancellationToken cancellationToken) =>
        _heads.ReceiveAsync(publication, cancellationToken);

    public async Task SettleAsync()
    {
        foreach (var round in _rounds.Values) await round.AskAsync(() => true);
        await _heads.SettleAsync();
    }

    public async Task LeaveAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        // Whichever round comes after this is declined; the others are among these.
        _leaving = true;
        var open = _rounds.Values.Where(r => !r.Over.IsCompleted).ToList();
        if (open.Count == 0) return;
        Log.Leaving(_logger, open.Count, grace.TotalSeconds);
        try
        {
            await Task.WhenAll(open.Select(r => r.Over)).WaitAsync(grace, _clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // They are left.
        }

        var left = await Task.WhenAll(open.Where(r => !r.Over.IsCompleted).Select(LeaveAsync)).WaitAsync(cancellationToken);
        Log.HasLeft(_logger, open.Count - left.Count(l => l), left.Count(l => l));
    }

    public IReadOnlyList<RoundStatus> Snapshot() => [.. _rounds.Values.Select(r => r.Status)];

    /// <summary>Forgets rounds and answers whose time is over.</summary>
    public void Sweep()
    {
        var now = _clock.GetUtcNow();
        foreach (var round in _rounds.Values.Where(r => now > r.Expires)) Forget(round);
        foreach (var (key, _) in _answers.Where(a => now > a.Value.Expires)) ForgetAnswer(key);
    }

    public async ValueTask DisposeAsync()
    {
        _answering.Stop();
        await _heads.DisposeAsync();
        foreach (var round in _rounds.Values) round.Close();
        await Task.WhenAll(_rounds.Values.Select(r => r.Completion));
        foreach (var key in _answers.Keys) ForgetAnswer(key);
        _admission.Dispose();
    }

    /// <summary>False if the round has ended, and only its log was not shown in time.</summary>
    private async Task<bool> LeaveAsync(OpenRound open)
    {
        var step = await open.AskAsync(() =>
        {
            if (open.Round is not { State: not PartyRoundState.Ended } round) return null;
            Log.Left(_logger, open.Name, round.State.ToString());
            var said = round.Decline(RefusalCode.Leaving);
            open.Status = StatusOf(open, round);
            return said;
        });
        // Once the vector is out there is nothing to say: the others may have opened a total with it.
        foreach (var message in step?.Messages ?? []) await SendAsync(open, message);
        return step is not null;
    }

    private async Task ConsiderAsync(OpenRound open, Envelope proposal)
    {
        try
        {
            var setup = _setup with { SurvivorGuard = survivors => open.Plan is { } plan && _answering.MayAgree(plan, open.Id, survivors) };
            var round = PartyRound.Open(setup, proposal, _clock.GetUtcNow());
            open.Round = round;
            if (!PublicBytes.Equal(round.RoundId, open.Id))
                throw new RefusalException(RefusalCode.BadMessage, "The proposal is for another round than its frame says.");
        }
        catch (RefusalException e)
        {
            // Nothing is signed about a proposal that is not to be believed.
            Log.Refused(_logger, open.Name, e.Code.ToString(), e.Message);
            Forget(open);
            return;
        }

        var deadlines = TimeSpan.FromMilliseconds(Proposal.Parser.ParseFrom(proposal.Body).DeadlinesMs.Sum(d => d));
        open.Expires = _clock.GetUtcNow() + deadlines + s_afterlife;
        var question = open.Round.Question;
        var (title, dataset) = (OneLine(question.Query.Title), OneLine(question.Query.Dataset));
        Log.Proposed(_logger, open.Name, title, question.Coordinator.Name, dataset, open.Round.Invited.Count);
        PartyStep step;
        QueryAnswer? answer = null;
        await _admission.WaitAsync();
        try
        {
            answer = await AdmitAsync(open, open.Round);
            step = open.Round.Join(answer.Plan.Shape, _clock.GetUtcNow());

            // While the others join: with the keys that they had before, most agreements are there when theirs come.
            _ = Task.Run(() => _setup.Keys.Prepare(_clock.GetUtcNow(), _setup.Cores));
        }
        catch (RefusalException e)
        {
            step = open.Round.Decline(e.Code, e.EarlierRound) with { Detail = e.Message };
        }
        catch (StoreException e)
        {
            Log.StateFailed(_logger, open.Name, e.Message);
            step = open.Round.Decline(RefusalCode.Budget) with { Detail = "The ledger cannot be written." };
        }
        finally
        {
            _admission.Release();
        }

        await SendAsync(open, step);
        if (answer is not null && open.Round.State != PartyRoundState.Ended) _ = ProvideAsync(open, answer);
    }

    /// <summary>Whether to take part, and with which answer; when this returns, it has been paid for. One proposal at a time.</summary>
    /// <exception cref="RefusalException">The outpost declines.</exception>
    private async Task<QueryAnswer> AdmitAsync(OpenRound open, PartyRound round)
    {
        if (_leaving) throw new RefusalException(RefusalCode.Leaving, "The outpost stops.");
        // Before anything is charged: a station that replays a query must not be able to drain the budget with it.
        var freshness = Freshness(round);
        if (freshness == RefusalCode.RoundSeen) throw Stale(freshness);
        var assessment = _answering.Assess(round.Question, round.Invited.Count, plan => _answers.ContainsKey(plan.AnswerKey));
        // Of a query that was released here the round that answers it can still be told.
        if (freshness != RefusalCode.Unspecified && assessment.Code != RefusalCode.AlreadyAnswered) throw Stale(freshness);
        var plan = _answering.Admit(assessment);
        await LeaveOlderAsync(open, plan.QueryHash);
        // An older attempt may have released until a moment ago.
        freshness = Freshness(round);
        if (freshness != RefusalCode.Unspecified) throw Stale(freshness);
        if (_answers.TryGetValue(plan.AnswerKey, out var answer))
        {
            Log.JoinedAgain(_logger, open.Name);
        }
        else
        {
            _answering.Debit(round, plan);
            answer = _answers[plan.AnswerKey] = _answering.Begin(round, plan);
            Log.Joined(_logger, open.Name, plan.Epsilon.ToString(), plan.Shape.Length, plan.Shape.Bits);
        }

        open.Plan = plan;
        return answer;
    }

    private RefusalCode Freshness(PartyRound round) => _memory.MayBegin(round.RoundId, round.Question.Id, round.Question.Query.Attempts);

    private static RefusalException Stale(RefusalCode code) =>
        new(code, "The round was seen before, or its query was answered or has no attempts left.");

    /// <summary>Two attempts at one query with different survivors would be two totals over nearly the same rows: only the newest goes on.</summary>
    private async Task LeaveOlderAsync(OpenRound newest, byte[] query)
    {
        // Rounds that have not been admitted have no plan and may be waiting for this very admission.
        foreach (var older in _rounds.Values.Where(r => r != newest && r.Plan is { } plan && PublicBytes.Equal(plan.QueryHash, query)))
        {
            var left = await older.AskAsync(() =>
            {
                if (older.Round is not { State: not PartyRoundState.Ended } round) return false;
                round.Dispose();
                return true;
            });
            if (left) Log.Superseded(_logger, older.Name);
        }
    }

    private async Task ProvideAsync(OpenRound open, QueryAnswer answer)
    {
        try
        {
            var vector = await answer.VectorAsync(noise => _answering.SumAsync(answer.Plan, noise));
            await open.DoAsync(() => StepAsync(
                open, round => round.State == PartyRoundState.Ended ? PartyStep.Nothing : round.ProvideInput(answer.Plan.ToRing(vector), answer.Plan.ChargedMicro)));
        }
        catch (DataSourceException e)
        {
            Log.DataProblem(_logger, answer.Plan.Dataset.Name, e.Message);
            await open.DoAsync(() => StepAsync(open, round => round.Decline(RefusalCode.DataSource) with { Detail = "The data could not " +
                "be read." }));
        }
        catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException)
        {
            // The outpost stops, or nothing can be asked any more.
        }
        catch (Exception e)
        {
            LogUnexpected(open, e);
            await open.DoAsync(() => StepAsync(open, round => round.Decline(RefusalCode.DataSource) with { Detail = "The data could not " +
                "be added up." }));
        }
    }

    private Task StepAsync(OpenRound open, Func<PartyRound, PartyStep> act, Broadcast? broadcast = null) => Guarded(open, async () =>
    {
        if (open.Round is not { } round) return;
        var (released, before) = (round.Released, round.State);
        var step = act(round);
        // From here on the others can open a total with this vector in it, with or without a word of this outpost's: it is never sent again.
        if (step.Vector is not null) ForgetAnswer(open.Plan!.AnswerKey);
        if (round.Released && !released) Log.Released(_logger, open.Name);

        var endsHere = before != PartyRoundState.Ended && step.Refusal == RefusalCode.Unspecified && round.State == PartyRoundState.Ended;
        open.AwaitsLog |= endsHere;
        if (endsHere && broadcast?.Envelope is { Kind: MessageKind.Abort } abort)
            Log.Aborted(_logger, open.Name, Abort.Parser.ParseFrom(abort.Body).Reason.ToString());
        // Its signature and its survivors are right, and this outpost is one of them.
        if (endsHere && before == PartyRoundState.Unmasked && broadcast?.Envelope is { Kind: MessageKind.Total } total)
            _answering.MarkAnswered(open.Id, total.Body.Span);
        await SendAsync(open, step);
    });

    /// <summary>Whatever goes wrong in a round ends that round alone, and without a word: what could be said might be wrong too.</summary>
    private async Task Guarded(OpenRound open, Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (StoreException e)
        {
            Log.StateFailed(_logger, open.Name, e.Message);
            open.Round?.Dispose();
        }
        catch (Exception e)
        {
            LogUnexpected(open, e);
            open.Round?.Dispose();
        }
    }

    /// <summary>Type and place, not the message: this program did not write it and cannot know what it quotes.</summary>
    private void LogUnexpected(OpenRound open, Exception e) =>
        Log.Unexpected(_logger, open.Name, e.GetType().Name, $"{Environment.NewLine}{e.StackTrace}");

    private async Task SendAsync(OpenRound open, PartyStep step)
    {
        Tell(open, step);
        if (_pause > TimeSpan.Zero && step.Messages.Count > 0) await Task.Delay(_pause, _clock);
        foreach (var message in step.Messages) await SendAsync(open, message);
        await SendVectorAsync(open, step.Vector);
    }

    private async Task RepeatAsync(OpenRound open)
    {
        if (open.Round is not { State: not PartyRoundState.Ended } round) return;
        foreach (var message in round.Sent)
        {
            await SendAsync(open, message);
            if (message.Kind == MessageKind.Input) await SendVectorAsync(open, round.SentVector);
        }
    }

    private Task SendAsync(OpenRound open, Envelope message) =>
        SendAsync(new PartyFrame { Message = new PartyMessage { RoundId = ByteString.CopyFrom(open.Id), Envelope = message } });

    private async Task SendVectorAsync(OpenRound open, MaskedVector? vector)
    {
        if (vector is null) return;
        foreach (var frame in VectorFrames.Of(ByteString.CopyFrom(open.Id), vector)) await SendAsync(frame);
    }

    /// <summary>Hands a frame to the stream that stands, if one does; what is lost is said again on the next.</summary>
    private async Task SendAsync(PartyFrame frame)
    {
        if (Volatile.Read(ref _session) is not { } session) return;
        try
        {
            await session.SendAsync(frame, CancellationToken.None);
        }
        catch (SessionLostException)
        {
            Detach(session);
        }
    }

    private void Tell(OpenRound open, PartyStep step)
    {
        var round = open.Round!;
        var state = round.State.ToString();
        if (step.Refusal != RefusalCode.Unspecified) Log.Refused(_logger, open.Name, step.Refusal.ToString(), step.Detail);
        else if (open.Status.State != state) Log.Progress(_logger, open.Name, state);
        open.Status = StatusOf(open, round);
    }

    private static RoundStatus StatusOf(OpenRound open, PartyRound round) => new(
        open.Name, round.Question.Query.Dataset, round.Question.Query.Title, round.State.ToString(), round.Refusal == RefusalCode.Unspecified ? "" : round.Refusal.ToString());

    /// <summary>A finished round is kept for a while: the station may ask again for a cosignature that was lost on the way.</summary>
    private void Finish(OpenRound open) => open.Finish(_clock.GetUtcNow() + s_afterlife);

    private bool MakeRoom()
    {
        if (_rounds.Count >= MostRounds) Sweep();
        if (_rounds.Count >= MostRounds && _rounds.Values.Where(r => r.IsFinished).MinBy(r => r.Expires) is { } oldest) Forget(oldest);
        return _rounds.Count < MostRounds;
    }

    private void Forget(OpenRound open)
    {
        if (_rounds.TryRemove(open.Id, out _)) open.Close();
    }

    private void ForgetAnswer(byte[] key)
    {
        if (_answers.TryRemove(key, out var answer)) answer.Dispose();
    }

    /// <summary>A coordinator's words, as one line for a log.</summary>
    private static string OneLine(string text) => new([.. text.Select(c => char.IsControl(c) ? ' ' : c)]);
}
