using System.Text.Json;

namespace SecureAggregation.EndToEnd;

/// <summary>The quick commands of benchmarks/ give the figures that docs/performance.md quotes, in the form that scripts read. How fast is no test's business.</summary>
public class FiguresTests
{
    [Fact]
    public async Task Kernel_gives_the_rate_of_each_lane_and_of_copying()
    {
        var run = await Programs.Benchmarks("kernel", "--json");

        Assert.True(run.Code == 0, run.ToString());
        Assert.NotEmpty(run.Json.GetProperty("path").GetString()!);
        Assert.All(["bits64", "bits32"], lanes => Assert.All(["core1", "core4"], cores => Assert.True(run.Json.GetProperty(lanes).GetProperty(cores).GetDouble() > 0)));
        Assert.True(run.Json.GetProperty("memory_copy").GetDouble() > 0);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("4")]
    public async Task Round_is_correct_and_says_what_each_phase_took(string neighbours)
    {
        var run = await Programs.Benchmarks(
            "round", "--parties", "12", "--length", "1000", "--bits", "20", "--neighbours", neighbours, "--dropouts", "2", "--threads", "2", "--rounds", "2", "--json");

        Assert.True(run.Code == 0, run.ToString());
        Assert.All([run.Json, run.Json.GetProperty("second_round")], round =>
        {
            Assert.True(round.GetProperty("correct").GetBoolean());
            Assert.All(["client", "server"], side => Assert.All(round.GetProperty(side).EnumerateObject(), phase =>
            {
                Assert.True(phase.Value.GetProperty("wall").GetDouble() >= 0);
                Assert.True(phase.Value.GetProperty("cpu").GetDouble() >= 0);
            }));
            Assert.InRange(round.GetProperty("bytes_up_per_party").GetInt64(), 2_500, 2_525 + (32 * 1024));
            Assert.True(round.GetProperty("peak_memory_bytes").GetInt64() > 0);
        });

        // 10 survivors mask for each neighbour and themselves; the station takes out 10 self masks and those with the 2 who vanished.
        Assert.True(run.Json.GetProperty("keystream_bytes").GetInt64() > run.Json.GetProperty("server_keystream_bytes").GetInt64());
    }

    [Fact]
    public async Task Network_round_is_correct_beside_a_bare_upload()
    {
        var run = await Programs.Benchmarks("network", "--parties", "4", "--length", "2000", "--rounds", "1", "--json");

        Assert.True(run.Code == 0, run.ToString());
        Assert.True(run.Json.GetProperty("correct").GetBoolean());
        Assert.All(["upload_megabytes_per_second", "bare_megabytes_per_second", "upload_ratio", "station_memory_peak"], name => Assert.True(run.Json.GetProperty(name).GetDouble() > 0, name));
    }

    [Fact]
    public async Task Load_ends_all_rounds_that_run_at_once_and_tells_the_stations_memory()
    {
        var run = await Programs.Benchmarks("load", "--parties", "4", "--rounds", "3", "--seconds", "2", "--json");

        Assert.True(run.Code == 0, run.ToString());
        Assert.All(["failed", "wrong"], name => Assert.Equal(0, run.Json.GetProperty(name).GetInt32()));
        Assert.True(run.Json.GetProperty("done").GetInt32() >= 3);
        Assert.All(run.Json.GetProperty("station_memory").EnumerateArray(), bytes => Assert.True(bytes.GetInt64() > 0));
    }

    [Fact]
    public async Task Siege_tells_what_strangers_were_answered_and_rounds_go_on()
    {
        var run = await Programs.Benchmarks("siege", "--parties", "3", "--length", "100", "--seconds", "2", "--requests", "200", "--json");

        Assert.True(run.Code == 0, run.ToString());
        Assert.True(run.Json.GetProperty("during").GetProperty("round_seconds").GetArrayLength() > 0);
        var answers = run.Json.GetProperty("answers").EnumerateObject().Select(a => a.Name).ToList();
        // Nobody was let in, and nothing broke inside.
        Assert.All(answers.Where(a => a.StartsWith("rest, ", StringComparison.Ordinal)), a => Assert.Matches(": 4[0-9][0-9]$", a));
        Assert.DoesNotContain(answers, a => a.EndsWith("grpc-status 0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task History_lists_all_rounds_of_a_station_that_is_started_on_them()
    {
        var run = await Programs.Benchmarks("history", "--parties", "3", "--rounds", "40", "--json");

        Assert.True(run.Code == 0, run.ToString());
        Assert.True(run.Json.GetProperty("correct").GetBoolean());
        Assert.All(["start_seconds", "memory", "transcript_bytes"], name => Assert.True(run.Json.GetProperty(name).GetDouble() > 0, name));
        Assert.Equal(8, run.Json.GetProperty("lists").GetArrayLength());
    }

    [Fact]
    public async Task Rows_gives_the_rate_of_a_pass_beside_the_bare_reader()
    {
        var run = await Programs.Benchmarks("rows", "--rows", "3000", "--trials", "2", "--json");

        Assert.True(run.Code == 0, run.ToString());
        Assert.All(
            ["megabytes", "pass_megabytes_per_second", "csvhelper_megabytes_per_second", "ratio"], name => Assert.True(run.Json.GetProperty(name).GetDouble() > 0, name));
        Assert.InRange(run.Json.GetProperty("peak_memory_bytes").GetInt64(), 1, 200_000_000);
        Assert.True(run.Json.GetProperty("same_cells").GetBoolean());
    }

    [Theory]
    [InlineData("--parties is 2; it must be from 3 to 1024.", "--parties", "2")]
    [InlineData("--dropouts is 9 of 10 parties; at most half may vanish.", "--parties", "10", "--dropouts", "9")]
    [InlineData("--neighbours is 5;", "--parties", "10", "--neighbours", "5")]
    public async Task Figures_of_rounds_that_cannot_be_are_refused_with_a_sentence(string sentence, params string[] options)
    {
        var run = await Programs.Benchmarks(["round", .. options]);

        Assert.NotEqual(0, run.Code);
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }
}
