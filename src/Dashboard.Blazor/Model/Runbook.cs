namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>What an alert of the station means and what to do, by its kind; docs/station.md has the same in its section on alerts.</summary>
internal static class Runbook
{
    public const string Document = "station.md";

    private static readonly Dictionary<string, string> s_doings = new(StringComparer.Ordinal)
    {
        ["offline"] = "Ask the member whether the outpost's machine and network are up. The round goes on without it if enough others are left; the outpost comes back by itself.",
        ["aborted"] = "Read the reason on the round's page. Too few outposts: wait until they are back and ask again. A refusal by policy or budget: change the question, or agree with the member.",
        ["blamed"] = "The outpost's own signed messages contradict the protocol. Ask no further rounds with it until its member has explained; export the round's evidence, which convicts it.",
        ["accounts"] = "The file of accounts was changed and cannot be read; what was read before stays in force. Mend it, or restore it from a backup.",
        ["round-failed"] = "A defect in the station's program. Keep the station's log of that minute, report it, and ask again; nothing of the round was released.",
        ["storage"] = "Free space or repair the disk, or bring the database back. The station tries again every few seconds and says when it can write; nobody is told anything that is not in the log.",
        ["unreadable"] = "The entries of that round do not replay. Compare with a backup, and have the round's evidence checked by an auditor; other rounds are not touched.",
        ["tail"] = "Nothing to do: what was half-written at the last stop was cut, and nothing had been done on it. If it comes at each start, look at the machine's disk and power.",
        ["vectors-missing"] = "Find out who or what deleted files before their age. Restore them from a backup with the station stopped: until then the round's bundle does not verify.",
    };

    public static IEnumerable<string> Kinds => s_doings.Keys;

    public static string For(string kind) => s_doings.GetValueOrDefault(kind, "This deck does not know this kind of alert: the station's program is newer. Read the station's documents.");
}
