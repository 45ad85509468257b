using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.HostFiltering;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Components;
using SecureAggregation.Dashboard.Blazor.Security;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Dashboard.Blazor.Urls;

namespace SecureAggregation.Dashboard.Blazor;

/// <summary>The web application: pages over a read model that one stream from the station fills.</summary>
internal static class DashboardApp
{
    /// <param name="options">Where to listen.</param>
    /// <param name="consortium">The SDK, connected; the application disposes it.</param>
    /// <param name="time">The clock of the deck's ages and countdowns.</param>
    public static WebApplication Build(DashboardOptions options, IConsortium consortium, TimeProvider time)
    {
        options.CheckListen();
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = typeof(DashboardApp).Assembly.GetName().Name, ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls(options.Listen.OriginalString);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);

        var services = builder.Services;
        services.AddSingleton(time).AddSingleton(_ => consortium).AddSingleton<DeckStore>().AddSingleton<DeckClock>().AddSingleton<VerificationDesk>();
        services.AddScoped<DeckView>();
        services.AddHostedService(provider => provider.GetRequiredService<VerificationDesk>());
        services.AddHostedService<StationFeed>();
        services.AddRazorComponents().AddInteractiveServerComponents();

        // The keys only protect one run's circuits; on disk they would outlive their purpose.
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        if (!options.AllowRemote)
        {
            // A foreign page that points its own name at this machine must not read the deck.
            services.Configure<HostFilteringOptions>(filter => filter.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
        }

        var app = builder.Build();
        app.UseSecurityHeaders();
        app.UseExceptionHandler("/error", createScopeForErrors: true);
        app.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);
        app.UseAntiforgery();
        EmbeddedAssets.Map(app);
        app.MapGet(DeckUrls.Health, (DeckStore store) => Results.Json(Health(store.Current)));
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(mode => mode.ContentSecurityFrameAncestorsPolicy = "'none'");
        return app;
    }

    // The dashboard is healthy when it serves; whether the station is there is said, not judged, so that no supervisor restarts what works.
    private static object Health(DeckState state) => new
    {
        status = "ok",
        station = state.Link.ToString().ToLowerInvariant(),
        asOf = state.AsOf,
        outpostsOnline = state.Online,
        outposts = state.Outposts.Count,
    };
}
