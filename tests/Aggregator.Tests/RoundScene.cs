using System.Buffers.Binary;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>A station, its outposts, and a coordinator that asks and waits.</summary>
internal sealed class RoundScene : IAsyncDisposable
{
    private GrpcChannel? _channel;

    private RoundScene(TestStation station) => Station = station;

    public TestStation Station { get; }

    public List<TestOutpost> Outposts { get; } = [];

    public Coordination.CoordinationClient Coordinator { get; private set; } = null!;

    public static async Task<RoundScene> Open(int parties = 5, int colluders = 1, Action<TestStation>? change = null, int? outposts = null)
    {
        var station = new TestStation(parties, colluders);
        change?.Invoke(station);
        var scene = new RoundScene(station);
        await scene.StartStation();
        for (var i = 0; i < (outposts ?? parties); i++) scene.Outposts.Add(await new TestOutpost(station, (uint)i).Connect());
        return scene;
    }

    public async Task StartStation()
    {
        _channel?.Dispose();
        await Station.Start();
        _channel = Station.Consortium.Channel(Station.Host!, Station.Consortium.Coordinator);
        Coordinator = new Coordination.CoordinationClient(_channel);
    }

    public async Task<ByteString> Ask(byte id = 1)
    {
        var reply = await Coordinator.SubmitQueryAsync(new SubmitQueryRequest { Query = Station.Consortium.Query(id) }).ResponseAsync.Guard();
        return reply.RoundId;
    }

    public async Task<RoundView> View(ByteString round) => await Coordinator.GetRoundAsync(new GetRoundRequest { RoundId = round }).ResponseAsync.Guard();

    /// <summary>Waits for something to hold of a round; every change of it is an event.</summary>
    public async Task<RoundView> Until(ByteString round, Func<RoundView, bool> holds)
    {
        using var limit = new CancellationTokenSource(AsyncGuard.Limit);
        using var watch = Coordinator.Watch(new WatchRequest(), cancellationToken: limit.Token);
        await watch.ResponseHeadersAsync.Guard();
        var view = await View(round);
        try
        {
            while (!holds(view))
            {
                if (!await watch.ResponseStream.MoveNext(limit.Token).Guard()) throw new InvalidOperationException("The station ended the watch.");
                view = await View(round);
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException or TimeoutException)
        {
            throw new InvalidOperationException($"It never held. The round: {view}\nThe station's log:\n{string.Join('\n', Station.Logs.Lines.TakeLast(80))}", e);
        }

        return view;
    }

    /// <summary>Waits until a phase waits for these parties only, then lets its deadline pass.</summary>
    public async Task<RoundView> PassDeadline(ByteString round, RoundPhase phase, params uint[] missing)
    {
        var view = await Until(round, v => v.Phase > phase || v.State != RoundState.Running || (v.Phase == phase && Awaited(v).All(p => p.Marks.Any(m => m.Phase == phase))));
        // A view says nothing of a vector that has come whole; the log does.
        if (view.Phase == phase && phase == RoundPhase.Input)
            foreach (var party in Awaited(view)) await Station.Logs.Until(l => l.Id == 1204 && l.Text.Contains($"vector of {party.Name} ", StringComparison.Ordinal));
        await Settle(round);
        Station.Clock.Advance(TimeSpan.FromMinutes(10));
        return await Until(round, v => v.Phase > phase || v.State != RoundState.Running);

        IEnumerable<RoundPartyView> Awaited(RoundView v) => v.Parties.Where(p => !missing.Contains(p.Index) && p.State is PartyState.Active or PartyState.Invited);
    }

    /// <summary>Waits until a round has done with everything that came to it before this, and its clock is set.</summary>
    private async Task Settle(ByteString round)
    {
        if (Station.Host!.Services.GetRequiredService<RoundBook>().Find(round.Memory) is not { } driver) return;
        using var stream = new PartySession(0, new Hello(), Station.Clock.GetUtcNow(), 100, 1);
        var arrival = new RoundInput.Arrival(stream);
        await driver.Offer(arrival);
        await Task.WhenAny(arrival.Told.Task, driver.Stopped).Guard();
    }

    /// <summary>An advertisement that differs from the one that a party sent, signed by the party all the same (docs/protocol.md section 3).</summary>
    public PartyFrame Contradict(PartyFrame said, Entry proposed)
    {
        var proposal = Proposal.Parser.ParseFrom(proposed.Envelope.Body);
        var deadlines = new byte[4 * proposal.DeadlinesMs.Count];
        for (var i = 0; i < proposal.DeadlinesMs.Count; i++) BinaryPrimitives.WriteUInt32BigEndian(deadlines.AsSpan(4 * i), proposal.DeadlinesMs[i]);
        using var context = new LabelHash("round");
        var context0 = context.Field(proposal.Suite).Field(Station.Consortium.Roster.Hash).Field(proposal.Query.Span).Field(proposal.RoundId.Span)
            .Set(proposal.Invited).Field(deadlines).Finish();
        var frame = said.Clone();
        var advertise = Advertise.Parser.ParseFrom(frame.Message.Envelope.Body);
        advertise.Fresh = ByteString.CopyFrom(advertise.Fresh.Select(b => (byte)(b ^ 1)).ToArray());
        var body = advertise.ToByteString();
        using var digest = new LabelHash("sign/advertise");
        frame.Message.Envelope.Body = body;
        frame.Message.Envelope.Signature =
            ByteString.CopyFrom(Station.Consortium.Parties[(int)advertise.Party].Sign(digest.Field(context0).Field(body.Span).Finish()));
        return frame;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var outpost in Outposts) await outpost.DisposeAsync();
        _channel?.Dispose();
        await Station.DisposeAsync();
    }
}
