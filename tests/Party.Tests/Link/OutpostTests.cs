using System.Text;
using System.Text.Json;
using Google.Protobuf;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Link;

/// <summary>The whole program but its console, over TLS to a station in this process.</summary>
public sealed class OutpostTests : OutpostScene
{
    private const string Canary = "Zoe-Quill-4711";
    private const string Rows = $"full_name,age,sex\n{Canary},63,1\n{Canary}-2,37,0\n{Canary}-3,110,1\n";

    private static readonly DatasetSchema s_schema = SchemaFile.Parse(OutpostFiles.Schema).Schema;

    [Fact]
    public async Task Round_is_answered_from_proposal_to_cosigned_log_and_no_patient_is_in_what_was_sent_stored_or_logged()
    {
        await StartAsync(Rows, "--trace-wire", _scratch["wire"]);
        _station.Propose(_consortium.Ask(s_schema));
        Assert.Equal(MessageKind.Total, (await _station.Ended.Task.Guard()).Kind);
        var cosign = await _station.Cosigned.Task.Guard();
        Assert.Equal(_station.Root, cosign.Root.ToByteArray());
        // Three rows with one party's noise: within 60 but for one run in 10^12.
        Assert.InRange((long)_station.Total()[0], -60, 66);
        await StopAsync();
        Assert.Contains("Outpost stopped", _recorder.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("BackgroundService failed", _recorder.Text, StringComparison.Ordinal);

        var needles = new[] { Canary, "Quill" }.SelectMany(c => new[] { Encoding.UTF8.GetBytes(c), Encoding.Unicode.GetBytes(c) }).ToList();
        var sent = File.ReadAllBytes(Path.Combine(_scratch["wire"], "sent.frames"));
        Assert.True(sent.Length > 1000);
        var stored = new[] { "state/outpost.db", "state/status.json" }.Select(name => File.ReadAllBytes(_scratch[name]));
        foreach (var haystack in new[] { sent, Encoding.UTF8.GetBytes(_recorder.Text) }.Concat(stored))
            Assert.All(needles, needle => Assert.True(haystack.AsSpan().IndexOf(needle) < 0));
        Assert.Contains("cosigned", _recorder.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MessageKind.Advertise)]
    [InlineData(MessageKind.Share)]
    [InlineData(MessageKind.Input)]
    [InlineData(MessageKind.Agree)]
    [InlineData(MessageKind.Unmask)]
    public async Task Lost_stream_goes_on_in_the_same_phase_with_identical_bytes(MessageKind kind)
    {
        await StartAsync(Rows);
        // The message has left the outpost and never reaches the station's state.
        _station.Cut = (stream, frame) => stream == 1 && frame.Message?.Envelope.Kind == kind;
        _station.Propose(_consortium.Ask(s_schema));
        Assert.Equal(MessageKind.Total, (await _station.Ended.Task.Guard()).Kind);
        await _station.Cosigned.Task.Guard();
        Assert.True(_station.Streams >= 2);
        foreach (var same in _station.Frames.Where(f => f.Frame.Message is not null).GroupBy(f => f.Frame.Message.Envelope.Kind))
            Assert.Single(same.Select(f => f.Frame.Message.ToByteString()).Distinct());
        Assert.Equal(2, _station.Frames.Count(f => f.Frame.Message?.Envelope.Kind == kind));
    }

    [Theory]
    [InlineData(QueryNoise.Local)]
    [InlineData(QueryNoise.Distributed)]
    public async Task Input_says_what_the_ledger_was_charged_the_overlap_included(QueryNoise noise)
    {
        var policy = OutpostFiles.Policy.Replace("epsilon_per_query: 1", "epsilon_per_query: 2\n    overlap: 2", StringComparison.Ordinal);
        await StartAsync(Rows, "--set", $"Outpost:Policy={_scratch.Write("overlap.yaml", policy)}");
        _station.Propose(_consortium.Ask(s_schema, change: q => q.Noise = noise));
        await _station.Ended.Task.Guard();
        var input = Input.Parser.ParseFrom(_station.Frames.First(f => f.Frame.Message?.Envelope.Kind == MessageKind.Input).Frame.Message.Envelope.Body);
        await StopAsync();
        using var store = OutpostStore.Open(_scratch["state"]);
        Assert.Equal((long)input.ChargedMicro, Assert.Single(new Ledger(store, TimeProvider.System).Entries()).CostMicro);
        Assert.Equal(2_000_000ul, input.ChargedMicro);
    }

    [Fact]
    public async Task Budgets_are_told_when_the_stream_stands_and_after_a_charge_and_again_on_the_next_stream()
    {
        var again = new TaskCompletionSource<PartyFrame>(TaskCreationOptions.RunContinuationsAsynchronously);
        _station.Cut = (stream, frame) =>
        {
            if (stream == 2 && frame.Budgets is not null) again.TrySetResult(frame);
            return stream == 1 && frame.Message?.Envelope.Kind == MessageKind.Agree;
        };
        await StartAsync(Rows);
        Assert.Equal((2_000_000ul, 2_000_000ul), Left(await _station.Saw(f => f.Budgets is not null).Guard()));
        _station.Propose(_consortium.Ask(s_schema));
        Assert.Equal((1_000_000ul, 2_000_000ul), Left(await _station.Saw(f => f.Budgets?.Lines[0].LeftMicro < 2_000_000).Guard()));
        Assert.Equal((1_000_000ul, 2_000_000ul), Left(await again.Task.Guard()));

        static (ulong Left, ulong Cap) Left(PartyFrame frame)
        {
            var line = Assert.Single(frame.Budgets.Lines);
            Assert.Equal(("clinic", BudgetScope.Dataset, ""), (line.Dataset, line.Scope, line.Subject));
            return (line.LeftMicro, line.CapMicro);
        }
    }

    [Fact]
    public async Task Stream_lost_within_the_vector_sends_it_again_from_its_beginning()
    {
        await StartAsync(Rows);
        _station.Cut = (stream, frame) => stream == 1 && frame.Chunk is not null;
        _station.Propose(_consortium.Ask(s_schema));
        Assert.Equal(MessageKind.Total, (await _station.Ended.Task.Guard()).Kind);
        var vectors = _station.Frames.Where(f => f.Frame.Chunk is not null).Select(f => f.Frame.Chunk.Data).ToList();
        Assert.Equal(2, vectors.Count);
        Assert.Equal(vectors[0], vectors[1]);
    }

    // h = 3 survivors − c: outpost and station must lay out the same vector, or the round does not come to its end.
    [Fact]
    public async Task Round_with_shared_noise_is_answered()
    {
        await StartAsync(Rows);
        _station.Propose(_consortium.Ask(s_schema, change: q => q.Noise = QueryNoise.Distributed));
        Assert.Equal(MessageKind.Total, (await _station.Ended.Task.Guard()).Kind);
        Assert.InRange((long)_station.Total()[0], -60, 66);
    }

    [Fact]
    public async Task Second_attempt_costs_nothing_if_the_first_ended_before_the_masked_vector_left()
    {
        await StartAsync(Rows);
        var query = _consortium.Ask(s_schema);
        _station.Cut = (_, frame) => frame.Message?.Envelope.Kind == MessageKind.Share;
        _station.Propose(query);
        await Frame(f => f.Message?.Envelope.Kind == MessageKind.Share);
        _station.Abort();
        _station.Cut = (_, _) => false;
        await _recorder.Saw("aborted by the station").Guard();
        _station.Propose(query, seed: 2);
        Assert.Equal(MessageKind.Total, (await _station.Ended.Task.Guard()).Kind);
        Assert.Contains("nothing debited", _recorder.Text, StringComparison.Ordinal);
        Assert.Equal(1, _recorder.Text.Split("pass over the data begins").Length - 1);
        await StopAsync();
        Assert.Equal(1, Entries());
    }

    [Fact]
    public async Task Second_attempt_after_the_masked_vector_left_draws_new_noise_and_pays_again()
    {
        await StartAsync(Rows);
        var query = _consortium.Ask(s_schema);
        _station.Cut = (_, frame) => frame.Message?.Envelope.Kind == MessageKind.Agree;
        _station.Propose(query);
        await Frame(f => f.Message?.Envelope.Kind == MessageKind.Agree);
        _station.Abort();
        _station.Cut = (_, _) => false;
        await _recorder.Saw("aborted by the station").Guard();
        _station.Propose(query, seed: 2);
        Assert.Equal(MessageKind.Total, (await _station.Ended.Task.Guard()).Kind);
        Assert.Equal(2, _recorder.Text.Split("pass over the data begins").Length - 1);
        await StopAsync();
        Assert.Equal(2, Entries());
    }

    [Fact]
    public async Task Newer_attempt_silences_the_older_one()
    {
        await StartAsync(Rows);
        var query = _consortium.Ask(s_schema);
        _station.Cut = (_, frame) => frame.Message?.Envelope.Kind == MessageKind.Agree;
        _station.Propose(query);
        await Frame(f => f.Message?.Envelope.Kind == MessageKind.Agree);
        _station.Cut = (_, _) => false;
        // No abort: the station pretends that the first attempt goes on elsewhere.
        _station.Propose(query, seed: 2);
        Assert.Equal(MessageKind.Total, (await _station.Ended.Task.Guard()).Kind);
        Assert.Contains("newer attempt", _recorder.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_that_was_released_names_its_round_as_the_answer_and_is_not_charged_again()
    {
        await StartAsync(Rows);
        var query = _consortium.Ask(s_schema);
        _station.Propose(query);
        var round = (await _station.Cosigned.Task.Guard()).RoundId;
        _station.Propose(query, seed: 2);
        Assert.Equal((RefusalCode.AlreadyAnswered, round), await DeclineAsync());
        await StopAsync();
        Assert.Equal(1, Entries());
    }

    [Fact]
    public async Task Query_that_was_released_and_whose_total_was_not_seen_is_refused_and_not_charged_again()
    {
        await StartAsync(Rows);
        var query = _consortium.Ask(s_schema);
        _station.Cut = (_, frame) => frame.Message?.Envelope.Kind == MessageKind.Unmask;
        _station.Propose(query);
        await Frame(f => f.Message?.Envelope.Kind == MessageKind.Unmask);
        _station.Abort();
        _station.Cut = (_, _) => false;
        await _recorder.Saw("aborted by the station").Guard();
        _station.Propose(query, seed: 2);
        Assert.Equal((RefusalCode.AlreadyReleased, ByteString.Empty), await DeclineAsync());
        await StopAsync();
        Assert.Equal(1, Entries());
    }

    [Fact]
    public async Task Query_that_was_released_is_refused_after_a_restart_too_and_the_log_is_followed_on()
    {
        await StartAsync(Rows);
        var query = _consortium.Ask(s_schema);
        _station.Propose(query);
        var round = (await _station.Cosigned.Task.Guard()).RoundId;
        await StopAsync();
        await StartAsync(Rows);
        Assert.Equal(0UL, (await _station.Hellos.Reader.ReadAsync().AsTask().Guard()).HeadSize);
        Assert.True((await _station.Hellos.Reader.ReadAsync().AsTask().Guard()).HeadSize > 0);
        _station.Propose(query, seed: 2);
        Assert.Equal((RefusalCode.AlreadyAnswered, round), await DeclineAsync());
        _station.Propose(_consortium.Ask(s_schema, "[ count ]", id: 2), seed: 3);
        await _station.Cosigned.Task.Guard();
        await StopAsync();
        Assert.Equal(2, Entries());
    }

    [Fact]
    public async Task Restarted_outpost_is_silent_in_a_round_that_was_open_and_pays_for_a_new_attempt()
    {
        await StartAsync(Rows);
        var query = _consortium.Ask(s_schema);
        _station.Cut = (_, frame) => frame.Message?.Envelope.Kind == MessageKind.Share;
        _station.Propose(query);
        await Frame(f => f.Message?.Envelope.Kind == MessageKind.Share);
        await StopAsync();
        var before = _station.Frames.Count(f => f.Frame.Message is not null);
        _station.Cut = (_, _) => false;
        await StartAsync(Rows);
        await _recorder.Saw("seen before; nothing more").Guard();
        Assert.Equal(before, _station.Frames.Count(f => f.Frame.Message is not null));
        _station.Propose(query, seed: 2);
        Assert.Equal(MessageKind.Total, (await _station.Ended.Task.Guard()).Kind);
        await StopAsync();
        Assert.Equal(2, Entries());
    }

    public static TheoryData<string, RefusalCode> Refusals { get; } = new()
    {
        { "budget", RefusalCode.Budget },
        { "operation", RefusalCode.Policy },
        { "noise", RefusalCode.NoiseMode },
        { "dataset", RefusalCode.UnknownDataset },
        { "analysis", RefusalCode.BadMessage },
        { "schema", RefusalCode.Schema },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Question_that_may_not_be_asked_is_declined_with_its_code_and_costs_nothing(string why, RefusalCode code)
    {
        await StartAsync(Rows);
        await _recorder.Saw("Connected").Guard();
        var other = SchemaFile.Parse(OutpostFiles.Schema.Replace("integer", "number", StringComparison.Ordinal)).Schema;
        _station.ProposeBlindly(why switch
        {
            "budget" => _consortium.Ask(s_schema, change: q => q.EpsilonMicro = 1_000_001),
            "operation" => _consortium.Ask(s_schema, "[ { variance: age } ]"),
            "noise" => _consortium.Ask(s_schema, change: q => q.Noise = QueryNoise.None),
            "dataset" => _consortium.Ask(s_schema, change: q => q.Dataset = "lung"),
            "analysis" => _consortium.Ask(s_schema, change: q => q.Analysis = ByteString.CopyFromUtf8("?")),
            _ => _consortium.Ask(other),
        });
        Assert.Equal(code, await RefusalAsync());
        await StopAsync();
        Assert.Equal(0, Entries());
    }

    [Fact]
    public async Task Budget_ends_after_what_the_policy_allows_in_all()
    {
        await StartAsync(Rows);
        for (var i = 1UL; i <= 2; i++)
        {
            _station.Propose(_consortium.Ask(s_schema, $"[ {{ sum: age, weight: {i} }} ]", id: i), seed: i);
            await _station.Cosigned.Task.Guard();
        }

        _station.Propose(_consortium.Ask(s_schema, change: q => q.EpsilonMicro = 1, id: 3), seed: 3);
        Assert.Equal(RefusalCode.Budget, await RefusalAsync());
    }

    [Fact]
    public async Task Question_that_is_only_planned_gets_cost_and_budget_and_spends_nothing()
    {
        await StartAsync(Rows);
        await _station.Hellos.Reader.ReadAsync().AsTask().Guard();
        var planned = await _station.Plan(_consortium.Ask(s_schema, change: q => q.Attempts = 0));
        Assert.Equal((RefusalCode.Unspecified, 1_000_000ul, 1u), (planned.Code, planned.CostMicro, planned.Overlap));
        var dataset = Assert.Single(planned.Budgets, b => b.Scope == BudgetScope.Dataset);
        Assert.Equal(dataset.CapMicro, dataset.LeftMicro);
        Assert.Equal(RefusalCode.Budget, (await _station.Plan(_consortium.Ask(s_schema, change: q => (q.Attempts, q.EpsilonMicro) = (0, 99_000_000)))).Code);
        // One that could be run is not planned: whoever passes it on could run it.
        Assert.Equal(RefusalCode.BadMessage, (await _station.Plan(_consortium.Ask(s_schema))).Code);
        await StopAsync();
        Assert.Equal(0, Entries());
    }

    // Each was answered before anything else was read: a station that asked on and on kept the outpost from its rounds.
    [Fact]
    public async Task Flood_of_questions_that_are_only_planned_is_answered_in_part_and_holds_up_no_round()
    {
        await StartAsync(Rows);
        await _station.Hellos.Reader.ReadAsync().AsTask().Guard();
        const int Asked = 2000;
        var query = _consortium.Ask(s_schema, change: q => q.Attempts = 0);
        for (var i = 0; i < Asked; i++) _station.SendPlan(query);
        _station.Propose(_consortium.Ask(s_schema));
        await _station.Cosigned.Task.Guard();
        Assert.InRange(_station.Frames.Count(f => f.Frame.Plan is not null), 1, Asked - 1);
    }

    [Fact]
    public async Task File_that_breaks_as_a_whole_leaves_the_round_with_a_code_and_no_word_of_the_data()
    {
        var rows = string.Concat(Enumerable.Repeat("x,1,1\n", 2000));
        await StartAsync($"full_name,age,sex\n{rows}x,{Canary}\n");
        _station.Propose(_consortium.Ask(s_schema));
        Assert.Equal(RefusalCode.DataSource, await RefusalAsync());
        Assert.Contains("line 2002", _recorder.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Quill", _recorder.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Field_that_cannot_be_read_is_told_to_the_operator_and_the_round_goes_on_as_if_it_were_missing()
    {
        await StartAsync($"{Rows}x,{Canary},1\n");
        _station.Propose(_consortium.Ask(s_schema));
        Assert.Equal(MessageKind.Total, (await _station.Ended.Task.Guard()).Kind);
        Assert.Contains("column 'age'", _recorder.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Quill", _recorder.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Station_that_is_not_there_is_said_so_and_tried_again()
    {
        await StartAsync(Rows, "--station", "https://127.0.0.1:1");
        await _recorder.Saw("connection refused").Guard();
        await _recorder.Saw("Still not connected").Guard();
        var status = JsonDocument.Parse(File.ReadAllText(_scratch["state/status.json"])).RootElement;
        Assert.Contains(status.GetProperty("state").GetString(), new[] { "waiting", "connecting" });
        Assert.Equal("party-0", status.GetProperty("party").GetString());
    }

    [Fact]
    public async Task Station_that_welcomes_and_ends_the_stream_is_dialled_at_growing_waits()
    {
        _station.Cut = (_, frame) => frame.Heartbeat is not null;
        await StartAsync(Rows, "--set", "Outpost:Reconnect:First=00:00:00.050", "--set", "Outpost:Reconnect:Longest=00:00:00.800");
        for (var stream = 0; stream < 6; stream++) await _station.Hellos.Reader.ReadAsync().AsTask().Guard();
        // After 50, 100 and 200 ms.
        Assert.Matches(@"again in 0\.[4-8] s", _recorder.Text);
    }

    private int Entries() => _outpost.Charges();

    private Task StartAsync(string rows, params string[] more) => _outpost.StartAsync(_station.Address, rows, more);

    private Task StopAsync() => _outpost.StopAsync();

    private async Task<RefusalCode> RefusalAsync() => (await DeclineAsync()).Code;

    private async Task<(RefusalCode Code, ByteString EarlierRound)> DeclineAsync()
    {
        var frame = await Frame(f => f.Message?.Envelope.Kind == MessageKind.Decline);
        var decline = Decline.Parser.ParseFrom(frame.Message.Envelope.Body);
        return (decline.Code, decline.EarlierRound);
    }

    private Task<PartyFrame> Frame(Func<PartyFrame, bool> wanted) => _station.Saw(wanted).Guard();
}
