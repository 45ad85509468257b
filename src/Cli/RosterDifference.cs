using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Cli;

/// <summary>One thing that two rosters do not have alike.</summary>
/// <param name="Kind">"added", "removed" or "changed".</param>
/// <param name="What">Who or which rule.</param>
/// <param name="Before">As it is in the first; empty when it was added.</param>
/// <param name="After">As it is in the second; empty when it was removed.</param>
internal sealed record RosterDifference(string Kind, string What, string Before, string After)
{
    /// <summary>Everything that whoever signs the second should know, if they signed the first.</summary>
    public static IReadOnlyList<RosterDifference> Between(Protocol.Wire.Roster before, Protocol.Wire.Roster after)
    {
        var (old, fresh) = (Traits(before), Traits(after));
        return
        [
            .. fresh.Where(t => !old.ContainsKey(t.Key)).Select(t => new RosterDifference("added", t.Key, "", t.Value)),
            .. old.Where(t => !fresh.ContainsKey(t.Key)).Select(t => new RosterDifference("removed", t.Key, t.Value, "")),
            .. old.Where(t => fresh.TryGetValue(t.Key, out var now) && now != t.Value).Select(t => new RosterDifference("changed", t.Key, t.Value, fresh[t.Key])),
        ];
    }

    private static Dictionary<string, string> Traits(Protocol.Wire.Roster roster)
    {
        var traits = new Dictionary<string, string>
        {
            ["consortium"] = roster.Consortium,
            ["epoch"] = $"{roster.Epoch}",
            ["end of life"] = $"{DateTimeOffset.FromUnixTimeSeconds((long)roster.NotAfter):yyyy-MM-dd}",
            ["station"] = Key(roster.AggregatorKey),
            ["log"] = roster.LogOrigin,
            ["colluders withstood"] = $"{roster.MaxColluders}",
            ["minimum survivors"] = $"{roster.MinSurvivors}",
            ["minimum honest"] = $"{roster.MinHonest}",
            ["expected dropouts"] = $"{roster.DropoutPermille} per mille",
            ["witnesses"] = $"{roster.Witnesses}",
            ["sparse graph"] = roster.SparseGraph ? "allowed" : "not allowed",
        };
        foreach (var party in roster.Parties) traits[$"party {party.Name}"] = $"index {party.Index}, key {Key(party.PublicKey)}{Signs(party.Founder)}";
        foreach (var officer in roster.Coordinators) traits[$"coordinator {officer.Name}"] = $"key {Key(officer.PublicKey)}{Signs(officer.Founder)}";
        foreach (var officer in roster.Auditors) traits[$"auditor {officer.Name}"] = $"key {Key(officer.PublicKey)}{Signs(officer.Founder)}";
        return traits;
    }

    private static string Key(ByteString point)
    {
        var key = new IdentityPublicKey(point.Span);
        return $"{key.Fingerprint} ({key.Words})";
    }

    private static string Signs(bool founder) => founder ? ", signs" : "";
}
