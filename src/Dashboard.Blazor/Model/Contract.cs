using Google.Protobuf;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>Small readings of the contract's messages.</summary>
internal static class Contract
{
    public static string Id(this RoundView round) => Hex(round.RoundId);

    public static string Hex(ByteString bytes) => Convert.ToHexStringLower(bytes.Span);

    /// <summary>Null for 0, which means "never" in every time of the contract, and for what no clock can mean.</summary>
    public static DateTimeOffset? TimeOrNull(ulong unixMs) =>
        unixMs is 0 or > 253402300799999UL ? null : DateTimeOffset.FromUnixTimeMilliseconds((long)unixMs);

    public static DateTimeOffset Time(ulong unixMs) => TimeOrNull(unixMs) ?? DateTimeOffset.UnixEpoch;

    public static double Epsilon(this RoundView round) => round.EpsilonMicro / 1e6;

    /// <summary>The time from start to end, or to <paramref name="now"/> while it runs.</summary>
    public static TimeSpan Duration(this RoundView round, DateTimeOffset now)
    {
        var end = TimeOrNull(round.FinishedMs) ?? now;
        var length = end - Time(round.StartedMs);
        return length > TimeSpan.Zero ? length : TimeSpan.Zero;
    }

    public static int Survivors(this RoundView round) =>
        round.Parties.Count(party => party.State is PartyState.Active or PartyState.Done or PartyState.Invited);

    public static IEnumerable<RoundPartyView> Lost(this RoundView round) =>
        round.Parties.Where(party => party.State is PartyState.Dropped or PartyState.Declined or PartyState.Blamed);
}
