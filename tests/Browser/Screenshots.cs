using Microsoft.Playwright;
using SecureAggregation.Browser.Real;
using SecureAggregation.Cli.Demo;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Urls;
using static Microsoft.Playwright.Assertions;

namespace SecureAggregation.Browser;

/// <summary>
/// Pictures of every page for the documents, of a consortium of made-up clinics: `./screenshots`. Started by itself this assembly does that; its tests
/// are run by `dotnet test`.
/// </summary>
internal static class Screenshots
{
    private const int Wide = 1440;
    private const int Phone = 390;

    /// <summary>Beyond this a picture only repeats itself.</summary>
    private const int Highest = 1800;

    private const string Analyses = """
        name: Blood pressure and smoking
        dataset: patients
        epsilon: 6
        rows_per_person: 1
        measures:
          - { histogram: systolic, from: 90, to: 200, step: 10 }
          - { box: glucose }
          - { contingency: [smoker, diagnosis] }
          - { mean: systolic }
          - { mean: glucose }
        group_by: { sex: [F, M] }
        """;

    private const string Smokers = """
        name: Smokers by sex
        dataset: patients
        epsilon: 1
        measures: [count, { mean: age }]
        where: { column: smoker, in: ["yes"] }
        group_by: { sex: [F, M] }
        """;

    private const string TooDear = """
        name: Everything about glucose
        dataset: patients
        epsilon: 50
        measures: [{ mean: glucose }]
        """;

    public static async Task<int> Main(string[] args)
    {
        if (args is ["load"]) return await Load.RunAsync();
        if (args is ["crowd"]) return await Crowd.RunAsync();
        if (args is not [var folder])
        {
            await Console.Error.WriteLineAsync("usage: FOLDER, which takes the pictures, or load, or crowd");
            return 2;
        }

        if (BrowserFactAttribute.Chromium is null)
        {
            await Console.Error.WriteLineAsync("error: there is no Chromium; apt-get install chromium");
            return 2;
        }

        await using var consortium = await RealConsortium.StartAsync(
            place => DemoPlan.OfMadeClinics(place, DemoPlan.DefaultSeed), TimeSpan.FromSeconds(6), TimeSpan.FromMilliseconds(120), budgets: ("Callisto", 10));
        await using var deck = await DeckProcess.StartAsync(Path.Combine(consortium.Folder, "deck"), consortium.Address, consortium.RosterFile, consortium.CoordinatorKey);
        await using var chrome = await Chrome.LaunchAsync();
        string Made(string name) => File.ReadAllText(Path.Combine(consortium.Folder, name + ".yaml"));
        var sexes = (await consortium.AskAsync(Made("1-patients-by-sex"))).Id();
        await consortium.AskAsync(Made("1-patients-by-sex"));
        var ages = (await consortium.AskLosingAsync(Made("2-age-by-decade"), "Ganymede")).Id();
        await consortium.AskAsync(Made("3-pressure-and-smoking"));
        var smokers = (await consortium.AskAsync(Smokers)).Id();
        await consortium.AskAsync(TooDear);
        var analyses = (await consortium.AskAsync(Analyses)).Id();

        async Task ShootAsync(string name, string path, int width = Wide, string theme = "dark", Func<IPage, Task>? first = null)
        {
            var visit = await chrome.VisitAsync(deck.Address + path, width, width == Phone ? 844 : 1000, theme);
            if (first is not null) await first(visit.Page);
            await visit.ShootAsync(folder, name, Highest);
            await visit.Page.Context.CloseAsync();
            await Console.Out.WriteLineAsync(Path.Combine(folder, name + ".png"));
        }

        Task Verified(IPage page) => Expect(page.Locator("main .status").GetByText("Verified", new() { Exact = true }).First).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await ShootAsync("overview", "/", first: Verified);
        await ShootAsync("overview-light", "/", theme: "light");
        await ShootAsync("overview-phone", "/", Phone);
        await ShootAsync("outposts", "/outposts");
        await ShootAsync("outpost", "/outposts/3");
        await ShootAsync("rounds", "/rounds");
        await ShootAsync("verify", DeckUrls.VerifyRound(ages), first: async page =>
        {
            await page.Locator(".verify-main button.button").First.ClickAsync();
            await Expect(page.Locator(".verify-word")).ToContainTextAsync("Verified", new() { Timeout = 60_000 });
        });
        await ShootAsync("round", DeckUrls.Round(ages));
        await ShootAsync("analyses", $"/rounds/{analyses}");
        await ShootAsync("round-phone", $"/rounds/{analyses}", Phone);
        await ShootAsync("results", "/results");
        await ShootAsync("compare", $"/results/compare?a={sexes}&b={smokers}");
        await ShootAsync("ask", "/ask", first: async page =>
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Mean of each number by sex" }).ClickAsync();
            await Expect(page.Locator(".plan")).ToContainTextAsync("Would run", new() { Timeout = 60_000 });
        });
        await ShootAsync("budgets", "/budgets");
        await ShootAsync("budgets-light", "/budgets", theme: "light");
        await ShootAsync("transcript", "/transcript");
        await ShootAsync("entry", "/transcript/4");
        await ShootAsync("manifest", DeckUrls.Manifest(ages));
        foreach (var page in new[] { "alerts", "log", "access", "about", "help" }) await ShootAsync(page, "/" + page);
        return 0;
    }
}
