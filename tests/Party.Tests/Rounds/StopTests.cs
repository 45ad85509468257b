using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Link;
using SecureAggregation.Party.Storage;
using SecureAggregation.Party.Tests.Config;
using SecureAggregation.Party.Tests.Link;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Rounds;

/// <summary>An outpost that is told to stop in the middle of a round: it ends the round if there is time, and leaves it in order if not.</summary>
public sealed class StopTests : OutpostScene
{
    private const string Rows = "full_name,age,sex\nx,63,1\ny,37,0\n";

    private static readonly DatasetSchema s_schema = SchemaFile.Parse(OutpostFiles.Schema).Schema;

    /// <summary>Any four of these five go on without the fifth.</summary>
    public StopTests()
        : base(new TestConsortium(5, colluders: 1))
    {
    }

    [Fact]
    public async Task Round_under_way_is_ended_and_cosigned_and_a_new_one_is_declined_at_no_cost()
    {
        await StartAsync(60);
        StationFrame? held = null;
        _station.Lie = (_, frame) =>
        {
            if (frame.Broadcast?.Envelope.Kind == MessageKind.Agreed && held is null)
            {
                held = frame;
                return [];
            }

            // It goes on with what was held back once there is something new to answer.
            return frame.Broadcast?.Envelope.Kind == MessageKind.Propose && held is not null ? [frame, held] : [frame];
        };
        _station.Propose(Ask(1));
        await _station.Saw(f => f.Message?.Envelope.Kind == MessageKind.Agree).Guard();

        var stopping = _outpost.StopAsync();
        await _recorder.Saw("2008 Stopping: no new round is joined; 1 under way have 60 s to end").Guard();
        Assert.Equal("stopping", Status().GetProperty("state").GetString());
        _station.ProposeBlindly(Ask(2), seed: 2);

        await stopping.Guard();
        Assert.Equal(MessageKind.Total, (await _station.Ended.Task.Guard()).Kind);
        Assert.Contains(0u, _station.Survivors());
        Assert.True(_station.Cosigned.Task.IsCompletedSuccessfully);
        Assert.Equal(RefusalCode.Leaving, Declined().Code);
        Assert.Contains("1 have ended, 0 were left", _recorder.Text, StringComparison.Ordinal);
        Assert.Equal("stopped", Status().GetProperty("state").GetString());
        Assert.Equal(1, _outpost.Charges());
    }

    // The kind of the broadcast that does not come any more, and the state in which the outpost waits for it.
    [Theory]
    [InlineData(MessageKind.Advertised, "Joined", false)]
    [InlineData(MessageKind.Shared, "Shared", false)]
    [InlineData(MessageKind.Survivors, "InputSent", true)]
    [InlineData(MessageKind.Agreed, "Agreed", true)]
    [InlineData(MessageKind.Total, "Unmasked", true)]
    public async Task Round_that_has_no_time_to_end_goes_on_without_the_outpost_which_is_in_the_next(MessageKind held, string state, bool inTotal)
    {
        await StartAsync(0);
        var last = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _station.Lie = (_, frame) =>
        {
            if (frame.Broadcast?.Envelope.Kind != held && frame.Publication is null) return [frame];
            last.TrySetResult();
            return [];
        };
        _station.Propose(Ask(1));
        await last.Task.Guard();
        await _recorder.Saw($": {state}").Guard();
        await _outpost.StopAsync().Guard();

        Assert.Contains($"left at {state}, because the outpost stops", _recorder.Text, StringComparison.Ordinal);
        Assert.Contains("0 have ended, 1 were left", _recorder.Text, StringComparison.Ordinal);
        var round = Assert.Single(Status().GetProperty("rounds").EnumerateArray());
        Assert.Equal(("stopped", "Leaving"), (Status().GetProperty("state").GetString(), round.GetProperty("refusal").GetString()));
        // A word where the protocol has one: nobody waits for the outpost then. Once its vector is out it says nothing, as always.
        if (inTotal) Assert.DoesNotContain(_station.Frames, f => f.Frame.Message?.Envelope.Kind == MessageKind.Decline);
        else Assert.Equal(RefusalCode.Leaving, Declined().Code);
        for (var phase = 0; inTotal && phase < 8 && !_station.Ended.Task.IsCompleted; phase++) _station.TimeOut();
        Assert.Equal(MessageKind.Total, (await _station.Ended.Task.Guard()).Kind);
        Assert.Equal(inTotal, _station.Survivors().Contains(0u));
        Assert.Equal(1, _outpost.Charges());

        _station.Lie = (_, frame) => [frame];
        var said = _station.Frames.Count(f => f.Frame.Message is not null);
        await StartAsync(0);
        for (var hello = 0; hello < 2; hello++) await _station.Hellos.Reader.ReadAsync().AsTask().Guard();
        // Who has declined is not asked again.
        if (inTotal) await _recorder.Saw("nothing more is said in it").Guard();
        Assert.Equal(said, _station.Frames.Count(f => f.Frame.Message is not null));
        _station.Propose(Ask(2), seed: 2);
        Assert.Equal(MessageKind.Total, (await _station.Ended.Task.Guard()).Kind);
        Assert.Contains(0u, _station.Survivors());
    }

    [Fact]
    public async Task Round_is_left_when_the_grace_is_over_and_not_before()
    {
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        using var scratch = new Scratch();
        await using var outpost = new QuietOutpost(scratch, OutpostFiles.Policy, clock: clock);
        var rounds = outpost.Get<IStationRounds>();
        Assert.Null(await outpost.ProposeAsync(TestConsortium.Shared.Ask(s_schema), 1));

        var leaving = rounds.LeaveAsync(TimeSpan.FromSeconds(60), CancellationToken.None);
        Assert.Equal(RefusalCode.Leaving, (await outpost.ProposeAsync(TestConsortium.Shared.Ask(s_schema, id: 2), 2))!.Code);
        clock.Advance(TimeSpan.FromSeconds(59));
        Assert.False(leaving.IsCompleted);
        Assert.DoesNotContain("left at", outpost.Log, StringComparison.Ordinal);
        clock.Advance(TimeSpan.FromSeconds(1));
        await leaving.Guard();

        Assert.Contains("left at Joined", outpost.Log, StringComparison.Ordinal);
        Assert.Equal([MessageKind.Decline, MessageKind.Decline], outpost.Frames.TakeLast(2).Select(f => f.Message.Envelope.Kind));
        Assert.Single(outpost.Get<Ledger>().Entries());
    }

    [Fact]
    public async Task Outpost_without_open_rounds_stops_at_once_whatever_the_grace_is_and_whether_the_station_is_there()
    {
        await StartAsync(3600, "--station", "https://127.0.0.1:1");
        await _recorder.Saw("connection refused").Guard();
        await _outpost.StopAsync().Guard();
        await StartAsync(3600);
        await _recorder.Saw("2100 Connected").Guard();
        await _outpost.StopAsync().Guard();
        Assert.Equal(2, _recorder.Text.Split("2001 Outpost stopped").Length - 1);
    }

    // systemd and docker kill what has not ended in time.
    [Theory]
    [InlineData("deploy/systemd/secagg-outpost.service", @"^TimeoutStopSec=(?<seconds>\d+)$")]
    [InlineData("deploy/docker/compose.yaml", @"profiles: \[outpost\][^:]*stop_grace_period: (?<seconds>\d+)s")]
    public void Whoever_stops_an_outpost_waits_longer_than_it_takes(string file, string rule)
    {
        var text = File.ReadAllText(Path.Combine(PolicySchemaTests.Root, file));
        var waits = TimeSpan.FromSeconds(int.Parse(Regex.Match(text, rule, RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["seconds"].Value, CultureInfo.InvariantCulture));
        Assert.True(waits >= TimeSpan.FromSeconds(new OutpostOptions().ShutdownSeconds) + (2 * StationLink.Farewell));
    }

    private Task StartAsync(int seconds, params string[] more) =>
        _outpost.StartAsync(_station.Address, Rows, ["--set", $"Outpost:ShutdownSeconds={seconds}", .. more]);

    private SignedQuery Ask(ulong id) => _consortium.Ask(s_schema, $"[ {{ sum: age, weight: {id} }} ]", id: id);

    private Decline Declined() =>
        Decline.Parser.ParseFrom(Assert.Single(_station.Frames, f => f.Frame.Message?.Envelope.Kind == MessageKind.Decline).Frame.Message.Envelope.Body);

    private JsonElement Status() => JsonDocument.Parse(File.ReadAllText(_scratch["state/status.json"])).RootElement;
}
