using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Microsoft.Net.Http.Headers;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>Three kinds of bearer tokens: the station's own (JWT), keys of services ("sak_…"), and those of an OpenID Connect provider.</summary>
internal static class RestAuthentication
{
    private const string Any = "any";
    private const string Own = "account";
    private const string Key = "key";
    private const string Oidc = "oidc";

    public static void AddRestAuthentication(this IServiceCollection services, OidcOptions oidc, AccessTokens tokens, StationRights rights, TimeProvider clock)
    {
        var builder = services.AddAuthentication(Any)
            .AddPolicyScheme(Any, null, scheme => scheme.ForwardDefaultSelector = context => SchemeOf(context, oidc, tokens))
            .AddScheme<AuthenticationSchemeOptions, KeyAuthentication>(Key, null)
            .AddJwtBearer(Own, jwt =>
            {
                jwt.MapInboundClaims = false;
                jwt.TokenValidationParameters = tokens.Validation;
                jwt.Events = new JwtBearerEvents { OnTokenValidated = context => OfAccount(context, rights, clock), OnAuthenticationFailed = Failed };
            });
        if (oidc.Authority.Length > 0)
        {
            builder.AddJwtBearer(Oidc, jwt =>
            {
                jwt.MapInboundClaims = false;
                jwt.Authority = oidc.Authority;
                jwt.Audience = oidc.Audience;
                jwt.RequireHttpsMetadata = oidc.Authority.StartsWith("https:", StringComparison.OrdinalIgnoreCase);
                jwt.Events = new JwtBearerEvents { OnTokenValidated = context => OfProvider(context, oidc, clock), OnAuthenticationFailed = Failed };
            });
        }

        services.AddSingleton<IAuthorizationMiddlewareResultHandler, Refusals>();
        var authorization = services.AddAuthorizationBuilder();
        foreach (var permission in Permissions.All) authorization.AddPolicy(permission.Word(), policy => policy.RequireClaim(RestCaller.MayClaim, permission.Word()));
    }

    private static string SchemeOf(HttpContext context, OidcOptions oidc, AccessTokens tokens)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var token = header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header[7..].Trim() : "";
        if (token.StartsWith(AccountBook.KeyPrefix, StringComparison.Ordinal)) return Key;
        if (oidc.Authority.Length == 0) return Own;
        try
        {
            return new JsonWebToken(token).Issuer == tokens.Issuer ? Own : Oidc;
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException)
        {
            return Own;
        }
    }

    private static Task OfAccount(TokenValidatedContext context, StationRights rights, TimeProvider clock)
    {
        var name = context.Principal?.FindFirstValue(JwtRegisteredClaimNames.Sub) ?? "";
        var mark = context.Principal?.FindFirstValue(AccessTokens.MarkClaim) ?? "";
        if (Found() is { } account)
        {
            context.Principal = RestCaller.Principal(Own, account.Name, RestCaller.Of(account.Roles), account.Studies);
            context.HttpContext.Features.Set(new Standing(() => context.SecurityToken.ValidTo > clock.GetUtcNow().UtcDateTime && Found() is not null));
        }
        else
        {
            context.Fail("The account is gone or was changed since the token was made; sign in again.");
        }

        return Task.CompletedTask;

        Account? Found() => rights.Book.Find(name) is { } account && rights.Counts(account) && Base64UrlEncoder.Encode(LoggedRights.MarkOf(account)) == mark ? account : null;
    }

    private static Task OfProvider(TokenValidatedContext context, OidcOptions oidc, TimeProvider clock)
    {
        var user = context.Principal!;
        var name = user.FindFirstValue(oidc.NameClaim) ?? user.FindFirstValue(JwtRegisteredClaimNames.Sub) ?? "";
        if (AccountRules.WrongName(name) is { } wrong)
        {
            context.Fail($"The token's {oidc.NameClaim} is no name for the log: {wrong}.");
            return Task.CompletedTask;
        }

        var roles = user.FindAll(oidc.RoleClaim).Select(c => Accounts.Roles.Find(c.Value)).OfType<Role>().Distinct().ToList();
        var studies = oidc.StudyClaim.Length == 0 ? null : user.FindAll(oidc.StudyClaim).Select(c => c.Value).ToList();
        context.Principal = RestCaller.Principal(Oidc, $"{name} ({Oidc})", RestCaller.Of(roles), studies);
        context.HttpContext.Features.Set(new Standing(() => context.SecurityToken.ValidTo > clock.GetUtcNow().UtcDateTime));
        return Task.CompletedTask;
    }

    private static Task Failed(AuthenticationFailedContext context)
    {
        context.Fail(context.Exception);
        return Task.CompletedTask;
    }

    /// <summary>Keys of services.</summary>
    private sealed class KeyAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, StationRights rights)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            var text = Request.Headers.Authorization.ToString()["Bearer ".Length..].Trim();
            if (Found() is not { } key) return Task.FromResult(AuthenticateResult.Fail("The key is none of this station's, has expired or was revoked; an admin can make a new one."));
            var mark = LoggedRights.MarkOf(key);
            Context.Features.Set(new Standing(() => Found() is { } now && PublicBytes.Equal(LoggedRights.MarkOf(now), mark)));
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(RestCaller.Principal(Key, $"{key.Name} ({Key})", key.Permissions, key.Studies), Key)));

            ApiKey? Found() => rights.Book.CheckKey(text) is { } found && rights.Counts(found) ? found : null;
        }
    }

    /// <summary>Says why a caller is not let in.</summary>
    private sealed class Refusals : IAuthorizationMiddlewareResultHandler
    {
        public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
        {
            if (authorizeResult.Succeeded)
            {
                await next(context);
                return;
            }

            if (authorizeResult.Forbidden)
            {
                var needed = context.GetEndpoint()!.Metadata.GetMetadata<Needed>()!.Permission;
                await Problems.WriteAsync(context, "not-permitted", $"{RestCaller.Of(context.User).Name} may not {needed.Words()}: that takes the permission {needed.Word()}. An admin can grant it.");
                return;
            }

            context.Response.Headers.WWWAuthenticate = JwtBearerDefaults.AuthenticationScheme;
            // Asked before: the handler has kept what it found.
            var failure = (await context.AuthenticateAsync()).Failure;
            await (failure switch
            {
                null when context.Request.Headers.ContainsKey(HeaderNames.Authorization) => Problems.WriteAsync(context, "token-invalid", "The Authorization header holds no bearer token; send \"Authorization: Bearer TOKEN\"."),
                null => Problems.WriteAsync(context, "token-missing", "Send \"Authorization: Bearer TOKEN\": an API key, or a token of POST /api/v1/auth/token."),
                SecurityTokenExpiredException or SecurityTokenInvalidLifetimeException => Problems.WriteAsync(context, "token-expired", "The token has expired; get a new one with the refresh token, or sign in again."),
                SecurityTokenInvalidAudienceException => Problems.WriteAsync(context, "token-invalid", "The token is for somebody else (aud); get one for this station."),
                // What else IdentityModel says may hold parts of the token.
                SecurityTokenException or ArgumentException => Problems.WriteAsync(context, "token-invalid", "The token is none of this station's, or damaged; sign in again."),
                InvalidOperationException or IOException or HttpRequestException => Problems.WriteAsync(context, "token-invalid", "The token cannot be checked: the OpenID Connect provider does not answer with its keys. Try again later, or ask the operator."),
                _ => Problems.WriteAsync(context, "token-invalid", failure.Message),
            });
        }
    }
}
