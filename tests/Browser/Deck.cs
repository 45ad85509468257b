using System.Diagnostics;
using System.Reflection;
using Microsoft.Playwright;
using SecureAggregation.Testing;

namespace SecureAggregation.Browser;

/// <summary>The dashboard as a process of its own, before a station that shows a scenario, and a browser to look at it.</summary>
public sealed class Deck : IAsyncDisposable
{
    private static readonly string[] s_arguments =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private readonly Process _process;
    private readonly string _folder;
    private readonly IPlaywright _playwright;

    private Deck(Members members, FakeStation station, Process process, string folder, string address, string? firstLink, IPlaywright playwright, IBrowser browser)
    {
        (Members, Station, _process, _folder, Address, FirstLink, _playwright, Browser) = (members, station, process, folder, address, firstLink, playwright, browser);
        Scenario = new Scenario(members, DateTimeOffset.UtcNow);
    }

    public Members Members { get; }

    public FakeStation Station { get; }

    public Scenario Scenario { get; }

    public string Address { get; }

    /// <summary>What the dashboard printed for whoever makes the first account; null when sign-in is off.</summary>
    public string? FirstLink { get; }

    public IBrowser Browser { get; }

    public static async Task<Deck> OpenAsync(Func<FakeStation, Scenario, Task> show, bool signIn = false, bool coordinator = false)
    {
        var members = new Members();
        var station = await FakeStation.StartAsync(members);
        await show(station, new Scenario(members, DateTimeOffset.UtcNow));
        var folder = Directory.CreateTempSubdirectory("deck").FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "roster.bin"), members.Roster.Signed);
        await File.WriteAllTextAsync(Path.Combine(folder, "auditor.pem"), (coordinator ? members.Coordinator : members.Auditor).ToPem());
        var (process, address, firstLink) = await StartAsync(folder, station.Address, signIn);
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = BrowserFactAttribute.Chromium, Args = s_arguments });
        return new Deck(members, station, process, folder, address, firstLink, playwright, browser);
    }

    public async Task<Visit> VisitAsync(string path, int width = 1440, int height = 1000, string theme = "dark", bool live = true)
    {
        var context = await Browser.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            // The system's wish must not matter: each theme is looked at under the other one's.
            ColorScheme = theme == "light" ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
        });
        if (theme == "light") await context.AddInitScriptAsync("localStorage.setItem('deck-theme', 'light')");
        var page = await context.NewPageAsync();
        var visit = new Visit(page);
        await page.GotoAsync(path[0] == '/' ? Address + path : path);
        if (!live) return visit;
        // The circuit is up once Blazor has taken the page over; before it nothing is live.
        await page.Locator(".topbar[data-live]").WaitForAsync();
        return visit;
    }

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        _playwright.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        await Station.DisposeAsync();
        Members.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<(Process Process, string Address, string? FirstLink)> StartAsync(string folder, string station, bool signIn)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "SecureAggregation.Dashboard.Blazor.dll");
        var addressFile = Path.Combine(folder, "address");
        var process = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                program, "--station", station, "--roster", Path.Combine(folder, "roster.bin"), "--key", Path.Combine(folder, "auditor.pem"),
                "--listen", "http://127.0.0.1:0", "--address-file", addressFile, "--sign-in", signIn ? "local" : "off", "--data", Path.Combine(folder, "data"),
            },
            RedirectStandardOutput = signIn,
        })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!File.Exists(addressFile))
        {
            if (process.HasExited) throw new InvalidOperationException($"The dashboard ended with exit code {process.ExitCode}.");
            await Task.Delay(50, limit.Token);
        }

        string? firstLink = null;
        while (signIn && firstLink is null)
        {
            var line = await process.StandardOutput.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException("The dashboard printed no link.");
            if (line.Contains("first account", StringComparison.Ordinal)) firstLink = line[line.IndexOf("http", StringComparison.Ordinal)..];
        }

        if (signIn) _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        return (process, await File.ReadAllTextAsync(addressFile, limit.Token), firstLink);
    }
}

/// <summary>A page in the browser, with what its console complained of.</summary>
public sealed class Visit
{
    internal static readonly string Folder = typeof(Visit).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "ArtifactsFolder").Value!;

    public Visit(IPage page)
    {
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") Complaints.Add(message.Text);
        };
        page.PageError += (_, error) => Complaints.Add(error);
        page.RequestFailed += (_, request) => Complaints.Add($"{request.Url}: {request.Failure}");
    }

    public IPage Page { get; }

    public List<string> Complaints { get; } = [];

    /// <summary>As the printer would have it.</summary>
    public async Task PrintAsync(string name)
    {
        Directory.CreateDirectory(Folder);
        await Page.PdfAsync(new() { Path = Path.Combine(Folder, name + ".pdf"), Format = "A4", PrintBackground = false });
    }

    public async Task ShootAsync(string name)
    {
        Directory.CreateDirectory(Folder);
        // The sky is as high as the window: a window as high as the page shows all of both.
        var height = await Page.EvaluateAsync<int>("() => document.documentElement.scrollHeight");
        await Page.SetViewportSizeAsync(Page.ViewportSize!.Width, Math.Max(height, Page.ViewportSize.Height));
        await Page.ScreenshotAsync(new() { Path = Path.Combine(Folder, name + ".png") });
    }
}
