using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>The simulator itself: its invariants can break, and what it prints of a failure is small.</summary>
public sealed class VigilanceTests
{
    [Fact]
    public void Outposts_whose_disks_forget_are_noticed()
    {
        var plan = new Plan(
            new Setting { Parties = 4, ForgetfulDisks = true },
            [new Ask(0, QueryNoise.Local), new Run(30, 0), new CrashOutpost(2)]);

        Assert.Contains("speaks again after a restart", Simulator.Failure(plan), StringComparison.Ordinal);
    }

    [Fact]
    public void More_colluders_than_the_roster_allows_for_read_a_party()
    {
        var plan = new Plan(new Setting { Parties = 4, Colluders = 1, Corrupt = [0, 1, 3] }, [new Ask(0, QueryNoise.Local)]);

        Assert.Contains("opens the input of [2] alone", Simulator.Failure(plan), StringComparison.Ordinal);
        Assert.Null(Simulator.Failure(plan with { Setting = plan.Setting with { Corrupt = [3] } }));
    }

    [Fact]
    public void Honest_parties_split_in_any_proportion_never_unmask_for_two_sets()
    {
        foreach (var (parties, colluders) in new[] { (5, 1), (6, 2), (7, 2), (8, 2), (9, 3) })
        {
            var setting = new Setting { Parties = parties, Colluders = colluders, Corrupt = [.. Enumerable.Range(parties - colluders, colluders)] };
            for (var with = 0; with < parties - colluders; with++)
            {
                Assert.Null(Simulator.Failure(new Plan(setting, [new Ask(0, QueryNoise.Local), new Isolate(0, with)])));
            }
        }
    }

    [Fact]
    public void Sum_says_who_is_missing_and_who_is_in_it_twice()
    {
        var shape = Inputs.Shape(12, 8);
        using var sum = Inputs.Sum([0, 1, 9], shape);
        using var again = Inputs.Of(9, shape);

        Assert.Null(Inputs.Wrong(sum, [0, 1, 9]));
        Assert.Contains("without parties [2], with []", Inputs.Wrong(sum, [0, 1, 2, 9]), StringComparison.Ordinal);
        sum.Add(again);
        Assert.Contains("without parties [9], with [10]", Inputs.Wrong(sum, [0, 1, 9]), StringComparison.Ordinal);
    }

    [Fact]
    public void Failing_plan_shrinks_to_what_makes_it_fail_and_prints_as_code()
    {
        var plan = PlanGenerator.Draw(5);
        plan = plan with { Operations = [new CrashOutpost(1), .. plan.Operations, new Pass(40), .. plan.Operations, new Delay(0)] };

        var small = Shrinker.Shrink(plan, p => p.Operations.OfType<Pass>().Any(o => o.Seconds >= 7) && p.Operations[^1] is Delay);

        Assert.Equal([new Pass(7), new Delay(0)], small.Operations.Select(o => o is Pass { Seconds: < 14 } ? new Pass(7) : o));
        Assert.EndsWith("        new Delay(0),\n    ])", small.ToString(), StringComparison.Ordinal);
    }
}
