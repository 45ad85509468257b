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
    private const int Trials = 24;
    private const int FewTrials = 8;
    private const int OpenSslEvery = 8;
    private const int CopyBytes = 64 << 20;

    private static readonly int[] s_lanes = [64, 32, 16];
    private static readonly int[] s_cores = [1, 4];

    public static Command Command()
    {
        var json = new Option<bool>("--json") { Description = "One JSON document instead of a table" };
        var path = new Option<string?>("--path") { Description = "This mask path (x86-gfni, x86-aes, arm-aes, portable) instead of the fastest" };
        var openssl = new Option<bool>("--openssl") { Description = "Also `openssl speed -evp aes-128-ctr -bytes 16384` (and -multi 4) between trials, and the ratios to it" };
        var command = new Command("kernel", $"masks of {Seeds} seeds over {Length} lanes, GB/s of keystream") { json, path, openssl };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(path) is { } name) Environment.SetEnvironmentVariable("SECAGG_MASK_PATH", name);
            var figures = Measure(parsed.GetValue(openssl));
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(figures) : Table(figures));
        });
        return command;
    }

    /// <summary>GB/s on one core over lanes of so many bits, for what is measured beside it; best of some trials.</summary>
    public static double OneCore(int laneBits)
    {
        using var masks = Data.Masks(Seeds);
        using var vector = Data.Vector(laneBits, Length);
        return Enumerable.Range(0, FewTrials).Max(_ => Rate((long)Seeds * Length * (laneBits / 8), () => masks.ApplyTo(vector)));
    }

    private static Dictionary<string, object> Measure(bool withOpenSsl)
    {
        using var masks = Data.Masks(Seeds);
        var vectors = s_lanes.ToDictionary(lane => lane, lane => Data.Vector(lane, Length));
        var (source, target) = (new byte[CopyBytes], new byte[CopyBytes]);
        var best = new Dictionary<(string What, int Cores), double>();
        for (var trial = 0; trial < Trials; trial++)
        {
            foreach (var cores in s_cores)
            {
                foreach (var lane in s_lanes)
                    Keep($"bits{lane}", cores, Rate((long)Seeds * Length * (lane / 8), () => masks.ApplyTo(vectors[lane], cores)));
                if (withOpenSsl && trial % OpenSslEvery == 0) Keep("openssl", cores, OpenSslSpeed.Measure(cores));
            }

            Keep("memory_copy", 1, Rate(CopyBytes, () => source.CopyTo(target, 0)));
        }

        foreach (var vector in vectors.Values) vector.Dispose();
        var figures = new Dictionary<string, object> { ["path"] = MaskBatch.PathName };
        foreach (var lane in s_lanes) figures[$"bits{lane}"] = PerCores($"bits{lane}");
        figures["memory_copy"] = Math.Round(best[("memory_copy", 1)], 2);
        if (withOpenSsl) figures["openssl"] = PerCores("openssl");
        return figures;

        void Keep(string what, int cores, double rate) => best[(what, cores)] = Math.Max(rate, best.GetValueOrDefault((what, cores)));

        Dictionary<string, double> PerCores(string what) => s_cores.ToDictionary(cores => $"core{cores}", cores => Math.Round(best[(what, cores)], 2));
    }

    private static string Table(Dictionary<string, object> figures)
    {
        var openssl = figures.GetValueOrDefault("openssl") as Dictionary<string, double>;
        var lines = new List<string> { $"GB/s of keystream, {Seeds} seeds over {Length} lanes, path {figures["path"]}" };
        foreach (var (name, value) in figures)
        {
            if (value is double copy) lines.Add($"  {name,-12} {copy,7:0.00}");
            if (value is not Dictionary<string, double> rates) continue;
            var ratios = openssl is null || rates == openssl ? "" : $"   {string.Join(" and ", rates.Select(rate => $"{rate.Value / openssl[rate.Key]:0.00}"))} x openssl";
            lines.Add($"  {name,-12} {string.Join("  ", rates.Select(rate => $"{rate.Key} {rate.Value,7:0.00}"))}{ratios}");
        }

        return string.Join(Environment.NewLine, lines);
    }

    private static double Rate(long bytes, Action work)
    {
        var began = Stopwatch.GetTimestamp();
        work();
        return bytes / Stopwatch.GetElapsedTime(began).TotalSeconds / 1e9;
    }
}
