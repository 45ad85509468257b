using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;
using DatasetSchema = SecureAggregation.Statistics.DatasetSchema;
using Roster = SecureAggregation.Protocol.Roster;
using RowRule = SecureAggregation.Statistics.RowRule;

namespace SecureAggregation.Client.Tests;

/// <summary>The SDK against the real services over real TLS.</summary>
public sealed class ConsortiumTests : IAsyncLifetime
{
    private readonly Members _members = new();
    private FakeStation _station = null!;
    private IConsortium _consortium = null!;
    private Scenario _scenario = null!;

    public async Task InitializeAsync()
    {
        _station = await FakeStation.StartAsync(_members);
        _scenario = new Scenario(_members, DateTimeOffset.UtcNow);
        _station.View = _scenario.Consortium();
        _consortium = Connect(_members.Auditor);
    }

    public async Task DisposeAsync()
    {
        await _consortium.DisposeAsync();
        await _station.DisposeAsync();
        _members.Dispose();
    }

    [Fact]
    public async Task View_arrives_and_the_station_sees_who_asks()
    {
        Assert.Equal("Outer Clinics", (await _consortium.GetConsortiumAsync().Guard()).Name);
        Assert.Equal(_members.Auditor.Public, _station.LastCaller);
    }

    [Fact]
    public async Task Rounds_are_paged_and_a_limit_out_of_range_is_said_at_once()
    {
        _station.Rounds.AddRange(_scenario.History());
        var page = await _consortium.ListRoundsAsync(5, 2).Guard();
        Assert.Equal((5, 21u), (page.Rounds.Count, page.Total));
        Assert.Equal(_station.Rounds[2], page.Rounds[0]);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _consortium.ListRoundsAsync(501));
    }

    [Fact]
    public async Task Station_with_another_key_is_not_spoken_to()
    {
        using var key = IdentityKey.Generate(new SeededRandom(99));
        await using var impostor = await FakeStation.StartAsync(_members, key);
        await using var consortium = Connect(_members.Auditor, impostor.Address);
        var problem = await Assert.ThrowsAsync<StationUnavailableException>(() => consortium.GetConsortiumAsync().Guard());
        Assert.Contains($"is not the roster's {_members.Station.Public.Fingerprint}", problem.Message);
        Assert.Equal(0, impostor.Asked);
    }

    [Fact]
    public async Task Station_with_the_key_of_the_next_roster_is_asked_for_that_roster_and_for_nothing_else()
    {
        using var key = IdentityKey.Generate(new SeededRandom(99));
        await using var station = await FakeStation.StartAsync(_members, key);
        await using var consortium = Connect(_members.Auditor, station.Address);
        var next = _members.Next(roster => roster.AggregatorKey = ByteString.CopyFrom(key.Public.Point));
        station.Succession.Add(next);
        Assert.Equal([next], await consortium.GetSuccessionAsync().Guard());
        var problem = await Assert.ThrowsAsync<StationUnavailableException>(() => consortium.GetConsortiumAsync().Guard());
        Assert.Contains("secagg roster follow", problem.Message);
        Assert.Equal(0, station.Asked);

        // One that makes another key the station is nobody's to offer who has this one.
        station.Succession[0] = _members.Next();
        problem = await Assert.ThrowsAsync<StationUnavailableException>(() => consortium.GetSuccessionAsync().Guard());
        Assert.Contains("neither the pinned roster's nor that of a roster", problem.Message);
    }

    [Fact]
    public async Task Stranger_that_tells_of_rosters_without_end_is_given_up_before_they_fill_the_memory()
    {
        const int MiB = 1024 * 1024;
        using var key = IdentityKey.Generate(new SeededRandom(99));
        await using var station = await FakeStation.StartAsync(_members, key);
        await using var consortium = Connect(_members.Auditor, station.Address);
        var (next, asked, large) = (ByteString.CopyFrom(_members.Next()), 0, UnsafeByteOperations.UnsafeWrap(new byte[3 * MiB]));
        station.OnSuccession = () =>
        {
            asked++;
            return new RosterChain { Rosters = { large, next } };
        };
        var problem = await Assert.ThrowsAsync<StationUnavailableException>(() => consortium.GetSuccessionAsync().Guard());
        Assert.Contains($"rosters of more than {64 * MiB} bytes", problem.Message, StringComparison.Ordinal);
        Assert.Equal(22, asked);

        // Nor is one reply taken that is larger than a station's.
        station.OnSuccession = () => new RosterChain { Rosters = { large, large, next } };
        var refused = await Assert.ThrowsAsync<StationRefusedException>(() => consortium.GetSuccessionAsync().Guard());
        Assert.Equal("ResourceExhausted", refused.Code);
    }

    [Fact]
    public async Task Client_goes_on_under_the_next_roster_and_rounds_from_before_are_checked_under_theirs()
    {
        using var key = IdentityKey.Generate(new SeededRandom(99));
        var round = new RealRound(_members, DateTimeOffset.UtcNow);
        _station.Bundles[Convert.ToHexStringLower(round.RoundId.Span)] = round.Bundle;
        await _consortium.GetConsortiumAsync().Guard();
        await _station.DownAsync();
        _station.Key = key;
        await _station.UpAsync();
        await Assert.ThrowsAsync<StationUnavailableException>(() => _consortium.GetConsortiumAsync().Guard());

        var next = Roster.Open(_members.Next(roster => roster.AggregatorKey = ByteString.CopyFrom(key.Public.Point)));
        _consortium.GoOnUnder(next);
        await _consortium.GetConsortiumAsync().Guard();
        Assert.Equal(next.Hash, _consortium.Roster.Hash);
        var report = await _consortium.VerifyAsync(round.RoundId.ToByteArray()).Guard();
        Assert.True(report.Passed, report.Failure?.Detail);

        // Evidence under a roster that was never pinned here is none.
        await using var other = Consortium.Connect(new ConsortiumOptions { Address = new Uri(_station.Address), Roster = next, Identity = _members.Auditor, Time = TimeProvider.System });
        Assert.False((await other.VerifyAsync(round.RoundId.ToByteArray()).Guard()).Passed);
        foreach (var wrong in new[] { _members.Roster, Roster.Open(_members.Next(r => r.LogOrigin = "other/log", after: next)), Roster.Open(_members.Next(r => r.Auditors.Clear(), after: next)) })
            Assert.Throws<ArgumentException>(() => _consortium.GoOnUnder(wrong));
        Assert.Equal(next.Hash, _consortium.Roster.Hash);
    }

    [Fact]
    public async Task Station_that_is_away_is_said_to_be_away()
    {
        await _station.DownAsync();
        var problem = await Assert.ThrowsAsync<StationUnavailableException>(() => _consortium.GetConsortiumAsync().Guard());
        Assert.Contains(_station.Address, problem.Message);
    }

    [Fact]
    public void Stranger_and_plain_http_are_refused_before_anything_is_sent()
    {
        using var stranger = IdentityKey.Generate(new SeededRandom(98));
        Assert.Contains("is no coordinator, auditor or party", Assert.Throws<ArgumentException>(() => Connect(stranger)).Message);
        Assert.Contains("https://", Assert.Throws<ArgumentException>(() => Connect(_members.Auditor, "http://127.0.0.1:1")).Message);
    }

    [Fact]
    public async Task Unknown_round_has_an_exception_of_its_own()
    {
        await Assert.ThrowsAsync<RoundNotFoundException>(() => _consortium.GetRoundAsync(new byte[16]).Guard());
        await Assert.ThrowsAsync<RoundNotFoundException>(() => _consortium.VerifyAsync(new byte[16]).Guard());
        await Assert.ThrowsAsync<ArgumentException>(() => _consortium.GetRoundAsync(new byte[15]).Guard());
    }

    [Fact]
    public async Task Watch_goes_on_after_the_last_event_when_the_station_was_away()
    {
        await using var events = _consortium.WatchAsync().GetAsyncEnumerator();
        var next = events.MoveNextAsync().AsTask();
        await _station.WatchedAsync().Guard();
        for (var i = 0; i < 3; i++) _station.Tell(Scenario.Log($"{i}"));
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await next.Guard());
            Assert.Equal($"{i}", events.Current.Log.Text);
            next = events.MoveNextAsync().AsTask();
        }

        await _station.DownAsync();
        await _station.UpAsync();
        await _station.WatchedAsync().Guard();
        Assert.Equal(3u, _station.LastAfter);
        _station.Tell(Scenario.Log("after"));
        Assert.True(await next.Guard());
        Assert.Equal("after", events.Current.Log.Text);
    }

    [Fact]
    public async Task Watch_without_reconnecting_ends_with_an_exception_when_the_stream_is_lost()
    {
        await using var events = _consortium.WatchAsync(reconnect: false).GetAsyncEnumerator();
        var next = events.MoveNextAsync().AsTask();
        await _station.WatchedAsync().Guard();
        _station.CutStreams();
        await Assert.ThrowsAsync<StationUnavailableException>(() => next.Guard());
    }

    [Fact]
    public async Task Question_is_resolved_signed_and_submitted_so_that_every_outpost_can_open_it()
    {
        OfferPatients();
        _station.OnSubmit = _ => Scenario.Id(42);
        var round = await _consortium.AskAsync(Query(), _members.Coordinator).Guard();
        Assert.Equal(Scenario.Id(42).ToByteArray(), round.Id);
        var submitted = Assert.Single(_station.Submitted);
        var question = Question.Open(submitted.Query, _members.Roster, DateTimeOffset.UtcNow);
        Assert.Equal(("Ages", "patients", 500_000UL), (question.Query.Title, question.Query.Dataset, question.Query.EpsilonMicro));
        Assert.Equal(100, Analysis.Decode(question.Query.Analysis.Span).Columns[0].High);
    }

    [Fact]
    public async Task Question_that_cannot_be_asked_never_leaves()
    {
        var nobody = await Assert.ThrowsAsync<QuestionException>(() => _consortium.AskAsync(Query("planets"), _members.Coordinator).Guard());
        Assert.Contains("No outpost offers the dataset 'planets'; offered are patients.", nobody.Message);
        OfferPatients();
        var column = await Assert.ThrowsAsync<QuestionException>(() => _consortium.AskAsync(Query(column: "weight"), _members.Coordinator).Guard());
        Assert.Contains("weight", column.Message);
        var signer = await Assert.ThrowsAsync<QuestionException>(() => _consortium.AskAsync(Query(), _members.Auditor).Guard());
        Assert.Contains("coordinator", signer.Message);
        Assert.Empty(_station.Submitted);
    }

    [Fact]
    public async Task Plan_holds_widths_and_what_outposts_say_and_nobody_could_run_it()
    {
        OfferPatients();
        _station.OnPlan = _ => new PlanQueryReply
        {
            TypicalMs = 2500,
            Outposts =
            {
                new OutpostPlan { Index = 0, Name = "a", Online = true, Answer = new PlanAnswer { CostMicro = 500_000 } },
                new OutpostPlan { Index = 1, Name = "b", Online = true, Answer = new PlanAnswer { Code = RefusalCode.Budget } },
                new OutpostPlan { Index = 2, Name = "c" },
            },
        };
        var plan = await _consortium.PlanAsync(Query(), _members.Coordinator).Guard();
        Assert.Equal((1, 1, false, TimeSpan.FromSeconds(2.5)), (plan.Rounds, plan.Answering, plan.WouldRun, plan.Typical));
        Assert.Equal(plan.Quorum, _station.View.Quorum == 0 ? 0 : (int)_station.View.Quorum);
        Assert.All(plan.Widths, w => Assert.True(w.Local > w.Central));
        Assert.Contains(plan.Widths, w => w.Measure == "mean(age)");
        Assert.True(plan.VectorBytes > 0);
        var signed = Assert.Single(_station.Planned).Query;
        Assert.Equal(RefusalCode.BadMessage, Assert.Throws<RefusalException>(() => Question.Open(signed, _members.Roster, DateTimeOffset.UtcNow)).Code);
        Assert.Equal("Ages", Question.OpenPlan(signed, _members.Roster, DateTimeOffset.UtcNow).Query.Title);
        Assert.Empty(_station.Submitted);
    }

    [Fact]
    public async Task Fit_of_what_is_no_regression_is_refused_at_home()
    {
        OfferPatients();
        var refused = await Assert.ThrowsAsync<QuestionException>(() => _consortium.FitAsync(Query(), _members.Coordinator).Guard());
        Assert.Contains("logistic or poisson", refused.Message);
        Assert.Empty(_station.Submitted);
    }

    [Fact]
    public async Task Refusal_of_the_station_keeps_its_reason()
    {
        OfferPatients();
        _station.OnSubmit = _ => throw new RpcException(new Status(StatusCode.FailedPrecondition, "Only 2 outposts are online; a round needs 4."));
        var refused = await Assert.ThrowsAsync<StationRefusedException>(() => _consortium.AskAsync(Query(), _members.Coordinator).Guard());
        Assert.Equal(("FailedPrecondition", "Only 2 outposts are online; a round needs 4."), (refused.Code, refused.Message));
    }

    [Fact]
    public async Task Waiting_for_a_round_follows_it_to_its_end()
    {
        _station.Rounds.Add(_scenario.Running());
        var seen = new List<RoundPhase>();
        var waiting = _consortium.Round(Scenario.Id(9).ToByteArray()).WaitAsync(view =>
        {
            lock (seen) seen.Add(view.Phase);
        });
        await _station.WatchedAsync().Guard();
        _station.Tell(new Event { Round = _scenario.Done(1, "another", 5) });
        _station.Tell(new Event { Round = _scenario.Running(phase: RoundPhase.Agree) });
        _station.Tell(new Event { Round = _scenario.Done(9, "Blood pressure", 5) });
        Assert.Equal(RoundState.Done, (await waiting.Guard()).State);
        Assert.Equal(RoundPhase.Publish, seen[^1]);
    }

    [Fact]
    public async Task Aborted_round_gives_no_result()
    {
        _station.Rounds.Add(_scenario.Aborted(2, "x", 30));
        var failed = await Assert.ThrowsAsync<RoundFailedException>(() => _consortium.Round(Scenario.Id(2).ToByteArray()).ResultAsync().Guard());
        Assert.Contains("Only 3 of 5 outposts shared their keys", failed.Message);
    }

    [Fact]
    public async Task Export_gives_the_bytes_and_evidence_that_is_none_fails_with_the_step_named()
    {
        var junk = new byte[4321];
        new SeededRandom(5).GetBytes(junk);
        _station.Bundles[Convert.ToHexStringLower(Scenario.Id(1).Span)] = junk;
        using var copy = new MemoryStream();
        Assert.Equal(4321, await _consortium.ExportBundleAsync(Scenario.Id(1).ToByteArray(), copy).Guard());
        Assert.Equal(junk, copy.ToArray());
        var report = await _consortium.VerifyAsync(Scenario.Id(1).ToByteArray()).Guard();
        Assert.False(report.Passed);
        Assert.Equal("checkpoint", report.Failure!.Name);
        Assert.Empty(report.Statistics);
        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), "secagg-*.bundle"));
    }

    [Fact]
    public async Task Real_round_verifies_and_its_total_is_read_from_the_evidence()
    {
        var round = new RealRound(_members, DateTimeOffset.UtcNow);
        _station.Bundles[Convert.ToHexStringLower(round.RoundId.Span)] = round.Bundle;
        var report = await _consortium.VerifyAsync(round.RoundId.ToByteArray()).Guard();
        Assert.True(report.Passed, report.Failure?.Detail);
        Assert.Equal(SHA256.HashData(round.PackedTotal), report.TotalHash);
        var count = Assert.Single(report.Statistics);
        Assert.Equal(("count", 5 * RealRound.RowsEach, 5), (count.Name, (int)count.Value!, count.Contributors));
        Assert.True(count.Low < count.Value && count.Value < count.High);
        Assert.True((await _consortium.VerifyAsync(new MemoryStream(round.Bundle)).Guard()).Passed);
    }

    [Fact]
    public async Task Log_of_two_rounds_gives_entries_proofs_and_evidence_that_extends_the_remembered_head()
    {
        var (one, two) = (new RealRound(_members, DateTimeOffset.UtcNow), new RealRound(_members, DateTimeOffset.UtcNow, n: 2));
        _station.Play(one, _scenario.Done(1, "Patients", 100));
        Assert.True((await _consortium.VerifyAsync(one.RoundId.ToByteArray()).Guard()).Passed);
        var old = await _consortium.GetCheckpointAsync().Guard();
        _station.Play(two, _scenario.Done(2, "Patients", 50));
        Assert.True((await _consortium.VerifyAsync(two.RoundId.ToByteArray()).Guard()).Passed);
        var head = await _consortium.GetCheckpointAsync().Guard();
        Assert.Equal((1 + one.Log.Count, 1 + one.Log.Count + two.Log.Count, 5), ((int)old.Size, (int)head.Size, head.Cosigners(_members.Roster).Count));
        var path = await _consortium.GetConsistencyAsync(old.Size, head.Size).Guard();
        Assert.True(MerkleTree.VerifyConsistency(old.Size, old.Root, head.Size, head.Root, path));
        var view = await _consortium.GetRoundAsync(two.RoundId.ToByteArray()).Guard();
        var proposal = Assert.Single(await _consortium.ListEntriesAsync((long)view.FirstEntry, 1).Guard());
        Assert.Equal(two.Log[0], proposal);
    }

    [Fact]
    public async Task Rounds_are_listed_as_the_filter_says()
    {
        _station.Rounds.AddRange(_scenario.History());
        async Task<ListRoundsReply> List(RoundFilter filter, int limit = 50) => await _consortium.ListRoundsAsync(limit, 0, filter).Guard();
        Assert.All((await List(new RoundFilter { State = RoundState.Aborted })).Rounds, round => Assert.Equal(RoundState.Aborted, round.State));
        var found = await List(new RoundFilter { Find = "BY SEX", Brief = true });
        Assert.Equal("Cholesterol by sex", Assert.Single(found.Rounds).Title);
        Assert.True(found.Rounds[0] is { Statistics.Count: 0 } brief && brief.Parties.All(p => p.Marks.Count == 0));
        var series = await List(new RoundFilter { Content = found.Rounds[0].Content.ToByteArray() });
        Assert.NotEmpty(Assert.Single(series.Rounds).Statistics);
        var border = DateTimeOffset.FromUnixTimeMilliseconds((long)_station.Rounds[3].StartedMs);
        var (before, since) = (await List(new RoundFilter { Until = border }), await List(new RoundFilter { Since = border }, limit: 1));
        Assert.Equal((_station.Rounds.Count, 1), ((int)(before.Total + since.Total), since.Rounds.Count));
        await Assert.ThrowsAsync<ArgumentException>(() => List(new RoundFilter { Find = new string('x', 101) }));
    }

    [Fact]
    public async Task Sound_evidence_of_another_round_is_not_that_of_the_one_asked_for()
    {
        var round = new RealRound(_members, DateTimeOffset.UtcNow);
        _station.Bundles[Convert.ToHexStringLower(Scenario.Id(2).Span)] = round.Bundle;
        var report = await _consortium.VerifyAsync(Scenario.Id(2).ToByteArray()).Guard();
        Assert.Equal((false, "messages", 0), (report.Passed, report.Failure?.Name, report.Statistics.Count));
    }

    [Fact]
    public async Task One_changed_byte_anywhere_fails_the_evidence()
    {
        var bundle = new RealRound(_members, DateTimeOffset.UtcNow).Bundle;
        for (var at = 0; at < bundle.Length; at += 97)
        {
            var changed = bundle.ToArray();
            changed[at] ^= 0x10;
            var report = await _consortium.VerifyAsync(new MemoryStream(changed)).Guard();
            Assert.False(report.Passed, $"byte {at}");
            Assert.Empty(report.Statistics);
        }
    }

    [Fact]
    public async Task Call_that_is_given_up_says_cancelled()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _consortium.GetConsortiumAsync(stop.Token).Guard());
    }

    private IConsortium Connect(IdentityKey key, string? address = null) => Consortium.Connect(new ConsortiumOptions
    {
        Address = new Uri(address ?? _station.Address), Roster = _members.Roster, Identity = key, Time = TimeProvider.System, CallTimeout = TimeSpan.FromSeconds(20),
    });

    private void OfferPatients()
    {
        var schema = new DatasetSchema("patients", "", RowRule.OneRowPerPerson, [new SchemaColumn("age", Statistics.ColumnType.Integer) { Unit = "years", Low = 0, High = 100 }]);
        foreach (var outpost in _station.View.Outposts) outpost.Datasets[0].Schema = ByteString.CopyFrom(schema.Encode());
    }

    private static AnalysisQuery Query(string dataset = "patients", string column = "age") => AnalysisQuery.Parse($$"""
        name: Ages
        dataset: {{dataset}}
        epsilon: 0.5
        measures:
          - mean: {{column}}
        """);
}
