using SecureAggregation.Client;

namespace SecureAggregation.Cli.Demo;

/// <summary>The programs of a demo: one station, one dashboard and an outpost for each clinic, as processes that talk TLS over loopback.</summary>
internal sealed class DemoStation : IAsyncDisposable
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);

    private readonly DemoWorld _world;
    private readonly List<ChildProcess> _children = [];
    private readonly Dictionary<string, ChildProcess> _outposts = [];

    private DemoStation(DemoWorld world) => _world = world;

    /// <summary>Address of the station.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Address of the dashboard.</summary>
    public string Dashboard { get; private set; } = "";

    /// <summary>Completes when the station has ended.</summary>
    public Task StationEnded => _children[0].Exited;

    /// <summary>Starts everything; returns once the station listens and the dashboard answers. Outposts dial in meanwhile.</summary>
    public static async Task<DemoStation> StartAsync(DemoWorld world, DemoPace pace, CancellationToken stop)
    {
        var demo = new DemoStation(world);
        try
        {
            await demo.StartStationAsync(pace, stop);
            world.Configure(demo.Address, pace.Pause);
            foreach (var clinic in world.Clinics) demo.StartOutpost(clinic, pace);
            await demo.StartDashboardAsync(stop);
            return demo;
        }
        catch
        {
            await demo.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL: the outpost is gone between two instructions, as in a power cut.</summary>
    public void Kill(string outpost) => _outposts[outpost].Kill();

    /// <summary>Waits until every outpost has dialled in, or says which one ended and why.</summary>
    public async Task WaitForOutpostsAsync(IConsortium consortium, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(s_startLimit);
        while (true)
        {
            var online = (await consortium.GetConsortiumAsync(limit.Token)).Outposts.Where(o => o.Online).Select(o => o.Name).ToHashSet();
            if (_world.Clinics.All(c => online.Contains(c.Name))) return;
            foreach (var (name, child) in _outposts)
            {
                if (child.HasExited) throw Ended($"outpost {name}", child);
            }

            try
            {
                await Task.Delay(50, limit.Token);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                var missing = string.Join(", ", _world.Clinics.Select(c => c.Name).Where(n => !online.Contains(n)));
                throw new CliException(ExitCode.Environment, $"{missing} did not reach the station within {s_startLimit.TotalSeconds:0} s; see the logs in {_world.Folder}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_children.Select(c => c.DisposeAsync().AsTask()));
        _children.Clear();
    }

    private async Task StartStationAsync(DemoPace pace, CancellationToken stop)
    {
        var addressFile = Path.Combine(_world.Folder, "station", "address");
        string[] arguments =
        [
            "--key", _world.StationKey, "--roster", _world.RosterFile, "--data", _world.StationData, "--listen", "127.0.0.1:0", "--address-file", addressFile,
            .. DemoPace.Phases.SelectMany(phase => (string[])["--set", $"Station:Deadlines:{phase}={pace.Deadline:c}"]),
            .. Trace(Path.Combine(_world.Folder, "station", "wire"), pace),
        ];
        var station = Start("station", Programs.Station, arguments, Path.Combine(_world.Folder, "station", "station.log"));
        Address = await FileOf(station, addressFile, stop);
    }

    private void StartOutpost(DemoClinic clinic, DemoPace pace)
    {
        var home = _world.OutpostFolder(clinic.Name);
        string[] arguments = ["--config", _world.OutpostConfig(clinic.Name), .. Trace(Path.Combine(home, "wire"), pace)];
        _outposts[clinic.Name] = Start($"outpost {clinic.Name}", Programs.Outpost, arguments, Path.Combine(home, "outpost.log"));
    }

    private static string[] Trace(string folder, DemoPace pace) => pace.TraceWire ? ["--trace-wire", folder] : [];

    private ChildProcess Start(string name, string assembly, string[] arguments, string log)
    {
        var child = ChildProcess.Start(name, assembly, arguments, log);
        _children.Add(child);
        return child;
    }

    /// <summary>What a program writes to a file once it is ready.</summary>
    private static async Task<string> FileOf(ChildProcess child, string path, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(s_startLimit);
        while (true)
        {
            if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } text) return text;
            if (child.HasExited) throw Ended(child.Name, child);
            try
            {
                await Task.Delay(30, limit.Token);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                throw new CliException(ExitCode.Environment, $"{child.Name} was not ready within {s_startLimit.TotalSeconds:0} s; see {child.LogPath}");
            }
        }
    }

    // 2, 3 and 4 are the programs' codes for configuration, keys and data; what else there is lies with this machine.
    private static CliException Ended(string name, ChildProcess child) =>
        new(child.ExitCode is >= 2 and <= 4 ? ExitCode.BadInput : ExitCode.Environment, $"{name} ended with exit code {child.ExitCode}; the end of {child.LogPath} is:{Environment.NewLine}{child.LogTail()}");

    private async Task StartDashboardAsync(CancellationToken stop)
    {
        var home = Path.Combine(_world.Folder, "dashboard");
        var addressFile = Path.Combine(home, "address");
        string[] arguments =
        [
            "--station", Address, "--roster", _world.RosterFile, "--key", _world.AuditorKey, "--listen", "http://127.0.0.1:0", "--address-file", addressFile, "--sign-in", "off",
        ];
        Dashboard = await FileOf(Start("dashboard", Programs.Dashboard, arguments, Path.Combine(home, "dashboard.log")), addressFile, stop);
    }
}
