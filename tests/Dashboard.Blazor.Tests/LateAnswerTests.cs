using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Components.Pages;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>A page stays when its address changes. What was asked for the address before may be answered last.</summary>
public sealed class LateAnswerTests : IAsyncLifetime
{
    private readonly Scenario _scenario = new(new Members(), new ManualTimeProvider().GetUtcNow());
    private readonly TaskCompletionSource _first = new();
    private ComponentHost _host = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Walk_of_one_round_never_speaks_for_the_round_that_was_chosen_while_it_went_on()
    {
        var (one, other) = (Contract.Hex(Scenario.Id(1)), Contract.Hex(Scenario.Id(4)));
        Arrange(DeckUrls.VerifyRound(one));
        VerifyPage? page = null;
        var drawn = await DrawAsync<VerifyPage>(it => page = (VerifyPage)it);
        Task? walk = null;
        await drawn.InvokeAsync(() =>
        {
            walk = page!.StartAsync();
            return Task.CompletedTask;
        });
        await _host.GoAsync(DeckUrls.VerifyRound(other));
        _first.SetResult();
        await walk!.Guard();

        var text = (await drawn.NowAsync()).QuerySelector(".verify-result")!.TextContent;
        Assert.Contains(other[..8], text, StringComparison.Ordinal);
        Assert.Contains("Nothing has been computed", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Round_that_was_left_is_not_shown_under_the_address_of_the_next()
    {
        Arrange("rounds/x");
        _host.Consortium.OnGetRound = Old;
        var (show, drawn) = await ShowAsync<RoundPage>("Id", Contract.Hex(Scenario.Id(90)));
        await show(Contract.Hex(Scenario.Id(91)));
        await AnswerLateAsync();
        Assert.Equal("Old 91", (await drawn.NowAsync()).QuerySelector("h1")!.TextContent);
    }

    [Fact]
    public async Task Series_has_no_rounds_of_the_question_that_was_left()
    {
        Arrange("results/series/x");
        var (asked, next) = (new string('a', 64), new string('b', 64));
        var old = _scenario.Done(90, "Of another question", 1e6, Scenario.Ages());
        old.Content = Google.Protobuf.ByteString.CopyFrom(Convert.FromHexString(asked));
        _host.Consortium.Rounds.Add(old);
        var (show, drawn) = await ShowAsync<SeriesPage>("Content", asked);
        await show(next);
        await AnswerLateAsync();
        Assert.DoesNotContain("Of another question", (await drawn.NowAsync()).Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entry_that_was_left_does_not_take_the_place_of_the_next()
    {
        Arrange("transcript/7");
        _host.Consortium.OnCheckEntry = _ => null;
        var (show, drawn) = await ShowAsync<EntryPage>("Index", "7");
        await show("8");
        await AnswerLateAsync();
        var text = (await drawn.NowAsync()).Body!.TextContent;
        Assert.Contains("has no entry 8", text, StringComparison.Ordinal);
        Assert.DoesNotContain("has no entry 7", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Comparison_is_of_the_rounds_in_the_address()
    {
        Arrange(DeckUrls.Compare(Contract.Hex(Scenario.Id(90)), Contract.Hex(Scenario.Id(91))));
        _host.Consortium.OnGetRound = Old;
        var drawn = await DrawAsync<ComparePage>();
        await _host.GoAsync(DeckUrls.Compare(Contract.Hex(Scenario.Id(92)), Contract.Hex(Scenario.Id(93))));
        await AnswerLateAsync();
        var text = (await drawn.NowAsync()).Body!.TextContent;
        Assert.Contains("Old 92", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Old 90", text, StringComparison.Ordinal);
    }

    private RoundView Old(byte[] id)
    {
        var n = Enumerable.Range(90, 4).First(n => Scenario.Id(n).Span.SequenceEqual(id));
        return _scenario.Done(n, $"Old {n}", 1e6, Scenario.Ages());
    }

    // The first question is answered when the test says so, all others at once.
    private void Arrange(string path)
    {
        _host = new ComponentHost(path.TrimStart('/'));
        _host.Store.Update(_ => DeckState.Empty.WithView(_scenario.Consortium(), new ListRoundsReply(), _host.Time.GetUtcNow()));
        var asked = 0;
        _host.Consortium.Late = () => asked++ == 0 ? _first.Task : Task.CompletedTask;
    }

    private async Task AnswerLateAsync()
    {
        _first.SetResult();
        // What goes on after the answer is behind this in the queue of the renderer.
        for (var i = 0; i < 5; i++) await Task.Yield();
    }

    private async Task<Drawn> DrawAsync<T>(Action<object>? made = null)
        where T : IComponent
    {
        RenderFragment body = builder =>
        {
            builder.OpenComponent<T>(0);
            if (made is not null) builder.AddComponentReferenceCapture(1, made);
            builder.CloseComponent();
        };
        return await _host.BeginAsync<ErrorBoundary>(("ChildContent", body));
    }

    private async Task<(Func<string, Task> Show, Drawn Drawn)> ShowAsync<T>(string parameter, string value)
        where T : IComponent
    {
        T? page = default;
        RenderFragment body = builder =>
        {
            builder.OpenComponent<T>(0);
            builder.AddComponentParameter(1, parameter, value);
            builder.AddComponentReferenceCapture(2, it => page = (T)it);
            builder.CloseComponent();
        };
        var drawn = await _host.BeginAsync<ErrorBoundary>(("ChildContent", body));
        return (next => drawn.InvokeAsync(() => page!.SetParametersAsync(ParameterView.FromDictionary(new Dictionary<string, object?> { [parameter] = next }))), drawn);
    }
}
