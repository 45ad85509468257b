using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Link;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// `network`: one round over the real network stack, with the station as its own process and the parties in this one, and beside it a bare upload of the same
/// bytes. The upload phase lasts from the moment when every party has its masked vector ready to the first word of the station that all are stored.
/// </summary>
internal static class NetworkFigures
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private static readonly TimeSpan s_phase = TimeSpan.FromMinutes(10);

    public static Command Command()
    {
        var parties = NumberOption.Of("--parties", 50, 3, Limits.Parties, "Outposts, each with a connection of its own");
        var length = NumberOption.Of("--length", 1_000_000, 2, Limits.Elements, "Cells of the query");
        var bits = NumberOption.Of("--bits", 32, RingVector.MinBits, RingVector.MaxBits, "Bits a cell, at most");
        var rounds = NumberOption.Of("--rounds", 6, 1, 1000, "Rounds one after the other, and bare uploads; of each the median without the first counts");
        var json = new Option<bool>("--json") { Description = "One JSON document instead of a table" };
        var command = new Command("network", "a round over TLS on loopback: seconds, MB/s, memory of the station") { parties, length, bits, rounds, json };
        command.SetAction(async parsed =>
        {
            var report = await Run(parsed.GetValue(parties), parsed.GetValue(length), parsed.GetValue(bits), parsed.GetValue(rounds));
            if (parsed.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(report, s_json));
            else report.Print();
            return report.Correct ? 0 : 1;
        });
        return command;
    }

    private static async Task<NetworkReport> Run(int count, int length, int bits, int rounds)
    {
        using var world = new NetworkWorld(count, length, bits);
        await using var sink = ChildProgram.Start("Benchmarks.dll", UploadSink.Name, world.KeyFile);
        await using var station = ChildProgram.Start(
            "SecureAggregation.Aggregator.dll", "--key", world.KeyFile, "--roster", world.RosterFile, "--data", Path.Combine(world.Folder, "data"),
            "--listen", "127.0.0.1:0", "--set", "Station:Limits:IdleTimeout=00:10:00");
        var address = (await station.Said).Split(' ')[^1];
        var connected = new NetworkProgress(count);
        var parties = Enumerable.Range(0, count).Select(i => new NetworkParty(world, i, address, connected)).ToList();
        try
        {
            foreach (var wave in parties.Chunk(32)) await Task.WhenAll(wave.Select(p => p.DialAsync()));
            await connected.Until(connected.Connected.All);
            await station.Quiet();
            var idle = station.Memory;
            await using var consortium = Consortium.Connect(new ConsortiumOptions
            {
                Address = new Uri(address), Roster = world.Roster, Identity = world.Coordinator, Time = TimeProvider.System,
            });
            var (played, bare) = (new List<RoundTimes>(), new List<BareTimes>());
            for (var i = 0; i < rounds; i++)
            {
                // In turns, since a shared machine is not always the same.
                bare.Add(await Bare(world, sink, count));
                played.Add(await Play(world, station, consortium, parties));
            }

            return new NetworkReport
            {
                Parties = count,
                Length = world.Shape.Length,
                Bits = world.Shape.Bits,
                UploadBytes = world.Shape.PackedLength * count,
                Rounds = played,
                Bare = bare,
                StationCpu = station.CpuSeconds,
                StationMemoryIdle = idle,
                StationMemoryPeak = station.PeakMemory,
            };
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidOperationException($"{e.Message}{Environment.NewLine}The station's last words:{Environment.NewLine}{station.Log}", e);
        }
        finally
        {
            await Task.WhenAll(parties.Select(p => p.DisposeAsync().AsTask()));
        }
    }

    private static async Task<RoundTimes> Play(NetworkWorld world, ChildProgram station, IConsortium consortium, List<NetworkParty> parties)
    {
        var progress = new NetworkProgress(parties.Count);
        foreach (var party in parties) party.Progress = progress;
        var began = Stopwatch.GetTimestamp();
        await consortium.SubmitAsync(world.Query(), s_phase);
        await progress.Until(progress.Masked.All);
        var (cpu, own) = (station.CpuSeconds, Environment.CpuUsage.TotalTime);
        await progress.Until(progress.Stored.First);
        (cpu, own) = (station.CpuSeconds - cpu, Environment.CpuUsage.TotalTime - own);
        await progress.Until(progress.Done.All);
        await station.Quiet();
        return new RoundTimes
        {
            Correct = world.IsSum(Total.Parser.ParseFrom(progress.Total)),
            Seconds = Seconds(began, progress.Done.LastAt),
            MaskedSeconds = Seconds(began, progress.Masked.LastAt),
            UploadSeconds = Seconds(progress.Masked.LastAt, progress.Stored.FirstAt),
            FinishSeconds = Seconds(progress.Stored.FirstAt, progress.Done.LastAt),
            PartiesCpuUpload = own.TotalSeconds,
            StationCpuUpload = cpu,
            StationMemoryPeak = station.PeakMemory,
        };
    }

    private static async Task<BareTimes> Bare(NetworkWorld world, ChildProgram sink, int count)
    {
        var address = await sink.Said;
        var handlers = Enumerable.Range(0, count).Select(world.Identity).Select(i => new StationTls(i, TimeProvider.System).Handler(i.Key)).ToList();
        var clients = await UploadSink.Connect(address, handlers);
        await sink.Quiet();
        var (own, far) = (Environment.CpuUsage.TotalTime, sink.CpuSeconds);
        var seconds = await UploadSink.Upload(address, clients, world.Shape.PackedLength);
        var cpu = (Environment.CpuUsage.TotalTime - own).TotalSeconds + sink.CpuSeconds - far;
        handlers.ForEach(h => h.Dispose());
        return new BareTimes(seconds, cpu);
    }

    private static double Seconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalSeconds;
}
