using SecureAggregation.Party.Config;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Tests.Config;

public sealed class PolicyTests
{
    private const string Valid =
        """
        policy: 1
        coordinators: [ Earth Control, 00112233445566778899aabbccddeeff ]
        noise: [ local ]
        floors: { parties: 4, survivors: 3, colluders: 1 }
        datasets:
          heart:
            operations: [ count, mean ]
            columns: [ age, sex ]
            epsilon_per_query: 1
            epsilon_total: 2.5
            epsilon_per_coordinator: 2
          open:
            operations: [ "*" ]
            columns: "*"
            epsilon_per_query: 0.000001
            epsilon_total: 10
        """;

    /// <summary>Everything that a file can say.</summary>
    internal const string Full =
        """
        policy: 1
        coordinators: "*"
        noise: [ local, distributed, none ]
        floors: { parties: 3, survivors: 3, colluders: 0 }
        approval: manual
        automatic_below: 0.5
        hours: { days: [ mon..thu, sat ], from: "08:00", to: "18:30", zone: Europe/Berlin }
        rate: { queries: 20, per: day }
        datasets:
          heart:
            rules:
              - coordinators: [ Earth Control ]
                studies: [ cardio ]
                operations: [ count, mean, linear ]
                columns: [ age, sex ]
                filters: false
                approval: automatic
              - coordinators: [ Earth Control ]
                operations: "*"
                columns: [ age ]
              - studies: [ open data ]
                operations: [ count ]
                columns: [ sex ]
            epsilon_per_query: 2
            epsilon_total: 10
            epsilon_per_coordinator: 5
            epsilon_per_study: 3
            studies: { cardio: 4 }
            overlap: 2
            rows_per_person: 3
            groups_per_person: 2
            refresh: { rows: 100 }
            differencing: { parties: 4 }
        """;

    private static readonly Request s_request = new()
    {
        Coordinator = "Earth Control",
        CoordinatorKey = "ff",
        Dataset = "heart",
        Operations = ["mean"],
        Columns = ["age"],
        EpsilonMicro = 1_000_000,
        Noise = QueryNoise.Local,
        Invited = 4,
        MinSurvivors = 3,
        Colluders = 1,
    };

    [Fact]
    public void What_the_policy_names_is_answered_under_its_caps()
    {
        var decision = Decide(s_request);
        Assert.Equal(RefusalCode.Unspecified, decision.Code);
        Assert.Equal(new BudgetCaps(2_500_000, 2_000_000), decision.Grant!.Caps);
        Assert.Equal((1_000_000, 0), (decision.Grant.CostMicro, decision.Grant.Approvals));
        var byKey = s_request with { Coordinator = "?", CoordinatorKey = "00112233445566778899aabbccddeeff" };
        Assert.Equal(RefusalCode.Unspecified, Decide(byKey).Code);
        var open = s_request with { Dataset = "open", Operations = ["any"], Columns = ["other"], EpsilonMicro = 1, HasFilter = true, RowsPerPerson = 1000, GroupsPerPerson = 1000 };
        Assert.Equal(RefusalCode.Unspecified, Decide(open).Code);
    }

    public static TheoryData<string, RefusalCode, string> Refusals { get; } = new()
    {
        { "coordinator", RefusalCode.Policy, "coordinators" },
        { "dataset", RefusalCode.UnknownDataset, "datasets" },
        { "noise", RefusalCode.NoiseMode, "noise" },
        { "operation", RefusalCode.Policy, "operations" },
        { "column", RefusalCode.Policy, "'num'" },
        { "epsilon", RefusalCode.Budget, "epsilon_per_query" },
        { "parties", RefusalCode.Floors, "floors.parties" },
        { "survivors", RefusalCode.Floors, "floors.survivors" },
        { "colluders", RefusalCode.Floors, "floors.colluders" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Each_rule_refuses_on_its_own(string rule, RefusalCode code, string key)
    {
        var decision = Decide(rule switch
        {
            "coordinator" => s_request with { Coordinator = "Moon Control" },
            "dataset" => s_request with { Dataset = "lung" },
            "noise" => s_request with { Noise = QueryNoise.Distributed },
            "operation" => s_request with { Operations = ["mean", "histogram"] },
            "column" => s_request with { Columns = ["age", "num"] },
            "epsilon" => s_request with { EpsilonMicro = 1_000_001 },
            "parties" => s_request with { Invited = 3 },
            "survivors" => s_request with { MinSurvivors = 2 },
            _ => s_request with { Colluders = 0 },
        });
        Assert.Equal(code, decision.Code);
        Assert.Contains(key, decision.Why, StringComparison.Ordinal);
        Assert.Null(decision.Grant);
    }

    [Fact]
    public void Everything_that_a_file_can_say_is_read()
    {
        var policy = PolicyFile.Parse(Full, "policy.yaml");
        Assert.Equal([QueryNoise.Local, QueryNoise.Distributed, QueryNoise.None], policy.Noise.Order());
        Assert.Equal((true, 500_000), (policy.Manual, policy.AutomaticBelowMicro));
        Assert.Equal(new QueryRate(20, TimeSpan.FromDays(1)), policy.Rate);
        Assert.Equal([DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Saturday], policy.Hours!.Days.Order());
        var heart = policy.Datasets["heart"];
        Assert.Equal([false, null, null], heart.Rules.Select(r => r.Manual));
        Assert.Equal((2, 3, 2, 100L, 4), (heart.Overlap, heart.RowsPerPerson, heart.GroupsPerPerson, heart.RefreshRows, heart.DifferencingParties));
        Assert.Equal(new BudgetCaps(10_000_000, 5_000_000, 4_000_000), heart.CapsFor("cardio"));
        Assert.Equal(new BudgetCaps(10_000_000, 5_000_000, 3_000_000), heart.CapsFor("other"));
    }

    [Theory]
    [InlineData("Earth Control", "cardio", "mean", "sex", false, "")]
    [InlineData("Earth Control", "cardio", "mean", "sex", true, "filters")]
    [InlineData("Earth Control", "cardio", "histogram", "age", false, "operations")]
    [InlineData("Earth Control", "other", "histogram", "age", true, "")]
    [InlineData("Earth Control", "open data", "count", "sex", false, "columns")]
    [InlineData("Moon Control", "open data", "count", "sex", true, "")]
    [InlineData("Moon Control", "open data", "count", "age", false, "columns")]
    [InlineData("Moon Control", "cardio", "count", "sex", false, "rules")]
    public void First_rule_about_coordinator_and_study_decides(string coordinator, string study, string operation, string column, bool filter, string refusedBy)
    {
        var decision = PolicyFile.Parse(Full, "p").Decide(s_request with
        {
            Coordinator = coordinator, Study = study, Operations = [operation], Columns = [column], HasFilter = filter,
        });
        Assert.Equal(refusedBy.Length == 0 ? RefusalCode.Unspecified : RefusalCode.Policy, decision.Code);
        Assert.Contains(refusedBy, decision.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Person_in_several_parties_makes_a_query_cost_the_overlap_times_its_epsilon()
    {
        var policy = PolicyFile.Parse(Full, "p");
        Assert.Equal(2_000_000, policy.Decide(s_request).Grant!.CostMicro);
        Assert.Contains("epsilon_per_query", policy.Decide(s_request with { EpsilonMicro = 1_000_001 }).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_and_groups_of_a_person_are_limited()
    {
        var policy = PolicyFile.Parse(Full, "p");
        Assert.NotNull(policy.Decide(s_request with { RowsPerPerson = 3, GroupsPerPerson = 2 }).Grant);
        Assert.Contains("rows_per_person", policy.Decide(s_request with { RowsPerPerson = 4 }).Why, StringComparison.Ordinal);
        Assert.Contains("groups_per_person", policy.Decide(s_request with { GroupsPerPerson = 3 }).Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("other", 240_000, 0)]
    [InlineData("other", 250_000, 1)]
    [InlineData("cardio", 1_000_000, 0)]
    public void Person_looks_at_what_costs_enough_unless_the_rule_is_automatic(string study, long epsilon, int approvals)
    {
        // The overlap of 2 counts: 0.25 costs 0.5, which is not below 0.5.
        var decision = PolicyFile.Parse(Full, "p").Decide(s_request with { Study = study, EpsilonMicro = epsilon });
        Assert.Equal(approvals, decision.Grant!.Approvals);
    }

    [Fact]
    public void Without_noise_two_persons_look_at_numbers_over_all_rows_and_nothing_else_is_answered()
    {
        var policy = PolicyFile.Parse(Full, "p");
        var exact = s_request with { Noise = QueryNoise.None, EpsilonMicro = 1 };
        Assert.Equal(2, policy.Decide(exact).Grant!.Approvals);
        Assert.Equal(2, policy.Decide(exact with { Study = "cardio", Operations = ["linear"] }).Grant!.Approvals);
        foreach (var refused in (Request[])[exact with { HasGroups = true }, exact with { Operations = ["mean", "histogram"] }])
            Assert.Equal(RefusalCode.NoiseMode, policy.Decide(refused).Code);
        Assert.Equal(RefusalCode.NoiseMode, Decide(exact).Code);
    }

    [Theory]
    [InlineData("2026-03-05T07:00:00Z", true)] // Thursday, 8:00 in Berlin's winter
    [InlineData("2026-03-05T06:59:59Z", false)]
    [InlineData("2026-03-05T17:29:59Z", true)]
    [InlineData("2026-03-05T17:30:00Z", false)]
    [InlineData("2026-03-06T10:00:00Z", false)] // Friday
    [InlineData("2026-03-07T10:00:00Z", true)] // Saturday
    [InlineData("2026-07-02T06:00:00Z", true)] // Thursday, 8:00 in Berlin's summer
    [InlineData("2026-07-02T16:45:00Z", false)]
    public void Hours_are_those_of_the_place(string moment, bool open) =>
        Assert.Equal(open, PolicyFile.Parse(Full, "p").Hours!.Contains(DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture)));

    [Theory]
    [InlineData("approval: manual", "approval: sometimes", "line 5", "automatic or manual")]
    [InlineData("approval: manual\n", "", "automatic_below", "manual nowhere")]
    [InlineData("mon..thu", "thu..mon", "line 7", "mon..fri")]
    [InlineData("mon..thu", "monday", "line 7", "'monday'")]
    [InlineData("18:30", "07:30", "line 7", "later than")]
    [InlineData("18:30", "25:30", "line 7", "time of day")]
    [InlineData("Europe/Berlin", "Moon/Tranquility", "line 7", "tzdata")]
    [InlineData("per: day", "per: year", "line 8", "hour or day or week")]
    [InlineData("queries: 20, ", "", "line 8", "'rate.queries' is missing")]
    [InlineData("    epsilon_per_query: 2", "    operations: [ count ]\n    epsilon_per_query: 2", "line 24", "each rule has its own")]
    [InlineData("filters: false", "filters: no", "line 16", "true or false")]
    [InlineData("filters: false", "filter: false", "line 16", "'datasets.heart.rules[1].filter' is not a known key")]
    [InlineData("studies: { cardio: 4 }", "studies: { cardio: lots }", "line 28", "greater than 0")]
    [InlineData("overlap: 2", "overlap: 0", "line 29", "from 1 to")]
    [InlineData("refresh: { rows: 100 }", "refresh: { row: 100 }", "line 32", "'refresh.rows' is missing")]
    [InlineData("differencing: { parties: 4 }", "differencing: { parties: 1 }", "line 33", "from 2 to")]
    public void Mistake_in_the_further_rules_is_named_by_line_and_rule(string right, string wrong, string first, string second) => AssertMistake(Full, right, wrong, first, second);

    [Theory]
    [InlineData("policy: 1", "policy: 2", "line 1", "must be 1")]
    [InlineData("coordinators:", "coordinator:", "'coordinators' is missing", "")]
    [InlineData("noise: [ local ]", "noise: [ loud ]", "line 3", "'loud'")]
    [InlineData("parties: 4", "parties: 2", "line 4", "from 3 to")]
    [InlineData("colluders: 1", "coluders: 1", "line 4", "'floors.coluders' is not a known key")]
    [InlineData("epsilon_per_query: 1", "epsilon_per_query: 0", "line 9", "greater than 0, e.g. 0.5")]
    [InlineData("epsilon_per_query: 1", "epsilon_per_query: -1", "line 9", "greater than 0")]
    [InlineData("epsilon_per_query: 1", "epsilon_per_query: NaN", "line 9", "greater than 0")]
    [InlineData("epsilon_per_query: 1", "epsilon_per_query: 0.0000001", "line 9", "six decimals")]
    [InlineData("epsilon_per_query: 1", "epsilon_per_query: 3", "line 9", "larger than epsilon_total")]
    [InlineData("epsilon_total: 2.5", "epsilon_totl: 2.5", "'datasets.heart.epsilon_total' is missing", "")]
    [InlineData("epsilon_per_coordinator: 2", "epsilon_for_all: 2", "line 11", "not a known key")]
    [InlineData("operations: [ count, mean ]", "operations: count", "line 7", "must be a list")]
    [InlineData("datasets:", "datasets: x\nrest:", "line 5", "indented")]
    [InlineData("policy: 1", "policy: 1\npolicy: 1", "not valid YAML", "")]
    [InlineData("policy: 1", "policy: 1\nmore: { a: 1 }", "line 2", "'more' is not a known key")]
    public void Mistake_in_the_file_is_named_by_line_and_rule(string right, string wrong, string first, string second) => AssertMistake(Valid, right, wrong, first, second);

    private static void AssertMistake(string file, string right, string wrong, string first, string second)
    {
        Assert.Contains(right, file, StringComparison.Ordinal);
        var error = Assert.Throws<ConfigurationException>(() => PolicyFile.Parse(file.Replace(right, wrong, StringComparison.Ordinal), "policy.yaml"));
        Assert.StartsWith("policy.yaml", error.Message, StringComparison.Ordinal);
        Assert.Contains(first, error.Message, StringComparison.Ordinal);
        Assert.Contains(second, error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Configuration, error.ExitCode);
    }

    private static PolicyDecision Decide(Request request) => PolicyFile.Parse(Valid, "policy.yaml").Decide(request);
}
