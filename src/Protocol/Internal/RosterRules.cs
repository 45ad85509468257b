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
        var members = roster.Parties.Select(p => (p.Name, Key: p.PublicKey)).Concat(Officers(roster).Select(o => (o.Name, Key: o.PublicKey))).ToList();
        var keys = members.Append((Name: "the station", Key: roster.AggregatorKey)).ToList();
        return Broken(n is >= 3 and <= Limits.Parties, $"The roster has {n} parties; it must have 3 to {Limits.Parties}.")
            ?? Broken(IsName(roster.Consortium), "The consortium's name must have 1 to 64 characters, without control characters or blanks at its ends.")
            ?? Broken(roster.Epoch >= 1, "The epoch is 0; the first roster has epoch 1, each later one a higher number.")
            ?? Broken(roster.PreviousHash.Length == (roster.Epoch == 1 ? 0 : 32), $"The hash of the roster before has {roster.PreviousHash.Length} bytes; it must have 32, and none in epoch 1.")
            ?? Broken(Ascending(roster.Parties.Select(p => p.Index)), "The parties are not in ascending order of distinct indices; sort them and give each an index of its own.")
            ?? Broken(roster.Parties.All(p => p.Index < uint.MaxValue - 1), $"A party's index is too large; it must be below {uint.MaxValue - 1}.")
            ?? First(members.Where(m => !IsName(m.Name)), m => $"The name '{m.Name}' must have 1 to 64 characters, without control characters or blanks at its ends.")
            ?? First(Repeated(members, m => m.Name, StringComparer.OrdinalIgnoreCase), m => $"The name '{m.Name}' occurs twice; names must be unique, also when case is ignored.")
            ?? First(keys.Where(k => !IsKey(k.Key)), k => $"The public key of {k.Name} is not a point on P-256 in 65 bytes (uncompressed).")
            ?? First(Repeated(keys, k => k.Key), k => $"The public key of {k.Name} is also somebody else's; each member and the station must have a key of its own.")
            ?? Broken(roster.Coordinators.Count > 0, "The roster has no coordinator; it must have at least one, for nobody else may ask.")
            ?? Broken(roster.Parties.Any(p => p.Founder), "The roster has no founder among its parties; at least one party must be a founder.")
            ?? Broken(roster.MinSurvivors >= 3 && roster.MinSurvivors <= n, $"Minimum survivors is {roster.MinSurvivors}; it must be from 3 to the number of parties ({n}).")
            ?? Broken(roster.MinHonest >= 2, $"Minimum honest is {roster.MinHonest}; it must be at least 2.")
            ?? Broken((ulong)roster.MaxColluders + roster.MinHonest <= (ulong)n, $"c = {roster.MaxColluders} colluders leave fewer than {roster.MinHonest} honest parties of {n}; lower c or minimum honest.")
            ?? Broken(roster.DropoutPermille <= 500, $"The expected dropout fraction is {roster.DropoutPermille} per mille; it must be at most 500.")
            ?? Broken(roster.Witnesses <= n && 2UL * roster.Witnesses > (ulong)n + roster.MaxColluders, $"Witnesses w is {roster.Witnesses}; it must satisfy 2w > n + c and w ≤ n, e.g. {Protocol.Roster.DefaultWitnesses(n, (int)roster.MaxColluders)}.")
            ?? Broken(IsOrigin(roster.LogOrigin), $"The log's origin is '{roster.LogOrigin}'; it must have 1 to 128 printable ASCII characters, without blanks or '+', e.g. station.example/log.")
            ?? Broken(roster.NotAfter is > 0 and < 253402300800, "The roster has no end of life; it must have one, before the year 10000.");
    }

    private static IEnumerable<Wire.RosterOfficer> Officers(Wire.Roster roster) => roster.Coordinators.Concat(roster.Auditors);

    private static string? Broken(bool holds, string rule) => holds ? null : rule;

    private static string? First<T>(IEnumerable<T> faulty, Func<T, string> rule) => faulty.Take(1).Select(rule).FirstOrDefault();

    private static IEnumerable<T> Repeated<T, TKey>(IEnumerable<T> items, Func<T, TKey> by, IEqualityComparer<TKey>? comparer = null)
        where TKey : notnull => items.GroupBy(by, comparer).Where(g => g.Count() > 1).Select(g => g.Last());

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
