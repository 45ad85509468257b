using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>A test that takes minutes: it runs when SECAGG_SIMULATION_LARGE is 1.</summary>
public sealed class LargeFactAttribute : FactAttribute
{
    public LargeFactAttribute()
    {
        if (Environment.GetEnvironmentVariable("SECAGG_SIMULATION_LARGE") != "1") Skip = "takes minutes; SECAGG_SIMULATION_LARGE=1 runs it";
    }
}

/// <summary>Rounds on the sparse graph, which begins above 128 parties.</summary>
public sealed class LargeRoundTests
{
    [LargeFact]
    public void Round_with_1000_outposts_survives_losses_crashes_and_lies() => Play(new Setting { Parties = 1000, SparsePermille = 100, Corrupt = [3, 500, 998] }, 30);

    private static void Play(Setting setting, int lost)
    {
        using var world = new World(setting);
        world.Do(new Ask(0, QueryNoise.Distributed));
        for (var i = 0; i < lost; i++) world.Do(new Vanish(10 + i, (MessageKind)((int)MessageKind.Join + (i % 11)), i % 2 == 0));
        world.Do(new Run(setting.Parties * 5, 1));
        world.Do(new CrashStation(3));
        world.Do(new Duplicate(50, true));
        foreach (var p in setting.Corrupt) world.Do(new LieOf(p, PartyLie.WrongSelfSeed, 0));
        world.Do(new Run(setting.Parties * 5, 2));
        world.Do(new StationDies(true));
        world.Do(new CrashOutpost(60));
        world.Do(new LoseAnswer(70));
        world.Do(new Finish(3));

        Assert.True(world.Tally["totals"] == 1, world.Tally.ToString());
    }
}
