using System.Security.Claims;
using System.Security.Cryptography;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.RateLimiting;
using SecureAggregation.Accounts;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Urls;

namespace SecureAggregation.Dashboard.Blazor.Security;

/// <summary>Who may see the deck: the session cookie, where it comes from, and what each role may do with it.</summary>
internal static class DeckSignIn
{
    public const string StampClaim = "stamp";
    private const string OpenScheme = "open";
    private const int TriesInAMinute = 10;
    private static readonly TimeSpan s_session = TimeSpan.FromHours(8);

    public static IServiceCollection AddDeckSignIn(this IServiceCollection services, DashboardOptions options, IConsortium consortium, TimeProvider time)
    {
        services.AddSingleton(options);
        var random = RandomNumberGenerator.Create();
        services.AddSingleton(new Invitations(random, time)).AddSingleton(new SignInGuard(time));
        if (options.SignIn == SignInMode.Local)
        {
            services.AddSingleton(AccountBook.Open(Path.Combine(options.DataFolder, "accounts.json"), random, time));
            services.AddSingleton(ActReceipts.Open(Path.Combine(options.DataFolder, "acts.json"), consortium.Roster.LogOrigin, consortium.Identity));
            services.AddSingleton<DeckAccounts>().AddHostedService(provider => provider.GetRequiredService<DeckAccounts>());
        }

        services.AddCascadingAuthenticationState();
        services.AddScoped<AuthenticationStateProvider, SessionWatch>();
        services.AddScoped<Session>();
        AddSchemes(services, options);
        services.AddAuthorization(authorization =>
        {
            authorization.FallbackPolicy = new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build();
            foreach (var permission in Permissions.All)
                authorization.AddPolicy(permission.ToString(), policy => policy.RequireRole(Permissions.Granting(permission).Select(role => role.Word())));
        });
        services.AddRateLimiter(LimitTries);

        var keys = services.AddDataProtection().SetApplicationName("secagg-dashboard");
        // Sessions outlive a restart when there is a folder for the keys that seal them.
        if (options.SignIn == SignInMode.Off || options.DataFolder.Length == 0) keys.UseEphemeralDataProtectionProvider();
        else keys.PersistKeysToFileSystem(OwnFolder(Path.Combine(options.DataFolder, "session-keys")));
        return services;
    }

    /// <summary>The person of a session.</summary>
    public static ClaimsPrincipal Principal(Account account) => new(new ClaimsIdentity(
        [new Claim(ClaimTypes.Name, account.Name), new Claim(StampClaim, account.Stamp), .. account.Roles.Select(role => new Claim(ClaimTypes.Role, role.Word()))],
        CookieAuthenticationDefaults.AuthenticationScheme));

    /// <summary>Whether the account behind a session still is what it was when the session began; always true for sessions of a provider.</summary>
    public static bool Stands(ClaimsPrincipal user, DeckAccounts? accounts) =>
        user.FindFirstValue(StampClaim) is not { } stamp || (accounts?.Stands(user, stamp) ?? false);

    private static void AddSchemes(IServiceCollection services, DashboardOptions options)
    {
        if (options.SignIn == SignInMode.Off)
        {
            services.AddAuthentication(OpenScheme).AddScheme<AuthenticationSchemeOptions, OpenSession>(OpenScheme, null);
            return;
        }

        var authentication = services.AddAuthentication(scheme =>
        {
            scheme.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
            if (options.Oidc is not null) scheme.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme;
        });
        authentication.AddCookie(cookie =>
        {
            cookie.Cookie.Name = "secagg-deck";
            cookie.Cookie.HttpOnly = true;
            cookie.Cookie.SameSite = SameSiteMode.Strict;
            cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            cookie.ExpireTimeSpan = s_session;
            cookie.SlidingExpiration = true;
            cookie.LoginPath = DeckUrls.SignIn;
            cookie.AccessDeniedPath = DeckUrls.Denied;
            cookie.ReturnUrlParameter = "to";
            cookie.Events.OnValidatePrincipal = async context =>
            {
                if (Stands(context.Principal!, context.HttpContext.RequestServices.GetService<DeckAccounts>())) return;
                context.RejectPrincipal();
                await context.HttpContext.SignOutAsync();
            };
        });
        if (options.Oidc is { } oidc) authentication.AddOpenIdConnect(provider => ProviderSignIn.Configure(provider, oidc));
    }

    /// <summary>Guesses at passwords and invitations: a few in a minute from one address.</summary>
    private static void LimitTries(RateLimiterOptions limiter)
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
            HttpMethods.IsPost(context.Request.Method) && DeckUrls.TakesSecrets(context.Request.Path)
                ? RateLimitPartition.GetFixedWindowLimiter(context.Connection.RemoteIpAddress?.ToString() ?? "", _ => new FixedWindowRateLimiterOptions { PermitLimit = TriesInAMinute, Window = TimeSpan.FromMinutes(1) })
                : RateLimitPartition.GetNoLimiter(""));
        limiter.OnRejected = async (context, stop) =>
        {
            var wait = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromMinutes(1);
            context.HttpContext.Response.Headers.RetryAfter = $"{Math.Ceiling(wait.TotalSeconds):0}";
            await context.HttpContext.Response.WriteAsync($"Too many tries from this address. Wait {Math.Ceiling(wait.TotalSeconds):0} seconds, then go back and try again.", stop);
        };
    }

    private static DirectoryInfo OwnFolder(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path)
        : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
