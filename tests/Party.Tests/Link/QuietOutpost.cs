using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Link;
using SecureAggregation.Party.Rounds;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Link;

/// <summary>A whole outpost but for its link: the test is the station, and sees every frame that would be sent.</summary>
internal sealed class QuietOutpost : IStationSession, IAsyncDisposable
{
    private readonly TestConsortium _consortium = TestConsortium.Shared;
    private readonly IHost _host;
    private readonly IStationRounds _rounds;
    private readonly Recorder _recorder = new();
    private readonly List<PartyFrame> _frames = [];
    private TaskCompletionSource<PartyMessage> _said = New();

    public QuietOutpost(Scratch scratch, string policy, string csv = "full_name,age,sex\nx,1,1\n", TimeProvider? clock = null)
    {
        var config = _consortium.WriteOutpost(scratch, "https://station.example:7443", csv);
        scratch.Write("policy.yaml", policy);
        var command = CommandLine.Parse(["--config", config]);
        var configuration = Settings.Read(command);
        clock ??= TimeProvider.System;
        var setup = OutpostSetup.Load(Settings.Bind(configuration, command), clock.GetUtcNow());
        _host = OutpostHost.Build(configuration, setup, clock, RandomNumberGenerator.Create(), logging => logging.ClearProviders().AddProvider(_recorder));
        _rounds = Get<IStationRounds>();
        _rounds.Attach(this);
    }

    /// <summary>Everything sent so far.</summary>
    public IReadOnlyList<PartyFrame> Frames
    {
        get
        {
            lock (_frames) return [.. _frames];
        }
    }

    public string Log => _recorder.Text;

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    public Question Open(SignedQuery query) => Question.Open(query, _consortium.Roster, TimeProvider.System.GetUtcNow());

    public Assessment Assess(SignedQuery query) => Get<Answering>().Assess(Open(query), TestConsortium.Parties);

    /// <summary>Proposes a round, and waits for what the outpost says to it first: a Join or a Decline.</summary>
    public async Task<Decline?> ProposeAsync(SignedQuery query, ulong seed)
    {
        _said = New();
        var id = RoundId(seed);
        var proposal = AggregatorRound.Propose(
            _consortium.Roster, query, id, _consortium.Roster.Parties.Select(p => p.Index), Enumerable.Repeat(TimeSpan.FromMinutes(1), 7), _consortium.Station);
        await _rounds.ReceiveAsync(new Broadcast { RoundId = ByteString.CopyFrom(id), Envelope = proposal }, CancellationToken.None);
        var said = (await _said.Task.Guard()).Envelope;
        return said.Kind == MessageKind.Decline ? Decline.Parser.ParseFrom(said.Body) : null;
    }

    public static byte[] RoundId(ulong seed)
    {
        var id = new byte[16];
        new SeededRandom(seed + 7000).GetBytes(id);
        return id;
    }

    public ValueTask SendAsync(PartyFrame frame, CancellationToken cancellationToken)
    {
        lock (_frames) _frames.Add(frame);
        if (frame.Message is { } message) _said.TrySetResult(message);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await ((IAsyncDisposable)_host).DisposeAsync();
        _recorder.Dispose();
    }

    private static TaskCompletionSource<PartyMessage> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
