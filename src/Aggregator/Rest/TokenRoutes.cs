using System.Globalization;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Security;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>Tokens for people: name and password become an access token of 30 minutes and a refresh token that is good once.</summary>
internal static class TokenRoutes
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/auth").WithTags("sign-in").AllowAnonymous().WithMetadata(new TakesSecrets());
        group.MapPost("/token", Token).WithName("token").WithSummary("grant_type \"password\" with username and password, or \"refresh_token\" with refresh_token.").Fails("sign-in-refused", "sign-in-wait");
        group.MapPost("/end", (EndRequest request, RefreshTokens refresh) => End(request, refresh)).WithName("end").WithSummary("Ends the session of a refresh token.").Produces(204);
        group.MapPost("/password", ChangePassword).WithName("password").WithSummary("Another password for one's own account; its sessions end.").Produces(204).Fails("sign-in-refused", "sign-in-wait", "account-invalid");
    }

    private static TokenView Token(HttpContext context, TokenRequest request, StationRights rights, AccessTokens tokens, RefreshTokens refresh, SignInGuard guard)
    {
        switch (request)
        {
            case { GrantType: "password", Username: { } name, Password: { } password }:
                var account = SignIn(context, rights, guard, name, password);
                return View(tokens.Issue(account), refresh.Begin(account.Name, account.Stamp));
            case { GrantType: "refresh_token", RefreshToken: { } token }:
                if (refresh.Use(token, of => rights.Book.Find(of) is { } found && rights.Counts(found) ? found.Stamp : null) is var (owner, next) && rights.Book.Find(owner) is { } session)
                    return View(tokens.Issue(session), next);
                throw new RestException("sign-in-refused", "The refresh token has expired, was used before (each is good once), or its account was changed. Sign in again.");
            default:
                throw new RestException("body-invalid", "grant_type is \"password\" with username and password, or \"refresh_token\" with refresh_token.");
        }
    }

    private static IResult End(EndRequest request, RefreshTokens refresh)
    {
        refresh.End(request.RefreshToken);
        return Results.NoContent();
    }

    private static async Task<IResult> ChangePassword(HttpContext context, PasswordRequest request, StationRights rights, SignInGuard guard)
    {
        var account = SignIn(context, rights, guard, request.Username, request.Password);
        await rights.ChangeAsync(account.Name, () => rights.Book.SetPassword(account.Name, request.NewPassword, account.Name));
        return Results.NoContent();
    }

    private static Account SignIn(HttpContext context, StationRights rights, SignInGuard guard, string name, string password)
    {
        var wait = guard.Wait(name);
        if (wait > TimeSpan.Zero)
        {
            var seconds = Math.Ceiling(wait.TotalSeconds).ToString("0", CultureInfo.InvariantCulture);
            context.Response.Headers.RetryAfter = seconds;
            throw new RestException("sign-in-wait", $"Too many sign-ins of this name have failed. Wait {seconds} s.");
        }

        if (rights.Book.Check(name, password) is { } account && rights.Counts(account))
        {
            guard.Passed(name);
            return account;
        }

        guard.Failed(name);
        throw new RestException("sign-in-refused", "Name and password do not fit.");
    }

    private static TokenView View(string access, string refresh) => new(access, "Bearer", (int)AccessTokens.Life.TotalSeconds, refresh);
}
