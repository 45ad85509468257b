using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests.Killed;

/// <summary>The station is killed (SIGKILL) right before and right after every append of a round, and every other write: each round ends with the same total.</summary>
public sealed class KilledStationTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Kill_at_every_append_of_a_round_changes_no_total()
    {
        var rounds = await Task.WhenAll(Run(TestDatabase.Sqlite, after: false, 1), Run(TestDatabase.Sqlite, after: true, 1));
        Assert.All(rounds, r => Assert.True(r >= 35, $"only {r} kills"));
    }

    [PostgresFact]
    public async Task Kill_at_appends_to_a_database_changes_no_total()
    {
        var rounds = await Task.WhenAll(Run(TestDatabase.Postgres, after: false, 4), Run(TestDatabase.Postgres, after: true, 4));
        Assert.All(rounds, r => Assert.True(r >= 10, $"only {r} kills"));
    }

    private async Task<int> Run(string kind, bool after, int step)
    {
        using var place = new TestDatabase(kind, server);
        await using var station = new KilledStation(place);
        var rounds = new List<KilledRound>();
        await foreach (var round in station.Rounds(after, step)) rounds.Add(round);

        // Each was verified as it came; where Python is there, the second verifier comes to the same.
        if (SecondVerifier.Missing is null)
        {
            var verdicts = await SecondVerifier.VerifyAsync(rounds.Select(r => r.Bundle), "--roster-hash", Convert.ToHexStringLower(rounds[0].RosterHash));
            Assert.All(rounds.Zip(verdicts), r => Assert.True(r.Second.Verdict.Passed, $"{r.First.At}: {r.Second.Text}"));
        }

        return station.Kills;
    }
}
