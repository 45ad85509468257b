using System.Security.Cryptography;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Catalogue;
using SecureAggregation.Party.Desk;
using SecureAggregation.Party.Rounds;
using SecureAggregation.Party.Storage;
using SecureAggregation.Party.Tests.Link;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Rounds;

/// <summary>The rules that look at the state and the clock, by what the outpost says to a proposal.</summary>
public sealed class GuardTests : IDisposable
{
    private const string Manual = OutpostFiles.Policy + "\napproval: manual\n";
    private static readonly string s_exact = OutpostFiles.Policy.Replace("noise: [ local, distributed ]", "noise: [ local, none ]", StringComparison.Ordinal);

    private static readonly DatasetSchema s_schema = SchemaFile.Parse(OutpostFiles.Schema).Schema;

    private readonly Scratch _scratch = new();
    private readonly ManualTimeProvider _clock = new(TimeProvider.System.GetUtcNow());

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Question_that_waits_for_a_person_is_answered_when_the_same_query_comes_again_after_the_approval()
    {
        await using var outpost = Start(Manual);
        var query = Ask(change: q => q.Attempts = 1);
        for (var seed = 1UL; seed <= 3; seed++) Assert.Equal(RefusalCode.PendingApproval, (await outpost.ProposeAsync(query, seed))!.Code);
        Assert.Contains("0 of 1", Desk("approvals", "list"), StringComparison.Ordinal);
        Desk("approvals", "accept", Id(query), "--as", "Dr Quill");
        Assert.Null(await outpost.ProposeAsync(query, 4));
        Assert.Equal(1, outpost.Get<Ledger>().Head().Count);
        // The approval was of that query: the same question signed anew is looked at anew.
        Assert.Equal(RefusalCode.PendingApproval, (await outpost.ProposeAsync(Ask(id: 2), 5))!.Code);
    }

    [Fact]
    public async Task Question_that_a_person_rejected_is_refused_for_good()
    {
        await using var outpost = Start(Manual);
        var query = Ask();
        await outpost.ProposeAsync(query, 1);
        Desk("approvals", "reject", Id(query), "--as", "Dr Quill", "--reason", "no");
        Assert.Equal(RefusalCode.NotApproved, (await outpost.ProposeAsync(query, 2))!.Code);
        Assert.Equal(0, outpost.Get<Ledger>().Head().Count);
    }

    [Fact]
    public async Task Without_noise_two_different_persons_must_agree_and_the_ledger_says_that_there_was_none()
    {
        await using var outpost = Start(s_exact);
        var query = Ask("[ count, { mean: age } ]", q => q.Noise = QueryNoise.None);
        Assert.Equal(RefusalCode.PendingApproval, (await outpost.ProposeAsync(query, 1))!.Code);
        Desk("approvals", "accept", Id(query), "--as", "Ada");
        Assert.Equal(RefusalCode.PendingApproval, (await outpost.ProposeAsync(query, 2))!.Code);
        Assert.Throws<Party.Config.ConfigurationException>(() => Desk("approvals", "accept", Id(query), "--as", "ada"));
        Desk("approvals", "accept", Id(query), "--as", "Grace");
        Assert.Null(await outpost.ProposeAsync(query, 3));
        Assert.Equal((int)QueryNoise.None, outpost.Get<Ledger>().Entries().Single().Noise);
        Assert.Equal(RefusalCode.NoiseMode, (await outpost.ProposeAsync(Ask("[ { histogram: sex } ]", q => q.Noise = QueryNoise.None, 2), 4))!.Code);
    }

    [Fact]
    public async Task Outside_of_the_hours_nothing_is_answered_and_inside_it_is()
    {
        var today = _clock.GetUtcNow().DayOfWeek.ToString()[..3].ToLowerInvariant();
        await using var outpost = Start(OutpostFiles.Policy + $"\nhours: {{ days: [ {today} ], from: \"00:00\", to: \"24:00\", zone: UTC }}\n");
        Assert.Equal(RefusalCode.Unspecified, outpost.Assess(Ask()).Code);
        // No further than the query and the roster last.
        var day = TimeSpan.FromDays(1) - _clock.GetUtcNow().TimeOfDay;
        _clock.Advance(day);
        Assert.Equal(RefusalCode.Hours, outpost.Assess(Ask()).Code);
    }

    [Fact]
    public async Task Rate_counts_queries_of_the_period_and_an_attempt_at_the_same_query_not_again()
    {
        await using var outpost = Start(OutpostFiles.Policy + "\nrate: { queries: 2, per: hour }\n");
        var first = Ask("[ { sum: age, weight: 1 } ]", Cheap, 1);
        Assert.Null(await outpost.ProposeAsync(first, 1));
        _clock.Advance(TimeSpan.FromMinutes(40));
        Assert.Null(await outpost.ProposeAsync(Ask("[ { sum: age, weight: 2 } ]", Cheap, 2), 2));
        Assert.Equal(RefusalCode.Rate, (await outpost.ProposeAsync(Ask("[ { sum: age, weight: 3 } ]", Cheap, 3), 3))!.Code);
        Assert.Null(await outpost.ProposeAsync(first, 4));
        _clock.Advance(TimeSpan.FromMinutes(21));
        Assert.Null(await outpost.ProposeAsync(Ask("[ { sum: age, weight: 3 } ]", Cheap, 3), 5));

        static void Cheap(Query query) => (query.EpsilonMicro, query.NotAfter) = (100_000, query.NotAfter + 3600);
    }

    [Fact]
    public async Task Study_spends_its_own_budget_and_the_overlap_is_charged()
    {
        await using var outpost = Start(OutpostFiles.Policy + "\n    epsilon_per_study: 0.8\n    overlap: 2\n");
        Assert.Null(await outpost.ProposeAsync(Ask("[ count ]", q => Of(q, "a", 300_000), 1), 1));
        Assert.Equal(RefusalCode.Budget, (await outpost.ProposeAsync(Ask("[ { sum: age } ]", q => Of(q, "a", 100_001), 2), 2))!.Code);
        Assert.Null(await outpost.ProposeAsync(Ask("[ { sum: age } ]", q => Of(q, "b", 400_000), 3), 3));
        Assert.Equal([600_000L, 800_000L], outpost.Get<Ledger>().Entries().Select(e => e.CostMicro));
        Assert.Equal([(2, "a"), (2, "b")], outpost.Get<Ledger>().Entries().Select(e => (e.Overlap, e.Study)));

        static void Of(Query query, string study, ulong micro) => (query.Study, query.EpsilonMicro) = (study, micro);
    }

    [Fact]
    public async Task Same_question_is_answered_by_its_earlier_round_until_the_data_has_grown_enough()
    {
        await using var outpost = Start(OutpostFiles.Policy + "\n    refresh: { rows: 300 }\n");
        Publish(outpost, 1, 1000);
        var plan = outpost.Assess(Ask()).Plan!;
        outpost.Get<PastReleases>().TryAgree(plan.ReleaseOf(QuietOutpost.RoundId(50), [0, 1, 2]), _ => 0);
        Assert.Equal(RefusalCode.Unspecified, outpost.Assess(Ask(id: 2)).Code);
        outpost.Get<PastReleases>().MarkAnswered(QuietOutpost.RoundId(50), new byte[32]);

        var decline = await outpost.ProposeAsync(Ask(id: 2), 1);
        Assert.Equal(RefusalCode.AlreadyAnswered, decline!.Code);
        Assert.Equal(QuietOutpost.RoundId(50), decline.EarlierRound.ToByteArray());
        foreach (var other in (SignedQuery[])[Ask("[ count ]"), Ask(change: q => q.EpsilonMicro = 999_999), Ask(change: q => q.Study = "s")])
            Assert.Equal(RefusalCode.Unspecified, outpost.Assess(other).Code);

        Publish(outpost, 2, 1100);
        var assessment = outpost.Assess(Ask(id: 3));
        Assert.Equal((RefusalCode.AlreadyAnswered, 0), (assessment.Code, assessment.CostMicro));
        Assert.Contains("refresh", assessment.Why, StringComparison.Ordinal);
        Publish(outpost, 3, 5000);
        Assert.Equal(RefusalCode.Unspecified, outpost.Assess(Ask(id: 4)).Code);
        Assert.Equal(0, outpost.Get<Ledger>().Head().Count);
    }

    [Theory]
    [InlineData(QueryNoise.Local, "", new uint[] { 0, 1, 2, 3 }, true)]
    [InlineData(QueryNoise.Local, "\n    differencing: { parties: 2 }\n", new uint[] { 0, 1, 2, 3 }, false)]
    [InlineData(QueryNoise.Local, "\n    differencing: { parties: 2 }\n", new uint[] { 0, 1, 2 }, true)]
    [InlineData(QueryNoise.Local, "\n    differencing: { parties: 2 }\n", new uint[] { 0, 1, 3 }, true)]
    [InlineData(QueryNoise.None, "", new uint[] { 0, 1, 3 }, false)]
    [InlineData(QueryNoise.None, "", new uint[] { 0, 1, 2 }, true)]
    [InlineData(QueryNoise.None, "", new uint[] { 0, 3, 4 }, true)]
    public async Task Survivors_too_near_to_those_of_an_earlier_round_are_objected_to(QueryNoise noise, string rule, uint[] earlier, bool agrees)
    {
        await using var outpost = Start(s_exact.Replace("    epsilon_total: 2", "    epsilon_total: 2" + rule, StringComparison.Ordinal));
        var (answering, exact) = (outpost.Get<Answering>(), noise);
        var first = outpost.Assess(Ask("[ count ]", q => q.Noise = exact)).Plan!;
        var second = outpost.Assess(Ask("[ { mean: age } ]", q => q.Noise = exact)).Plan!;
        Assert.True(answering.MayAgree(first, QuietOutpost.RoundId(1), earlier));
        Assert.Equal(agrees, answering.MayAgree(second, QuietOutpost.RoundId(2), [0, 1, 2]));
        var filtered = outpost.Assess(Ask("[ count ]\nwhere: { column: sex, eq: male }", q => q.Noise = exact)).Plan!;
        Assert.Equal(noise != QueryNoise.None, answering.MayAgree(filtered, QuietOutpost.RoundId(3), [0, 1, 4]));
    }

    [Fact]
    public async Task Assessment_spends_and_records_nothing()
    {
        await using var outpost = Start(Manual + "automatic_below: 0.5\n");
        for (var i = 0; i < 3; i++)
        {
            var assessment = outpost.Assess(Ask());
            Assert.Equal((RefusalCode.PendingApproval, 1_000_000L, 1, 0), (assessment.Code, assessment.CostMicro, assessment.ApprovalsNeeded, assessment.ApprovalsGiven));
            Assert.Equal(new CapsLeft(2_000_000, null, null), assessment.Left);
            Assert.Equal((RefusalCode.Unspecified, 0), outpost.Assess(Ask(change: q => q.EpsilonMicro = 1)) is var cheap ? (cheap.Code, cheap.ApprovalsNeeded) : default);
        }

        Assert.Equal(RefusalCode.Policy, outpost.Assess(Ask("[ { variance: age } ]")).Code);
        Assert.Empty(outpost.Get<Approvals>().List());
        Assert.Equal(0, outpost.Get<Ledger>().Head().Count);
    }

    private static SignedQuery Ask(string measures = "[ count, { sum: age } ]", Action<Query>? change = null, ulong id = 1) =>
        TestConsortium.Shared.Ask(s_schema, measures, change, id);

    private static string Id(SignedQuery query) => PublicBytes.Hex(Protocol.Question.HashOf(query));

    /// <summary>Another version of the data, of which the rounded size is roughly this.</summary>
    private static void Publish(QuietOutpost outpost, byte version, long rows) =>
        outpost.Get<DataCatalogue>().Observe("clinic", new DataContent(SHA256.HashData([version]), rows));

    private QuietOutpost Start(string policy) => new(_scratch, policy, clock: _clock);

    private string Desk(params string[] arguments) => ApprovalsDesk.Run(DeskOptions.Parse([.. arguments, "--state", _scratch["state"]]), _clock);
}
