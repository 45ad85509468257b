using System.Security.Cryptography;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Storage;

namespace SecureAggregation.Party.Tests.Link;

/// <summary>The whole program but its console, in this process; it can be stopped and started again with the state that it left.</summary>
internal sealed class HostedOutpost(TestConsortium consortium, Scratch scratch, Recorder recorder) : IAsyncDisposable
{
    private IHost? _host;

    public Task StartAsync(string station, string rows, params string[] more) => StartAsync(["--config", consortium.WriteOutpost(scratch, station, rows), .. more]);

    /// <summary>With the files as they are, towards another address.</summary>
    public Task StartAgainAsync(string station) => StartAsync(["--config", scratch["outpost.json"], "--station", station]);

    private async Task StartAsync(string[] arguments)
    {
        var command = CommandLine.Parse(arguments);
        var configuration = Settings.Read(command);
        var setup = OutpostSetup.Load(Settings.Bind(configuration, command), TimeProvider.System.GetUtcNow());
        _host = OutpostHost.Build(
            configuration, setup, TimeProvider.System, RandomNumberGenerator.Create(), logging => logging.ClearProviders().AddProvider(recorder));
        await _host.StartAsync();
    }

    public async Task StopAsync()
    {
        if (_host is null) return;
        await _host.StopAsync();
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
        _host = null;
    }

    /// <summary>How often it was charged; it must have been stopped.</summary>
    public int Charges()
    {
        using var store = OutpostStore.Open(scratch["state"]);
        return (int)new Ledger(store, TimeProvider.System).Head().Count;
    }

    public ValueTask DisposeAsync() => new(StopAsync());
}
