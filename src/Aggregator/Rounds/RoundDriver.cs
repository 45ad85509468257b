using System.Threading.Channels;
using Google.Protobuf;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>
/// Runs one round: everything that happens to it goes through one queue with one reader, so nothing here is locked. Messages are judged and
/// appended as they come, the log is flushed once for all that waited, and only then does anything leave: a broadcast, a view, an event.
/// </summary>
internal sealed partial class RoundDriver : IAsyncDisposable
{
    // Full, the queue holds up the streams that fill it, each by the flow control of its connection.
    private const int QueueLength = 64;

    // One with its name and labels, as counted on a heap.
    private const int StatisticBytes = 350;

    private readonly RoundServices _services;
    private readonly AggregatorRound _round;
    private readonly IdentityKey _key;
    private readonly RoundVectors _vectors;
    private readonly RoundProjection _projection;
    private readonly DateTimeOffset _graceEnd;
    private readonly Channel<RoundInput> _queue =
        Channel.CreateBounded<RoundInput>(new BoundedChannelOptions(QueueLength) { SingleReader = true });

    private readonly List<Entry> _unflushed = [];
    private readonly Dictionary<MessageKind, WeakReference<byte[]>> _common = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _deadline;
    private readonly Task _running;
    private volatile RoundView _view;
    private long _weight;
    private bool _storageFailed;
    private bool _waits;
    private bool _untidy;
    private bool _told;
    private RoundView? _shown;
    private AbortReason? _cancelled;

    /// <summary>Takes a round over and runs it to its end.</summary>
    /// <param name="services">The station.</param>
    /// <param name="round">A round of which the proposal, and whatever else is in the log, has been applied.</param>
    /// <param name="key">The station's key; the driver disposes it.</param>
    /// <param name="projection">What of it is shown.</param>
    /// <param name="graceEnd">Until then no deadline passes: after a restart the outposts must be given time to come back.</param>
    public RoundDriver(RoundServices services, AggregatorRound round, IdentityKey key, RoundProjection projection, DateTimeOffset graceEnd)
    {
        (_services, _round, _key, _projection, _graceEnd) = (services, round, key, projection, graceEnd);
        RoundId = round.RoundId;
        Name = PublicBytes.Hex(RoundId);
        Invited = round.Invited;
        _vectors = new RoundVectors(services.Blobs, round);
        _view = projection.Of(round);
        _deadline = services.Clock.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _running = Task.Run(Run);
    }

    public byte[] RoundId { get; }

    /// <summary>The round id in hexadecimal.</summary>
    public string Name { get; }

    public IReadOnlyList<uint> Invited { get; }

    /// <summary>The round as it is shown: a snapshot that nobody changes.</summary>
    public RoundView View => _view;

    /// <summary>About the bytes that the round holds in memory: everything that was said in it, and what is shown of its total.</summary>
    public long Weight => Interlocked.Read(ref _weight) + (_view.Statistics.Count * (long)StatisticBytes);

    /// <summary>Completed when the round is done or aborted and that is in the log.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Completed when the driver takes no more inputs.</summary>
    public Task Stopped => _running;

    /// <summary>Until then no deadline passes: after a start, and after the database was away, outposts may still be on their way back.</summary>
    private DateTimeOffset GraceEnd
    {
        get
        {
            var back = _services.Log.BackSince + _services.Options.Limits.RestartGrace;
            return back > _graceEnd ? back : _graceEnd;
        }
    }

    /// <summary>Queues an input; waits while the round has more to do than it can keep up with.</summary>
    public async Task Offer(RoundInput input, CancellationToken stop = default)
    {
        try
        {
            await _queue.Writer.WriteAsync(input, stop);
        }
        catch (ChannelClosedException)
        {
            // The round was let go of; what still comes for it changes nothing.
        }
    }

    /// <summary>Looks at the round again; needed only when it is not busy anyway.</summary>
    public void Wake() => _queue.Writer.TryWrite(new RoundInput.Wake());

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _running;
        await _deadline.DisposeAsync();
        _vectors.Dispose();
        _key.Dispose();
    }

    private async Task Run()
    {
        try
        {
            await Step([new RoundInput.Wake()]);
            while (await _queue.Reader.WaitToReadAsync())
            {
                var inputs = new List<RoundInput>(QueueLength);
                while (inputs.Count < QueueLength && _queue.Reader.TryRead(out var input)) inputs.Add(input);
                await Step(inputs);
            }
        }
        catch (Exception e)
        {
            // A defect that kept even the abort from the log, or came after the end. Here the round is over in any case: its place is free.
            ReportDefect(e);
            _queue.Writer.TryComplete();
            _vectors.Dispose();
            Show(Failed(_view));
            _ended.TrySetResult();
        }
    }

    private async Task Step(IReadOnlyList<RoundInput> inputs)
    {
        try
        {
            await Work(inputs);
            _waits = false;
        }
        catch (Exception e) when (IsLost(e))
        {
            WaitForStorage(e.Message);
        }
        catch (Exception e) when (IsStorage(e))
        {
            FailStorage(e.Message);
        }

        // Whoever waits for an upload that could not begin must not wait for ever.
        foreach (var begin in inputs.OfType<RoundInput.VectorBegin>()) begin.Upload.TrySetResult(null);
        foreach (var arrival in inputs.OfType<RoundInput.Arrival>())
        {
            CatchUp(arrival.Session);
            arrival.Told.SetResult();
        }

        // A view of many parties takes its time; while more waits, it would be old at once.
        if (!_queue.Reader.TryPeek(out _)) Show(_projection.Of(_round));
    }

    private async Task Work(IReadOnlyList<RoundInput> inputs)
    {
        if (_storageFailed)
        {
            await AbortForStorage();
            return;
        }

        if (_round.State != RoundState.Running && !_ended.Task.IsCompleted)
        {
            // The station stopped between the end of the round and what follows from it.
            await Finish();
            return;
        }

        try
        {
            foreach (var input in inputs) Take(input);
            await Flush();
            await Advance();
        }
        catch (Exception e) when (!IsStorage(e) && _round.State == RoundState.Running)
        {
            // A defect: this round ends, the others go on.
            ReportDefect(e);
            _cancelled = AbortReason.Internal;
            await Advance();
        }
    }

    private void Take(RoundInput input)
    {
        switch (input)
        {
            case RoundInput.Message message:
                Consider(message.From, message.Envelope);
                break;
            case RoundInput.VectorBegin begin:
                BeginVector(begin);
                break;
            case RoundInput.VectorEnd end:
                EndVector(end);
                break;
            case RoundInput.Cancellation cancellation:
                _cancelled ??= cancellation.Reason;
                break;
        }
    }

    private void Consider(PartySession from, Envelope envelope)
    {
        var (party, name) = (from.Party, _services.Parties.Name(from.Party));
        var now = Now();
        var offer = _round.Consider(party, envelope, now);
        if (offer.Outcome == OfferOutcome.Ignore)
        {
            // A repeat or a late message: that is how a party comes back, and no reason to count it against it.
            return;
        }

        Record(new Entry
        {
            RoundId = ByteString.CopyFrom(RoundId), TimeMs = (ulong)now.ToUnixTimeMilliseconds(), Sender = party + 1, Envelope = envelope, Rejection = offer.Rejection,
        }, offer);
        if (offer.Outcome == OfferOutcome.Reject)
        {
            _services.Logger.MessageRejected(Name, envelope.Kind.ToString(), name, offer.Detail);
            from.CountBad(offer.Detail);
        }
        else if (envelope.Kind == MessageKind.Decline)
        {
            _services.Logger.PartyDeclined(Name, name, Decline.Parser.ParseFrom(envelope.Body).Code.ToString());
        }
        else
        {
            _services.Logger.MessageTaken(Name, envelope.Kind.ToString(), name, envelope.CalculateSize());
        }
    }

    /// <summary>Applies an entry; it is appended with the next flush, before anything that follows from it leaves.</summary>
    private void Record(Entry entry, Offer? offer = null)
    {
        _round.Apply(entry, offer);
        _unflushed.Add(entry);
    }

    /// <summary>Broadcasts what is due, as often as something is.</summary>
    private async Task Advance()
    {
        while (_round.State == RoundState.Running)
        {
            if (_untidy)
            {
                await _vectors.KeepOnly(_round.Survivors);
                _untidy = false;
            }

            var now = Now();
            var due = _cancelled is { } reason ? _round.Cancel(reason, _key) : _round.Next(BeforeGraceEnds(now), _key, _vectors);
            if (due is null) break;
            await Broadcast(due, now);
        }

        SetDeadline();
    }

    private async Task Broadcast(Envelope envelope, DateTimeOffset now)
    {
        // In the log before it is applied: this entry's effects are not undone when the log fails.
        var entry = new Entry { RoundId = ByteString.CopyFrom(RoundId), TimeMs = (ulong)now.ToUnixTimeMilliseconds(), Envelope = envelope };
        _unflushed.Add(entry);
        await Flush();
        _round.Apply(entry);
        _untidy |= envelope.Kind == MessageKind.Survivors;
        foreach (var (party, broadcast) in _round.Deliveries(envelope)) _services.Parties.Session(party)?.Send(Frame(broadcast));
        _services.Logger.BroadcastSent(Name, envelope.Kind.ToString(), _round.Progress.Count(p => p.State is PartyState.Active or PartyState.Done));
        if (_round.State != RoundState.Running) await Finish();
    }

    /// <summary>A broadcast as a frame. Its bytes are the same ones for all outposts, and for those that come back while it is still under way.</summary>
    private OutgoingFrame Frame(Broadcast broadcast)
    {
        if (_common.GetValueOrDefault(broadcast.Envelope.Kind)?.TryGetTarget(out var common) != true)
        {
            common = OutgoingFrame.Common(broadcast);
            _common[broadcast.Envelope.Kind] = new WeakReference<byte[]>(common);
        }

        return new OutgoingFrame(common!, broadcast.Deliveries);
    }

    private async Task Flush()
    {
        if (_unflushed.Count == 0) return;
        var leaves = _unflushed.ConvertAll(entry => new NewLeaf(RoundId, entry.ToByteArray()));
        Interlocked.Add(ref _weight, leaves.Sum(leaf => (long)leaf.Bytes.Length));
        var first = await _services.Log.Append(leaves);
        _unflushed.Clear();
        _projection.Extend(first + leaves.Count - 1);
    }

    private async Task Finish()
    {
        _storageFailed = false;
        if (_round.State == RoundState.Aborted) await _vectors.Delete();
        var view = _projection.Of(_round);
        if (!_told) Tell(view);
        _told = true;
        // Of the others the log may rightly lack a message that came too late.
        if (_round.State == RoundState.Done) _services.Witnesses.Publish(RoundId, _round.Survivors);
        // Last: a round whose view is stored is not taken up again at a start.
        _services.Store.SaveView(RoundId, SealedView.Seal(view, _key));
        _ended.TrySetResult();
    }

    private void Tell(RoundView view)
    {
        foreach (var party in view.Parties.Where(p => p.State == PartyState.Blamed))
        {
            _services.Logger.PartyBlamed(Name, party.Name, party.Reason);
            var by = party.Reason == nameof(BlameCode.VectorMismatch) ? "is blamed by the station" : "is convicted by its own signed messages";
            _services.Alerts.Raise("blamed", Severity.Critical, $"{party.Name} {by}: {party.Reason}.", RoundId, party.Name);
        }

        if (_round.State == RoundState.Done)
        {
            _services.Logger.RoundDone(Name, _round.Survivors.Count);
        }
        else
        {
            _services.Logger.RoundAborted(Name, view.Failure);
            _services.Alerts.Raise("aborted", Severity.Warning, $"\"{view.Title}\" was aborted: {view.Failure}", RoundId);
        }

        Show(view);
        _services.Parties.CountAndAnnounce(view);
    }

    private void CatchUp(PartySession session)
    {
        var (party, ended) = (session.Party, _round.State != RoundState.Running);
        // Of a round that has ended its parties need the end only, and nothing when they have cosigned it.
        if (ended && _services.Witnesses.Reach(party) > _projection.LastEntry) return;
        foreach (var broadcast in ended ? _round.CatchUp(party).TakeLast(1) : _round.CatchUp(party)) session.Send(Frame(broadcast));
        if (_round.State != RoundState.Done || !_round.Survivors.Contains(party)) return;
        try
        {
            _services.Witnesses.Publish(RoundId, [party]);
        }
        catch (Exception e) when (IsStorage(e))
        {
            // It gets it when it comes again.
            _services.Logger.StorageFailed(e.Message);
            if (IsLost(e)) session.Close(new Grpc.Core.Status(Grpc.Core.StatusCode.Unavailable, "The station's database is away; come back for the log's head."));
        }
    }

    private void ReportDefect(Exception defect)
    {
        _services.Logger.RoundFailed(Name, defect);
        _services.Alerts.Raise("round-failed", Severity.Critical, $"Round {Name} was ended by an internal error; see the station's log.", RoundId);
    }

    private static bool IsStorage(Exception e) => e is IOException or UnauthorizedAccessException;

    /// <summary>The database is away and may come back: what failed is done again then.</summary>
    private static bool IsLost(Exception e) => e is StoreException { IsLost: true };

    private void WaitForStorage(string reason)
    {
        if (!_waits) _services.Logger.RoundWaits(Name, reason);
        if (!_waits) _services.Alerts.Raise("storage", Severity.Critical, $"Round {Name} waits for the database: {reason}", RoundId);
        _waits = true;
        _deadline.Change(_services.Options.Limits.StorageRetry, Timeout.InfiniteTimeSpan);
    }

    private void FailStorage(string reason)
    {
        // What parties said has been applied and goes into the log with the abort, which may blame them for it; a broadcast has not.
        _unflushed.RemoveAll(entry => entry is { Sender: 0, Envelope.Kind: not MessageKind.VectorFault });
        _vectors.Dispose();
        if (_round.State != RoundState.Running)
        {
            // Ended, and in the log. What could not be written is for showing only and is made again at the next start.
            _services.Logger.StorageFailed(reason);
            Show(_projection.Of(_round));
            _ended.TrySetResult();
            return;
        }

        _storageFailed = true;
        _projection.Fail($"the station cannot use its storage: {reason}");
        _services.Logger.RoundAborted(Name, reason);
        _services.Alerts.Raise("storage", Severity.Critical, $"Round {Name} stops, for the station cannot use its storage: {reason}", RoundId);
        // The log itself may be well (a vector could not be read, say); if not, the station wakes the round when it is.
        if (_services.Log.Failure is null) Wake();
    }

    /// <summary>Tries to put the end of the round into the log; until that works nobody is told, and the round is shown as aborted.</summary>
    private async Task AbortForStorage()
    {
        if (_services.Log.Failure is not null) return;
        await Broadcast(_round.Cancel(AbortReason.Storage, _key), Now());
    }

    private void Show(RoundView view)
    {
        if (view.Equals(_shown)) return;
        (_view, _shown) = (view, view);
        _services.Events.Publish(new Event { Round = view });
    }

    /// <summary>A view of a round that can be neither continued nor read any more.</summary>
    private static RoundView Failed(RoundView last)
    {
        var view = last.Clone();
        if (view.State == RoundState.Running) (view.State, view.PhaseDeadlineMs, view.Failure) = (RoundState.Aborted, 0, "The station had an internal error; see its log.");
        return view;
    }

    private void SetDeadline()
    {
        if (_round.Deadline is not { } deadline) return;
        if (deadline < GraceEnd) deadline = GraceEnd;
        var wait = deadline - _services.Clock.GetUtcNow();
        if (wait > TimeSpan.Zero) _deadline.Change(wait, Timeout.InfiniteTimeSpan);
        else Wake();
    }

    /// <summary>The time for deadlines: stands still just before one while the outposts may still be on their way back.</summary>
    private DateTimeOffset BeforeGraceEnds(DateTimeOffset now) =>
        now < GraceEnd && _round.Deadline is { } deadline && now >= deadline ? deadline - TimeSpan.FromMilliseconds(1) : now;

    /// <summary>The time to the millisecond, as entries have it: a replay must judge by the same time.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(_services.Clock.GetUtcNow().ToUnixTimeMilliseconds());
}
