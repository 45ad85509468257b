using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using SecureAggregation.Accounts;

namespace SecureAggregation.Dashboard.Blazor.Security;

/// <summary>The person at this page, asked anew each time: what was allowed a minute ago may not be now.</summary>
internal sealed class Session(AuthenticationStateProvider state)
{
    public async Task<ClaimsPrincipal> UserAsync() => (await state.GetAuthenticationStateAsync()).User;

    public async Task<bool> MayAsync(Permission permission) => May(await UserAsync(), permission);

    public static bool May(ClaimsPrincipal user, Permission permission) => Permissions.Granting(permission).Any(role => user.IsInRole(role.Word()));

    /// <exception cref="UnauthorizedAccessException">The person may not do this.</exception>
    public async Task DemandAsync(Permission permission)
    {
        if (!await MayAsync(permission)) throw new UnauthorizedAccessException($"Your roles do not allow you to {permission.Words()}; an administrator of this deck gives roles, on the page Access.");
    }
}
