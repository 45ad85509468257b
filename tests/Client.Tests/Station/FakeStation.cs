using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Testing;

/// <summary>
/// A station that shows what a test tells it to: the real services over real TLS, without rounds of its own. It can go away and come
/// back on the same port.
/// </summary>
public sealed class FakeStation : IAsyncDisposable
{
    private readonly Members _members;
    private readonly ConcurrentDictionary<Channel<Event>, byte> _watchers = new();
    private WebApplication? _app;
    private int _port;
    private long _sequence;

    private FakeStation(Members members, IdentityKey? key) => (_members, Key, Log) = (members, key ?? members.Station, new FakeLog(members));

    public string Address => $"https://127.0.0.1:{_port}";

    /// <summary>The key of its certificate, from when it comes up the next time.</summary>
    public IdentityKey Key { get; set; }

    /// <summary>Rosters that it tells of, whatever roster is asked for.</summary>
    public List<byte[]> Succession { get; } = [];

    /// <summary>What it says instead when it is asked for them; the tests set it.</summary>
    public Func<RosterChain>? OnSuccession { get; set; }

    public ConsortiumView View { get; set; } = new();

    public List<RoundView> Rounds { get; } = [];

    public List<SubmitQueryRequest> Submitted { get; } = [];

    public Func<SubmitQueryRequest, ByteString> OnSubmit { get; set; } = _ => throw new RpcException(new Status(StatusCode.FailedPrecondition, "No outpost offers it."));

    public List<PlanQueryRequest> Planned { get; } = [];

    public Func<PlanQueryRequest, PlanQueryReply> OnPlan { get; set; } = _ => new PlanQueryReply();

    /// <summary>Rounds that it was told to stop.</summary>
    public ConcurrentBag<ByteString> Stopped { get; } = [];

    /// <summary>Evidence that it gives out whatever its log says.</summary>
    public Dictionary<string, byte[]> Bundles { get; } = [];

    public FakeLog Log { get; }

    public int Watchers => _watchers.Count;

    /// <summary>Key of the last caller, from its certificate.</summary>
    public IdentityPublicKey? LastCaller { get; private set; }

    public ulong LastAfter { get; private set; }

    /// <summary>How often the view was asked for.</summary>
    public int Asked { get; private set; }

    public static async Task<FakeStation> StartAsync(Members members, IdentityKey? key = null)
    {
        var station = new FakeStation(members, key);
        await station.UpAsync();
        return station;
    }

    public async Task UpAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var now = DateTimeOffset.UtcNow;
        var certificate = Key.CreateCertificate("station", now.AddMinutes(-5), now.AddDays(1), ["127.0.0.1"]);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _port, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = Admit;
            });
        }));
        builder.Services.AddSingleton(this);
        builder.Services.AddGrpc();
        _app = builder.Build();
        _app.MapGrpcService<CoordinationService>();
        _app.MapGrpcService<AuditService>();
        await _app.StartAsync();
        _port = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
    }

    public async Task DownAsync()
    {
        if (_app is not { } app) return;
        _app = null;
        foreach (var watcher in _watchers.Keys) watcher.Writer.TryComplete();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    public void Tell(Event happened)
    {
        happened.Sequence = (ulong)Interlocked.Increment(ref _sequence);
        if (happened.TimeMs == 0) happened.TimeMs = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        if (happened.Round is { } round)
        {
            lock (Rounds)
            {
                Rounds.RemoveAll(known => known.RoundId.Equals(round.RoundId));
                Rounds.Insert(0, round);
            }
        }

        foreach (var watcher in _watchers.Keys) watcher.Writer.TryWrite(happened);
    }

    /// <summary>Puts a round that really took place into the log and shows it in the given view, made to fit; the head that is shown becomes the log's.</summary>
    public void Play(RealRound round, RoundView view)
    {
        var first = Log.Play(round);
        (view.RoundId, view.QueryId, view.Content, view.TotalHash) = (round.RoundId, round.QueryId, round.Content, ByteString.CopyFrom(SHA256.HashData(round.PackedTotal)));
        (view.FirstEntry, view.LastEntry) = ((ulong)first, (ulong)Log.Size - 1);
        lock (Rounds) Rounds.Insert(0, view);
        var head = Log.Head;
        View.Head = new LogHead { Size = (ulong)head.Size, Root = ByteString.CopyFrom(head.Root), TimeMs = view.FinishedMs, Checkpoint = head.Note, Cosignatures = (uint)head.Cosigners(_members.Roster).Count };
    }

    /// <summary>Ends the streams of events but stays up.</summary>
    public void CutStreams()
    {
        foreach (var watcher in _watchers.Keys) watcher.Writer.TryComplete();
    }

    public async Task WatchedAsync()
    {
        while (_watchers.IsEmpty) await Task.Delay(10);
    }

    public async ValueTask DisposeAsync() => await DownAsync();

    private bool Admit(X509Certificate2 certificate, X509Chain? chain, System.Net.Security.SslPolicyErrors errors)
    {
        LastCaller = IdentityPublicKey.FromCertificate(certificate);
        var roster = _members.Roster;
        return (roster.FindAuditor(LastCaller) ?? roster.FindCoordinator(LastCaller) ?? roster.FindParty(LastCaller)) is not null;
    }

    private sealed class CoordinationService(FakeStation station) : Coordination.CoordinationBase
    {
        public override Task<ConsortiumView> GetConsortium(GetConsortiumRequest request, ServerCallContext context)
        {
            station.Asked++;
            return Task.FromResult(station.View.Clone());
        }

        public override Task<RosterChain> GetSuccession(GetSuccessionRequest request, ServerCallContext context)
        {
            if (station.OnSuccession is { } says) return Task.FromResult(says());
            var known = station.Succession.FindIndex(signed => PublicBytes.Equal(Protocol.Roster.Open(signed).Hash, request.RosterHash.Span));
            return Task.FromResult(new RosterChain { Rosters = { station.Succession.Skip(known + 1).Select(signed => ByteString.CopyFrom(signed)) } });
        }

        public override Task<ListRoundsReply> ListRounds(ListRoundsRequest request, ServerCallContext context)
        {
            lock (station.Rounds) return Task.FromResult(RoundListing.Of(station.Rounds, request));
        }

        public override Task<RecordActReply> RecordAct(RecordActRequest request, ServerCallContext context)
        {
            lock (station.Log) return Task.FromResult(station.Log.Record(request.Act));
        }

        public override Task<AbortRoundReply> AbortRound(AbortRoundRequest request, ServerCallContext context)
        {
            station.Stopped.Add(request.RoundId);
            return Task.FromResult(new AbortRoundReply());
        }

        public override Task<RoundView> GetRound(GetRoundRequest request, ServerCallContext context)
        {
            lock (station.Rounds)
            {
                return Task.FromResult(station.Rounds.FirstOrDefault(round => round.RoundId.Equals(request.RoundId))
                    ?? throw new RpcException(new Status(StatusCode.NotFound, "There is no such round.")));
            }
        }

        public override Task<PlanQueryReply> PlanQuery(PlanQueryRequest request, ServerCallContext context)
        {
            station.Planned.Add(request);
            return Task.FromResult(station.OnPlan(request));
        }

        public override Task<SubmitQueryReply> SubmitQuery(SubmitQueryRequest request, ServerCallContext context)
        {
            station.Submitted.Add(request);
            return Task.FromResult(new SubmitQueryReply { RoundId = station.OnSubmit(request) });
        }

        public override async Task Watch(WatchRequest request, IServerStreamWriter<Event> responseStream, ServerCallContext context)
        {
            station.LastAfter = request.After;
            var events = Channel.CreateUnbounded<Event>();
            station._watchers.TryAdd(events, 0);
            try
            {
                await foreach (var happened in events.Reader.ReadAllAsync(context.CancellationToken)) await responseStream.WriteAsync(happened);
            }
            finally
            {
                station._watchers.TryRemove(events, out _);
            }
        }
    }

    private sealed class AuditService(FakeStation station) : Audit.AuditBase
    {
        public override Task<GetCheckpointReply> GetCheckpoint(GetCheckpointRequest request, ServerCallContext context) =>
            Task.FromResult(new GetCheckpointReply { Checkpoint = station.Log.Head.Note });

        public override Task<GetConsistencyReply> GetConsistency(GetConsistencyRequest request, ServerCallContext context)
        {
            if (request.NewSize > (ulong)station.Log.Size || request.OldSize > request.NewSize) throw new RpcException(new Status(StatusCode.OutOfRange, "The log is shorter."));
            return Task.FromResult(new GetConsistencyReply { Path = { station.Log.Consistency((long)request.OldSize, (long)request.NewSize).Select(ByteString.CopyFrom) } });
        }

        public override Task<GetInclusionReply> GetInclusion(GetInclusionRequest request, ServerCallContext context)
        {
            if (request.Size > (ulong)station.Log.Size || request.Index >= request.Size) throw new RpcException(new Status(StatusCode.OutOfRange, "The log is shorter."));
            return Task.FromResult(new GetInclusionReply { Path = { station.Log.Inclusion((long)request.Index, (long)request.Size).Select(ByteString.CopyFrom) } });
        }

        public override Task<ListEntriesReply> ListEntries(ListEntriesRequest request, ServerCallContext context)
        {
            var start = (int)Math.Min(request.Start, (ulong)station.Log.Size);
            return Task.FromResult(new ListEntriesReply { Size = (ulong)station.Log.Size, Leaves = { station.Log.Read(start, (int)request.Limit).Select(ByteString.CopyFrom) } });
        }

        public override async Task ExportBundle(ExportBundleRequest request, IServerStreamWriter<BundlePart> responseStream, ServerCallContext context)
        {
            var bundle = station.Bundles.GetValueOrDefault(Convert.ToHexStringLower(request.RoundId.Span)) ?? station.Log.Bundle(request.RoundId, (long)request.HeadSize)
                ?? throw new RpcException(new Status(StatusCode.NotFound, "There is no such round."));
            foreach (var part in bundle.Chunk(1000)) await responseStream.WriteAsync(new BundlePart { Data = ByteString.CopyFrom(part) });
        }
    }
}
