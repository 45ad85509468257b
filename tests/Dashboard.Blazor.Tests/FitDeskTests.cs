using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Components.Pages;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>Regressions over several rounds, played without rounds: the totals are those of made-up rows.</summary>
public sealed class FitDeskTests : IAsyncLifetime
{
    private const string Yaml = "name: Who falls ill\ndataset: heart\nepsilon: 8\nmeasures:\n  - logistic: { outcome: ill, predictors: [age], iterations: 8 }\n";
    private static readonly Members s_members = new();

    private static readonly DatasetSchema s_schema = new("heart", "", RowRule.OneRowPerPerson,
    [
        new("age", ColumnType.Integer) { Unit = "years", Low = 0, High = 90 },
        new("ill", ColumnType.Category) { Categories = ["no", "yes"] },
    ]);

    private readonly ComponentHost _host = new("", s_members.Coordinator);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Fit_goes_on_without_a_browser_and_its_page_shows_each_round_until_it_has_converged()
    {
        var go = new SemaphoreSlim(0);
        var told = new SemaphoreSlim(0);
        _host.Consortium.OnFit = async (query, progress, stop) =>
        {
            var fit = new ModelFit(query);
            while (fit.Next is { } next)
            {
                await go.WaitAsync(stop);
                Add(fit, next);
                progress!(fit);
                told.Release();
            }

            return fit;
        };
        var id = _host.Fits.Start(Yaml, "ada", TimeSpan.FromHours(1));
        var drawn = await _host.DrawAsync<FitPage>(("Id", id));
        Assert.Contains("Round 1 of at most 8 is being asked.", await TextAsync(drawn));
        Assert.Contains("No round has finished", await TextAsync(drawn));

        go.Release();
        await told.WaitAsync().Guard();
        var first = await TextAsync(drawn);
        Assert.Contains("these are steps on the way, not the answer", first);
        Assert.Contains("Round 2 of at most 8", first);
        Assert.NotNull((await drawn.NowAsync()).QuerySelector("svg.plot .forest-noise"));

        go.Release(7);
        await UntilAsync(() => _host.Fits.Find(id)!.State != FitState.Running).Guard();
        var fit = _host.Fits.Find(id)!;
        Assert.Equal((FitState.Converged, ""), (fit.State, fit.Failure));
        var text = await TextAsync(drawn);
        Assert.Contains($"Converged in {fit.Deviances.Length} rounds", text);
        Assert.Contains("McFadden's R²", text);
        Assert.DoesNotContain("steps on the way", text);
        Assert.Contains("Who falls ill", await TextAsync(await _host.DrawAsync<FitsPage>()));
    }

    [Fact]
    public async Task Fit_that_runs_stays_within_reach_however_many_began_after_it()
    {
        var begun = 0;
        _host.Consortium.OnFit = async (query, _, stop) =>
        {
            if (Interlocked.Increment(ref begun) == 1) await Task.Delay(Timeout.Infinite, stop);
            return new ModelFit(query);
        };
        var first = _host.Fits.Start(Yaml, "ada", TimeSpan.FromHours(1));
        await UntilAsync(() => Volatile.Read(ref begun) == 1).Guard();
        for (var i = 0; i < 101; i++)
        {
            var next = _host.Fits.Start(Yaml, "ada", TimeSpan.FromHours(1));
            await UntilAsync(() => _host.Fits.Find(next)!.State != FitState.Running).Guard();
        }

        _host.Fits.Cancel(first);
        await UntilAsync(() => _host.Fits.Find(first) is { State: FitState.Cancelled }).Guard();
        Assert.Equal(101, _host.Fits.All.Length);
    }

    [Fact]
    public async Task Cancelled_fit_asks_no_further_round_and_says_so()
    {
        _host.Consortium.OnFit = async (_, _, stop) =>
        {
            await Task.Delay(Timeout.Infinite, stop);
            throw new InvalidOperationException("unreachable");
        };
        var id = _host.Fits.Start(Yaml, "ada", TimeSpan.FromHours(1));
        _host.Fits.Cancel(id);
        await UntilAsync(() => _host.Fits.Find(id)!.State == FitState.Cancelled).Guard();
        Assert.Contains("Cancelled after 0 finished rounds of at most 8.", await TextAsync(await _host.DrawAsync<FitPage>(("Id", id))));
    }

    [Fact]
    public async Task Round_that_failed_ends_the_fit_with_its_reason()
    {
        _host.Consortium.OnFit = (_, _, _) => throw new RoundFailedException("Round 12 was aborted: too few outposts.");
        var id = _host.Fits.Start(Yaml, "ada", TimeSpan.FromHours(1));
        await UntilAsync(() => _host.Fits.Find(id)!.State == FitState.Failed).Guard();
        Assert.Contains("Round 12 was aborted: too few outposts.", await TextAsync(await _host.DrawAsync<FitPage>(("Id", id))));
    }

    [Fact]
    public async Task Only_so_many_fits_run_at_once_and_the_deck_stops_them_when_it_stops()
    {
        _host.Consortium.OnFit = async (_, _, stop) =>
        {
            await Task.Delay(Timeout.Infinite, stop);
            throw new InvalidOperationException("unreachable");
        };
        for (var i = 0; i < FitDesk.MostRunning; i++) _host.Fits.Start(Yaml, "ada", TimeSpan.FromHours(1));
        Assert.Contains("run already", Assert.Throws<QuestionException>(() => _host.Fits.Start(Yaml, "ada", TimeSpan.FromHours(1))).Message);
        await _host.Fits.StopAsync(CancellationToken.None).Guard();
        Assert.All(_host.Fits.All, fit => Assert.Equal(FitState.Cancelled, fit.State));
    }

    [Fact]
    public async Task Question_of_one_round_and_a_deck_without_a_coordinators_key_start_no_fit()
    {
        Assert.Contains("one measure", Assert.Throws<QuestionException>(() => _host.Fits.Start("dataset: heart\nepsilon: 1\nmeasures: [count]", "ada", TimeSpan.FromHours(1))).Message);
        await using var reader = new ComponentHost();
        Assert.Equal(QueryDesk.NoCoordinator, Assert.Throws<QuestionException>(() => reader.Fits.Start(Yaml, "ada", TimeSpan.FromHours(1))).Message);
    }

    private static void Add(ModelFit fit, AnalysisQuery next)
    {
        var layout = VectorLayout.Create(next.Resolve(s_schema), next.Epsilon, NoiseMode.Local, 5);
        using var random = new SeededRandom(5);
        var (totals, elements) = (new ulong[layout.Length], new ulong[layout.Length]);
        for (var party = 0; party < 5; party++)
        {
            using var noise = VectorNoise.Draw(layout, random);
            using var encoder = new RowEncoder(layout, new byte[32], new byte[32]);
            foreach (var record in new DummyRows(SchemaFile.Of(s_schema), 2000, (ulong)party).Records(layout.Analysis)) encoder.Add(record);
            using var vector = encoder.Finish(noise);
            vector.WriteRing(elements);
            for (var i = 0; i < totals.Length; i++) totals[i] = (ulong)((totals[i] + (UInt128)elements[i]) & (ulong.MaxValue >> (64 - layout.Bits)));
        }

        fit.Add(layout, layout.Centre(totals), 5);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds()) await Task.Yield();
    }

    private static async Task<string> TextAsync(Drawn drawn) => System.Text.RegularExpressions.Regex.Replace((await drawn.NowAsync()).Body!.TextContent, @"\s+", " ");
}
