using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>The log's heads, the administrative acts in it, and what happens now.</summary>
internal static class LogRoutes
{
    private const int MaxActs = 500;

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("").WithTags("log");
        group.MapGet("/checkpoints", Checkpoint).WithName("checkpoints").WithSummary("The log's newest head, signed by the station and those that cosigned it; with `from` the proof that the log of that size is its beginning.")
            .Needs(Permission.ReadTranscript).Fails("parameter-invalid");
        group.MapGet("/acts", Acts).WithName("acts").WithSummary("Administrative acts, newest first; `before` is the entry from which on they are left out.").Needs(Permission.ReadTranscript).Fails("parameter-invalid");
        group.MapGet("/events", Events).WithName("events").WithSummary("What happens from now on, as server-sent events; with Last-Event-ID what was missed, if it is still kept.")
            .Produces<EventView>(200, "text/event-stream").Needs(Permission.ReadResults).Fails("parameter-invalid");
    }

    private static CheckpointView Checkpoint(long? from, Witnesses witnesses, StationLog log)
    {
        var newest = witnesses.Newest();
        if (from is < 1 || from > newest.Size) throw new RestException("parameter-invalid", $"from is {from}; the log has {newest.Size} entries, so it is from 1 to {newest.Size}.");
        var proof = from is { } old ? log.Tree.ConsistencyProof(old, newest.Size).Select(hash => PublicBytes.Hex(hash)) : [];
        return new CheckpointView(newest.Origin, newest.Size, PublicBytes.Hex(newest.Root), witnesses.Count(newest.Size), newest.Note, [.. proof]);
    }

    private static ActsView Acts(HttpContext context, long? before, int? limit, ActRecorder acts, RosterHistory rosters, RoundBook rounds)
    {
        if (limit is < 1 or > MaxActs) throw new RestException("parameter-invalid", $"limit is {limit}; it is from 1 to {MaxActs}.");
        var caller = RestCaller.Of(context.User);
        return new ActsView([.. acts.All.Where(a => a.Index < (before ?? long.MaxValue)).Reverse().Where(a => IsFor(caller, a.Act, rounds)).Take(limit ?? 50)
            .Select(a => new ActView(a.Index, Values.Time(a.TimeMs), Values.Word(a.Act.Code), a.Act.Subject, a.Act.By, Detail(caller, a.Act), ActEntry.Signer(rosters.At(a.Index), a.Act)?.Name))]);
    }

    /// <summary>Rounds of other studies are not shown, stopped ones neither.</summary>
    private static bool IsFor(RestCaller caller, Act act, RoundBook rounds) =>
        caller.Studies is null || act.Code != ActCode.RoundStopped || caller.Sees(rounds.View(Convert.FromHexString(act.Subject)).Study);

    /// <summary>Without the studies of other people, for who is not for all.</summary>
    private static string Detail(RestCaller caller, Act act) => caller.Studies is null || act.Code is ActCode.RoundStopped or ActCode.RosterPublished ? act.Detail : "";

    private static ServerSentEventsResult<EventView> Events(HttpContext context, EventHub events, IHostApplicationLifetime lifetime)
    {
        var caller = RestCaller.Of(context.User);
        var watches = context.User.HasClaim(RestCaller.MayClaim, Permission.WatchOperations.Word());
        var header = context.Request.Headers["Last-Event-ID"].ToString();
        ulong after = 0;
        if (header.Length > 0 && !ulong.TryParse(header, System.Globalization.CultureInfo.InvariantCulture, out after)) throw new RestException("parameter-invalid", "Last-Event-ID is the number of an event.");
        // Now, not with the first event: whoever has the headers may read the state and misses nothing.
        var subscription = events.Subscribe(after);
        return TypedResults.ServerSentEvents(Read(subscription, caller, watches, context.Features.GetRequiredFeature<Standing>(), lifetime.ApplicationStopping, context.RequestAborted));
    }

    private static async IAsyncEnumerable<SseItem<EventView>> Read(EventHub.Subscription subscription, RestCaller caller, bool watches, Standing standing, CancellationToken stopping, [EnumeratorCancellation] CancellationToken gone)
    {
        using var held = subscription;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, gone);
        // A first line at once: some clients show nothing, and some proxies hold everything back, until something has come.
        yield return new SseItem<EventView>(new EventView(0, null, "open", null, null, null, null, null), "open");
        await using var happened = subscription.Read(end.Token).GetAsyncEnumerator(end.Token);
        while (await Next(happened))
        {
            // Whoever was revoked since hears no more.
            if (!standing.Holds()) yield break;
            if (View(happened.Current, caller, watches) is { } view) yield return new SseItem<EventView>(view, view.Kind) { EventId = view.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture) };
        }
    }

    private static async Task<bool> Next(IAsyncEnumerator<Event> happened)
    {
        try
        {
            return await happened.MoveNextAsync();
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Null for what the caller may not see.</summary>
    private static EventView? View(Event happened, RestCaller caller, bool watches)
    {
        var view = new EventView(happened.Sequence, Values.Time(happened.TimeMs), "lost", null, null, null, null, null);
        return happened.EventCase switch
        {
            Event.EventOneofCase.Round when !caller.Sees(happened.Round.Study) => null,
            Event.EventOneofCase.Round => view with { Kind = "job", Job = JobView.Of(happened.Round) },
            Event.EventOneofCase.Outpost => view with { Kind = "node", Node = NodeView.Of(happened.Outpost) },
            Event.EventOneofCase.Head => view with { Kind = "head", Head = new HeadEvent(happened.Head.Size, PublicBytes.Hex(happened.Head.Root.Span), happened.Head.Cosignatures) },
            // Sentences of the station's log may be about any study.
            Event.EventOneofCase.Alert or Event.EventOneofCase.Log when !watches || caller.Studies is not null => null,
            Event.EventOneofCase.Alert => view with { Kind = "alert", Alert = new AlertEvent(happened.Alert.Id, Values.Word(happened.Alert.Severity), happened.Alert.Text, Hex(happened.Alert.RoundId), happened.Alert.Outpost) },
            Event.EventOneofCase.Log => view with { Kind = "log", Log = new LogEvent(happened.Log.EventId, Values.Word(happened.Log.Severity), happened.Log.Text, Hex(happened.Log.RoundId), happened.Log.Outpost) },
            _ => view,
        };
    }

    private static string? Hex(Google.Protobuf.ByteString bytes) => bytes.IsEmpty ? null : PublicBytes.Hex(bytes.Span);
}
