using System.Globalization;
using System.Text.Json;
using SecureAggregation.Browser.Real;
using SecureAggregation.Cli;

namespace SecureAggregation.Sdk;

/// <summary>`secagg schedule` before a live station.</summary>
public sealed class ScheduleTests
{
    [Fact]
    public async Task Series_is_planned_accepted_by_its_total_asked_when_due_and_its_evidence_kept()
    {
        await using var consortium = await RealConsortium.StartAsync(CanaryClinics.Make, budgets: [("Mars", 10), ("Titan", 10), ("Europa", 10)]);
        var folder = Path.Combine(consortium.Folder, "schedules");
        var query = Path.Combine(consortium.Folder, "weekly.yaml");
        await File.WriteAllTextAsync(query, "name: Weekly\ndataset: patients\nepsilon: 0.5\nmeasures: [count, {mean: age}]\n");
        string[] access = ["--station", consortium.Address, "--roster", consortium.RosterFile, "--key", consortium.CoordinatorKey];

        // Ten days at one run an hour: three of five outposts have enough for twenty, and the two others are too few.
        string[] dear = [query, "--cron", "0 * * * *", "--until", DateTimeOffset.UtcNow.AddDays(10).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), .. access];
        var planned = await RunAsync(["schedule", "plan", .. dear]);
        Assert.Equal(ExitCode.Failed, planned.Code);
        Assert.Contains("after run 20 of ", planned.Output, StringComparison.Ordinal);
        var wrong = await RunAsync(["schedule", "accept", .. dear, "--name", "hourly", "--total", "0.5", "--folder", folder]);
        Assert.Equal(ExitCode.BadInput, wrong.Code);
        Assert.Contains("at each outpost; name that to accept it", wrong.Error, StringComparison.Ordinal);

        // A run in a moment, and one a minute later that this test does not wait for.
        var due = DateTimeOffset.UtcNow.AddSeconds(15);
        var cron = due.ToString("s' 'm,", CultureInfo.InvariantCulture) + due.AddMinutes(1).ToString("m' * * * *'", CultureInfo.InvariantCulture);
        string[] series = [query, "--cron", cron, "--until", due.AddMinutes(2).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), .. access];
        var plan = await RunAsync(["schedule", "plan", .. series, "--json"]);
        Assert.Equal((ExitCode.Ok, 2, 1.0, true), (plan.Code, plan.Json.GetProperty("runs").GetArrayLength(), plan.Json.GetProperty("epsilon_total").GetDouble(), plan.Json.GetProperty("fits").GetBoolean()));
        Assert.Equal(20, plan.Json.GetProperty("outposts")[0].GetProperty("enough_for_runs").GetInt32());
        var accepted = await RunAsync(["schedule", "accept", .. series, "--name", "weekly", "--total", "1", "--folder", folder]);
        Assert.True(accepted.Code == ExitCode.Ok, accepted.Error);

        // What was accepted is asked, whatever becomes of the file.
        await File.WriteAllTextAsync(query, "name: Weekly\ndataset: patients\nepsilon: 9\nmeasures: [count]\n");
        Run run;
        do run = await RunAsync(["schedule", "run", "--once", "--folder", folder, .. access, "--json"]);
        while (run.Code == ExitCode.Ok && run.Json.GetProperty("done").GetInt32() == 0);
        Assert.True(run.Code == ExitCode.Ok, run.Error);
        Assert.Equal(1, run.Json.GetProperty("done").GetInt32());

        var list = (await RunAsync(["schedule", "list", "--folder", folder, "--json"])).Json.GetProperty("schedules")[0];
        Assert.Equal((1, 2, 0.5, 1.0), (list.GetProperty("done").GetInt32(), list.GetProperty("runs").GetInt32(), list.GetProperty("spent_at_most").GetDouble(), list.GetProperty("total").GetDouble()));
        var numbers = JsonDocument.Parse(await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(folder, "weekly-*.json")))).RootElement;
        Assert.Equal("count", numbers.GetProperty("statistics")[0].GetProperty("name").GetString());
        var verified = await RunAsync(["verify", Assert.Single(Directory.GetFiles(folder, "weekly-*.secagg")), "--roster", consortium.RosterFile, "--heads", Path.Combine(consortium.Folder, "heads"), "--json"]);
        Assert.Equal((ExitCode.Ok, numbers.GetProperty("round").GetString()), (verified.Code, verified.Json.GetProperty("round").GetString()));
        // Accepted series, record, lock, numbers, evidence: totals that the members may read, not whoever else has an account on this machine.
        var files = Directory.GetFiles(folder, "*", new EnumerationOptions { AttributesToSkip = FileAttributes.None });
        Assert.Equal(5, files.Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, files.Aggregate(default(UnixFileMode), (modes, file) => modes | new FileInfo(file).UnixFileMode));
    }

    private static async Task<Run> RunAsync(string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, output, error, CancellationToken.None);
        return new Run(code, output.ToString(), error.ToString());
    }

    private sealed record Run(ExitCode Code, string Output, string Error)
    {
        public JsonElement Json => JsonDocument.Parse(Output).RootElement;
    }
}
