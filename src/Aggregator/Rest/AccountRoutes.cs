using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Security;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>Accounts and keys, for those who manage them. Each change is an act in the log before it counts.</summary>
internal static class AccountRoutes
{
    private const int DefaultDays = 90;

    public static void Map(RouteGroupBuilder api)
    {
        var accounts = api.MapGroup("/accounts").WithTags("rights").Needs(Permission.ManageAccounts);
        accounts.MapGet("", (StationRights rights) => new AccountsView([.. rights.Book.All.Select(AccountView.Of)])).WithName("accounts").WithSummary("Every account.");
        accounts.MapPost("", Add).WithName("account-add").WithSummary("Makes an account.").Produces<AccountView>(201).Fails("account-invalid", "transcript-unavailable");
        accounts.MapPatch("/{name}", Change).WithName("account-change").WithSummary("Gives an account other roles, studies or another password; its sessions end.").Fails("account-not-found", "account-invalid", "transcript-unavailable");
        accounts.MapDelete("/{name}", Remove).WithName("account-remove").WithSummary("Removes an account; its sessions end.").Produces(204).Fails("account-not-found", "transcript-unavailable");
        var keys = api.MapGroup("/keys").WithTags("rights").Needs(Permission.ManageAccounts);
        keys.MapGet("", (StationRights rights) => new KeysView([.. rights.Book.Keys.Select(k => KeyView.Of(k))])).WithName("keys").WithSummary("Every API key, without the key itself.");
        keys.MapPost("", AddKey).WithName("key-add").WithSummary("Makes an API key; the answer alone shows it.").Produces<KeyView>(201).Fails("account-invalid", "transcript-unavailable");
        keys.MapDelete("/{name}", RevokeKey).WithName("key-revoke").WithSummary("Ends an API key.").Produces(204).Fails("key-not-found", "transcript-unavailable");
    }

    private static async Task<IResult> Add(HttpContext context, NewAccount request, StationRights rights)
    {
        var by = RestCaller.Of(context.User).Name;
        var account = await rights.ChangeAsync(by, () => rights.Book.Add(LoggedRights.NotOperator(request.Name), request.Password, request.Roles.Select(Accounts.Roles.Parse), request.Studies, by));
        return Results.Created($"/api/v1/accounts/{Uri.EscapeDataString(account.Name)}", AccountView.Of(account));
    }

    private static async Task<AccountView> Change(string name, HttpContext context, AccountChange request, StationRights rights)
    {
        var by = RestCaller.Of(context.User).Name;
        _ = Find(name, rights);
        if (request is { AllStudies: true, Studies: not null }) throw new RestException("body-invalid", "studies and all_studies exclude each other.");
        // All that can be wrong is looked at before anything is changed.
        var roles = request.Roles?.Select(Accounts.Roles.Parse).ToList();
        if (AccountRules.WrongStudies(request.Studies) is { } study) throw new AccountException(study);
        if (roles is { Count: 0 }) throw new AccountException("an account has at least one role");
        if (request.Password is { } wanted && AccountRules.WrongPassword(name, wanted) is { } wrong) throw new AccountException(wrong);
        return AccountView.Of(await rights.ChangeAsync(by, () =>
        {
            if (request.Password is { } password) rights.Book.SetPassword(name, password, by);
            if (roles is not null) rights.Book.SetRoles(name, roles, by);
            if (request.Studies is not null || request.AllStudies == true) rights.Book.SetStudies(name, request.Studies?.ToArray(), by);
            return Find(name, rights);
        }));
    }

    private static async Task<IResult> Remove(string name, HttpContext context, StationRights rights)
    {
        _ = Find(name, rights);
        await rights.ChangeAsync(RestCaller.Of(context.User).Name, () =>
        {
            rights.Book.Remove(name);
            return true;
        });
        return Results.NoContent();
    }

    private static async Task<IResult> AddKey(HttpContext context, NewKey request, StationRights rights)
    {
        var by = RestCaller.Of(context.User).Name;
        var days = request.Days ?? DefaultDays;
        if (days < 1 || days > AccountBook.LongestKeyLife.TotalDays) throw new RestException("account-invalid", $"days is {days}; a key lives for 1 to {AccountBook.LongestKeyLife.TotalDays:0} days.");
        var (key, text) = await rights.ChangeAsync(by, () => rights.Book.AddKey(request.Name, request.May.Select(Permissions.Parse), request.Studies, TimeSpan.FromDays(days), by));
        return Results.Created($"/api/v1/keys/{Uri.EscapeDataString(key.Name)}", KeyView.Of(key, text));
    }

    private static async Task<IResult> RevokeKey(string name, HttpContext context, StationRights rights)
    {
        if (!rights.Book.Keys.Any(k => string.Equals(k.Name, name, StringComparison.OrdinalIgnoreCase))) throw new RestException("key-not-found", $"There is no key {name}.");
        await rights.ChangeAsync(RestCaller.Of(context.User).Name, () =>
        {
            rights.Book.RevokeKey(name);
            return true;
        });
        return Results.NoContent();
    }

    private static Account Find(string name, StationRights rights) => rights.Book.Find(name) ?? throw new RestException("account-not-found", $"There is no account {name}.");
}
