using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Services;

/// <summary>What coordinators do, and what every member of the roster may watch.</summary>
internal sealed class CoordinationService(
    RosterHistory rosters,
    RosterAdoption adoption,
    PartyDirectory parties,
    RoundBook rounds,
    RoundStop stops,
    MemberActs acts,
    Witnesses witnesses,
    PlanDesk plans,
    EventHub events,
    AlertBoard alerts,
    StationClock started,
    IHostApplicationLifetime lifetime,
    ILogger<CoordinationService> log) : Coordination.CoordinationBase
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 500;

    [Admits(Roles.Member)]
    public override Task<ConsortiumView> GetConsortium(GetConsortiumRequest request, ServerCallContext context)
    {
        Caller.Of(context);
        var roster = rosters.Current;
        var view = new ConsortiumView
        {
            Name = roster.Consortium,
            Epoch = roster.Epoch,
            Roster = ByteString.CopyFrom(roster.Signed),
            Quorum = (uint)Quorum(roster),
            Head = witnesses.Head(),
            StationSoftware = StationHost.Software,
            TimeMs = started.NowMs,
            StartedMs = started.StartedMs,
        };
        view.Outposts.Add(parties.Views());
        view.Alerts.Add(alerts.All);
        return Task.FromResult(view);
    }

    [Admits(Roles.Coordinator)]
    public override async Task<PlanQueryReply> PlanQuery(PlanQueryRequest request, ServerCallContext context)
    {
        var caller = Caller.Of(context);
        try
        {
            if (request.Query is null) throw Failed(StatusCode.InvalidArgument, "The request holds no query.");
            var reply = await plans.Ask(request.Query, context.CancellationToken);
            reply.TypicalMs = rounds.TypicalMs();
            return reply;
        }
        catch (RpcException e)
        {
            log.QueryRefused(caller.Member.Name, e.Status.Detail);
            throw;
        }
    }

    [Admits(Roles.Coordinator)]
    public override async Task<SubmitQueryReply> SubmitQuery(SubmitQueryRequest request, ServerCallContext context)
    {
        var caller = Caller.Of(context);
        try
        {
            if (request.Query is null) throw Failed(StatusCode.InvalidArgument, "The request holds no query.");
            var deadline = request.DeadlineMs == 0 ? (TimeSpan?)null : TimeSpan.FromMilliseconds(request.DeadlineMs);
            if (deadline > Limits.Deadline) throw Failed(StatusCode.InvalidArgument, $"A deadline of {deadline:c} is over the limit of {Limits.Deadline:c} a phase.");
            return new SubmitQueryReply { RoundId = ByteString.CopyFrom(await rounds.Submit(request.Query, deadline)) };
        }
        catch (RpcException e)
        {
            log.QueryRefused(caller.Member.Name, e.Status.Detail);
            throw;
        }
    }

    [Admits(Roles.Coordinator)]
    public override async Task<AbortRoundReply> AbortRound(AbortRoundRequest request, ServerCallContext context)
    {
        var caller = Caller.Of(context);
        try
        {
            await stops.StopAsync(request.RoundId.Memory, caller.Member.Name, context.CancellationToken);
            return new AbortRoundReply();
        }
        catch (StoreException e)
        {
            throw Failed(StatusCode.Unavailable, e.Message);
        }
    }

    [Admits(Roles.Member)]
    public override async Task<PublishRosterReply> PublishRoster(PublishRosterRequest request, ServerCallContext context)
    {
        var caller = Caller.Of(context);
        return await adoption.Publish(request.Roster.Memory, caller.Member.Name, context.CancellationToken);
    }

    [Admits(Roles.Coordinator | Roles.Auditor)]
    public override Task<RecordActReply> RecordAct(RecordActRequest request, ServerCallContext context) => acts.RecordAsync(request.Act, Caller.Of(context).Member);

    [Admits(Roles.Member)]
    public override Task<RosterChain> GetSuccession(GetSuccessionRequest request, ServerCallContext context)
    {
        Caller.Of(context);
        return Task.FromResult(adoption.After(request.RosterHash.Span)
            ?? throw Failed(StatusCode.NotFound, $"No roster {PublicBytes.Hex(request.RosterHash.Span)} is in the station's log; it is at epoch {rosters.Current.Epoch}."));
    }

    [Admits(Roles.Member)]
    public override Task<ListRoundsReply> ListRounds(ListRoundsRequest request, ServerCallContext context)
    {
        Caller.Of(context);
        if (request.Limit > MaxLimit) throw Failed(StatusCode.InvalidArgument, $"limit is {request.Limit}; at most {MaxLimit} rounds are listed at a time.");
        var (search, broken) = RoundSearch.Of(request);
        if (search is null) throw Failed(StatusCode.InvalidArgument, broken);
        var (views, total) = rounds.List(search, (int)Math.Min(request.Offset, int.MaxValue), request.Limit == 0 ? DefaultLimit : (int)request.Limit, request.Brief);
        var reply = new ListRoundsReply { Total = (uint)total };
        reply.Rounds.Add(views);
        return Task.FromResult(reply);
    }

    [Admits(Roles.Member)]
    public override Task<RoundView> GetRound(GetRoundRequest request, ServerCallContext context)
    {
        Caller.Of(context);
        return Task.FromResult(rounds.View(request.RoundId.Memory));
    }

    [Admits(Roles.Member)]
    public override async Task Watch(WatchRequest request, IServerStreamWriter<Event> responseStream, ServerCallContext context)
    {
        var replaced = Caller.Of(context).Replaced;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping, replaced);
        using var subscription = events.Subscribe(request.After);
        // Now, not with the first event: the reader may read the state as soon as it knows that nothing will be missed.
        await context.WriteResponseHeadersAsync([]);
        try
        {
            await foreach (var happened in subscription.Read(end.Token)) await responseStream.WriteAsync(happened, end.Token);
        }
        catch (OperationCanceledException) when (replaced.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            throw Failed(StatusCode.Unavailable, "The roster was replaced; watch again.");
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            throw Failed(StatusCode.Unavailable, "The station stops; watch again when it is back.");
        }
    }

    /// <summary>The fewest outposts with which a round can run.</summary>
    private static int Quorum(Protocol.Roster roster) => Enumerable.Range(1, roster.Parties.Count)
        .FirstOrDefault(n => RoundRules.TryFor(n, roster.MaxColluders, roster.MinSurvivors, roster.MinHonest, out _) is null, roster.Parties.Count);

    private static RpcException Failed(StatusCode code, string sentence) => new(new Status(code, sentence));
}
