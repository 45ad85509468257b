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

    /// <summary>
    /// A phase of the station with a part that shall be seen apart but cannot be stopped apart: <paramref name="again"/> does that part alone a second time, which
    /// counts for nothing but how the time of the first is divided.
    /// </summary>
    public void Station(string phase, Action work, string part, Action again)
    {
        var (whole, alone) = (new Dictionary<string, PhaseTime>(), new Dictionary<string, PhaseTime>());
        Measure(whole, phase, work);
        Measure(alone, phase, again);
        var (all, of) = (whole[phase], alone[phase]);
        of = new PhaseTime(Math.Min(all.Wall, of.Wall), Math.Min(all.Cpu, of.Cpu));
        Add(_server, phase, new PhaseTime(all.Wall - of.Wall, all.Cpu - of.Cpu));
        Add(_server, part, of);
    }

    private static void Measure(Dictionary<string, PhaseTime> times, string phase, Action work)
    {
        var (wall, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        work();
        Add(times, phase, new PhaseTime(Stopwatch.GetElapsedTime(wall).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds));
    }

    private static void Add(Dictionary<string, PhaseTime> times, string phase, PhaseTime more)
    {
        var before = times.GetValueOrDefault(phase, new PhaseTime(0, 0));
        times[phase] = new PhaseTime(before.Wall + more.Wall, before.Cpu + more.Cpu);
    }
}
