using System.Diagnostics;

namespace SecureAggregation.Benchmarks;

/// <summary>Adds up wall and CPU time by phase. The phases of one process follow one another, so all of its CPU belongs to the one that runs.</summary>
internal sealed class PhaseClock
{
    private readonly Dictionary<string, PhaseTime> _client = [];
    private readonly Dictionary<string, PhaseTime> _server = [];

    public IReadOnlyDictionary<string, PhaseTime> Client => _client;

    public IReadOnlyDictionary<string, PhaseTime> Server => _server;

    public double Wall => _client.Values.Concat(_server.Values).Sum(p => p.Wall);

    public double Cpu => _client.Values.Concat(_server.Values).Sum(p => p.Cpu);

    public void Parties(string phase, Action work) => Measure(_client, phase, work);

    public void Station(string phase, Action work) => Measure(_server, phase, work);

    private static void Measure(Dictionary<string, PhaseTime> times, string phase, Action work)
    {
        var (wall, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        work();
        var before = times.GetValueOrDefault(phase, new PhaseTime(0, 0));
        times[phase] = new PhaseTime(
            before.Wall + Stopwatch.GetElapsedTime(wall).TotalSeconds, before.Cpu + (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }
}
