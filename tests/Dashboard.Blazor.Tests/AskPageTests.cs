using AngleSharp.Dom;
using Google.Protobuf;
using SecureAggregation.Accounts;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Components.Pages;
using SecureAggregation.Dashboard.Blazor.Components.Queries;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Model.Queries;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class AskPageTests
{
    private static readonly Members s_members = new();

    [Fact]
    public async Task First_question_is_there_before_anybody_chose_anything()
    {
        await using var host = Host("ask");
        var drawn = await host.DrawAsync<AskPage>();
        host.Time.Advance(TimeSpan.FromSeconds(1));
        var document = await drawn.NowAsync();
        Assert.Contains("4 of 5 outposts would answer", Text(document));
        var ask = document.QuerySelector("button.button-wide")!;
        Assert.Equal("Ask, for ε 1 at each outpost", ask.TextContent);
        Assert.False(ask.HasAttribute("disabled"));
        Assert.Contains("How many rows", Text(document));
    }

    [Fact]
    public async Task Question_of_a_round_is_opened_as_a_form_where_the_form_can_hold_it()
    {
        await using var host = Host($"ask?repeat={Hex(7)}");
        host.Consortium.Questions[Hex(7)] = Question(7, "name: Ages\ndataset: patients\nepsilon: 0.5\nnoise: distributed\nmeasures:\n  - mean: age\ngroup_by:\n  sex:\n");
        var document = await (await host.DrawAsync<AskPage>()).NowAsync();
        Assert.Null(document.QuerySelector("textarea"));
        Assert.Contains("Holds the question of Ages, signed by Dr. Vega", Text(document));
        Assert.Contains("mean: age", document.QuerySelector("pre.yaml")!.TextContent);
        Assert.Contains("The same as the question of the round, so far.", Text(document));
    }

    [Fact]
    public async Task Question_that_no_form_holds_is_opened_as_text_with_the_reason()
    {
        await using var host = Host($"ask?repeat={Hex(7)}");
        host.Consortium.Questions[Hex(7)] = Question(7, "name: Ages\ndataset: patients\nepsilon: 0.5\nmeasures:\n  - mean: age\n    low: 20\n");
        var document = await (await host.DrawAsync<AskPage>()).NowAsync();
        Assert.Contains("low: 20", document.QuerySelector("textarea")!.GetAttribute("value") ?? document.QuerySelector("textarea")!.TextContent);
        Assert.Contains("Not as a form: " + DraftReader.TooMuch, Text(document));
        Assert.True(document.QuerySelectorAll("button").Single(b => b.TextContent == "Back to the form").HasAttribute("disabled"));
    }

    [Theory]
    [InlineData("ask?repeat=zz", "32 hexadecimal digits")]
    [InlineData("ask?repeat=00112233445566778899aabbccddeeff", "knows no such round")]
    [InlineData("ask?template=gone", "no template “gone”")]
    public async Task What_cannot_be_opened_is_said_and_the_form_still_stands(string path, string words)
    {
        await using var host = Host(path);
        var document = await (await host.DrawAsync<AskPage>()).NowAsync();
        Assert.Contains(words, document.QuerySelector("[role=alert]")!.TextContent);
        Assert.NotNull(document.QuerySelector("button.button-wide"));
    }

    [Fact]
    public async Task Template_is_opened_by_its_address_and_listed_with_who_kept_it()
    {
        await using var host = Host("ask?template=Weekly");
        host.Templates.Keep("Weekly", "name: W\ndataset: patients\nepsilon: 0.25\nmeasures:\n  - count\n", "ada");
        var document = await (await host.DrawAsync<AskPage>()).NowAsync();
        Assert.Contains("epsilon: 0.25", document.QuerySelector("pre.yaml")!.TextContent);
        var shelf = document.QuerySelector("ul.shelf li")!;
        Assert.Equal("/ask?template=Weekly", shelf.QuerySelector("a")!.GetAttribute("href"));
        Assert.Contains("ada", shelf.TextContent);
    }

    [Fact]
    public async Task Plan_says_who_must_approve_what_is_left_and_why_others_refuse()
    {
        await using var host = Host("ask");
        host.Consortium.OnPlan = query => Plan(
            query,
            new PlanAnswer { CostMicro = 1_000_000, Budgets = { new BudgetLeft { Scope = BudgetScope.Dataset, LeftMicro = 9_000_000 }, new BudgetLeft { Scope = BudgetScope.Study, LeftMicro = 2_500_000 } } },
            new PlanAnswer { CostMicro = 1_000_000 },
            new PlanAnswer { Code = RefusalCode.PendingApproval, CostMicro = 1_000_000, ApprovalsNeeded = 2 },
            new PlanAnswer { Code = RefusalCode.PendingApproval, CostMicro = 1_000_000, ApprovalsNeeded = 1 },
            new PlanAnswer { Code = RefusalCode.Budget });
        var drawn = await host.DrawAsync<AskPage>();
        host.Time.Advance(TimeSpan.FromSeconds(1));
        var document = await drawn.NowAsync();
        var text = Text(document);
        Assert.Contains("Needs approval", text);
        Assert.Contains("2 of 2 persons there must still approve", text);
        Assert.Contains("a person there must approve", text);
        Assert.Contains(document.QuerySelectorAll(".plan-table td"), cell => cell.TextContent.Trim() == "1.5of study");
        Assert.Contains("the query costs more than one may, or than is left", text);
        Assert.Equal("Ask for approval", document.QuerySelector("button.button-wide")!.TextContent);
        Assert.False(document.QuerySelector("button.button-wide")!.HasAttribute("disabled"));
        Assert.Equal("168", document.QuerySelector(".ask-side select option[selected]")!.GetAttribute("value"));
    }

    [Fact]
    public async Task Round_that_waits_for_approval_offers_the_same_signed_question_again()
    {
        await using var host = Host($"rounds/{Hex(2)}");
        var round = new Scenario(s_members, host.Time.GetUtcNow()).Aborted(2, "Waits", 20);
        foreach (var i in new[] { 1, 2 }) (round.Parties[i].State, round.Parties[i].Refusal) = (PartyState.Declined, RefusalCode.PendingApproval);
        var document = await (await host.DrawAsync<AskAgain>(("Round", round))).NowAsync();
        Assert.Contains("Titan, Europa wait for a person there", Text(document));
        Assert.Contains("submit the same question again", document.QuerySelector("button")!.TextContent);

        host.Person.Roles = [Role.Member];
        Assert.Null((await (await host.DrawAsync<AskAgain>(("Round", round))).NowAsync()).QuerySelector("button"));
    }

    [Theory]
    [InlineData(Role.Analyst, true)]
    [InlineData(Role.Auditor, false)]
    public async Task Question_of_any_round_is_repeated_by_who_may_plan(Role role, bool may)
    {
        await using var host = Host($"rounds/{Hex(2)}");
        host.Person.Roles = [role];
        host.Consortium.OnGetRound = _ => new Scenario(s_members, host.Time.GetUtcNow()).Aborted(2, "Stopped", 20);
        var document = await (await host.DrawAsync<RoundPage>(("Id", Hex(2)))).NowAsync();
        Assert.Equal(may, document.QuerySelector($".round-actions a[href='/ask?repeat={Hex(2)}']") is not null);
    }

    [Fact]
    public async Task Question_whose_time_is_over_is_not_submitted_again()
    {
        await using var host = Host("");
        host.Consortium.Questions[Hex(7)] = Question(7, "dataset: patients\nepsilon: 1\nmeasures: [count]\n") with { NotAfter = host.Time.GetUtcNow() };
        var desk = new QueryDesk(host.Consortium, new DeckKey(s_members.Coordinator), host.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger<QueryDesk>.Instance);
        Assert.Contains("could be answered until", (await Assert.ThrowsAsync<QuestionException>(() => desk.AskAgainAsync(Scenario.Id(7).ToByteArray(), "ada", default))).Message);
    }

    private static ComponentHost Host(string path)
    {
        var host = new ComponentHost(path, s_members.Coordinator);
        host.Person.Roles = [Role.Coordinator];
        var now = host.Time.GetUtcNow();
        host.Store.Update(_ => DeckState.Empty.WithView(new Scenario(s_members, now).Consortium(), new ListRoundsReply(), now));
        host.Consortium.OnPlan = query => Plan(query, new PlanAnswer(), new PlanAnswer(), new PlanAnswer(), new PlanAnswer(), null);
        return host;
    }

    private static QueryPlan Plan(AnalysisQuery query, params PlanAnswer?[] answers)
    {
        var scenario = new Scenario(s_members, DateTimeOffset.UnixEpoch.AddYears(40));
        var schema = Statistics.DatasetSchema.Decode(scenario.Outpost(0, online: true).Datasets[0].Schema.Span);
        return new QueryPlan
        {
            Query = query, Rounds = 1, Layout = VectorLayout.Create(query.Resolve(schema), query.Epsilon, Statistics.NoiseMode.Local, 5), Widths = [], Quorum = 4, Typical = null,
            Outposts = [.. answers.Select((answer, i) => new OutpostPlan { Index = (uint)i, Name = Members.Names[i], Online = answer is not null, Answer = answer })],
        };
    }

    private static AskedQuestion Question(int n, string yaml)
    {
        var scenario = new Scenario(s_members, DateTimeOffset.UnixEpoch.AddYears(40));
        var schema = Statistics.DatasetSchema.Decode(scenario.Outpost(0, online: true).Datasets[0].Schema.Span);
        var query = AnalysisQuery.Parse(yaml);
        return new AskedQuestion
        {
            RoundId = Scenario.Id(n).ToByteArray(), Signed = new SignedQuery { Body = ByteString.Empty }, Query = new Query { Title = query.Name, Dataset = query.Dataset }, Analysis = query.Resolve(schema),
            Coordinator = "Dr. Vega", NotAfter = DateTimeOffset.UnixEpoch.AddYears(100), Text = AnalysisText.Write(query.Resolve(schema), query.Name, query.Dataset, query.Epsilon, query.Noise),
        };
    }

    private static string Hex(int n) => Convert.ToHexStringLower(Scenario.Id(n).Span);

    private static string Text(IDocument document) => System.Text.RegularExpressions.Regex.Replace(document.Body!.TextContent, @"\s+", " ");
}
