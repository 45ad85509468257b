using System.Security.Cryptography;
using System.Text.Json;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Desk;
using SecureAggregation.Party.Storage;
using SecureAggregation.Party.Tests.Config;
using SecureAggregation.Party.Tests.Link;
using SecureAggregation.Protocol;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Desk;

/// <summary>The operator's commands on a state folder.</summary>
public sealed class DeskTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly OutpostStore _store;

    public DeskTests() => _store = OutpostStore.Open(_scratch.Folder);

    public void Dispose()
    {
        _store.Dispose();
        _scratch.Dispose();
    }

    [Theory]
    [InlineData(100, 100_000, 10.0, 5.222)]
    [InlineData(50, 100_000, 5.0, 3.542)]
    [InlineData(20, 500_000, 10.0, 13.37)]
    public void Ledger_shows_the_plain_sum_and_the_zcdp_view_of_it(int releases, long cost, double plain, double zcdp)
    {
        Spend(releases, cost);
        var all = Json("ledger", "show", "--json").GetProperty("spent")[0];
        Assert.Equal(plain, all.GetProperty("spent").GetDouble());
        Assert.Equal(zcdp, all.GetProperty("zcdpEpsilon").GetDouble(), 2);
    }

    [Fact]
    public void Ledger_shows_what_is_left_for_dataset_coordinator_and_study_under_the_policy()
    {
        Spend(2, 1_000_000, "cardio");
        var ledger = new Ledger(_store, _clock);
        ledger.TryDebit(new Debit(Hash(50), Hash(50)[..16], "heart", "moon", 500_000, 3), new BudgetCaps(long.MaxValue));
        _scratch.Write("policy.yaml", PolicyTests.Full);
        var lines = Json("ledger", "show", "--json", "--policy", _scratch["policy.yaml"]).GetProperty("spent").EnumerateArray()
            .ToDictionary(l => l.GetProperty("of").GetString()!, l => (l.GetProperty("spent").GetDouble(), l.GetProperty("left").GetDouble(), l.GetProperty("withoutNoise").GetInt32()));
        Assert.Equal((2.5, 7.5, 1), lines["all"]);
        Assert.Equal((2.0, 3.0, 0), lines["coordinator earth"]);
        Assert.Equal((2.0, 2.0, 0), lines["study cardio"]);
        Assert.Equal((0.5, 2.5, 1), lines["study (none)"]);
        var table = Run("ledger", "show", "--policy", _scratch["policy.yaml"]);
        Assert.Contains("zCDP ε at δ = 1e-6", table, StringComparison.Ordinal);
        Assert.Contains("coordinator moon", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Ledger_is_verified_also_against_a_head_that_was_noted_down()
    {
        Assert.Contains("0 entries", Run("ledger", "verify"), StringComparison.Ordinal);
        Spend(2, 10);
        var head = Json("ledger", "verify", "--json").GetProperty("head").GetString()!;
        Spend(3, 10);
        Assert.Contains("3 entries, chain unbroken", Run("ledger", "verify", "--head", head), StringComparison.Ordinal);
        Assert.Contains("cut off", Assert.Throws<StoreException>(() => Run("ledger", "verify", "--head", new string('a', 64))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ledger_is_exported_as_csv_that_no_spreadsheet_runs_and_as_json()
    {
        Spend(1, 1_500_000, "=cmd(\"x\"), y");
        var csv = Run("ledger", "export").Split("\r\n");
        Assert.StartsWith("sequence,at,dataset,coordinator,study,epsilon,overlap,noise", csv[0], StringComparison.Ordinal);
        Assert.StartsWith("1,2026-01-01T00:00:00Z,heart,earth,\"'=cmd(\"\"x\"\"), y\",1.5,1,local,", csv[1], StringComparison.Ordinal);
        var json = Json("ledger", "export", "--format", "json")[0];
        Assert.Equal("=cmd(\"x\"), y", json.GetProperty("study").GetString());
        Assert.Equal(64, json.GetProperty("hash").GetString()!.Length);
    }

    [Fact]
    public void Question_is_listed_shown_in_words_and_approved()
    {
        var signed = TestConsortium.Shared.Ask(
            SchemaFile.Parse(OutpostFiles.Schema).Schema, "[ { sum: age } ]\nwhere: { and: [ { column: age, ge: 18 }, { column: sex, in: [ male ] } ] }", q => q.Study = "cardio");
        var hash = Question.HashOf(signed);
        var end = (long)Protocol.Wire.Query.Parser.ParseFrom(signed.Body).NotAfter * 1000;
        new Approvals(_store, _clock).TryStore(new Approval
        {
            QueryHash = hash, Body = signed.Body.ToByteArray(), Signature = signed.Signature.ToByteArray(), Coordinator = "Earth", CostMicro = 2_000_000, Needed = 1, NotAfterMs = end,
        });
        var id = Convert.ToHexStringLower(hash);
        Assert.Contains(id[..12], Run("approvals", "list"), StringComparison.Ordinal);
        var shown = Run("approvals", "show", id[..8]);
        foreach (var part in (string[])["sum(age)", "(age ≥ 18 and sex one of 'male')", "cardio", "1, charged 2", "waiting, 0 of 1", "Earth"]) Assert.Contains(part, shown, StringComparison.Ordinal);
        Assert.Contains("is approved", Run("approvals", "accept", id, "--as", "Dr Quill"), StringComparison.Ordinal);
        Assert.Equal("nothing waits", Run("approvals", "list"));
        Assert.Contains("Dr Quill (account", Run("approvals", "show", id), StringComparison.Ordinal);
        Assert.Equal("accepted", Json("approvals", "list", "--all", "--json")[0].GetProperty("state").GetString());
        Assert.Contains("is rejected", Run("approvals", "reject", id, "--as=Dr Quill", "--reason", "on second thoughts"), StringComparison.Ordinal);
    }

    // Whoever asks chooses names and labels of derived columns: without the definition, "rows: only those with ill = 'yes'" may be one person.
    [Fact]
    public void Question_is_shown_with_all_that_says_which_rows_count()
    {
        var analysis = AnalysisQuery.Parse(
            """
            dataset: clinic
            epsilon: 1
            measures: [ count, { histogram: age, edges: [0, 40, 110] }, { contingency: [sex, ill] } ]
            derive:
              old: { bins: age, edges: [71, 72], labels: [others, only 71, more] }
              ill: { recode: old, map: { "yes": [only 71], "no": [others] } }
            where: { column: ill, eq: "yes" }
            """).Resolve(SchemaFile.Parse(OutpostFiles.Schema).Schema);
        var text = string.Join('\n', QuestionText.Of(analysis).Select(q => $"{q.Key}: {q.Value}"));
        Assert.Contains("old = age cut at 71, 72 into 'others', 'only 71', 'more'", text, StringComparison.Ordinal);
        Assert.Contains("ill = old with 'yes' for 'only 71', 'no' for 'others'", text, StringComparison.Ordinal);
        Assert.Contains("rows: only those with ill = 'yes'", text, StringComparison.Ordinal);
        Assert.Contains("histogram(age) in bins 0, 40, 110", text, StringComparison.Ordinal);
        Assert.Contains("contingency(sex, ill) of ", text, StringComparison.Ordinal);
        Assert.Contains("sex ('", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("approvals", "approvals needs one of list, show")]
    [InlineData("ledger burn", "ledger needs one of show, verify")]
    [InlineData("approvals show", "needs the id")]
    [InlineData("approvals show xyz", "no id")]
    [InlineData("approvals show abcdef", "No question")]
    [InlineData("approvals accept abcdef", "--as NAME")]
    [InlineData("approvals reject abcdef --as x", "--reason")]
    [InlineData("approvals list --reason x", "'--reason' is not an argument")]
    [InlineData("ledger show --delta 2", "between 0 and 1")]
    [InlineData("ledger export --format xml", "csv or json")]
    [InlineData("ledger show --policy", "needs a value")]
    public void Wrong_command_is_told_with_the_right_one(string arguments, string part)
    {
        var words = arguments.Split(' ');
        if (words.Length > 2 || arguments == "approvals show xyz") words = [.. words[..2], "--state", _scratch.Folder, .. words[2..]];
        Assert.Contains(part, Assert.Throws<ConfigurationException>(() => Do(words)).Message, StringComparison.Ordinal);
    }

    private static byte[] Hash(int n) => SHA256.HashData(BitConverter.GetBytes(n));

    private void Spend(int releases, long cost, string study = "")
    {
        var ledger = new Ledger(_store, _clock);
        for (var i = 1; i <= releases; i++) ledger.TryDebit(new Debit(Hash(i), Hash(i)[..16], "heart", "earth", cost, 1, study), new BudgetCaps(long.MaxValue));
    }

    private string Run(params string[] arguments) => Do([.. arguments, "--state", _scratch.Folder]);

    private JsonElement Json(params string[] arguments) => JsonDocument.Parse(Run(arguments)).RootElement;

    private string Do(string[] arguments)
    {
        var options = DeskOptions.Parse(arguments);
        return options.Command == "ledger" ? LedgerDesk.Run(options, _clock) : ApprovalsDesk.Run(options, _clock);
    }
}
