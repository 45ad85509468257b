namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>The station's log messages by their number, as docs/station.md lists them.</summary>
internal static class StationEvents
{
    private static readonly SortedDictionary<uint, (string Name, bool Security)> s_events = new()
    {
        [1000] = ("started", false),
        [1001] = ("stops", false),
        [1002] = ("new log begun", false),
        [1003] = ("half-written tail cut", false),
        [1004] = ("next roster epoch", true),
        [1005] = ("round resumed", false),
        [1006] = ("traffic written in the clear", true),
        [1007] = ("round unreadable", true),
        [1008] = ("vectors without entry removed", false),
        [1009] = ("half-written vectors cut", false),
        [1010] = ("database read back", false),
        [1011] = ("vectors gone before their age", true),
        [1012] = ("stored view made again", true),
        [1013] = ("roster file older than the log", false),
        [1014] = ("roster published", true),
        [1015] = ("roster refused", true),
        [1100] = ("outpost online", false),
        [1101] = ("outpost offline", false),
        [1102] = ("new stream of an outpost", false),
        [1103] = ("outpost turned away", true),
        [1104] = ("frame refused", true),
        [1105] = ("call denied", true),
        [1108] = ("more calls denied", true),
        [1106] = ("outpost has seen a longer log", true),
        [1107] = ("outpost with an older roster", false),
        [1200] = ("round proposed", false),
        [1201] = ("broadcast out", false),
        [1202] = ("message taken", false),
        [1203] = ("message rejected", true),
        [1204] = ("masked vector whole", false),
        [1205] = ("masked vector refused", true),
        [1206] = ("round done", false),
        [1207] = ("round aborted", false),
        [1208] = ("outpost convicted", true),
        [1209] = ("cosignature taken", false),
        [1210] = ("cosignature refused", true),
        [1211] = ("outpost declined", false),
        [1212] = ("round failed within", false),
        [1300] = ("transcript cannot be written", false),
        [1301] = ("transcript can be written again", false),
        [1302] = ("vectors deleted at their age", false),
        [1303] = ("database away", false),
        [1304] = ("round waits for the database", false),
        [1400] = ("query refused", true),
        [1500] = ("accounts read again", true),
        [1501] = ("accounts unreadable", true),
        [1502] = ("REST listens", false),
        [1503] = ("REST request refused", true),
        [1504] = ("REST request failed", false),
        [1505] = ("accounts of an older file", true),
    };

    public static IEnumerable<uint> Ids => s_events.Keys;

    public static string Name(uint id) => s_events.TryGetValue(id, out var known) ? known.Name : "not known to this deck";

    /// <summary>Whether it says that somebody was refused or convicted, or that something stored or signed is not what it was. What this deck does not know counts, too.</summary>
    public static bool IsSecurity(uint id) => !s_events.TryGetValue(id, out var known) || known.Security;
}
