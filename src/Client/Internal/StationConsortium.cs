using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Client.Internal;

/// <summary>The consortium over gRPC.</summary>
internal sealed class StationConsortium : IConsortium
{
    // 500 rounds of 200 outposts in one reply; a station that sends more is refused.
    private const int MaxReply = 64 * 1024 * 1024;
    private const int MaxFind = 100;
    private const int MostEpochs = 1000;
    // Of one reply: what a station puts into one, and its frame.
    private const int MaxChain = (4 * Limits.Roster) + (64 * 1024);
    // Of all rosters together: 250 of the largest consortium that there can be.
    private const int MostRosterBytes = 64 * 1024 * 1024;
    private const string NewKey = ". If the consortium has given its station a new key, take the new roster (secagg roster follow)";

    // A station waits a quarter of an hour for rounds that run.
    private static readonly TimeSpan s_roundsEnd = TimeSpan.FromMinutes(16);
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    // Newest last; calls under way end on the link on which they began.
    private readonly List<Link> _links;
    private volatile Link _link;

    public StationConsortium(ConsortiumOptions options, string name) => _links = [_link = new Link(options, name)];

    public Roster Roster => _link.Options.Roster;

    public IdentityPublicKey Identity => _link.Options.Identity.Public;

    public void GoOnUnder(Roster next)
    {
        ArgumentNullException.ThrowIfNull(next);
        lock (_gate)
        {
            var now = _link.Options;
            if (next.LogOrigin != now.Roster.LogOrigin || next.Epoch <= now.Roster.Epoch)
                throw new ArgumentException($"The roster is of epoch {next.Epoch} and the log {next.LogOrigin}; pinned is epoch {now.Roster.Epoch} of {now.Roster.LogOrigin}, and only a later one of the same log follows it.", nameof(next));
            var options = now with { Roster = next, Earlier = [.. now.Earlier, now.Roster] };
            _links.Add(_link = new Link(options, Consortium.NameOf(options)));
        }
    }

    public Task<ConsortiumView> GetConsortiumAsync(CancellationToken cancellation = default) =>
        CallAsync(options => _link.Coordination.GetConsortiumAsync(new GetConsortiumRequest(), options), cancellation);

    public Task<PublishRosterReply> PublishRosterAsync(byte[] signed, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(signed);
        var request = new PublishRosterRequest { Roster = ByteString.CopyFrom(signed) };
        return CallAsync(call => _link.Coordination.PublishRosterAsync(request, call), cancellation, s_roundsEnd);
    }

    public Task<RecordActReply> RecordActAsync(Act act, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(act);
        var link = _link;
        var request = new RecordActRequest { Act = ActEntry.Sign(link.Options.Roster, act, link.Options.Identity) };
        return CallAsync(call => link.Coordination.RecordActAsync(request, call), cancellation);
    }

    public async Task<IReadOnlyList<byte[]>> GetSuccessionAsync(CancellationToken cancellation = default)
    {
        try
        {
            return await SuccessionAsync(_link.Coordination, cancellation);
        }
        catch (StationUnavailableException) when (_link.Tls.Other is not null)
        {
            return await SuccessionOfAsync(_link.Tls.Other, cancellation);
        }
    }

    /// <summary>
    /// Whoever answers has another key than the pinned roster's station. It may be the station with the key that the next roster gives it: it is asked for that
    /// roster and nothing else, and that must make it the station.
    /// </summary>
    private async Task<IReadOnlyList<byte[]>> SuccessionOfAsync(IdentityPublicKey other, CancellationToken cancellation)
    {
        using var asked = new Link(_link.Options, _link.Name, other, MaxChain);
        var rosters = await SuccessionAsync(asked.Coordination, cancellation);
        return rosters.Count > 0 && Roster.Open(rosters[^1]).Aggregator.Equals(other)
            ? rosters
            : throw new StationUnavailableException($"The station at {_link.Options.Address} has the key {other.Fingerprint}, which is neither the pinned roster's nor that of a roster that it tells of.");
    }

    private async Task<IReadOnlyList<byte[]>> SuccessionAsync(Coordination.CoordinationClient station, CancellationToken cancellation)
    {
        var rosters = new List<byte[]>();
        var bytes = 0L;
        var last = _link.Options.Roster.Hash;
        while (true)
        {
            var request = new GetSuccessionRequest { RosterHash = ByteString.CopyFrom(last) };
            var chain = await CallAsync(call => station.GetSuccessionAsync(request, call), cancellation);
            if (chain.Rosters.Count == 0) return rosters;
            bytes += chain.Rosters.Sum(r => (long)r.Length);
            if (rosters.Count + chain.Rosters.Count > MostEpochs) throw new StationUnavailableException($"The station at {_link.Options.Address} tells of more than {MostEpochs} rosters; that cannot be.");
            if (bytes > MostRosterBytes) throw new StationUnavailableException($"The station at {_link.Options.Address} tells of rosters of more than {MostRosterBytes} bytes; enrol the newest by its words.");
            rosters.AddRange(chain.Rosters.Select(r => r.ToByteArray()));
            last = Roster.Open(rosters[^1]).Hash;
        }
    }

    public Task<ListRoundsReply> ListRoundsAsync(int limit = 50, int offset = 0, RoundFilter? filter = null, CancellationToken cancellation = default)
    {
        filter ??= new RoundFilter();
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (limit is < 1 or > 500) throw new ArgumentOutOfRangeException(nameof(limit), limit, "The limit must be from 1 to 500; ask for more with an offset.");
        if (filter.Find.Length > MaxFind) throw new ArgumentException($"The text to find has {filter.Find.Length} characters; at most {MaxFind} are looked for.", nameof(filter));
        var request = new ListRoundsRequest
        {
            Limit = (uint)limit,
            Offset = (uint)offset,
            State = filter.State,
            Find = filter.Find,
            SinceMs = Milliseconds(filter.Since),
            UntilMs = Milliseconds(filter.Until),
            Content = ByteString.CopyFrom(filter.Content.Span),
            Brief = filter.Brief,
        };
        return CallAsync(options => _link.Coordination.ListRoundsAsync(request, options), cancellation);

        static ulong Milliseconds(DateTimeOffset? time) => time is { } t ? (ulong)Math.Max(0, t.ToUnixTimeMilliseconds()) : 0;
    }

    public async Task<RoundView> GetRoundAsync(byte[] roundId, CancellationToken cancellation = default)
    {
        var id = Id(roundId);
        try
        {
            return await CallAsync(options => _link.Coordination.GetRoundAsync(new GetRoundRequest { RoundId = id }, options), cancellation);
        }
        catch (StationRefusedException e) when (e.Code == nameof(StatusCode.NotFound))
        {
            throw new RoundNotFoundException($"The station knows no round {Convert.ToHexStringLower(roundId)}.", e);
        }
    }

    public async Task<AskedQuestion> GetQuestionAsync(byte[] roundId, CancellationToken cancellation = default)
    {
        var round = await GetRoundAsync(roundId, cancellation);
        var entries = round.FirstEntry <= long.MaxValue ? await ListEntriesAsync((long)round.FirstEntry, 1, cancellation) : [];
        return entries.Count == 1
            ? AskedQuestion.Of(entries[0], roundId, _link.Options.Roster)
            : throw new QuestionException($"The question of round {Convert.ToHexStringLower(roundId)} cannot be read: the station's log has no entry {round.FirstEntry}, where its proposal should be.");
    }

    public async Task<RoundHandle> AskAsync(AnalysisQuery query, IdentityKey? coordinator, AskOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        options ??= new AskOptions();
        var view = Current(await GetConsortiumAsync(cancellation));
        var signed = Asking.Sign(query, OfferedSchema.Of(view, query.Dataset), coordinator ?? _link.Options.Identity, options, _link.Options);
        var round = await SubmitAsync(signed, options.PhaseDeadline, cancellation);
        options.Asked?.Invoke(round);
        return round;
    }

    public async Task<QueryPlan> PlanAsync(AnalysisQuery query, IdentityKey? coordinator, PlanOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        options ??= new PlanOptions();
        var view = Current(await GetConsortiumAsync(cancellation));
        var schema = OfferedSchema.Of(view, query.Dataset);
        var parties = view.Outposts.Count(o => o.Online && o.Datasets.Any(d => d.Name == query.Dataset));
        var honest = RoundRules.HonestFloor(_link.Options.Roster, query.MinSurvivors ?? 0);
        try
        {
            var fit = ModelFit.IsAsked(query) ? new ModelFit(query) : null;
            var first = fit?.Next ?? query;
            var signed = Asking.SignPlan(first, schema, coordinator ?? _link.Options.Identity, _link.Options);
            var layout = VectorLayout.Create(first.Resolve(schema), first.Epsilon, first.Noise, Math.Max(1, parties), honest);
            // Made-up rows are released meanwhile, which takes a moment.
            var widths = Task.Run(() => Precision.Of(query, schema, layout.InvitedParties, honest, options.RowsPerParty), cancellation);
            var reply = await CallAsync(call => _link.Coordination.PlanQueryAsync(new PlanQueryRequest { Query = signed }, call), cancellation);
            return new QueryPlan
            {
                Query = query,
                Rounds = fit?.Model.Iterations ?? 1,
                Layout = layout,
                Widths = await widths,
                Outposts = [.. reply.Outposts],
                Quorum = (int)view.Quorum,
                Typical = reply.TypicalMs == 0 ? null : TimeSpan.FromMilliseconds(reply.TypicalMs),
            };
        }
        catch (AnalysisException e)
        {
            throw new QuestionException(e.Message, e);
        }
    }

    public Task<ModelFit> FitAsync(
        AnalysisQuery query, IdentityKey? coordinator, AskOptions? options = null, Action<ModelFit>? progress = null, CancellationToken cancellation = default) =>
        Answering.FitAsync(this, _link.Options.Time, query, coordinator, options ?? new AskOptions(), reading: null, (fit, _) => progress?.Invoke(fit), cancellation);

    public async Task<Answer> AnswerAsync(
        AnalysisQuery query, IdentityKey? coordinator = null, AskOptions? options = null, double confidence = 0.95,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (confidence is not (>= 0.5 and <= 0.999999)) throw new QuestionException($"The confidence is {confidence}; it must be 0.5 to 0.999999.");
        var reading = new ReleaseOptions(confidence, Repairs: query.Repairs);
        options ??= new AskOptions();
        if (ModelFit.IsAsked(query))
        {
            var reports = new List<RoundReport>();
            var fit = await Answering.FitAsync(this, _link.Options.Time, query, coordinator, options, reading, (_, report) => reports.Add(report), cancellation);
            return new Answer { Query = query, Statistics = fit.Statistics, Reports = reports, Fit = fit };
        }

        var only = await Answering.OfAsync(this, _link.Options.Time, query, coordinator, options, cancellation);
        // Cannot be null: the round passed its checks.
        var totals = only.Totals!;
        return new Answer { Query = query, Statistics = Release.Decode(totals.Layout, totals.Values, totals.Contributors, reading), Reports = [only] };
    }

    public async Task<RoundHandle> SubmitAsync(SignedQuery query, TimeSpan? phaseDeadline = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var limit = checked((uint)(phaseDeadline ?? TimeSpan.Zero).TotalMilliseconds);
        var request = new SubmitQueryRequest { Query = query, DeadlineMs = limit };
        var reply = await CallAsync(call => _link.Coordination.SubmitQueryAsync(request, call), cancellation);
        return reply.RoundId.Length == 16
            ? new RoundHandle(this, reply.RoundId.ToByteArray(), Question.HashOf(query), Query.Parser.ParseFrom(query.Body)) { Signed = query }
            : throw new StationUnavailableException($"The station at {_link.Options.Address} answered with a round id of {reply.RoundId.Length} bytes; it must have 16.");
    }

    public RoundHandle Round(byte[] roundId) => new(this, roundId);

    public Task AbortRoundAsync(byte[] roundId, CancellationToken cancellation = default)
    {
        var id = Id(roundId);
        return CallAsync(options => _link.Coordination.AbortRoundAsync(new AbortRoundRequest { RoundId = id }, options), cancellation);
    }

    public async IAsyncEnumerable<Event> WatchAsync(ulong after = 0, bool reconnect = true, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var pause = s_firstPause;
        while (true)
        {
            using var call = _link.Coordination.Watch(new WatchRequest { After = after }, cancellationToken: cancellation);
            while (await NextAsync(call.ResponseStream, reconnect, cancellation) is { } happened)
            {
                if (happened.Sequence > 0) after = happened.Sequence;
                pause = s_firstPause;
                yield return happened;
            }

            if (!reconnect) throw new StationUnavailableException($"The station at {_link.Options.Address} ended the stream of events.");
            await Task.Delay(pause, _link.Options.Time, cancellation);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, s_longestPause.Ticks));
        }
    }

    public async Task<Checkpoint> GetCheckpointAsync(CancellationToken cancellation = default)
    {
        return ReadHead((await CallAsync(call => _link.Audit.GetCheckpointAsync(new GetCheckpointRequest(), call), cancellation)).Checkpoint);
    }

    public async Task<Checkpoint> GetEvidenceHeadAsync(long entry, CancellationToken cancellation = default)
    {
        var request = new GetCheckpointRequest { Entry = checked((ulong)entry) };
        return Checkpoint.Parse((await CallAsync(call => _link.Audit.GetCheckpointAsync(request, call), cancellation)).Checkpoint);
    }

    public async Task<IReadOnlyList<byte[]>> GetConsistencyAsync(long oldSize, long newSize, CancellationToken cancellation = default)
    {
        var request = new GetConsistencyRequest { OldSize = checked((ulong)oldSize), NewSize = checked((ulong)newSize) };
        return [.. (await CallAsync(call => _link.Audit.GetConsistencyAsync(request, call), cancellation)).Path.Select(hash => hash.ToByteArray())];
    }

    public async Task<IReadOnlyList<byte[]>> GetInclusionAsync(long index, long size, CancellationToken cancellation = default)
    {
        var request = new GetInclusionRequest { Index = checked((ulong)index), Size = checked((ulong)size) };
        return [.. (await CallAsync(call => _link.Audit.GetInclusionAsync(request, call), cancellation)).Path.Select(hash => hash.ToByteArray())];
    }

    public Task<EntryReport?> CheckEntryAsync(long index, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return EntryCheck.OfAsync(this, _link.Options.Roster, index, cancellation);
    }

    public Checkpoint ReadHead(string note)
    {
        var head = Checkpoint.Parse(note);
        head.CheckStation(_link.Options.Roster);
        return head;
    }

    public async Task<IReadOnlyList<byte[]>> ListEntriesAsync(long start, int limit, CancellationToken cancellation = default)
    {
        var request = new ListEntriesRequest { Start = checked((ulong)start), Limit = checked((uint)limit) };
        return [.. (await CallAsync(call => _link.Audit.ListEntriesAsync(request, call), cancellation)).Leaves.Select(leaf => leaf.ToByteArray())];
    }

    public async Task<long> ExportBundleAsync(byte[] roundId, Stream destination, Checkpoint? remembered = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var request = new ExportBundleRequest { RoundId = Id(roundId), HeadSize = (ulong)(remembered?.Size ?? 0) };
        using var call = _link.Audit.ExportBundle(request, cancellationToken: cancellation);
        var written = 0L;
        try
        {
            while (await call.ResponseStream.MoveNext(cancellation))
            {
                var data = call.ResponseStream.Current.Data;
                await destination.WriteAsync(data.Memory, cancellation);
                written += data.Length;
            }
        }
        catch (RpcException e)
        {
            var problem = Translate(e, cancellation);
            if (problem is StationRefusedException { Code: nameof(StatusCode.NotFound) })
                throw new RoundNotFoundException($"The station has no evidence of a round {Convert.ToHexStringLower(roundId)}.", e);
            throw problem;
        }

        return written;
    }

    public Task<RoundReport> VerifyAsync(byte[] roundId, CancellationToken cancellation = default) => VerifyAsync(roundId, new VerifyWishes(), cancellation);

    public async Task<RoundReport> VerifyAsync(byte[] roundId, VerifyWishes wishes, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(wishes);
        var options = _link.Options;
        var report = await VerifyAsync(roundId, options.Roster, wishes, cancellation);
        // A round from before is evidence under the roster of its time, if that was pinned here then.
        var earlier = report.Passed ? null : options.Earlier.FirstOrDefault(roster => report.Found == PublicBytes.Hex(roster.Hash));
        return earlier is null ? report : await VerifyAsync(roundId, earlier, wishes, cancellation);
    }

    private async Task<RoundReport> VerifyAsync(byte[] roundId, Roster roster, VerifyWishes wishes, CancellationToken cancellation)
    {
        var heads = _link.Options.Heads;
        await using var file = TemporaryFile.Create("bundle");
        var remembered = wishes.Remembered ?? heads.Find(roster);
        await ExportBundleAsync(roundId, file, remembered, cancellation);
        file.Position = 0;
        var expected = new BundleExpectation { RosterHash = roster.Hash, RoundId = roundId, Remembered = remembered, Progress = wishes.Progress };
        var report = await Task.Run(() => BundleCheck.Of(file, expected).ToReport(), cancellation);
        // A head that was not held against the remembered one must not take its place.
        if (report.Head is { } head && wishes.Remembered is null) heads.Keep(roster, head);
        return report;
    }

    public Task<RoundReport> VerifyAsync(Stream bundle, CancellationToken cancellation = default) => VerifyAsync(bundle, new VerifyWishes(), cancellation);

    public Task<RoundReport> VerifyAsync(Stream bundle, VerifyWishes wishes, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(wishes);
        var expected = new BundleExpectation { RosterHash = _link.Options.Roster.Hash, Remembered = wishes.Remembered, Progress = wishes.Progress };
        return Task.Run(() => BundleCheck.Of(bundle, expected).ToReport(), cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var link in _links)
        {
            await link.Channel.ShutdownAsync();
            link.Dispose();
        }
    }

    /// <summary>The view, if it is of the pinned roster: a question that is signed for another one is nobody's.</summary>
    private ConsortiumView Current(ConsortiumView view) => view.Epoch <= _link.Options.Roster.Epoch ? view : throw new RosterReplacedException(
        $"The station says that the consortium is at roster epoch {view.Epoch}; this client has pinned epoch {_link.Options.Roster.Epoch}, under which nothing is answered any more. "
        + "Take the new roster (secagg roster follow), and ask again.");

    private static ByteString Id(byte[] roundId)
    {
        ArgumentNullException.ThrowIfNull(roundId);
        return roundId.Length == 16
            ? ByteString.CopyFrom(roundId)
            : throw new ArgumentException($"The round id has {roundId.Length} bytes; it must have 16, as 32 hexadecimal digits.", nameof(roundId));
    }

    /// <summary>The next event; null when the stream was lost and may be opened again.</summary>
    private async Task<Event?> NextAsync(IAsyncStreamReader<Event> events, bool reconnect, CancellationToken cancellation)
    {
        try
        {
            return await events.MoveNext(cancellation) ? events.Current : null;
        }
        catch (RpcException e)
        {
            var problem = Translate(e, cancellation);
            // Being refused does not pass by waiting.
            if (reconnect && problem is StationUnavailableException) return null;
            throw problem;
        }
    }

    private async Task<T> CallAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> start, CancellationToken cancellation, TimeSpan? timeout = null)
    {
        var deadline = _link.Options.Time.GetUtcNow().UtcDateTime + (timeout ?? _link.Options.CallTimeout);
        try
        {
            using var call = start(new CallOptions(deadline: deadline, cancellationToken: cancellation));
            return await call.ResponseAsync;
        }
        catch (RpcException e)
        {
            throw Translate(e, cancellation);
        }
    }

    private Exception Translate(RpcException e, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested) return new OperationCanceledException("The call was given up.", e, cancellation);
        return e.StatusCode switch
        {
            StatusCode.Unavailable =>
                new StationUnavailableException($"The station at {_link.Options.Address} cannot be reached: {_link.Tls.Problem ?? e.Status.Detail}{(_link.Tls.Other is null ? "" : NewKey)}", e),
            StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled or StatusCode.Aborted =>
                new StationUnavailableException($"The station at {_link.Options.Address} failed to answer: {e.Status.Detail}", e),
            StatusCode.DeadlineExceeded =>
                new StationUnavailableException($"The station at {_link.Options.Address} did not answer within {_link.Options.CallTimeout.TotalSeconds:0} s.", e),
            var code => new StationRefusedException(e.Status.Detail.Length > 0 ? e.Status.Detail : $"The station refused the call ({code}).", code.ToString(), e),
        };
    }

    /// <summary>The way to the station under one roster.</summary>
    private sealed class Link : IDisposable
    {
        /// <param name="options">Whom to call, and as whom.</param>
        /// <param name="name">Our name in the roster.</param>
        /// <param name="station">The key that the station must have, if it is not the roster's.</param>
        /// <param name="maxReply">Most bytes of an answer.</param>
        public Link(ConsortiumOptions options, string name, IdentityPublicKey? station = null, int maxReply = MaxReply)
        {
            (Options, Name, Tls) = (options, name, new StationTls(options, name, station));
            Channel = GrpcChannel.ForAddress(options.Address, new GrpcChannelOptions { HttpHandler = Tls.Handler, MaxReceiveMessageSize = maxReply });
            (Coordination, Audit) = (new Coordination.CoordinationClient(Channel), new Audit.AuditClient(Channel));
        }

        public ConsortiumOptions Options { get; }

        public string Name { get; }

        public StationTls Tls { get; }

        public GrpcChannel Channel { get; }

        public Coordination.CoordinationClient Coordination { get; }

        public Audit.AuditClient Audit { get; }

        public void Dispose()
        {
            Channel.Dispose();
            Tls.Dispose();
        }
    }
}
