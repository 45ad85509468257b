using System.Globalization;
using Xunit.Abstractions;

namespace SecureAggregation.Simulation;

/// <summary>Rounds with random faults and lies; after every step the invariants of docs/reliability.md are checked.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const long DefaultRounds = 10_000;

    /// <summary>
    /// SECAGG_SIMULATION_ROUNDS rounds (10,000), from seed SECAGG_SIMULATION_SEED (1) on, by SECAGG_SIMULATION_THREADS threads (one a core). Progress goes
    /// to the file SECAGG_SIMULATION_LOG, if it is given.
    /// </summary>
    [Fact]
    public void Random_rounds_break_no_invariant()
    {
        var log = Environment.GetEnvironmentVariable("SECAGG_SIMULATION_LOG");
        var simulator = new Simulator(
            (ulong)Number("SEED", 1), Number("ROUNDS", DefaultRounds), (int)Number("THREADS", Environment.ProcessorCount),
            line =>
            {
                output.WriteLine(line);
                if (log is not null) File.AppendAllText(log, line + "\n");
            });

        var tally = simulator.Run();

        Assert.True(simulator.Failures.Count == 0, string.Join("\n\n", simulator.Failures.Values));
        Assert.True(tally.Rounds >= Number("ROUNDS", DefaultRounds));
        Assert.True(tally["totals"] * 5 > tally.Rounds * 2, $"Less than two fifths of the rounds had a total: the run was about little. {tally}");
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

    private static long Number(string name, long otherwise) =>
        long.TryParse(Environment.GetEnvironmentVariable($"SECAGG_SIMULATION_{name}"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
