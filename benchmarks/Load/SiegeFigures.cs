using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// `siege`: rounds one after the other, first in peace, then while strangers send garbage and wrong tokens to both of the station's doors, then in peace again: what
/// that costs the rounds, and what is left of it in the station's memory.
/// </summary>
internal static class SiegeFigures
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Command Command()
    {
        var parties = NumberOption.Of("--parties", 20, 3, Limits.Parties, "Outposts, each with a connection of its own");
        var length = NumberOption.Of("--length", 10_000, 2, Limits.Elements, "Cells of each query");
        var bits = NumberOption.Of("--bits", 32, RingVector.MinBits, RingVector.MaxBits, "Bits a cell, at most");
        var seconds = NumberOption.Of("--seconds", 60, 1, 86_400, "For how long, each of the three times");
        var rate = NumberOption.Of("--requests", 1000, 1, 100_000, "Requests a second");
        var json = new Option<bool>("--json") { Description = "One JSON document instead of a table" };
        var command = new Command("siege", "rounds while strangers send garbage and wrong tokens: seconds a round beside those in peace, memory of the station") { parties, length, bits, seconds, rate, json };
        command.SetAction(async parsed =>
        {
            var report = await Run(parsed.GetValue(parties), parsed.GetValue(length), parsed.GetValue(bits), parsed.GetValue(seconds), parsed.GetValue(rate));
            if (parsed.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(report, s_json));
            else report.Print();
            return report.Faults.Count == 0 && report.Wrong == 0 ? 0 : 1;
        });
        return command;
    }

    private static async Task<SiegeReport> Run(int parties, int length, int bits, int seconds, int rate)
    {
        await using var scene = await LoadScene.Open(
            parties, length, bits, 1, folder => ["--rest", "127.0.0.1:0", "--set", $"Station:Rest:AddressFile={Path.Combine(folder, "rest")}"]);
        var rest = (await File.ReadAllTextAsync(Path.Combine(scene.Folder, "rest"))).Trim();
        // All programs compile their code first.
        for (var i = 0; i < 5; i++) await scene.Play();
        var span = TimeSpan.FromSeconds(seconds);
        var before = await Rounds(scene, span);
        await using var sender = ChildProgram.Start(
            "Benchmarks.dll", SiegeSender.Name, scene.Address, rest, rate.ToString(CultureInfo.InvariantCulture), seconds.ToString(CultureInfo.InvariantCulture));
        var during = await Rounds(scene, span);
        var answers = JsonSerializer.Deserialize<SortedDictionary<string, int>>(await sender.Said)!;
        var after = await Rounds(scene, span);
        return new SiegeReport
        {
            Seconds = seconds,
            Before = before,
            During = during,
            After = after,
            Requests = answers.Values.Sum(),
            Answers = answers,
            Faults = [.. scene.Faults.Distinct(StringComparer.Ordinal).Take(10)],
            Wrong = scene.Wrong,
        };
    }

    private static async Task<SiegePart> Rounds(LoadScene scene, TimeSpan span)
    {
        var (began, cpu, took) = (Stopwatch.GetTimestamp(), scene.Station.CpuSeconds, new List<double>());
        while (Stopwatch.GetElapsedTime(began) < span && await scene.Play() is { } seconds) took.Add(seconds);
        return new SiegePart([.. took.Order()], scene.Station.CpuSeconds - cpu, scene.Station.Memory);
    }
}
