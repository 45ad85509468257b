using System.Globalization;
using Xunit.Abstractions;

namespace SecureAggregation.Simulation;

/// <summary>Rounds with random faults and lies; after every step the invariants of docs/reliability.md are checked.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const long DefaultRounds = 10_000;

    // In parts, so that a slow machine shows that it goes on.
    private const int Parts = 20;
    private const ulong SeedsOfPart = 10_000_000;

    public static TheoryData<int> AllParts => [.. Enumerable.Range(0, Parts)];

    /// <summary>
    /// SECAGG_SIMULATION_ROUNDS rounds (10,000) in all, from seed SECAGG_SIMULATION_SEED (1) on, and for each part ten million further, by
    /// SECAGG_SIMULATION_THREADS threads (one a core). Progress goes to the file SECAGG_SIMULATION_LOG, if it is given.
    /// </summary>
    [Theory]
    [MemberData(nameof(AllParts))]
    public void Random_rounds_break_no_invariant(int part)
    {
        var (log, rounds) = (Environment.GetEnvironmentVariable("SECAGG_SIMULATION_LOG"), Math.Max(1, Number("ROUNDS", DefaultRounds) / Parts));
        var simulator = new Simulator(
            (ulong)Number("SEED", 1) + ((ulong)part * SeedsOfPart), rounds, (int)Number("THREADS", Environment.ProcessorCount),
            line =>
            {
                output.WriteLine(line);
                if (log is not null) File.AppendAllText(log, $"part {part}: {line}\n");
            });

        var tally = simulator.Run();

        Assert.True(simulator.Failures.Count == 0, string.Join("\n\n", simulator.Failures.Values));
        Assert.True(tally.Rounds >= rounds);
        Assert.True(rounds < 500 || tally["totals"] * 3 > tally.Rounds, $"Less than a third of the rounds had a total: the run was about little. {tally}");
    }

    [Fact]
    public void Same_seed_gives_the_same_plan_and_the_same_happenings()
    {
        for (var seed = 1UL; seed <= 20; seed++)
        {
            var (one, other) = (PlanGenerator.Draw(seed), PlanGenerator.Draw(seed));

            Assert.Equal(one.ToString(), other.ToString());
            Assert.Equal(one.Play().ToString(), other.Play().ToString());
        }
    }

    /// <summary>It went on below zero for ever.</summary>
    [Fact]
    public void Shrinking_ends_when_a_number_cannot_be_smaller()
    {
        var plan = new Plan(new Setting { Parties = 4, Colluders = 1, Bits = 43 }, [new Run(7, 3), new RollBack(2), new Run(1, 1)]);

        var small = Shrinker.Shrink(plan, p => p.Operations.OfType<RollBack>().Any() && p.Operations.OfType<Run>().Any());

        Assert.Equal([new RollBack(0), new Run(0, 1)], small.Operations);
    }

    private static long Number(string name, long otherwise) =>
        long.TryParse(Environment.GetEnvironmentVariable($"SECAGG_SIMULATION_{name}"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
