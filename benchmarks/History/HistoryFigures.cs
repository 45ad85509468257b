using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Google.Protobuf;
using SecureAggregation.Client;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>`history`: a station whose log holds many rounds: how long it takes to start, what memory it has then, and how fast it lists them.</summary>
internal static class HistoryFigures
{
    private const int Calls = 15;
    private const int Bits = 32;
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Command Command()
    {
        var parties = NumberOption.Of("--parties", 3, 3, Limits.Parties, "Outposts of each round");
        var rounds = NumberOption.Of("--rounds", 10_000, 1, 1_000_000, "Rounds in the log");
        var length = NumberOption.Of("--length", 24, 2, 10_000, "Cells of each query");
        var json = new Option<bool>("--json") { Description = "One JSON document instead of a table" };
        var command = new Command("history", "a station with many past rounds: start, memory, listing") { parties, rounds, length, json };
        command.SetAction(async parsed =>
        {
            var report = await Run(parsed.GetValue(parties), parsed.GetValue(rounds), parsed.GetValue(length));
            if (parsed.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(report, s_json));
            else report.Print();
            return report.Correct ? 0 : 1;
        });
        return command;
    }

    private static async Task<HistoryReport> Run(int parties, int rounds, int length)
    {
        using var world = new NetworkWorld(parties, length, Bits);
        var data = Path.Combine(world.Folder, "data");
        var began = Stopwatch.GetTimestamp();
        PastLog.Write(world, data, rounds, done => Console.Error.WriteLine($"{done} of {rounds} rounds played"));
        var played = Stopwatch.GetElapsedTime(began);
        var (memory, seconds) = (0L, 0.0);
        began = Stopwatch.GetTimestamp();
        await using var station = ChildProgram.Start(
            "SecureAggregation.Aggregator.dll", "--key", world.KeyFile, "--roster", world.RosterFile, "--data", data, "--listen", "127.0.0.1:0");
        var address = (await station.Said).Split(' ')[^1];
        seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var cpu = station.CpuSeconds;
        await station.Quiet();
        memory = station.Memory;
        await using var consortium = Consortium.Connect(new ConsortiumOptions
        {
            Address = new Uri(address), Roster = world.Roster, Identity = world.Coordinator, Time = TimeProvider.System,
        });
        var all = await consortium.ListRoundsAsync(1);
        var one = all.Rounds[0];
        var lists = new List<ListTimes>();
        foreach (var (name, limit, offset, filter) in new (string, int, int, RoundFilter)[]
        {
            ("the newest 50, brief", 50, 0, new RoundFilter { Brief = true }),
            ("the newest 500, brief", 500, 0, new RoundFilter { Brief = true }),
            ("the newest 500", 500, 0, new RoundFilter()),
            ("the oldest 50, brief", 50, Math.Max(0, rounds - 50), new RoundFilter { Brief = true }),
            ("a text that none has", 50, 0, new RoundFilter { Find = "no such words", Brief = true }),
            ("a text that all have, brief", 50, 0, new RoundFilter { Find = "MARK", Brief = true }),
            ("a day, brief", 50, 0, new RoundFilter { Since = DateTimeOffset.FromUnixTimeMilliseconds((long)one.StartedMs).AddDays(-1), Brief = true }),
            ("one series, brief", 50, 0, new RoundFilter { Content = one.Content.Memory, Brief = true }),
        })
        {
            var times = new List<double>();
            ListRoundsReply reply = null!;
            for (var i = 0; i < Calls; i++)
            {
                var from = Stopwatch.GetTimestamp();
                reply = await consortium.ListRoundsAsync(limit, offset, filter);
                times.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
            }

            lists.Add(new ListTimes(name, reply.Rounds.Count, (int)reply.Total, reply.CalculateSize(), times.Order().ElementAt(Calls / 2), times.Max()));
        }

        return new HistoryReport
        {
            Parties = parties,
            Rounds = rounds,
            Length = world.Shape.Length,
            Entries = (await consortium.GetCheckpointAsync()).Size,
            PlaySeconds = played.TotalSeconds,
            Correct = all.Total == rounds && one.State == RoundState.Done && lists[0].Count == Math.Min(50, rounds) && lists[4].Total == 0 && lists[5].Total == rounds && lists[7].Total == rounds,
            TranscriptBytes = new FileInfo(Path.Combine(data, "transcript.db")).Length,
            StartSeconds = seconds,
            StartCpuSeconds = cpu,
            Memory = memory,
            MemoryPeak = station.PeakMemory,
            MemoryAfter = station.Memory,
            Lists = lists,
        };
    }
}
