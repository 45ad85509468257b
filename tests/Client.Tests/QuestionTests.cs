using Google.Protobuf;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Client.Tests;

/// <summary>The question of a round, out of a log that the station shows.</summary>
public sealed class QuestionTests : IAsyncLifetime
{
    private readonly Members _members = new();
    private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;
    private FakeStation _station = null!;
    private IConsortium _consortium = null!;
    private Scenario _scenario = null!;

    public async Task InitializeAsync()
    {
        _station = await FakeStation.StartAsync(_members);
        _scenario = new Scenario(_members, _now);
        _station.View = _scenario.Consortium();
        _consortium = Consortium.Connect(new ConsortiumOptions { Address = new Uri(_station.Address), Roster = _members.Roster, Identity = _members.Coordinator, Time = TimeProvider.System });
    }

    public async Task DisposeAsync()
    {
        await _consortium.DisposeAsync();
        await _station.DisposeAsync();
        _members.Dispose();
    }

    [Fact]
    public async Task Question_of_a_round_can_be_read_and_asked_again()
    {
        var question = await _consortium.GetQuestionAsync(Play(70)).Guard();

        Assert.Equal(("Patients", "patients", "Dr. Vega"), (question.Query.Title, question.Query.Dataset, question.Coordinator));
        Assert.True(question.NotAfter > _now);
        var asked = AnalysisQuery.Parse(question.Text);
        Assert.Equal(("Patients", "patients", 1_000_000L, null), (asked.Name, asked.Dataset, asked.Epsilon.Micro, asked.MinSurvivors));
        Assert.Equal("count", Assert.Single(asked.Measures).Measure.Name);

        // The same signed bytes are what an approval was given for.
        _station.OnSubmit = _ => Scenario.Id(71);
        await _consortium.SubmitAsync(question.Signed).Guard();
        var submitted = Question.Open(Assert.Single(_station.Submitted).Query, _members.Roster, _now);
        Assert.Equal(Question.HashOf(question.Signed), submitted.Hash);
    }

    [Fact]
    public async Task Question_of_a_round_that_nobody_knows_is_not_found() =>
        await Assert.ThrowsAsync<RoundNotFoundException>(() => _consortium.GetQuestionAsync(new byte[16]).Guard());

    [Theory]
    [InlineData(1, "is not the round's proposal")]
    [InlineData(-1, "has no entry")]
    [InlineData(0, "is not the round's proposal")]
    public async Task Entry_that_is_no_proposal_of_the_round_is_refused(int moved, string problem)
    {
        var id = Play(70);
        Play(75);
        var view = _station.Rounds.Single(round => round.RoundId.Span.SequenceEqual(id));
        // Another entry of the round, one beyond the log, and another round's proposal.
        view.FirstEntry = moved switch { 1 => view.FirstEntry + 1, -1 => 1_000_000, _ => _station.Rounds[0].FirstEntry };
        var refused = await Assert.ThrowsAsync<QuestionException>(() => _consortium.GetQuestionAsync(id).Guard());
        Assert.Contains(problem, refused.Message);
        Assert.Contains(Convert.ToHexStringLower(id), refused.Message);
    }

    [Fact]
    public async Task Query_that_no_coordinator_signed_is_refused()
    {
        var round = new RealRound(_members, _now, 70);
        var entry = Entry.Parser.ParseFrom(round.Log[0]);
        var proposal = Proposal.Parser.ParseFrom(entry.Envelope.Body);
        var signature = proposal.QuerySignature.ToByteArray();
        signature[^1] ^= 1;
        proposal.QuerySignature = ByteString.CopyFrom(signature);
        entry.Envelope.Body = proposal.ToByteString();
        // Of the same length, so the entry can be changed where it lies.
        entry.ToByteArray().CopyTo(round.Log[0], 0);
        _station.Play(round, _scenario.Done(70, "Patients", 5));
        Assert.Contains("does not verify", (await Assert.ThrowsAsync<QuestionException>(() => _consortium.GetQuestionAsync(round.RoundId.ToByteArray()).Guard())).Message);
    }

    [Fact]
    public async Task Query_for_another_roster_is_refused()
    {
        using var others = new Members(new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var round = new RealRound(others, _now, 70);
        _station.Play(round, _scenario.Done(70, "Patients", 5));
        Assert.Contains("another roster", (await Assert.ThrowsAsync<QuestionException>(() => _consortium.GetQuestionAsync(round.RoundId.ToByteArray()).Guard())).Message);
    }

    private byte[] Play(int n)
    {
        var round = new RealRound(_members, _now, n);
        _station.Play(round, _scenario.Done(n, "Patients", 5));
        return round.RoundId.ToByteArray();
    }
}
