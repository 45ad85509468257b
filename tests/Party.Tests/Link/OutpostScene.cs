using SecureAggregation.Party.Tests.Data;

namespace SecureAggregation.Party.Tests.Link;

/// <summary>A whole outpost before a station of the tests, each test its own.</summary>
public abstract class OutpostScene : IAsyncLifetime, IDisposable
{
    private protected readonly Scratch _scratch = new();
    private protected readonly Recorder _recorder = new();
    private protected readonly TestConsortium _consortium;
    private protected TestStation _station = null!;
    private protected HostedOutpost _outpost = null!;

    private protected OutpostScene(TestConsortium? consortium = null) => _consortium = consortium ?? TestConsortium.Shared;

    public async Task InitializeAsync()
    {
        _station = await TestStation.StartAsync(_consortium);
        _outpost = new HostedOutpost(_consortium, _scratch, _recorder);
    }

    public async Task DisposeAsync()
    {
        await _outpost.DisposeAsync();
        await _station.DisposeAsync();
    }

    public void Dispose()
    {
        _scratch.Dispose();
        _recorder.Dispose();
        GC.SuppressFinalize(this);
    }
}
