namespace SecureAggregation.EndToEnd;

/// <summary>A test that needs the heart files, which are not part of the repository; skipped with a reason where they are missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class HeartFactAttribute : FactAttribute
{
    public HeartFactAttribute()
    {
        if (!Directory.Exists(Data)) Skip = $"the folder {Data} with the UCI heart disease files is not there (SECAGG_TEST_DATA names another place for its parent)";
    }

    public static string Data => Path.Combine(Environment.GetEnvironmentVariable("SECAGG_TEST_DATA") ?? Path.GetFullPath(Path.Combine(Programs.Root, "..", "shared", "data")), "heart");
}

public class HeartTests
{
    /// <summary>The pooled numbers are known from elsewhere: 920 rows, ages that add up to 49,230, 726 men, and how many are in which decade.</summary>
    [HeartFact]
    public async Task Four_clinics_give_totals_near_what_is_known_of_their_pooled_files()
    {
        using var folder = new TemporaryFolder();
        var query = Path.Combine(Programs.Root, "examples", "heart", "query.yaml");

        var run = await Programs.Secagg("demo", "--once", "--json", "--data", HeartFactAttribute.Data, "--query", query, "--folder", folder["run"]);

        Assert.True(run.Code == 0, run.ToString());
        var round = run.Json.GetProperty("rounds")[0];
        Assert.True(round.GetProperty("verified").GetBoolean());
        var totals = round.GetProperty("totals").EnumerateArray().ToDictionary(t => t.GetProperty("name").GetString()!);
        void Known(string name, double truth, double near)
        {
            Assert.Equal(truth, totals[name].GetProperty("truth").GetDouble(), 6);
            Assert.InRange(totals[name].GetProperty("value").GetDouble(), truth - near, truth + near);
        }

        Known("count", 920, 120);
        Known("count{sex=male}", 726, 90);
        Known("count{sex=female}", 194, 90);
        Known("mean(age)", 49_230.0 / 920, 20);
        Known("histogram(age)[50,60)", 375, 120);
        Known("histogram(age)[40,50)", 212, 120);
        Known("histogram(age)[60,70)", 222, 120);
    }

    /// <summary>A 0 or -9 that were averaged in would pull the mean of cholesterol far below what its present values give.</summary>
    [HeartFact]
    public async Task Missing_values_are_left_out_and_counted()
    {
        using var folder = new TemporaryFolder();
        var query = folder.Write("query.yaml", """
            dataset: heart
            epsilon: 4
            measures: [{ mean: chol }, { mean: trestbps }]
            """);
        var schema = Path.Combine(Programs.Root, "examples", "heart", "schema.yaml");

        var run = await Programs.Secagg("demo", "--once", "--json", "--data", HeartFactAttribute.Data, "--query", query, "--schema", schema, "--folder", folder["run"]);

        Assert.True(run.Code == 0, run.ToString());
        var truth = run.Json.GetProperty("rounds")[0].GetProperty("totals").EnumerateArray().ToDictionary(t => t.GetProperty("name").GetString()!, t => t.GetProperty("truth").GetDouble());
        Assert.Equal(718, truth["count(chol)"]);
        Assert.Equal(177_226.0 / 718, truth["mean(chol)"], 1.0);
        Assert.Equal(860, truth["count(trestbps)"]);
        Assert.Equal(113_766.0 / 860, truth["mean(trestbps)"], 1.0);
    }
}
