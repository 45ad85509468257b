using SecureAggregation.Cli;
using SecureAggregation.Cli.Demo;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Browser.Real;

/// <summary>A station and its outposts as processes, as they would be on several machines, in a folder that goes away with them.</summary>
internal sealed class RealConsortium : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly DemoWorld _world;
    private readonly TimeSpan _deadline;
    private readonly bool _rest;
    private readonly Dictionary<string, ChildProcess> _outposts = [];
    private ChildProcess? _station;
    private IdentityKey? _coordinator;
    private IConsortium? _sdk;

    private RealConsortium(DemoWorld world, TimeSpan deadline, bool rest) => (_world, _deadline, _rest) = (world, deadline, rest);

    public string Address { get; private set; } = "";

    /// <summary>Where the station speaks REST, if it does.</summary>
    public string RestAddress => File.ReadAllText(RestFile).Trim();

    public string StationData => _world.StationData;

    public string Folder => _world.Folder;

    private string RestFile => Path.Combine(Folder, "station", "rest-address");

    public string RosterFile => _world.RosterFile;

    public string CoordinatorKey => _world.CoordinatorKey;

    /// <summary>The SDK with a coordinator's key.</summary>
    public IConsortium Sdk => _sdk!;

    /// <param name="make">Writes the clinics' files into a folder.</param>
    /// <param name="deadline">How long a phase waits for an outpost that is gone.</param>
    /// <param name="pause">How long an outpost thinks before each answer.</param>
    /// <param name="rest">Whether the station also speaks REST.</param>
    /// <param name="budgets">All of ε that an outpost will ever give, for those with less than the demo's 100.</param>
    public static async Task<RealConsortium> StartAsync(Func<string, DemoPlan> make, TimeSpan? deadline = null, TimeSpan pause = default, bool rest = false, params (string Outpost, int Epsilon)[] budgets)
    {
        var folder = Directory.CreateTempSubdirectory("secagg-deck-").FullName;
        var plan = make(folder);
        var world = DemoWorld.Create(folder, plan.Consortium, plan.Dataset, plan.SchemaFile, null, plan.Clinics);
        foreach (var (outpost, epsilon) in budgets)
        {
            var policy = Path.Combine(world.OutpostFolder(outpost), "policy.yaml");
            await File.WriteAllTextAsync(policy, (await File.ReadAllTextAsync(policy)).Replace("epsilon_total: 100", $"epsilon_total: {epsilon}", StringComparison.Ordinal));
        }

        var consortium = new RealConsortium(world, deadline ?? TimeSpan.FromSeconds(30), rest);
        try
        {
            await consortium.StartStationAsync();
            world.Configure(consortium.Address, pause);
            foreach (var clinic in world.Clinics) await consortium.StartOutpostAsync(clinic.Name);
            consortium._coordinator = KeyFiles.Read(world.CoordinatorKey);
            consortium._sdk = Consortium.Connect(new ConsortiumOptions
            {
                Address = new Uri(consortium.Address), Roster = world.Roster, Identity = consortium._coordinator, Time = TimeProvider.System,
            });
            await consortium.AllOnlineAsync();
            return consortium;
        }
        catch
        {
            await consortium.DisposeAsync();
            throw;
        }
    }

    /// <summary>The station on the port that it had, or the first time on a free one.</summary>
    public async Task StartStationAsync()
    {
        var file = Path.Combine(Folder, "station", "address");
        File.Delete(file);
        string[] arguments =
        [
            "--key", _world.StationKey, "--roster", _world.RosterFile, "--data", _world.StationData, "--listen", Address.Length == 0 ? "127.0.0.1:0" : new Uri(Address).Authority, "--address-file", file,
            .. _rest ? (string[])["--rest", "127.0.0.1:0", "--set", $"Station:Rest:AddressFile={RestFile}"] : [],
            .. DemoPace.Phases.SelectMany(phase => (string[])["--set", $"Station:Deadlines:{phase}={_deadline:c}"]),
        ];
        var station = ChildProcess.Start("station", Programs.Station, arguments, Path.Combine(Folder, "station", "station.log"));
        _station = station;
        await UntilAsync(
            () => Task.FromResult(File.Exists(file) && File.ReadAllText(file).Trim().Length > 0),
            () => station.HasExited ? $"the station ended with exit code {station.ExitCode}: {station.LogTail()}" : null);
        Address = (await File.ReadAllTextAsync(file)).Trim();
    }

    public async Task StopStationAsync()
    {
        var station = _station!;
        _station = null;
        await station.DisposeAsync();
    }

    /// <summary>Starts an outpost, the first time or after it was killed.</summary>
    public async Task StartOutpostAsync(string name)
    {
        if (_outposts.Remove(name, out var killed)) await killed.DisposeAsync();
        _outposts[name] = ChildProcess.Start(name, Programs.Outpost, ["--config", _world.OutpostConfig(name)], Path.Combine(_world.OutpostFolder(name), "outpost.log"));
    }

    /// <summary>SIGKILL.</summary>
    public void Kill(string outpost) => _outposts[outpost].Kill();

    public Task AllOnlineAsync() => UntilAsync(
        async () => (await Sdk.GetConsortiumAsync()).Outposts.All(o => o.Online && o.Datasets.Count > 0),
        () => _outposts.Values.FirstOrDefault(o => o.HasExited) is { } gone ? $"{gone.Name} ended with exit code {gone.ExitCode}: {gone.LogTail()}" : null);

    /// <summary>Asks, and waits for the round's end.</summary>
    /// <param name="yaml">The question.</param>
    /// <param name="seen">Told what the round looks like as it goes on.</param>
    public async Task<RoundView> AskAsync(string yaml, Action<RoundView>? seen = null)
    {
        var handle = await SubmitAsync(yaml);
        return await handle.WaitAsync(seen).WaitAsync(s_patience);
    }

    /// <summary>Asks a question.</summary>
    public Task<RoundHandle> SubmitAsync(string yaml) => Sdk.AskAsync(AnalysisQuery.Parse(yaml), _coordinator!);

    /// <summary>Asks, kills an outpost once the round has reached a phase, and starts it again after the round.</summary>
    public async Task<RoundView> AskLosingAsync(string yaml, string outpost, RoundPhase phase = RoundPhase.Input)
    {
        var lost = false;
        var view = await AskAsync(yaml, seen =>
        {
            if (lost || seen.Phase < phase) return;
            lost = true;
            Kill(outpost);
        });
        await StartOutpostAsync(outpost);
        await AllOnlineAsync();
        return view;
    }

    public async ValueTask DisposeAsync()
    {
        if (_sdk is not null) await _sdk.DisposeAsync();
        await Task.WhenAll(_outposts.Values.Append(_station).OfType<ChildProcess>().Select(child => child.DisposeAsync().AsTask()));
        _coordinator?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Looks again and again until something is so.</summary>
    /// <param name="isSo">Whether it is.</param>
    /// <param name="hopeless">Why it never will be; null as long as it may.</param>
    private static async Task UntilAsync(Func<Task<bool>> isSo, Func<string?> hopeless)
    {
        using var limit = new CancellationTokenSource(s_patience);
        while (!await isSo())
        {
            if (hopeless() is { } why) throw new InvalidOperationException(why);
            await Task.Delay(50, limit.Token);
        }
    }
}
