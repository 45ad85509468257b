using System.Globalization;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Rounds;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Rounds;

/// <summary>What the outpost tells of its budgets.</summary>
public sealed class BudgetsTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly OutpostStore _store;
    private readonly Ledger _ledger;
    private int _rounds;

    public BudgetsTests()
    {
        _store = OutpostStore.Open(_scratch["state"]);
        _ledger = new Ledger(_store, new ManualTimeProvider());
    }

    public void Dispose()
    {
        _store.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void Every_dataset_has_a_line_and_who_was_charged_under_a_cap_has_one_too()
    {
        var budgets = new Budgets(Policy(("heart", "\n    epsilon_per_coordinator: 3\n    studies: { cardio: 2 }"), ("lung", "")), _ledger);
        Assert.Equal(["heart Dataset  10/10", "lung Dataset  10/10"], Lines(budgets));
        var told = 0;
        budgets.OnChanged = () => told++;
        Charge("heart", "earth", "cardio", 1);
        Charge("heart", "earth", "", 1);
        Charge("heart", "moon", "cardio", 0.5m);
        Charge("lung", "earth", "cardio", 4);
        Assert.Equal(
            ["heart Dataset  7.5/10", "lung Dataset  6/10", "heart Coordinator earth 1/3", "heart Coordinator moon 2.5/3", "heart Study cardio 0.5/2"], Lines(budgets));
        Assert.Equal(4, told);
    }

    [Fact]
    public void Line_says_what_a_query_is_held_against()
    {
        var policy = Policy(("heart", "\n    epsilon_per_coordinator: 3\n    epsilon_per_study: 2"));
        Charge("heart", "earth", "cardio", 1.25m);
        var left = _ledger.Left("heart", "earth", "cardio", policy.Datasets["heart"].CapsFor("cardio"));
        Assert.Equal([left.TotalMicro, left.CoordinatorMicro, left.StudyMicro], new Budgets(policy, _ledger).Statement().Lines.Select(l => (long?)l.LeftMicro));
    }

    [Fact]
    public void Cap_that_was_lowered_below_what_is_spent_leaves_nothing()
    {
        Charge("heart", "earth", "", 12);
        Assert.Equal(["heart Dataset  0/10"], Lines(new Budgets(Policy(("heart", "")), _ledger)));
    }

    [Fact]
    public void Statement_keeps_to_its_limits_and_leaves_out_studies_first()
    {
        // More datasets than lines.
        Assert.Equal(Limits.BudgetLines, new Budgets(Policy([.. Enumerable.Range(0, Limits.BudgetLines + 1).Select(i => ($"d{i}", ""))]), _ledger).Statement().Lines.Count);
        // Names as long as they can be: of fewer lines the bytes are too many.
        for (var i = 0; i < 720; i++) Charge("heart", $"key{i % 10}", new string('€', Limits.Study - 4) + i.ToString("0000", CultureInfo.InvariantCulture), 0.001m);
        var statement = new Budgets(Policy(("heart", "\n    epsilon_per_coordinator: 3\n    epsilon_per_study: 2")), _ledger).Statement();
        Assert.Equal(10, statement.Lines.Count(l => l.Scope == BudgetScope.Coordinator));
        Assert.InRange(statement.CalculateSize(), Limits.BudgetStatement - 3000, Limits.BudgetStatement);
    }

    private static Policy Policy(params (string Name, string More)[] datasets) => PolicyFile.Parse(
        "policy: 1\ncoordinators: [ Earth ]\ndatasets:\n" + string.Concat(datasets.Select(d =>
            $"  {d.Name}:\n    operations: [ count ]\n    columns: [ age ]\n    epsilon_per_query: 1\n    epsilon_total: 10{d.More}\n")), "policy.yaml");

    private static IEnumerable<string> Lines(Budgets budgets) => budgets.Statement().Lines.Select(l =>
        string.Create(CultureInfo.InvariantCulture, $"{l.Dataset} {l.Scope} {l.Subject} {l.LeftMicro / 1e6}/{l.CapMicro / 1e6}"));

    private void Charge(string dataset, string coordinator, string study, decimal epsilon)
    {
        var id = new byte[16];
        BitConverter.TryWriteBytes(id, ++_rounds);
        Assert.Equal(DebitOutcome.Debited, _ledger.TryDebit(new Debit([.. id, .. id], id, dataset, coordinator, (long)(epsilon * 1_000_000), 1, study, 1), new BudgetCaps(100_000_000, null)));
    }
}
