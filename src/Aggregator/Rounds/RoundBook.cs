using System.Collections.Concurrent;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>
/// All rounds: those that run, each with its driver; the last few that ended, whose drivers stay for outposts that come back late; and
/// those before, of which a card is left, and the view in the store.
/// </summary>
internal sealed class RoundBook : IAsyncDisposable
{
    private readonly RoundServices _services;
    private readonly RosterHistory _rosters;
    private readonly IRoundMeaning _meaning;
    private readonly Func<IdentityKey> _key;
    private readonly RandomNumberGenerator _random;
    private readonly ConcurrentDictionary<string, RoundDriver> _drivers = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<RoundDriver> _recent = new();
    private readonly ConcurrentDictionary<string, RoundCard> _ended = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _submitting = new(1);
    private readonly Lock _gate = new();
    // Round ids in hexadecimal, oldest first.
    private readonly List<string> _order = [];

    public RoundBook(RoundServices services, RosterHistory rosters, IRoundMeaning meaning, Func<IdentityKey> key, RandomNumberGenerator random)
    {
        (_services, _rosters, _meaning, _key, _random) = (services, rosters, meaning, key, random);
    }

    /// <summary>Rounds that run. One that is shown as ended runs no more, whatever is left to be tidied: whoever has seen that may count on its place.</summary>
    public int RunningCount => _drivers.Values.Count(d => d.View.State == RoundState.Running);

    /// <summary>Told of each round that ends while the station runs.</summary>
    public Action<RoundView> OnEnded { get; set; } = _ => { };

    /// <summary>Rounds in the log.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _order.Count;
        }
    }

    /// <summary>Reads back what the log holds; rounds that were running go on.</summary>
    /// <exception cref="StartException">What is stored is not what was signed.</exception>
    public void Load()
    {
        var loading = new RoundLoading(_services, _rosters, _meaning);
        foreach (var loaded in loading.Load())
        {
            if (loaded.Ended is { } card) AddEnded(loaded.Name, card);
            else Resume(loaded.Name, loaded.Round!, loaded.Projection!, loaded.Entries, loading);
        }
    }

    /// <summary>Starts a round for a signed query.</summary>
    /// <param name="signed">The query.</param>
    /// <param name="deadline">Time for each phase, or null for the station's own.</param>
    /// <exception cref="RpcException">It may not run; the status says why.</exception>
    public async Task<byte[]> Submit(SignedQuery signed, TimeSpan? deadline)
    {
        var roundId = new byte[16];
        _random.GetBytes(roundId);
        return await Submit(roundId, signed, deadline) ? roundId : throw new InvalidOperationException("A random id was drawn twice.");
    }

    /// <summary>Starts a round under an id that its caller would choose again for the same; false if there is a round of this id already, whatever became of it.</summary>
    /// <exception cref="RpcException">The query is refused; the status says why.</exception>
    public async Task<bool> Submit(byte[] roundId, SignedQuery signed, TimeSpan? deadline)
    {
        // First: what was right to ask once may be so no more.
        var name = PublicBytes.Hex(roundId);
        if (Card(name) is not null) return false;
        Open(signed);
        await _submitting.WaitAsync();
        try
        {
            // Again: others may have come before while this waited, and the roster may have been replaced.
            if (Card(name) is not null) return false;
            var question = Open(signed);
            CheckAttempts(question);
            var invited = Invite(question);
            var deadlines = _services.Options.Deadlines.All.Select(d => deadline ?? d.Value);
            await Start(question, roundId, invited, deadlines);
            return true;
        }
        finally
        {
            _submitting.Release();
        }
    }

    /// <summary>Does something between rounds: those that run end first, and none starts before it is done.</summary>
    /// <exception cref="RpcException">FailedPrecondition: rounds have not ended in time.</exception>
    public async Task<T> Between<T>(Func<Task<T>> act, TimeSpan patience, CancellationToken stop)
    {
        await _submitting.WaitAsync(stop);
        try
        {
            var running = _drivers.Values.Where(d => !d.Ended.IsCompleted).ToList();
            try
            {
                await Task.WhenAll(running.Select(d => d.Ended)).WaitAsync(patience, _services.Clock, stop);
            }
            catch (TimeoutException)
            {
                var names = string.Join(", ", running.Where(d => !d.Ended.IsCompleted).Select(d => d.Name));
                throw Failed(StatusCode.FailedPrecondition, $"Rounds still run after {patience.TotalMinutes:0} minutes ({names}); nothing was changed. Stop them, or try again when they have ended.");
            }

            return await act();
        }
        finally
        {
            _submitting.Release();
        }
    }

    /// <summary>Stops a running round.</summary>
    /// <exception cref="RpcException">There is no such round, or it has ended.</exception>
    public async Task Abort(ReadOnlyMemory<byte> roundId, CancellationToken stop)
    {
        var view = View(roundId);
        if (view.State != RoundState.Running || Find(roundId) is not { } driver)
            throw Failed(StatusCode.FailedPrecondition, $"Round {PublicBytes.Hex(roundId.Span)} has ended ({view.State}); only a running round can be aborted.");
        await driver.Offer(new RoundInput.Cancellation(AbortReason.Cancelled), stop);
        await Task.WhenAny(driver.Ended, driver.Stopped).WaitAsync(stop);
    }

    /// <summary>The driver of a running or recent round.</summary>
    public RoundDriver? Find(ReadOnlyMemory<byte> roundId) => _drivers.GetValueOrDefault(PublicBytes.Hex(roundId.Span));

    /// <summary>Tells a party that came (back) what each round has for it; returns when all of it is queued.</summary>
    public async Task Arrive(PartySession session, CancellationToken stop)
    {
        foreach (var driver in _drivers.Values.Where(d => d.Invited.Contains(session.Party)))
        {
            var arrival = new RoundInput.Arrival(session);
            await driver.Offer(arrival, stop);
            await Task.WhenAny(arrival.Told.Task, driver.Stopped).WaitAsync(stop);
        }
    }

    /// <summary>The running rounds that a party takes part in.</summary>
    public IReadOnlyList<RoundDriver> RunningWith(uint party) => [.. _drivers.Values.Where(d => !d.Ended.IsCompleted
        && d.View.Parties.Any(p => p.Index == party && p.State is PartyState.Active or PartyState.Invited))];

    /// <summary>A round as it is shown.</summary>
    /// <exception cref="RpcException">NotFound.</exception>
    public RoundView View(ReadOnlyMemory<byte> roundId)
    {
        var name = PublicBytes.Hex(roundId.Span);
        return Reading(() => View(name)) ?? throw Failed(StatusCode.NotFound, $"There is no round {name} in the log.");
    }

    /// <summary>Tells the readers of events how a round stands, after one more party has cosigned it.</summary>
    public void Announce(ReadOnlyMemory<byte> roundId)
    {
        if (Reading(() => View(PublicBytes.Hex(roundId.Span))) is { } view) _services.Events.Publish(new Event { Round = view });
    }

    /// <summary>Rounds that match, newest first, and how many do.</summary>
    /// <param name="search">Which.</param>
    /// <param name="offset">Rounds to skip.</param>
    /// <param name="limit">The most that are listed.</param>
    /// <param name="brief">Leaves out statistics and marks.</param>
    public (IReadOnlyList<RoundView> Rounds, int Total) List(RoundSearch search, int offset, int limit, bool brief)
    {
        var names = Newest();
        if (!search.IsEverything) names = Array.FindAll(names, name => Card(name) is { } card && search.Matches(card));
        return (Reading(() => names.Skip(offset).Take(limit).Select(name => View(name, brief)).OfType<RoundView>().ToList()), names.Length);
    }

    /// <summary>Whether a round asks this query.</summary>
    public bool Asks(ReadOnlyMemory<byte> roundId, Query query) =>
        Card(PublicBytes.Hex(roundId.Span)) is { } card && card.QueryId.Equals(query.QueryId) && card.Content.Span.SequenceEqual(Question.ContentOf(query));

    /// <summary>How long the last rounds that ended with a total took, in the middle; 0 if there are none.</summary>
    public uint TypicalMs()
    {
        var lasted = Newest().Take(50).Select(Card).OfType<RoundCard>().Where(r => r.State == RoundState.Done).Select(r => r.FinishedMs - r.StartedMs).Order().ToList();
        return lasted.Count == 0 ? 0 : (uint)Math.Min(lasted[lasted.Count / 2], uint.MaxValue);
    }

    /// <summary>Wakes the rounds that stopped for lack of storage.</summary>
    public void Wake()
    {
        foreach (var driver in _drivers.Values) driver.Wake();
    }

    /// <summary>Deletes masked vectors of ended rounds that have reached their age, and the oldest while all of them are more than there is room for.</summary>
    public void ExpireVectors()
    {
        var limits = _services.Options.Limits;
        var before = (ulong)(_services.Clock.GetUtcNow() - limits.BlobRetention).ToUnixTimeMilliseconds();
        var room = limits.BlobBytes == 0 ? long.MaxValue : limits.BlobBytes;
        foreach (var round in _ended.Values.Concat(_drivers.Values.Select(d => RoundCard.Of(d.View))).Where(r => r.State != RoundState.Running)
            .DistinctBy(r => r.RoundId).OrderByDescending(r => r.FinishedMs))
        {
            var roundId = round.RoundId.ToByteArray();
            try
            {
                if (_services.Blobs.Bytes(roundId) is not (> 0 and var bytes)) continue;
                room = bytes > room ? -1 : room - bytes;
                if (round.FinishedMs >= before && room >= 0) continue;
                _services.Blobs.Delete(roundId);
                _services.Logger.VectorsExpired(PublicBytes.Hex(roundId), round.FinishedMs < before ? "have reached their age" : "are beyond what may be kept");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _services.Logger.StorageFailed(e.Message);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var driver in _drivers.Values) await driver.DisposeAsync();
        _submitting.Dispose();
    }

    private string[] Newest()
    {
        lock (_gate) return [.. Enumerable.Reverse(_order)];
    }

    private RoundCard? Card(string name) => _ended.GetValueOrDefault(name) ?? (_drivers.GetValueOrDefault(name) is { } driver ? RoundCard.Of(driver.View) : null);

    /// <summary>A round as it is shown, as a copy.</summary>
    private RoundView? View(string name, bool brief = false)
    {
        var view = _drivers.GetValueOrDefault(name)?.View.Clone() ?? (_ended.GetValueOrDefault(name) is { } card ? Stored(name, card) : null);
        if (view is null) return null;
        if (view.State != RoundState.Running) view.Cosignatures = _services.Witnesses.Count((long)view.LastEntry + 1);
        if (!brief) return view;
        view.Statistics.Clear();
        foreach (var party in view.Parties) party.Marks.Clear();
        return view;
    }

    private RoundView Stored(string name, RoundCard card)
    {
        if (card.Kept is { } kept) return kept.Clone();
        return _services.Store.View(card.RoundId.ToByteArray()) is { } stored && PublicBytes.Equal(SHA256.HashData(stored), card.Stored)
            ? SealedView.Read(stored)
            : throw new StoreException($"The stored view of round {name} was changed while the station ran; it makes it anew from the entries when it is started again.");
    }

    private static T Reading<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (StoreException e)
        {
            throw Failed(StatusCode.Unavailable, e.Message);
        }
    }

    private Question Open(SignedQuery signed)
    {
        try
        {
            var question = Question.Open(signed, _rosters.Current, _services.Clock.GetUtcNow());
            _meaning.Shape(question, _rosters.Current.Parties.Count).Checked();
            return question;
        }
        catch (RefusalException e)
        {
            throw Failed(StatusOf(e.Code, signed), e.Message);
        }
        catch (Exception e) when (e is MeaningException or InvalidOperationException)
        {
            throw Failed(StatusCode.InvalidArgument, e.Message);
        }
    }

    private static StatusCode StatusOf(RefusalCode code, SignedQuery signed) => code switch
    {
        RefusalCode.BadSignature when signed.Signature.IsEmpty => StatusCode.InvalidArgument,
        RefusalCode.BadSignature => StatusCode.PermissionDenied,
        RefusalCode.BadMessage => StatusCode.InvalidArgument,
        _ => StatusCode.FailedPrecondition,
    };

    private void CheckAttempts(Question question)
    {
        var earlier = _drivers.Values.Select(d => RoundCard.Of(d.View)).Concat(_ended.Values).Where(r => r.QueryId.Equals(question.Query.QueryId))
            .DistinctBy(r => r.RoundId).ToList();
        if (earlier.Find(v => v.State == RoundState.Running) is { } running)
            throw Failed(StatusCode.AlreadyExists, $"The query runs already, in round {PublicBytes.Hex(running.RoundId.Span)}.");
        if (earlier.Find(v => v.State == RoundState.Done) is { } done)
            throw Failed(StatusCode.FailedPrecondition, $"The query was answered in round {PublicBytes.Hex(done.RoundId.Span)}; a new question needs a new query id.");

        // An attempt that waits for a person at an outpost is none: the same signed query is to come again.
        if (earlier.Count(r => !r.Waited) >= question.Query.Attempts)
            throw Failed(StatusCode.FailedPrecondition, $"All {question.Query.Attempts} attempts of the query are used; sign it anew with another query id.");
        var active = RunningCount;
        if (active >= _services.Options.Limits.RunningRounds)
            throw Failed(StatusCode.ResourceExhausted, $"{active} rounds are running, the most that this station runs at a time (Station:Limits:RunningRounds); wait for one to end.");
    }

    private IReadOnlyList<uint> Invite(Question question)
    {
        var roster = _rosters.Current;
        var invited = _services.Parties.Offering(question.Query.Dataset);
        var minimum = Math.Max(roster.MinSurvivors, (int)question.Query.MinSurvivors);
        if (RoundRules.TryFor(invited.Count, roster.MaxColluders, minimum, roster.MinHonest, out _) is not { } broken) return invited;
        var online = _services.Parties.Views().Where(v => v.Online).ToList();
        var offered = online.SelectMany(v => v.Datasets).Select(d => d.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (online.Count > 0 && !offered.Contains(question.Query.Dataset))
            throw Failed(StatusCode.FailedPrecondition, $"No outpost offers a dataset \"{question.Query.Dataset}\"; offered are: {(offered.Count == 0 ? "none" : string.Join(", ", offered))}.");
        var missing = roster.Parties.Where(p => !invited.Contains(p.Index)).Select(p => p.Name).ToList();
        var away = missing.Count == 0 ? "" : $" (missing: {string.Join(", ", missing)})";
        throw Failed(
            StatusCode.FailedPrecondition,
            $"Too few outposts that offer \"{question.Query.Dataset}\" are online: {invited.Count} of {roster.Parties.Count}{away}. {broken}");
    }

    private async Task Start(Question question, byte[] roundId, IReadOnlyList<uint> invited, IEnumerable<TimeSpan> deadlines)
    {
        // Its proposal would wait with all others, and whoever asks with it.
        if (_services.Log.Failure is { IsLost: true } away) throw Failed(StatusCode.Unavailable, $"The station's database is away, so no round can start: {away.Message}");
        var key = _key();
        try
        {
            var proposal = AggregatorRound.Propose(_rosters.Current, question.Signed, roundId, invited, deadlines, key);
            var entry = new Entry
            {
                RoundId = ByteString.CopyFrom(roundId), TimeMs = (ulong)_services.Clock.GetUtcNow().ToUnixTimeMilliseconds(), Envelope = proposal,
            };
            var round = new AggregatorRound(_rosters.Current, _meaning.Shape, _services.Options.Cores);
            round.Apply(entry);
            var first = await _services.Log.Append([new NewLeaf(roundId, entry.ToByteArray())]);
            var query = question.Query;
            _services.Logger.RoundProposed(PublicBytes.Hex(roundId), query.Title, query.Dataset, question.Coordinator.Name, invited.Count);
            Drive(round, key, new RoundProjection(_rosters.Current, _meaning.Results, first), _services.Clock.GetUtcNow());
        }
        catch (Exception e)
        {
            key.Dispose();
            if (e is not IOException) throw;
            throw Failed(StatusCode.Unavailable, $"The station cannot write its transcript, so no round can start: {e.Message}");
        }
    }

    /// <summary>Goes on with a round that runs, or with what follows from its end when the station stopped before that was done.</summary>
    private void Resume(string name, AggregatorRound round, RoundProjection projection, int entries, RoundLoading loading)
    {
        var running = round.State == RoundState.Running;
        using (var vectors = new RoundVectors(_services.Blobs, round))
        {
            if (!running || round.Phase != RoundPhase.Input)
            {
                // The survivors were fixed, perhaps a moment before the station stopped.
                vectors.KeepStored(round.Survivors);
            }
            else
            {
                var (whole, deleted) = vectors.Recheck();
                loading.Removed(round.RoundId, deleted);
                foreach (var party in whole) round.MarkVectorStored(party);
            }
        }

        if (running) _services.Logger.RoundResumed(name, round.Phase.ToString(), entries);
        var driver = Drive(round, _key(), projection, _services.Clock.GetUtcNow() + _services.Options.Limits.RestartGrace);
        // Signed for another roster; its parties would not know the station's new words.
        if (running && !PublicBytes.Equal(round.Question.Query.RosterHash.Span, _rosters.Current.Hash))
            _ = driver.Offer(new RoundInput.Cancellation(AbortReason.StationRestarted));
    }

    private RoundDriver Drive(AggregatorRound round, IdentityKey key, RoundProjection projection, DateTimeOffset graceEnd)
    {
        var running = round.State == RoundState.Running;
        var driver = new RoundDriver(_services, round, key, projection, graceEnd);
        _drivers[driver.Name] = driver;
        lock (_gate) _order.Add(driver.Name);
        _ = RetireWhenEnded(driver, running);
        // A new round has proposed to nobody yet: whoever is online is told as if it had just come.
        foreach (var session in driver.Invited.Select(_services.Parties.Session).OfType<PartySession>()) _ = driver.Offer(new RoundInput.Arrival(session));
        return driver;
    }

    private async Task RetireWhenEnded(RoundDriver driver, bool ran)
    {
        await driver.Ended;
        if (ran) OnEnded(driver.View);
        _ended[driver.Name] = CardOf(driver.View);
        _recent.Enqueue(driver);
        var limits = _services.Options.Limits;
        // They are kept for outposts that come back late, but large ones not many.
        while (_recent.Count > 1 && (_recent.Count > limits.RecentRounds || _recent.Sum(d => d.Weight) > limits.RecentBytes) && _recent.TryDequeue(out var oldest))
        {
            _drivers.TryRemove(oldest.Name, out _);
            await oldest.DisposeAsync();
        }
    }

    private void AddEnded(string name, RoundCard card)
    {
        _ended[name] = card;
        lock (_gate) _order.Add(name);
    }

    /// <summary>The card of a round that has just ended; with its view where that is not in the store, because it could not be written.</summary>
    private RoundCard CardOf(RoundView view)
    {
        var (card, roundId) = (RoundCard.Of(view), view.RoundId.ToByteArray());
        try
        {
            if (_services.Store.View(roundId) is { } stored && _rosters.StationKeys.Any(key => view.Equals(SealedView.TryOpen(stored, roundId, key))))
                return card with { Stored = SHA256.HashData(stored) };
        }
        catch (StoreException)
        {
            // The store is away; the next start reads it.
        }

        return card with { Kept = view };
    }

    private static RpcException Failed(StatusCode code, string sentence) => new(new Status(code, sentence));
}
