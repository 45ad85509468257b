using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace SecureAggregation.Dashboard.Blazor.Security;

/// <summary>A page that stays open loses its person within half a minute after the account was changed or removed.</summary>
internal sealed class SessionWatch(ILoggerFactory loggers, IServiceProvider services) : RevalidatingServerAuthenticationStateProvider(loggers)
{
    protected override TimeSpan RevalidationInterval => TimeSpan.FromSeconds(30);

    protected override Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken) =>
        Task.FromResult(DeckSignIn.Stands(authenticationState.User, services.GetService<DeckAccounts>()));
}
