using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using SecureAggregation.Accounts;
using SecureAggregation.Dashboard.Blazor.Urls;

namespace SecureAggregation.Dashboard.Blazor.Security;

/// <summary>Sign-in through an OpenID Connect provider: authorization code with PKCE (RFC 7636); roles come from one claim.</summary>
internal static class ProviderSignIn
{
    public static void Configure(OpenIdConnectOptions provider, OidcOptions options)
    {
        provider.Authority = options.Authority.OriginalString;
        provider.RequireHttpsMetadata = options.Authority.Scheme == Uri.UriSchemeHttps;
        provider.ClientId = options.ClientId;
        provider.ClientSecret = options.ClientSecret;
        provider.ResponseType = OpenIdConnectResponseType.Code;
        provider.ResponseMode = OpenIdConnectResponseMode.Query;
        provider.UsePkce = true;
        provider.MapInboundClaims = false;
        provider.SaveTokens = false;
        provider.Scope.Clear();
        foreach (var scope in new[] { "openid", "profile" }) provider.Scope.Add(scope);
        // The provider sends the browser back with a top-level GET, which Lax lets through, on plain loopback too.
        foreach (var cookie in new[] { provider.CorrelationCookie, provider.NonceCookie })
        {
            cookie.SameSite = SameSiteMode.Lax;
            cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        }

        provider.Events.OnTicketReceived = context => FinishAsync(context, options);
        provider.Events.OnRemoteFailure = context =>
        {
            context.HandleResponse();
            context.Response.Redirect(DeckUrls.Denied);
            return Task.CompletedTask;
        };
    }

    /// <summary>Name and roles, and nothing else that the provider said; null if no role follows.</summary>
    public static ClaimsPrincipal? Person(ClaimsPrincipal told, OidcOptions options)
    {
        var roles = told.FindAll(options.RoleClaim).Select(claim => options.RoleOf.TryGetValue(claim.Value, out var role) ? role : (Role?)null).OfType<Role>().Distinct().Order().ToArray();
        if (roles.Length == 0) return null;
        var name = told.FindFirstValue("preferred_username") ?? told.FindFirstValue("name") ?? told.FindFirstValue("email") ?? told.FindFirstValue("sub") ?? "unnamed";
        return new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name), .. roles.Select(role => new Claim(ClaimTypes.Role, role.Word()))], CookieAuthenticationDefaults.AuthenticationScheme));
    }

    private static async Task FinishAsync(TicketReceivedContext context, OidcOptions options)
    {
        context.HandleResponse();
        if (Person(context.Principal!, options) is not { } person)
        {
            context.Response.Redirect(DeckUrls.Denied);
            return;
        }

        await context.HttpContext.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, person);

        // A redirect would still count as the provider's navigation, for which the browser keeps the strict cookie back: the page itself goes on.
        var target = HtmlEncoder.Default.Encode(DeckUrls.Local(context.ReturnUri));
        context.Response.ContentType = "text/html; charset=utf-8";
        await context.Response.WriteAsync($"<!DOCTYPE html><html lang=\"en\"><head><title>Signed in</title><meta http-equiv=\"refresh\" content=\"0;url={target}\"></head><body><p>Signed in. <a href=\"{target}\">Go on</a></p></body></html>");
    }
}
