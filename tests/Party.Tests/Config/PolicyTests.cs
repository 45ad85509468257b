using SecureAggregation.Party.Config;
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

    private static readonly Request s_request = new(
        "Earth Control", "ff", "heart", ["mean"], ["age"], 1_000_000, QueryNoise.Local, 4, 3, 1);

    [Fact]
    public void What_the_policy_names_is_answered_under_its_caps()
    {
        var decision = Decide(s_request);
        Assert.Equal(RefusalCode.Unspecified, decision.Code);
        Assert.Equal(2_500_000, decision.Caps!.TotalMicro);
        Assert.Equal(2_000_000, decision.Caps.CoordinatorMicro);
        var byKey = s_request with { Coordinator = "?", CoordinatorKey = "00112233445566778899aabbccddeeff" };
        Assert.Equal(RefusalCode.Unspecified, Decide(byKey).Code);
        var open = s_request with { Dataset = "open", Operations = ["any"], Columns = ["other"], EpsilonMicro = 1 };
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
        Assert.Null(decision.Caps);
    }

    [Theory]
    [InlineData("policy: 1", "policy: 2", "line 1", "must be 1")]
    [InlineData("coordinators:", "coordinator:", "'coordinators' is missing", "")]
    [InlineData("noise: [ local ]", "noise: [ none ]", "line 3", "'none'")]
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
    public void Mistake_in_the_file_is_named_by_line_and_rule(string right, string wrong, string first, string second)
    {
        Assert.Contains(right, Valid, StringComparison.Ordinal);
        var error = Assert.Throws<ConfigurationException>(() => PolicyFile.Parse(
            Valid.Replace(right, wrong, StringComparison.Ordinal), "policy.yaml"));
        Assert.StartsWith("policy.yaml", error.Message, StringComparison.Ordinal);
        Assert.Contains(first, error.Message, StringComparison.Ordinal);
        Assert.Contains(second, error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Configuration, error.ExitCode);
    }

    private static PolicyDecision Decide(Request request) => PolicyFile.Parse(Valid, "policy.yaml").Decide(request);
}
