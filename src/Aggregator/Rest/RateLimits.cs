using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>How much one address and one identity may ask. Each kind has a middleware of its own: an identity is known only after the token was looked at.</summary>
internal static class RateLimits
{
    // A password's hash takes a tenth of a second of a core: no flood of sign-ins may have all of them.
    private const int SignInsAtOnce = 2;
    private const int SignInsWaiting = 16;

    // Of one identity; the station has a thousand connections for all.
    private const int AtOnce = 32;

    /// <summary>Before anything of the request is looked at.</summary>
    public static RateLimiterOptions ByAddress(RateOptions rates) => Options(PartitionedRateLimiter.Create<HttpContext, string>(context => Bucket(AddressOf(context), rates.Address)));

    /// <summary>After the token was looked at; of who has none, the address alone counts. Requests that take long, streams of events too, hold one of a few places.</summary>
    public static RateLimiterOptions ByIdentity(RateOptions rates) => Options(PartitionedRateLimiter.CreateChained(
        PartitionedRateLimiter.Create<HttpContext, string>(context => NameOf(context) is { } name ? Bucket(name, rates.Identity) : RateLimitPartition.GetNoLimiter("")),
        PartitionedRateLimiter.Create<HttpContext, string>(context => NameOf(context) is { } name
            ? RateLimitPartition.GetConcurrencyLimiter(name, _ => new ConcurrencyLimiterOptions { PermitLimit = AtOnce })
            : RateLimitPartition.GetNoLimiter(""))));

    /// <summary>For passwords and refresh tokens.</summary>
    public static RateLimiterOptions OfSignIns(RateOptions rates) => Options(PartitionedRateLimiter.CreateChained(
        PartitionedRateLimiter.Create<HttpContext, string>(context => Bucket(AddressOf(context), rates.SignIn)),
        PartitionedRateLimiter.Create<HttpContext, string>(_ => RateLimitPartition.GetConcurrencyLimiter("", _ => new ConcurrencyLimiterOptions { PermitLimit = SignInsAtOnce, QueueLimit = SignInsWaiting }))));

    /// <summary>So much in a minute, a sixth of it at once.</summary>
    private static RateLimitPartition<string> Bucket(string key, int inAMinute) => RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
    {
        TokenLimit = Math.Max(1, inAMinute / 6),
        TokensPerPeriod = Math.Max(1, inAMinute / 60),
        ReplenishmentPeriod = TimeSpan.FromSeconds(Math.Max(1, 60 / inAMinute)),
        AutoReplenishment = true,
    });

    private static string? NameOf(HttpContext context) => context.User.Identity is { IsAuthenticated: true } identity ? $"{identity.AuthenticationType} {identity.Name}" : null;

    private static string AddressOf(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        // A household has a whole /64.
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    private static RateLimiterOptions Options(PartitionedRateLimiter<HttpContext> limiter) => new()
    {
        GlobalLimiter = limiter,
        OnRejected = async (context, _) =>
        {
            var wait = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? Math.Max(1, Math.Ceiling(after.TotalSeconds)) : 1;
            context.HttpContext.Response.Headers.RetryAfter = wait.ToString("0", CultureInfo.InvariantCulture);
            await Problems.WriteAsync(context.HttpContext, "too-many-requests", string.Create(CultureInfo.InvariantCulture, $"Too many requests came from this address or identity. Wait {wait:0} s."));
        },
    };
}
