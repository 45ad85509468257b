using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// `load`: many outposts and many rounds at once before one station, for a while: the station as its own process, the outposts in this one. A round that ends takes
/// the place of a new one until the time is over.
/// </summary>
internal static class LoadFigures
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private static readonly TimeSpan s_sample = TimeSpan.FromSeconds(1);

    public static Command Command()
    {
        var parties = NumberOption.Of("--parties", 500, 3, Limits.Parties, "Outposts, each with a connection of its own");
        var atOnce = NumberOption.Of("--rounds", 20, 1, 5000, "Rounds that run at a time");
        var seconds = NumberOption.Of("--seconds", 600, 1, 86_400, "For how long rounds are begun");
        var length = NumberOption.Of("--length", 100, 2, Limits.Elements, "Cells of each query");
        var bits = NumberOption.Of("--bits", 32, RingVector.MinBits, RingVector.MaxBits, "Bits a cell, at most");
        var json = new Option<bool>("--json") { Description = "One JSON document instead of a table" };
        var command = new Command("load", "many outposts and rounds at once for a while: failed rounds, rounds a minute, memory of the station") { parties, atOnce, seconds, length, bits, json };
        command.SetAction(async parsed =>
        {
            var report = await Run(
                parsed.GetValue(parties), parsed.GetValue(atOnce), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(length), parsed.GetValue(bits));
            if (parsed.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(report, s_json));
            else report.Print();
            return report.Failed == 0 && report.Wrong == 0 && report.Done > 0 ? 0 : 1;
        });
        return command;
    }

    private static async Task<LoadReport> Run(int count, int atOnce, TimeSpan span, int length, int bits)
    {
        await using var scene = await LoadScene.Open(count, length, bits, atOnce);
        var (began, cpu, memory, lasted) = (Stopwatch.GetTimestamp(), scene.Station.CpuSeconds, new List<long> { scene.Station.Memory }, new ConcurrentQueue<double>());
        using var over = new CancellationTokenSource();
        var sampling = Sample(scene.Station, memory, over.Token);
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => PlayOn()));
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await over.CancelAsync();
        await sampling;
        return new LoadReport
        {
            Parties = count,
            AtOnce = atOnce,
            Seconds = seconds,
            Done = lasted.Count,
            Failed = scene.Faults.Count,
            Faults = [.. scene.Faults.Distinct(StringComparer.Ordinal).Take(10)],
            Wrong = scene.Wrong,
            RoundSeconds = [.. lasted.Order()],
            StationCpu = scene.Station.CpuSeconds - cpu,
            StationMemory = memory,
        };

        async Task PlayOn()
        {
            while (Stopwatch.GetElapsedTime(began) < span && await scene.Play() is { } took) lasted.Enqueue(took);
        }
    }

    private static async Task Sample(ChildProgram station, List<long> memory, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            await Task.Delay(s_sample, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            memory.Add(station.Memory);
        }
    }
}
