using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>`kernel`: keystream added to a vector, in GB (10^9 bytes) a second; best of several interleaved trials.</summary>
internal static class KernelFigures
{
    private const int Seeds = 99;
    private const int Length = 1_000_000;
    private const int Trials = 9;
    private const int CopyBytes = 64 << 20;

    private static readonly int[] s_lanes = [64, 32, 16];
    private static readonly int[] s_cores = [1, 4];

    public static Command Command()
    {
        var json = new Option<bool>("--json") { Description = "One JSON document instead of a table" };
        var command = new Command("kernel", $"masks of {Seeds} seeds over {Length} lanes, GB/s of keystream") { json };
        command.SetAction(parsed => Run(parsed.GetValue(json)));
        return command;
    }

    private static void Run(bool json)
    {
        using var masks = Data.Masks(Seeds);
        var best = new Dictionary<(int Lane, int Cores), double>();
        var copy = 0.0;
        var vectors = s_lanes.ToDictionary(lane => lane, lane => Data.Vector(lane, Length));
        var (source, target) = (new byte[CopyBytes], new byte[CopyBytes]);
        for (var trial = 0; trial < Trials; trial++)
        {
            foreach (var lane in s_lanes)
            {
                foreach (var cores in s_cores)
                {
                    var rate = Rate((long)Seeds * Length * (lane / 8), () => masks.ApplyTo(vectors[lane], cores));
                    best[(lane, cores)] = Math.Max(rate, best.GetValueOrDefault((lane, cores)));
                }
            }

            copy = Math.Max(copy, Rate(CopyBytes, () => source.CopyTo(target, 0)));
        }

        foreach (var vector in vectors.Values) vector.Dispose();
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
            {
                ["path"] = MaskBatch.PathName,
                ["bits64"] = Figures(64),
                ["bits32"] = Figures(32),
                ["bits16"] = Figures(16),
                ["memory_copy"] = Math.Round(copy, 2),
            }));
            return;
        }

        Console.WriteLine($"path {MaskBatch.PathName}, {Seeds} seeds, {Length} lanes, GB/s of keystream");
        foreach (var lane in s_lanes)
            Console.WriteLine($"  {lane} bits   {string.Join("   ", s_cores.Select(cores => $"{cores} core{(cores == 1 ? " " : "s")} {best[(lane, cores)],6:0.00}"))}");
        Console.WriteLine($"  memory copy      {copy,6:0.00}");

        Dictionary<string, double> Figures(int lane) => s_cores.ToDictionary(cores => $"core{cores}", cores => Math.Round(best[(lane, cores)], 2));
    }

    private static double Rate(long bytes, Action work)
    {
        var began = Stopwatch.GetTimestamp();
        work();
        return bytes / Stopwatch.GetElapsedTime(began).TotalSeconds / 1e9;
    }
}
