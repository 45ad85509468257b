using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Components.Web.HtmlRendering;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.JSInterop;
using SecureAggregation.Accounts;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Dashboard.Blazor.Security;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>Draws components without a browser, over a store and a clock that the test holds.</summary>
internal sealed class ComponentHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly AsyncServiceScope _scope;
    private readonly HtmlRenderer _renderer;

    public ComponentHost(string path = "", IdentityKey? coordinator = null)
    {
        var services = new ServiceCollection();
        services.AddLogging().AddSupplyValueFromQueryProvider().AddSingleton<IErrorBoundaryLogger>(new Rethrow());
        services.AddSingleton<TimeProvider>(Time).AddSingleton<IConsortium>(Consortium).AddSingleton<DeckStore>().AddSingleton<DeckClock>();
        services.AddSingleton(new DeckKey(coordinator)).AddSingleton<QueryDesk>().AddSingleton<FitDesk>();
        services.AddSingleton(provider => new TemplateBook(null, Time, provider.GetRequiredService<ILogger<TemplateBook>>()));
        services.AddSingleton(_ => AlertBook.Open(null, Time, NullLogger<AlertBook>.Instance));
        services.AddSingleton<VerificationDesk>().AddSingleton<LogReader>().AddScoped<DeckView>();
        services.AddAuthorizationCore().AddCascadingAuthenticationState().AddSingleton<AuthenticationStateProvider>(Person).AddScoped<Session>();
        services.AddSingleton(new DashboardOptions { Station = new Uri("https://station"), RosterFile = "", KeyFile = "" });
        services.AddSingleton(new Invitations(Random, Time)).AddSingleton(new SignInGuard(Time));
        services.AddSingleton<NavigationManager>(new FixedNavigation(path)).AddSingleton<IJSRuntime>(new NoScripts());
        _services = services.BuildServiceProvider();
        _scope = _services.CreateAsyncScope();
        _renderer = new HtmlRenderer(_scope.ServiceProvider, NullLoggerFactory.Instance);
    }

    /// <summary>Who looks; an auditor until the test says otherwise.</summary>
    public FixedPerson Person { get; } = new();

    public SeededRandom Random { get; } = new(3);

    public ManualTimeProvider Time { get; } = new();

    public FakeConsortium Consortium { get; } = new();

    public DeckStore Store => _services.GetRequiredService<DeckStore>();

    public DeckView View => _scope.ServiceProvider.GetRequiredService<DeckView>();

    public VerificationDesk Desk => _services.GetRequiredService<VerificationDesk>();

    public TemplateBook Templates => _services.GetRequiredService<TemplateBook>();

    public FitDesk Fits => _services.GetRequiredService<FitDesk>();

    public AlertBook Alerts => _services.GetRequiredService<AlertBook>();

    public DeckClock Clock => _services.GetRequiredService<DeckClock>();

    public async Task<Drawn> DrawAsync<T>(params (string Name, object? Value)[] parameters)
        where T : IComponent
    {
        var view = ParameterView.FromDictionary(parameters.ToDictionary(p => p.Name, p => p.Value));
        var root = await _renderer.Dispatcher.InvokeAsync(() => _renderer.RenderComponentAsync<T>(view));
        return new Drawn(_renderer, root);
    }

    /// <summary>Draws without waiting for answers that a page asked for.</summary>
    public async Task<Drawn> BeginAsync<T>(params (string Name, object? Value)[] parameters)
        where T : IComponent
    {
        var view = ParameterView.FromDictionary(parameters.ToDictionary(p => p.Name, p => p.Value));
        return new Drawn(_renderer, await _renderer.Dispatcher.InvokeAsync(() => _renderer.BeginRenderingComponent<T>(view)));
    }

    /// <summary>To another address, as a link would: what the page takes from the query is new.</summary>
    public Task GoAsync(string path) => _renderer.Dispatcher.InvokeAsync(() => _scope.ServiceProvider.GetRequiredService<NavigationManager>().NavigateTo(path));

    public async ValueTask DisposeAsync()
    {
        await _renderer.DisposeAsync();
        await _scope.DisposeAsync();
        await _services.DisposeAsync();
    }

    private sealed class FixedNavigation : NavigationManager
    {
        public FixedNavigation(string path) => Initialize("http://deck/", "http://deck/" + path);

        protected override void NavigateToCore(string uri, NavigationOptions options)
        {
            Uri = ToAbsoluteUri(uri).ToString();
            NotifyLocationChanged(isInterceptedLink: false);
        }
    }

    public sealed class FixedPerson : AuthenticationStateProvider
    {
        public Role[] Roles { get; set; } = [Role.Auditor];

        public override Task<AuthenticationState> GetAuthenticationStateAsync() => Task.FromResult(new AuthenticationState(DeckSignIn.Principal(new Account("ada", Roles, "stamp", default))));
    }

    /// <summary>A page that throws fails its test instead of showing the error box.</summary>
    private sealed class Rethrow : IErrorBoundaryLogger
    {
        public ValueTask LogErrorAsync(Exception exception) => ValueTask.FromException(exception);
    }

    private sealed class NoScripts : IJSRuntime
    {
        public ValueTask<TValue> InvokeAsync<TValue>(string identifier, object?[]? args) => throw new NotSupportedException(identifier);

        public ValueTask<TValue> InvokeAsync<TValue>(string identifier, CancellationToken cancellationToken, object?[]? args) => throw new NotSupportedException(identifier);
    }
}

/// <summary>A component that was drawn; <see cref="NowAsync"/> gives its present picture.</summary>
internal sealed class Drawn(HtmlRenderer renderer, HtmlRootComponent root)
{
    /// <summary>Does something as an event of the page would.</summary>
    public Task InvokeAsync(Func<Task> action) => renderer.Dispatcher.InvokeAsync(action);

    public async Task<IDocument> NowAsync()
    {
        var html = await renderer.Dispatcher.InvokeAsync(root.ToHtmlString);
        return await new HtmlParser().ParseDocumentAsync(html);
    }
}
