using SecureAggregation.Client;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Browser.Real;

/// <summary>A consortium with a history, a dashboard with a coordinator's key before it, and a browser; shared by the tests of a collection.</summary>
public sealed class RealDeck : IAsyncLifetime
{
    /// <summary>What its outposts keep back: the last one answers two small questions and no third.</summary>
    private const string Poor = "Callisto";

    private RealConsortium? _consortium;
    private DeckProcess? _process;
    private Chrome? _chrome;

    internal RealConsortium Consortium => _consortium!;

    internal Chrome Chrome => _chrome!;

    internal string Address => _process!.Address;

    /// <summary>All answered.</summary>
    internal RoundView Done { get; private set; } = new();

    /// <summary>One outpost was killed while it ran.</summary>
    internal RoundView Dropped { get; private set; } = new();

    /// <summary>One outpost had too little budget left; many analyses.</summary>
    internal RoundView Declined { get; private set; } = new();

    /// <summary>Nobody answers a question so dear.</summary>
    internal RoundView Aborted { get; private set; } = new();

    public async Task InitializeAsync()
    {
        // Its tests are skipped.
        if (BrowserFactAttribute.Chromium is null) return;
        _consortium = await RealConsortium.StartAsync(CanaryClinics.Make, TimeSpan.FromSeconds(6), TimeSpan.FromMilliseconds(100), budgets: (Poor, 10));
        Done = await _consortium.AskAsync(Questions.BySex);
        Dropped = await _consortium.AskLosingAsync(Questions.ByDecade, "Ganymede");
        Declined = await _consortium.AskAsync(Questions.Analyses);
        Aborted = await _consortium.AskAsync(Questions.TooDear);
        Assert.Equal(
            [RoundState.Done, RoundState.Done, RoundState.Done, RoundState.Aborted],
            new[] { Done, Dropped, Declined, Aborted }.Select(round => round.State));
        _process = await DeckProcess.StartAsync(Path.Combine(_consortium.Folder, "deck"), _consortium.Address, _consortium.RosterFile, _consortium.CoordinatorKey);
        _chrome = await Chrome.LaunchAsync();
    }

    public async Task DisposeAsync()
    {
        if (_chrome is not null) await _chrome.DisposeAsync();
        if (_process is not null) await _process.DisposeAsync();
        if (_consortium is not null) await _consortium.DisposeAsync();
    }

    internal Task<Visit> VisitAsync(string path, int width = 1440, string theme = "dark", bool live = true) => Chrome.VisitAsync(Address + path, width, 1000, theme, live);
}

[CollectionDefinition(nameof(RealDeck))]
public sealed class RealDeckDefinition : ICollectionFixture<RealDeck>;

/// <summary>What is asked of the clinics of <see cref="CanaryClinics"/>.</summary>
internal static class Questions
{
    public const string BySex = """
        name: Patients by sex
        dataset: patients
        epsilon: 1
        measures: [count, { mean: age }, { sd: age }]
        group_by: { sex: [F, M] }
        """;

    public const string ByDecade = """
        name: Age by decade
        dataset: patients
        epsilon: 0.5
        measures: [{ histogram: age, from: 20, to: 90, step: 10 }]
        """;

    public const string Analyses = """
        name: Pressure, survival, invoices
        dataset: patients
        epsilon: 9
        measures:
          - { box: systolic }
          - survival: { time: followed, event: died }
          - linear: { outcome: systolic, predictors: [age, sex] }
          - roc: { score: age, outcome: died }
          - contingency: [sex, died]
          - mean: invoice
        """;

    public const string TooDear = """
        name: Everything about invoices
        dataset: patients
        epsilon: 50
        measures: [{ mean: invoice }]
        """;
}
