using System.Reflection;
using Microsoft.Playwright;

namespace SecureAggregation.Browser;

/// <summary>A browser to look at a dashboard with.</summary>
internal sealed class Chrome : IAsyncDisposable
{
    private static readonly string[] s_arguments =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private readonly IPlaywright _playwright;

    private Chrome(IPlaywright playwright, IBrowser browser) => (_playwright, Browser) = (playwright, browser);

    public IBrowser Browser { get; }

    public static async Task<Chrome> LaunchAsync()
    {
        var playwright = await Playwright.CreateAsync();
        return new Chrome(playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = BrowserFactAttribute.Chromium, Args = s_arguments }));
    }

    /// <summary>Opens an address in a context of its own, as another person would.</summary>
    public async Task<Visit> VisitAsync(string address, int width = 1440, int height = 1000, string theme = "dark", bool live = true, Action<IPage>? before = null)
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
        before?.Invoke(page);
        var visit = new Visit(page);
        visit.Status = (await page.GotoAsync(address))?.Status ?? 0;
        if (live) await visit.LiveAsync();
        return visit;
    }

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        _playwright.Dispose();
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

    /// <summary>HTTP status of the page's first answer.</summary>
    public int Status { get; internal set; }

    /// <summary>The circuit is up once Blazor has taken the page over; before it nothing is live.</summary>
    public Task LiveAsync() => Page.Locator(".topbar[data-live]").WaitForAsync(new() { Timeout = 60_000 });

    /// <summary>As the printer would have it.</summary>
    public async Task PrintAsync(string name)
    {
        Directory.CreateDirectory(Folder);
        await Page.PdfAsync(new() { Path = Path.Combine(Folder, name + ".pdf"), Format = "A4", PrintBackground = false });
    }

    public Task ShootAsync(string name) => ShootAsync(Folder, name);

    public async Task ShootAsync(string folder, string name, int highest = int.MaxValue)
    {
        Directory.CreateDirectory(folder);
        // The sky is as high as the window: a window as high as the page shows all of both.
        var height = await Page.EvaluateAsync<int>("() => document.documentElement.scrollHeight");
        await Page.SetViewportSizeAsync(Page.ViewportSize!.Width, Math.Min(Math.Max(height, Page.ViewportSize.Height), highest));
        await Page.ScreenshotAsync(new() { Path = Path.Combine(folder, name + ".png") });
    }
}
