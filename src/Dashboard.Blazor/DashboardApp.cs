using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.HttpOverrides;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Dashboard.Blazor.Components;
using SecureAggregation.Dashboard.Blazor.Export;
using SecureAggregation.Dashboard.Blazor.Security;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Telemetry;

namespace SecureAggregation.Dashboard.Blazor;

/// <summary>The web application: pages over a read model that one stream from the station fills.</summary>
internal static class DashboardApp
{
    /// <param name="options">Where to listen.</param>
    /// <param name="consortium">The SDK, connected; the application disposes it.</param>
    /// <param name="time">The clock of the deck's ages and countdowns.</param>
    /// <param name="coordinator">The deck's key, if it is a coordinator's and may ask; stays the caller's.</param>
    public static WebApplication Build(DashboardOptions options, IConsortium consortium, TimeProvider time, IdentityKey? coordinator = null)
    {
        options.CheckListen();
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = typeof(DashboardApp).Assembly.GetName().Name, ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls(options.Listen.OriginalString);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // Warns that session keys lie unsealed on disk; their folder is the owner's alone.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);

        var services = builder.Services;
        services.AddSingleton(time).AddSingleton(_ => consortium).AddSingleton<DeckStore>().AddSingleton<DeckClock>().AddSingleton<VerificationDesk>().AddSingleton<LogReader>();
        services.AddSingleton(new DeckKey(coordinator)).AddSingleton<QueryDesk>().AddSingleton<FitDesk>();
        services.AddSingleton(provider => new TemplateBook(
            options.DataFolder.Length == 0 ? null : Path.Combine(options.DataFolder, "templates.json"), time, provider.GetRequiredService<ILogger<TemplateBook>>()));
        services.AddSingleton(provider => AlertBook.Open(options.DataFolder.Length == 0 ? null : Path.Combine(options.DataFolder, "alerts.json"), time, provider.GetRequiredService<ILogger<AlertBook>>()));
        services.AddSingleton<DeckMeters>();
        if (Exporter.Start(options.Telemetry, "secagg-dashboard", typeof(DashboardApp).Assembly.GetName().Version!.ToString(3)) is { } telemetry)
        {
            services.AddSingleton(_ => telemetry);
            telemetry.AddTo(builder.Logging);
        }

        services.AddScoped<DeckView>();
        services.AddHostedService(provider => provider.GetRequiredService<VerificationDesk>());
        services.AddHostedService(provider => provider.GetRequiredService<FitDesk>());
        services.AddHostedService<StationFeed>();
        services.AddHostedService(provider => new RosterFollower(consortium, provider.GetRequiredService<DeckStore>(), options.RosterFile, time, provider.GetRequiredService<ILogger<RosterFollower>>()));
        services.AddRazorComponents().AddInteractiveServerComponents();

        services.AddDeckSignIn(options, consortium, time);
        if (DashboardOptions.IsLoopback(options.Listen) && options.Proxy is null)
        {
            // A foreign page that points its own name at this machine must not read the deck.
            services.Configure<HostFilteringOptions>(filter => filter.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
        }

        if (options.Proxy is { } proxy)
        {
            services.Configure<ForwardedHeadersOptions>(forwarded =>
            {
                forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost;
                forwarded.KnownIPNetworks.Clear();
                forwarded.KnownProxies.Clear();
                forwarded.KnownProxies.Add(proxy);
            });
        }

        var app = builder.Build();
        // Now, not at somebody's first look: a damaged file is said at the start.
        _ = app.Services.GetRequiredService<AlertBook>();
        _ = app.Services.GetRequiredService<DeckMeters>();
        // Asked for, so that it sends what it has when the application is disposed.
        _ = app.Services.GetService<Exporter>();
        if (options.Proxy is not null) app.UseForwardedHeaders();
        app.UseSecurityHeaders();
        app.UseExceptionHandler("/error", createScopeForErrors: true);
        app.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);
        app.UseRateLimiter();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();
        EmbeddedAssets.Map(app);
        app.MapGet(DeckUrls.Documents + "/{name}", Documents.Send);
        app.MapGet(DeckUrls.Health, (DeckStore store) => Results.Json(Health(store.Current))).AllowAnonymous();
        ExportEndpoints.Map(app);
        if (options.SignIn != SignInMode.Off) app.MapPost(DeckUrls.SignOut, SignOutAsync);
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(mode => mode.ContentSecurityFrameAncestorsPolicy = "'none'");
        return app;
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, IAntiforgery antiforgery)
    {
        if (!await antiforgery.IsRequestValidAsync(context)) return Results.BadRequest();
        await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        return Results.Redirect(DeckUrls.SignIn);
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
