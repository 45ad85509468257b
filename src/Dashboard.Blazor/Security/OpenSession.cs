using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using SecureAggregation.Accounts;

namespace SecureAggregation.Dashboard.Blazor.Security;

/// <summary>With sign-in off everybody is the person at this machine, who may do all but administer accounts, of which there are none.</summary>
internal sealed class OpenSession(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        Claim[] claims = [new(ClaimTypes.Name, "this machine"), .. Roles.All.Where(role => role != Role.Admin).Select(role => new Claim(ClaimTypes.Role, role.Word()))];
        var ticket = new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme.Name)), Scheme.Name);
        return Task.FromResult(AuthenticateResult.Success(ticket));
    }
}
