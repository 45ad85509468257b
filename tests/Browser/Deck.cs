using Microsoft.Playwright;
using SecureAggregation.Testing;

namespace SecureAggregation.Browser;

/// <summary>The dashboard as a process of its own, before a station that shows a scenario, and a browser to look at it.</summary>
public sealed class Deck : IAsyncDisposable
{
    private readonly DeckProcess _process;
    private readonly string _folder;
    private readonly Chrome _chrome;

    private Deck(Members members, FakeStation station, DeckProcess process, string folder, Chrome chrome)
    {
        (Members, Station, _process, _folder, _chrome) = (members, station, process, folder, chrome);
        Scenario = new Scenario(members, DateTimeOffset.UtcNow);
    }

    public Members Members { get; }

    public FakeStation Station { get; }

    public Scenario Scenario { get; }

    public string Address => _process.Address;

    public IBrowser Browser => _chrome.Browser;

    public string? FirstLink => _process.FirstLink;

    public static async Task<Deck> OpenAsync(Func<FakeStation, Scenario, Task> show, bool signIn = false, bool coordinator = false)
    {
        var members = new Members();
        var station = await FakeStation.StartAsync(members);
        await show(station, new Scenario(members, DateTimeOffset.UtcNow));
        var folder = Directory.CreateTempSubdirectory("deck").FullName;
        var (roster, key) = (Path.Combine(folder, "roster.bin"), Path.Combine(folder, "deck.pem"));
        await File.WriteAllBytesAsync(roster, members.Roster.Signed);
        await File.WriteAllTextAsync(key, (coordinator ? members.Coordinator : members.Auditor).ToPem());
        var process = await DeckProcess.StartAsync(folder, station.Address, roster, key, signIn);
        return new Deck(members, station, process, folder, await Chrome.LaunchAsync());
    }

    public Task<Visit> VisitAsync(string path, int width = 1440, int height = 1000, string theme = "dark", bool live = true, Action<IPage>? before = null) =>
        _chrome.VisitAsync(path[0] == '/' ? Address + path : path, width, height, theme, live, before);

    public async ValueTask DisposeAsync()
    {
        await _chrome.DisposeAsync();
        await _process.DisposeAsync();
        await Station.DisposeAsync();
        Members.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
