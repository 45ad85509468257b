using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Google.Protobuf;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// `load`: many outposts and many rounds at once before one station, for a while: the station as its own process, the outposts in this one. A round that ends takes
/// the place of a new one until the time is over.
/// </summary>
internal static class LoadFigures
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private static readonly TimeSpan s_phase = TimeSpan.FromMinutes(10);
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
        using var world = new NetworkWorld(count, length, bits);
        // A total is told a moment before its round is shown as ended.
        await using var station = ChildProgram.Start(
            "SecureAggregation.Aggregator.dll", "--key", world.KeyFile, "--roster", world.RosterFile, "--data", Path.Combine(world.Folder, "data"),
            "--listen", "127.0.0.1:0", "--set", "Station:Limits:IdleTimeout=00:10:00", "--set", $"Station:Limits:RunningRounds={2 * atOnce}");
        var address = (await station.Said).Split(' ')[^1];
        var (ends, faults) = (new ConcurrentDictionary<ByteString, TaskCompletionSource<ByteString>>(), new ConcurrentQueue<string>());
        TaskCompletionSource<ByteString> End(ByteString round) => ends.GetOrAdd(round, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        // The first party's word stands for all: what the others got has the same signature.
        var parties = Enumerable.Range(0, count)
            .Select(i => new LoadParty(world, i, address, (round, total) => { if (i == 0) End(round).TrySetResult(total); }, faults.Enqueue)).ToList();
        try
        {
            foreach (var wave in parties.Chunk(32)) await Task.WhenAll(wave.Select(p => p.ConnectAsync()));
            await station.Quiet();
            await using var consortium = Consortium.Connect(new ConsortiumOptions
            {
                Address = new Uri(address), Roster = world.Roster, Identity = world.Coordinator, Time = TimeProvider.System,
            });
            var (began, cpu) = (Stopwatch.GetTimestamp(), station.CpuSeconds);
            var (memory, lasted, wrong) = (new List<long> { station.Memory }, new ConcurrentQueue<double>(), 0);
            using var over = new CancellationTokenSource();
            var sampling = Sample(station, memory, over.Token);
            await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => Play()));
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            await over.CancelAsync();
            await sampling;
            return new LoadReport
            {
                Parties = count,
                AtOnce = atOnce,
                Seconds = seconds,
                Done = lasted.Count,
                Failed = faults.Count,
                Faults = [.. faults.Distinct(StringComparer.Ordinal).Take(10)],
                Wrong = wrong,
                RoundSeconds = [.. lasted.Order()],
                StationCpu = station.CpuSeconds - cpu,
                StationMemory = memory,
            };

            async Task Play()
            {
                while (Stopwatch.GetElapsedTime(began) < span && faults.IsEmpty)
                {
                    var from = Stopwatch.GetTimestamp();
                    var round = ByteString.CopyFrom((await consortium.SubmitAsync(world.Query(), s_phase)).Id);
                    var ended = End(round).Task;
                    while (!ended.IsCompleted && faults.IsEmpty) await Task.WhenAny(ended, Task.Delay(s_sample));
                    if (!ended.IsCompleted) return;
                    if (!world.IsSum(Total.Parser.ParseFrom(await ended))) Interlocked.Increment(ref wrong);
                    ends.TryRemove(round, out _);
                    lasted.Enqueue(Stopwatch.GetElapsedTime(from).TotalSeconds);
                }
            }
        }
        finally
        {
            faults.Enqueue("the run is over");
            await Task.WhenAll(parties.Select(p => p.DisposeAsync().AsTask()));
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
