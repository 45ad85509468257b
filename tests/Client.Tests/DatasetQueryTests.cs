using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;
using ColumnType = SecureAggregation.Statistics.ColumnType;
using DatasetSchema = SecureAggregation.Statistics.DatasetSchema;
using RowRule = SecureAggregation.Statistics.RowRule;

namespace SecureAggregation.Client.Tests;

/// <summary>Questions put together word by word, and their way to an answer.</summary>
public sealed class DatasetQueryTests : IAsyncLifetime
{
    private static readonly DatasetSchema s_heart = new("heart", "", RowRule.OneRowPerPerson,
    [
        new("age", ColumnType.Integer) { Unit = "years", Low = 0, High = 90 },
        new("chol", ColumnType.Integer) { Unit = "mg/dl", Low = 80, High = 620 },
        new("score", ColumnType.Number) { Low = 0, High = 1 },
        new("days", ColumnType.Integer) { Low = 0, High = 365 },
        new("seen", ColumnType.Date) { Low = 0, High = 20_000 },
        new("sex", ColumnType.Category) { Categories = ["female", "male"] },
        new("ill", ColumnType.Category) { Categories = ["no", "yes"] },
    ]);

    private readonly Members _members = new();
    private FakeStation _station = null!;
    private Scenario _scenario = null!;
    private IConsortium _consortium = null!;

    public async Task InitializeAsync()
    {
        _station = await FakeStation.StartAsync(_members);
        _scenario = new Scenario(_members, DateTimeOffset.UtcNow);
        _station.View = _scenario.Consortium();
        _consortium = Consortium.Connect(new ConsortiumOptions { Address = new Uri(_station.Address), Roster = _members.Roster, Identity = _members.Coordinator, Time = TimeProvider.System });
    }

    public async Task DisposeAsync()
    {
        await _consortium.DisposeAsync();
        await _station.DisposeAsync();
        _members.Dispose();
    }

    public static TheoryData<string, Func<DatasetQuery, DatasetQuery>> Pairs => new()
    {
        { "measures: [count, {count: age}, {sum: age}, {mean: chol}, {variance: age}, {sd: score}]", q => q.Count().Count("age").Sum("age").Mean("chol").Variance("age").Sd("score") },
        { "measures: [{mean: age, low: 20, high: 80, weight: 3}, {sum: age}]", q => q.Mean("age").Weight(3).Sum("age").Clamp("age", 20, 80) },
        { "measures: [{histogram: age, edges: [20, 40, 60]}, {histogram: sex}, {median: chol, bins: 50}, {box: score}]", q => q.Histogram("age", Bins.At(20, 40, 60)).Histogram("sex").Median("chol", Bins.Equal(50)).Box("score") },
        { "measures: [{quantiles: age, at: [0.1, 0.9]}, {contingency: [sex, ill]}, {distinct: sex}, {top: ill, k: 2}]", q => q.Quantiles("age", [0.1, 0.9]).Contingency("sex", "ill").Distinct("sex").Top("ill", 2) },
        { "measures: [{covariance: [age, chol]}, {correlation: [age, chol]}, {pca: [age, chol, score]}, {linear: {outcome: chol, predictors: [age, sex]}}]", q => q.Covariance("age", "chol").Correlation("age", "chol").Pca("age", "chol", "score").Linear("chol", "age", "sex") },
        { "measures: [{logistic: {outcome: ill, predictors: [age]}}]", q => q.Logistic("ill", ["age"]) },
        { "measures: [{poisson: {outcome: days, predictors: [sex, age], iterations: 5}}]", q => q.Poisson("days", ["sex", "age"], iterations: 5) },
        { "measures: [{survival: {time: days, event: ill}, bins: 12}, {incidence: {time: days, event: ill}, per: 1000}, {roc: {score: score, outcome: ill}}]", q => q.Survival("days", "ill", Bins.Equal(12)).Incidence("days", "ill", 1000).Roc("score", "ill") },
        { "measures: [{compare: age}]\ngroup_by: {sex: }", q => q.Compare("age").GroupBy("sex") },
        { "measures: [count]\ngroup_by: {sex: [male], old: }\nderive: {old: {bins: age, edges: [0, 60, 91]}}", q => q.Count().Derive(new BinsColumn("old", "age", [0, 60, 91], [])).GroupBy("sex", "male").GroupBy("old") },
        { "measures: [count]\nwhere: {and: [{column: age, ge: 18}, {column: sex, eq: female}]}", q => q.Count().Where(row => row["age"] >= 18 && row["sex"].Is("female")) },
        { "measures: [count]\nwhere: {and: [{column: age, lt: 18}, {column: sex, ne: male}, {column: chol, le: 200.5}]}", q => q.Count().Where(row => row["age"] < 18 && row["sex"].IsNot("male")).Where(row => row["chol"] <= 200.5) },
        { "measures: [count]\nwhere: {or: [{column: age, between: [18, 65]}, {column: sex, in: [female]}, {column: age, in: [1, 2]}, {not: {column: chol, is_null: true}}]}", q => q.Count().Where(row => row["age"].Between(18, 65) || row["sex"].IsIn("female") || row["age"].IsIn(1, 2) || !row["chol"].IsMissing) },
        { "measures: [count]\nwhere: {column: seen, ge: 2020-01-01}", q => q.Count().Where(row => row["seen"] >= new DateOnly(2020, 1, 1)) },
        { "measures: [count]\nstudy: S1\nnoise: distributed\nmin_survivors: 4\nname: Title", q => q.Count().ForStudy("S1").Noise(NoiseMode.Distributed).MinSurvivors(4).Titled("Title") },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Words_ask_what_the_query_file_asks(string yaml, Func<DatasetQuery, DatasetQuery> words)
    {
        var written = AnalysisQuery.Parse($"dataset: heart\nepsilon: 0.3\n{yaml}");

        var said = words(_consortium.Dataset("heart").Epsilon(0.3)).Query;

        Assert.Equal(written.Resolve(s_heart).Encode(), said.Resolve(s_heart).Encode());
        Assert.Equal(
            (written.Name, written.Dataset, written.Epsilon, written.Noise, written.MinSurvivors, written.Study, written.Repairs),
            (said.Name, said.Dataset, said.Epsilon, said.Noise, said.MinSurvivors, said.Study, said.Repairs));
    }

    [Fact]
    public void Every_word_leaves_the_question_before_it_as_it_was()
    {
        var start = _consortium.Dataset("heart").Epsilon(1).Count();

        _ = start.Mean("age").Where(row => row["age"] > 3).GroupBy("sex").Epsilon(2).Weight(5);

        Assert.Equal(("count", 1_000_000L, 1), (Assert.Single(start.Query.Measures).Measure.Name, start.Query.Epsilon.Micro, start.Query.Measures[0].Measure.Weight));
        Assert.Null(start.Query.Where);
        Assert.Empty(start.Query.GroupBy);
    }

    [Fact]
    public async Task Question_without_epsilon_measure_or_sense_is_refused_before_anything_is_sent()
    {
        Assert.Contains(".Epsilon(0.5)", (await Assert.ThrowsAsync<QuestionException>(async () => await _consortium.Dataset("patients").Count())).Message);
        Assert.Contains("measures nothing", (await Assert.ThrowsAsync<QuestionException>(async () => await _consortium.Dataset("patients").Epsilon(1))).Message);
        Assert.Contains("epsilon is 0", (await Assert.ThrowsAsync<QuestionException>(async () => await _consortium.Dataset("patients").Epsilon(0).Count())).Message);
        Assert.Contains("'weight'", (await Assert.ThrowsAsync<QuestionException>(async () => await _consortium.Dataset("patients").Epsilon(1).Count().Clamp("weight", 0, 1))).Message);
        Assert.Contains("weight", (await Assert.ThrowsAsync<QuestionException>(async () => await _consortium.Dataset("patients").Epsilon(1).Mean("weight"))).Message);
        Assert.Contains("named last", Assert.Throws<QuestionException>(() => _consortium.Dataset("patients").Weight(2)).Message);
        Assert.Empty(_station.Submitted);
        Assert.Equal(0, _station.Asked - 1);
    }

    [Fact]
    public async Task Aborted_round_is_tried_again_with_the_same_signature_and_an_earlier_answer_is_taken()
    {
        var earlier = new RealRound(_members, DateTimeOffset.UtcNow, n: 5);
        _station.Play(earlier, _scenario.Done(5, "Patients", 100));
        var (lost, declined) = (_scenario.Aborted(2, "Patients", 30), _scenario.Aborted(3, "Patients", 30));
        foreach (var party in declined.Parties) (party.Refusal, party.EarlierRound) = (RefusalCode.AlreadyAnswered, earlier.RoundId);
        _station.Rounds.AddRange([lost, declined]);
        _station.OnSubmit = _ => _station.Submitted.Count == 1 ? lost.RoundId : declined.RoundId;
        List<byte[]> asked = [];

        var answer = await _consortium.Dataset("patients").Epsilon(1).Count().AskAsync(new AskOptions { Asked = round => asked.Add(round.Id) }, confidence: 0.99).Guard();

        Assert.Equal([lost.RoundId.ToByteArray(), declined.RoundId.ToByteArray()], asked);
        Assert.Equal(_station.Submitted[0].Query, _station.Submitted[1].Query);
        Assert.Equal(2, _station.Submitted.Count);
        Assert.Equal(earlier.RoundId.ToByteArray(), Assert.Single(answer.Reports).RoundId);
        Assert.Equal((5.0 * RealRound.RowsEach, 0.99), (answer["count"].Value, answer["count"].Confidence));
        Assert.True(answer["count"].Low < answer["count"].Value);
        Assert.Contains("it has count", Assert.Throws<KeyNotFoundException>(() => answer["mean(age)"]).Message);
    }

    [Theory]
    [InlineData(RefusalCode.PendingApproval, 3, 1)]
    [InlineData(RefusalCode.Unspecified, 1, 1)]
    [InlineData(RefusalCode.Unspecified, 2, 2)]
    public async Task Attempts_end_where_a_person_must_decide_or_none_is_left(RefusalCode refusal, int attempts, int submitted)
    {
        var aborted = _scenario.Aborted(2, "Patients", 30);
        aborted.Parties[0].Refusal = refusal;
        _station.Rounds.Add(aborted);
        _station.OnSubmit = _ => aborted.RoundId;

        var failed = await Assert.ThrowsAsync<RoundFailedException>(() => _consortium.Dataset("patients").Epsilon(1).Count().AskAsync(new AskOptions { Attempts = attempts }).Guard());

        Assert.Equal(submitted, _station.Submitted.Count);
        Assert.Equal(_station.Submitted[0].Query, failed.Round!.Signed);
    }

    [Fact]
    public async Task Station_that_goes_away_while_a_round_is_under_way_is_dialled_again()
    {
        var earlier = new RealRound(_members, DateTimeOffset.UtcNow, n: 5);
        _station.Play(earlier, _scenario.Done(5, "Patients", 100));
        var declined = _scenario.Aborted(3, "Patients", 30);
        foreach (var party in declined.Parties) party.EarlierRound = earlier.RoundId;
        _station.Rounds.Add(declined);
        _station.OnSubmit = _ => declined.RoundId;
        var down = new TaskCompletionSource();
        var asking = _consortium.Dataset("patients").Epsilon(1).Count().AskAsync(new AskOptions { Asked = _ => _station.DownAsync().ContinueWith(_ => down.SetResult(), TaskScheduler.Default).GetAwaiter().GetResult() });

        await down.Task.Guard();
        await _station.UpAsync();

        Assert.Equal(5.0 * RealRound.RowsEach, (await asking.Guard())["count"].Value);
    }

    [Fact]
    public async Task Cancelled_question_stops_waiting()
    {
        _station.Rounds.Add(_scenario.Running());
        _station.OnSubmit = _ => Scenario.Id(9);
        using var stop = new CancellationTokenSource();
        var asking = _consortium.Dataset("patients").Epsilon(1).Count().AskAsync(new AskOptions { Progress = _ => stop.Cancel() }, cancellation: stop.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.Guard());
    }
}
