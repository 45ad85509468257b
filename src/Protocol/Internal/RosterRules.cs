using Google.Protobuf;
using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol.Internal;

/// <summary>What must hold of a roster before anybody signs or accepts it.</summary>
internal static class RosterRules
{
    private const int LongestName = 64;

    /// <summary>Null, or the first rule that is broken, as a sentence.</summary>
    public static string? Broken(Wire.Roster roster)
    {
        var n = roster.Parties.Count;
        var names = roster.Parties.Select(p => p.Name).Concat(Officers(roster).Select(o => o.Name)).ToList();
        var keys = roster.Parties.Select(p => p.PublicKey).Concat(Officers(roster).Select(o => o.PublicKey)).Append(roster.AggregatorKey).ToList();
        return Broken(n is >= 3 and <= Limits.Parties, $"A roster has 3 to {Limits.Parties} parties; this one has {n}.")
            ?? Broken(IsName(roster.Consortium), "The consortium's name must have 1 to 64 printable characters.")
            ?? Broken(roster.Epoch >= 1, "The first epoch is 1.")
            ?? Broken(roster.PreviousHash.Length == (roster.Epoch == 1 ? 0 : 32), "The hash of the epoch before has 32 bytes, or none in epoch 1.")
            ?? Broken(Ascending(roster.Parties.Select(p => p.Index)), "Parties must stand in ascending order of distinct indices.")
            ?? Broken(roster.Parties.All(p => p.Index < uint.MaxValue - 1), "A party's index is too large.")
            ?? Broken(names.TrueForAll(IsName), "Each name must have 1 to 64 printable characters.")
            ?? Broken(names.Distinct(StringComparer.OrdinalIgnoreCase).Count() == names.Count, "Names must be unique, also when case is ignored.")
            ?? Broken(keys.TrueForAll(IsKey), "Each public key is a point on P-256 in 65 bytes.")
            ?? Broken(keys.Distinct().Count() == keys.Count, "Each member and the station must have a key of its own.")
            ?? Broken(roster.Coordinators.Count > 0, "A roster has at least one coordinator.")
            ?? Broken(roster.Parties.Any(p => p.Founder), "A roster has at least one founder among its parties.")
            ?? Broken(roster.MinSurvivors >= 3 && roster.MinSurvivors <= n, $"Minimum survivors must be from 3 to the number of parties ({n}); it is {roster.MinSurvivors}.")
            ?? Broken(roster.MinHonest >= 2, $"Minimum honest must be at least 2; it is {roster.MinHonest}.")
            ?? Broken((ulong)roster.MaxColluders + roster.MinHonest <= (ulong)n, $"c = {roster.MaxColluders} colluders leave fewer than {roster.MinHonest} honest parties of {n}.")
            ?? Broken(roster.DropoutPermille <= 500, "The expected dropout fraction is at most 500 per mille.")
            ?? Broken(roster.Witnesses <= n && 2UL * roster.Witnesses > (ulong)n + roster.MaxColluders, $"Witnesses w must satisfy 2w > n + c and w ≤ n; w is {roster.Witnesses}.")
            ?? Broken(IsOrigin(roster.LogOrigin), "The log's origin must be 1 to 128 printable characters without spaces or '+'.")
            ?? Broken(roster.NotAfter is > 0 and < 253402300800, "The roster must have an end of life before the year 10000.");
    }

    private static IEnumerable<Wire.RosterOfficer> Officers(Wire.Roster roster) => roster.Coordinators.Concat(roster.Auditors);

    private static string? Broken(bool holds, string rule) => holds ? null : rule;

    private static bool IsName(string name) => name.Length is >= 1 and <= LongestName && name == name.Trim() && !name.Any(char.IsControl);

    private static bool IsOrigin(string origin) => origin.Length is >= 1 and <= 128 && origin.All(c => c is > ' ' and < '\x7f' and not '+');

    private static bool IsKey(ByteString key) => AgreementKey.IsValidPublicKey(key.Span);

    private static bool Ascending(IEnumerable<uint> indices)
    {
        long before = -1;
        foreach (var index in indices)
        {
            if (index <= before) return false;
            before = index;
        }

        return true;
    }
}
