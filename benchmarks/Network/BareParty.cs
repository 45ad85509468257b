using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using SecureAggregation.Crypto;
using SecureAggregation.Party;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Link;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// An outpost without data and disk: the outpost's own link, the protocol's own party in each round that there is, and an input that needs no noise. No budgets, no
/// plans.
/// </summary>
internal abstract class BareParty : IStationRounds, IAsyncDisposable
{
    private readonly NetworkWorld _world;
    private readonly Identity _identity;
    private readonly KeyRing _keys = new(Limits.KeyLife);
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly WireTrace _trace = new("");
    private readonly StationLink _link;
    private readonly ConcurrentDictionary<ByteString, PartyRound> _rounds = [];
    private IStationSession? _session;

    /// <param name="world">Keys and the question.</param>
    /// <param name="index">Which party.</param>
    /// <param name="station">Its address.</param>
    protected BareParty(NetworkWorld world, int index, string station)
    {
        (_world, Index, _identity) = (world, index, world.Identity(index));
        var folder = Directory.CreateDirectory(Path.Combine(world.Folder, "parties", index.ToString(CultureInfo.InvariantCulture))).FullName;
        var first = new OutpostStatus { Consortium = "", Party = _identity.Member.Name, Station = station, Software = "", ProcessId = Environment.ProcessId };
        var options = new OutpostOptions { Station = station };
        _link = new StationLink(
            options,
            _identity,
            Hello,
            this,
            // No question is planned here.
            _ => new PlanReply(),
            new NoBudgets(),
            // Nor is anything kept that could be lost.
            _ => "",
            new StatusFile(folder, TimeProvider.System, NullLogger<StatusFile>.Instance, first),
            new RosterSwitch(options, _identity, TimeProvider.System),
            new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance),
            _trace,
            TimeProvider.System,
            _random,
            NullLogger<StationLink>.Instance);
    }

    protected int Index { get; }

    /// <summary>Dials; the stream stands when <see cref="OnConnected"/> is called.</summary>
    public Task DialAsync() => _link.StartAsync(CancellationToken.None);

    public void Attach(IStationSession session)
    {
        _session = session;
        OnConnected();
    }

    public void Detach(IStationSession session) => OnFault("lost its stream");

    public async ValueTask ReceiveAsync(Broadcast broadcast, CancellationToken cancellationToken)
    {
        try
        {
            var kind = broadcast.Envelope.Kind;
            if (kind == MessageKind.Abort) OnFault($"the round was aborted: {Abort.Parser.ParseFrom(broadcast.Envelope.Body).Reason}");
            if (kind == MessageKind.Survivors) OnStored();
            foreach (var step in await ProtocolThreads.Run(() => Steps(broadcast))) await SayAsync(broadcast.RoundId, step);
            if (kind == MessageKind.Total) OnTotal(broadcast.RoundId, broadcast.Envelope.Body);
            if (kind is (MessageKind.Total or MessageKind.Abort) && _rounds.TryRemove(broadcast.RoundId, out var over)) over.Dispose();
        }
        catch (Exception e)
        {
            OnFault(e.Message);
        }
    }

    public ValueTask ReceiveAsync(Publication publication, CancellationToken cancellationToken) => default;

    public void Repeat()
    {
    }

    /// <summary>Frames are dealt with as they come.</summary>
    public Task SettleAsync() => Task.CompletedTask;

    /// <summary>A measurement that is over waits for nothing.</summary>
    public Task LeaveAsync(TimeSpan grace, CancellationToken cancellationToken) => Task.CompletedTask;

    public void Sweep()
    {
    }

    public IReadOnlyList<RoundStatus> Snapshot() => [];

    public async ValueTask DisposeAsync()
    {
        using (_link) await _link.StopAsync(CancellationToken.None);
        foreach (var round in _rounds.Values) round.Dispose();
        _keys.Dispose();
        _random.Dispose();
        _trace.Dispose();
    }

    protected abstract void OnConnected();

    /// <summary>What goes wrong, in words.</summary>
    protected abstract void OnFault(string what);

    protected abstract void OnTotal(ByteString round, ByteString total);

    /// <summary>The masked vector is ready and leaves when this returns.</summary>
    protected virtual Task OnMaskedAsync() => Task.CompletedTask;

    /// <summary>The survivors are known: every vector is on the station's disk.</summary>
    protected virtual void OnStored()
    {
    }

    private PartyStep[] Steps(Broadcast broadcast)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (broadcast.Envelope.Kind == MessageKind.Propose)
        {
            var setup = new PartySetup
            {
                Roster = _world.Roster, Index = (uint)Index, Identity = _identity.Key, Memory = new ForgetfulMemory(), Keys = _keys, Random = _random,
            };
            var opened = PartyRound.Open(setup, broadcast.Envelope, now);
            _rounds[broadcast.RoundId] = opened;
            return [opened.Join(_world.Shape, now)];
        }

        // After its end nothing of it is left.
        if (!_rounds.TryGetValue(broadcast.RoundId, out var round)) return [];
        if (broadcast.Envelope.Kind == MessageKind.Shared) round.ProvideInput(_world.Input(Index), round.Question.ChargeMicro);
        return [round.Receive(broadcast, now)];
    }

    private async Task SayAsync(ByteString roundId, PartyStep step)
    {
        if (step.Refusal != RefusalCode.Unspecified) throw new InvalidOperationException($"it refused ({step.Refusal}): {step.Detail}");
        if (step.Vector is not null) await OnMaskedAsync();
        foreach (var message in step.Messages) await SendAsync(new PartyFrame { Message = new PartyMessage { RoundId = roundId, Envelope = message } });
        if (step.Vector is null) return;
        foreach (var frame in VectorFrames.Of(roundId, step.Vector)) await SendAsync(frame);
    }

    private ValueTask SendAsync(PartyFrame frame) => _session!.SendAsync(frame, CancellationToken.None);

    private Hello Hello()
    {
        var hello = new Hello { RosterHash = ByteString.CopyFrom(_world.Roster.Hash), Software = "benchmark" };
        hello.Datasets.Add(new DatasetOffer { Name = NetworkWorld.Dataset });
        return hello;
    }

    private sealed class NoBudgets : IBudgets
    {
        /// <summary>Never: nothing is charged here.</summary>
        public Action OnChanged
        {
            set
            {
            }
        }

        public BudgetStatement Statement() => new();
    }
}
