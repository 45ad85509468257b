using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Benchmarks;

/// <summary>The command <c>round</c>: whole rounds in one process with the classes of production, without a network.</summary>
internal static class RoundFigures
{
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(3);

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static Command Command()
    {
        var parties = NumberOption.Of("--parties", 100, 3, Limits.Parties, "Parties (n).");
        var length = NumberOption.Of("--length", 1_000_000, 1, Limits.Elements, "Elements of each vector (m).");
        var bits = NumberOption.Of("--bits", 32, RingVector.MinBits, RingVector.MaxBits, "Bits of an element.");
        var neighbours = NumberOption.Of("--neighbours", 0, 0, Limits.Parties, "Neighbours of each party (k), even below n - 1; 0 for what the protocol itself chooses.");
        var colluders = NumberOption.Of("--colluders", -1, -1, Limits.Parties, "Parties that may collude with the station (c); -1 for the default of rosters.");
        var dropouts = NumberOption.Of("--dropouts", 0, 0, Limits.Parties, "Parties that vanish after they have shared and before their vector.");
        var threads = NumberOption.Of("--threads", Environment.ProcessorCount, 1, 1024, "Threads that run parties, and cores of the station.");
        var rounds = NumberOption.Of("--rounds", 1, 1, 2, "2 adds a second round between the same keys: agreements are made already.");
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        var command = new Command("round", "A whole round, or two, in one process: the classes of production, no network.")
        {
            parties, length, bits, neighbours, colluders, dropouts, threads, rounds, json,
        };
        command.Validators.Add(result =>
        {
            if (result.Children.Any(c => c.Errors.Any())) return;
            var (n, k, gone) = (result.GetValue(parties), result.GetValue(neighbours), result.GetValue(dropouts));
            if (gone > n / 2) result.AddError($"--dropouts is {gone} of {n} parties; at most half may vanish.");
            if (k > 0 && k < n - 1 && k % 2 != 0) result.AddError($"--neighbours is {k}; below n - 1 the parties stand on a ring and have as many before them as behind, so it must be even.");
        });
        command.SetAction(parsed => Run(
            new RoundPlan(
                parsed.GetValue(parties), parsed.GetValue(length), parsed.GetValue(bits), parsed.GetValue(neighbours), parsed.GetValue(dropouts),
                parsed.GetValue(threads), parsed.GetValue(colluders)),
            parsed.GetValue(rounds),
            parsed.GetValue(json)));
        return command;
    }

    private static int Run(RoundPlan plan, int rounds, bool json)
    {
        // What the compiler does once for the process is not the round's.
        using (var warm = new RoundWorld(plan with { Parties = 20, Length = 50_000, Neighbours = 0, Dropouts = 1, Colluders = -1 }))
        {
            for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < s_warmUp;) warm.Play();
        }

        using var world = new RoundWorld(plan);
        var lanes = new RingVector(plan.Bits, 0).LaneBits;
        var rate = KernelFigures.OneCore(lanes);
        var first = world.Play();
        var second = rounds > 1 ? world.Play() : null;
        rate = Math.Max(rate, KernelFigures.OneCore(lanes));
        first = first with { KernelRate = rate, SecondRound = second is null ? null : second with { KernelRate = rate } };
        Console.Out.WriteLine(json ? JsonSerializer.Serialize(first, s_json) : Text(first));
        return first.Correct && first.SecondRound?.Correct != false ? 0 : 1;
    }

    private static string Text(RoundReport report)
    {
        var lines = new List<string>
        {
            Line($"n = {report.Parties}, m = {report.Length}, b = {report.Bits}, k = {report.Neighbours}, c = {report.Colluders}, dropouts = {report.Dropouts}, {report.Threads} threads, masks by {report.Path}"),
            Line($"total {(report.Correct ? "correct" : "WRONG")}; wall {report.Wall:F2} s, CPU {report.Cpu:F2} s"),
        };
        lines.AddRange(report.Client.Select(p => Line($"  parties  {p.Key,-10} wall {p.Value.Wall,7:F2} s  CPU {p.Value.Cpu,7:F2} s")));
        lines.AddRange(report.Server.Select(p => Line($"  station  {p.Key,-10} wall {p.Value.Wall,7:F2} s  CPU {p.Value.Cpu,7:F2} s")));
        lines.Add(Line($"a party sends {report.BytesUpPerParty:N0} and receives {report.BytesDownPerParty:N0} bytes; key stream {report.KeystreamBytes / 1e9:F2} GB ({report.ServerKeystreamBytes / 1e9:F2} at the station); peak memory {report.PeakMemoryBytes / 1e6:F0} MB"));
        lines.Add(Line($"sum and unmask take {report.ServerVectorsRatio:F2} times what the station's key stream takes at {report.KernelRate:F1} GB/s, the rate of one core in this run"));
        if (report.SecondRound is { } second) lines.Add($"second round, same keys: {Text(second)}");
        return string.Join(Environment.NewLine, lines);
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
