namespace SecureAggregation.EndToEnd;

/// <summary>`secagg doctor` before a real station.</summary>
[Collection(nameof(MadeDemo))]
public sealed class DoctorTests(MadeDemo demo)
{
    [Fact]
    public async Task Doctor_finds_station_and_clock_and_says_who_is_missing()
    {
        using var folder = new TemporaryFolder();
        var key = Path.Combine(demo.Folder, "coordinator", "coordinator.pem");
        var station = await RunningStation.StartAsync(Path.Combine(demo.Folder, "station", "station.pem"), demo.Roster, folder);
        var run = await Programs.Secagg("doctor", "--json", "--roster", demo.Roster, "--key", key, "--station", station.Address);
        Assert.True(run.Code == 0, run.ToString());
        var checks = run.Json.GetProperty("checks").EnumerateArray().ToDictionary(c => c.GetProperty("check").GetString()!, c => (c.GetProperty("state").GetString(), c.GetProperty("detail").GetString()!), StringComparer.Ordinal);
        Assert.Equal("warning", checks["station"].Item1);
        Assert.Contains("0 of 5 outposts online", checks["station"].Item2, StringComparison.Ordinal);
        Assert.Equal("ok", checks["clock"].Item1);
        Assert.Contains("coordinator", checks["key"].Item2, StringComparison.Ordinal);

        await station.DisposeAsync();
        var gone = await Programs.Secagg("doctor", "--json", "--roster", demo.Roster, "--key", key, "--station", station.Address);
        Assert.Equal(1, gone.Code);
        Assert.False(gone.Json.GetProperty("healthy").GetBoolean());
    }
}
