using System.Collections.Concurrent;
using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Party;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Link;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>An outpost without data and disk that takes part in as many rounds at once as there are.</summary>
internal sealed class LoadParty : IStationRounds, IAsyncDisposable
{
    private readonly NetworkWorld _world;
    private readonly int _index;
    private readonly Action<ByteString, ByteString> _total;
    private readonly Action<string> _fault;
    private readonly Identity _identity;
    private readonly KeyRing _keys = new(Limits.KeyLife);
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly WireTrace _trace = new("");
    private readonly StationLink _link;
    private readonly ConcurrentDictionary<ByteString, PartyRound> _rounds = [];
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IStationSession? _session;

    /// <param name="world">Keys and the question.</param>
    /// <param name="index">Which party.</param>
    /// <param name="station">Its address.</param>
    /// <param name="total">Told the id and the total of each round that ended with one.</param>
    /// <param name="fault">Told what goes wrong.</param>
    public LoadParty(NetworkWorld world, int index, string station, Action<ByteString, ByteString> total, Action<string> fault)
    {
        (_world, _index, _total, _fault, _identity) = (world, index, total, fault, world.Identity(index));
        _link = BareLink.Open(world, index, station, this, _trace, _random);
    }

    /// <summary>Returns when the stream stands.</summary>
    public async Task ConnectAsync()
    {
        await _link.StartAsync(CancellationToken.None);
        await _connected.Task;
    }

    public void Attach(IStationSession session)
    {
        _session = session;
        _connected.TrySetResult();
    }

    public void Detach(IStationSession session) => _fault($"party {_index} lost its stream");

    public async ValueTask ReceiveAsync(Broadcast broadcast, CancellationToken cancellationToken)
    {
        try
        {
            var kind = broadcast.Envelope.Kind;
            if (kind == MessageKind.Abort) _fault($"a round was aborted: {Abort.Parser.ParseFrom(broadcast.Envelope.Body).Reason}");
            foreach (var step in await ProtocolThreads.Run(() => Steps(broadcast))) await SayAsync(broadcast.RoundId, step);
            if (kind == MessageKind.Total) _total(broadcast.RoundId, broadcast.Envelope.Body);
            if (kind is (MessageKind.Total or MessageKind.Abort) && _rounds.TryRemove(broadcast.RoundId, out var over)) over.Dispose();
        }
        catch (Exception e)
        {
            _fault($"party {_index}: {e.Message}");
        }
    }

    public ValueTask ReceiveAsync(Publication publication, CancellationToken cancellationToken) => default;

    public void Repeat()
    {
    }

    /// <summary>Frames are dealt with as they come.</summary>
    public Task SettleAsync() => Task.CompletedTask;

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

    private PartyStep[] Steps(Broadcast broadcast)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (broadcast.Envelope.Kind == MessageKind.Propose)
        {
            var setup = new PartySetup
            {
                Roster = _world.Roster, Index = (uint)_index, Identity = _identity.Key, Memory = new ForgetfulMemory(), Keys = _keys, Random = _random,
            };
            var opened = PartyRound.Open(setup, broadcast.Envelope, now);
            _rounds[broadcast.RoundId] = opened;
            return [opened.Join(_world.Shape, now)];
        }

        // After its end nothing of it is left.
        if (!_rounds.TryGetValue(broadcast.RoundId, out var round)) return [];
        if (broadcast.Envelope.Kind == MessageKind.Shared) round.ProvideInput(_world.Input(_index), round.Question.ChargeMicro);
        return [round.Receive(broadcast, now)];
    }

    private async Task SayAsync(ByteString roundId, PartyStep step)
    {
        if (step.Refusal != RefusalCode.Unspecified) throw new InvalidOperationException($"it refused ({step.Refusal}): {step.Detail}");
        foreach (var message in step.Messages) await SendAsync(new PartyFrame { Message = new PartyMessage { RoundId = roundId, Envelope = message } });
        if (step.Vector is null) return;
        foreach (var frame in VectorFrames.Of(roundId, step.Vector)) await SendAsync(frame);
    }

    private ValueTask SendAsync(PartyFrame frame) => _session!.SendAsync(frame, CancellationToken.None);
}
