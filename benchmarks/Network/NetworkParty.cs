using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Party;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Link;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// An outpost without data and disk: the outpost's own link, the protocol's own party, and an input that needs no noise. When its masked vector is ready it
/// waits for all the others, so that the upload is a phase of its own.
/// </summary>
internal sealed class NetworkParty : IStationRounds, IAsyncDisposable
{
    private readonly NetworkWorld _world;
    private readonly int _index;
    private readonly Identity _identity;
    private readonly KeyRing _keys = new(Limits.KeyLife);
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly WireTrace _trace = new("");
    private readonly StationLink _link;
    private IStationSession? _session;
    private PartyRound? _round;

    public NetworkParty(NetworkWorld world, int index, string station, NetworkProgress progress)
    {
        (_world, _index, Progress, _identity) = (world, index, progress, world.Identity(index));
        _link = BareLink.Open(world, index, station, this, _trace, _random);
    }

    /// <summary>Of the round that is played.</summary>
    public NetworkProgress Progress { get; set; }

    public Task ConnectAsync() => _link.StartAsync(CancellationToken.None);

    public void Attach(IStationSession session)
    {
        _session = session;
        Progress.Connected.Reach(_index);
    }

    public void Detach(IStationSession session) => Progress.Fail($"party {_index} lost its stream");

    public async ValueTask ReceiveAsync(Broadcast broadcast, CancellationToken cancellationToken)
    {
        try
        {
            await StepAsync(broadcast);
        }
        catch (Exception e)
        {
            Progress.Fail($"party {_index}: {e}");
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
        _round?.Dispose();
        _keys.Dispose();
        _random.Dispose();
        _trace.Dispose();
    }

    private async Task StepAsync(Broadcast broadcast)
    {
        var kind = broadcast.Envelope.Kind;
        if (kind == MessageKind.Abort) throw new InvalidOperationException($"the round was aborted: {Abort.Parser.ParseFrom(broadcast.Envelope.Body).Reason}");
        if (kind == MessageKind.Survivors) Progress.Stored.Reach(_index);
        foreach (var step in await ProtocolThreads.Run(() => Steps(broadcast))) await SayAsync(step);
        if (kind == MessageKind.Total) Progress.Finish(_index, broadcast.Envelope.Body);
    }

    private PartyStep[] Steps(Broadcast broadcast)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (broadcast.Envelope.Kind != MessageKind.Propose)
        {
            if (broadcast.Envelope.Kind == MessageKind.Shared) _round!.ProvideInput(_world.Input(_index), _round.Question.ChargeMicro);
            return [_round!.Receive(broadcast, now)];
        }

        _round?.Dispose();
        var setup = new PartySetup
        {
            Roster = _world.Roster, Index = (uint)_index, Identity = _identity.Key, Memory = new ForgetfulMemory(), Keys = _keys, Random = _random,
        };
        _round = PartyRound.Open(setup, broadcast.Envelope, now);
        return [_round.Join(_world.Shape, now)];
    }

    private async Task SayAsync(PartyStep step)
    {
        if (step.Refusal != RefusalCode.Unspecified) throw new InvalidOperationException($"it refused ({step.Refusal}): {step.Detail}");
        if (step.Vector is not null)
        {
            Progress.Masked.Reach(_index);
            await Progress.Masked.All;
        }

        var roundId = ByteString.CopyFrom(_round!.RoundId);
        foreach (var message in step.Messages) await SendAsync(new PartyFrame { Message = new PartyMessage { RoundId = roundId, Envelope = message } });
        if (step.Vector is null) return;
        foreach (var frame in VectorFrames.Of(roundId, step.Vector)) await SendAsync(frame);
    }

    private ValueTask SendAsync(PartyFrame frame) => _session!.SendAsync(frame, CancellationToken.None);
}
