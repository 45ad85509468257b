using SecureAggregation.Accounts;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>The permission that a route takes.</summary>
internal sealed record Needed(Permission Permission);

/// <summary>A route to which passwords or refresh tokens are sent: its rate has a limit of its own.</summary>
internal sealed record TakesSecrets;

/// <summary>The codes with which a route may fail, besides those of every route.</summary>
internal sealed record FailsWith(IReadOnlyList<string> Codes);

/// <summary>What every route says of itself.</summary>
internal static class RouteRules
{
    public static T Needs<T>(this T route, Permission permission)
        where T : IEndpointConventionBuilder => route.RequireAuthorization(permission.Word()).WithMetadata(new Needed(permission));

    public static T Fails<T>(this T route, params string[] codes)
        where T : IEndpointConventionBuilder => route.WithMetadata(new FailsWith(codes));
}
