namespace SecureAggregation.Simulation;

/// <summary>
/// Makes a failing plan smaller while it fails: first fewer operations (Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002:
/// parts of the list are left out, then ever smaller ones), then smaller numbers in those that are left, then fewer parties.
/// </summary>
internal static class Shrinker
{
    public static Plan Shrink(Plan plan, Func<Plan, bool> fails)
    {
        while (true)
        {
            var smaller = FewerParties(SmallerNumbers(FewerOperations(plan, fails), fails), fails);
            if (smaller.ToString() == plan.ToString()) return plan;
            plan = smaller;
        }
    }

    private static Plan FewerOperations(Plan plan, Func<Plan, bool> fails)
    {
        for (var size = Math.Max(1, plan.Operations.Count / 2); size >= 1; size /= 2)
        {
            for (var from = 0; from < plan.Operations.Count;)
            {
                var without = plan with { Operations = [.. plan.Operations.Take(from), .. plan.Operations.Skip(from + size)] };
                if (fails(without)) plan = without;
                else from += size;
            }
        }

        return plan;
    }

    private static Plan SmallerNumbers(Plan plan, Func<Plan, bool> fails)
    {
        for (var i = 0; i < plan.Operations.Count; i++)
        {
            foreach (var simpler in Simpler(plan.Operations[i]))
            {
                var changed = plan with { Operations = [.. plan.Operations.Take(i), simpler, .. plan.Operations.Skip(i + 1)] };
                if (fails(changed)) plan = changed;
            }
        }

        return plan;
    }

    private static IEnumerable<Operation> Simpler(Operation operation) => operation switch
    {
        Run { Events: > 0 } run => [run with { Seed = 0 }, run with { Events = run.Events / 2 }, run with { Events = run.Events - 1 }],
        Finish finish => [finish with { Seed = 0 }],
        Ask ask => [ask with { Noise = Protocol.Wire.QueryNoise.Local }, ask with { MinSurvivors = 0 }, ask with { Question = 0 }],
        Pass pass => [new Pass(pass.Seconds / 2)],
        RollBack { Entries: > 0 } back => [new RollBack(back.Entries / 2), new RollBack(back.Entries - 1)],
        CrashStation => [new CrashStation(0)],
        _ => [],
    };

    private static Plan FewerParties(Plan plan, Func<Plan, bool> fails)
    {
        while (plan.Setting.Parties > 3)
        {
            var fewer = plan with { Setting = plan.Setting with { Parties = plan.Setting.Parties - 1 } };
            if (!IsSound(fewer) || !fails(fewer)) return plan;
            plan = fewer;
        }

        return plan;
    }

    /// <summary>Whether every party that the plan names is there.</summary>
    private static bool IsSound(Plan plan)
    {
        var parties = plan.Setting.Parties;
        return plan.Setting.Corrupt.All(p => p < parties)
            && Protocol.RoundRules.TryFor(parties, Math.Max(0, plan.Setting.Colluders), plan.Setting.MinSurvivors, 2, out _) is null
            && plan.Operations.SelectMany(Parties).All(p => p < parties);
    }

    private static IEnumerable<int> Parties(Operation operation) =>
        operation.GetType().GetProperties().Where(p => p.Name is "Party" or "About").Select(p => (int)p.GetValue(operation)!);
}
