using System.Collections.Frozen;

namespace SecureAggregation.Dashboard.Blazor;

/// <summary>The project's documents as they were when this program was built: at hand where there is no network, and true to what runs.</summary>
internal static class Documents
{
    public static IReadOnlyList<(string File, string Says)> All { get; } =
    [
        ("setup.md", "A consortium by hand: keys, roster, station, outposts, first question"),
        ("station.md", "The station: settings, data folder, events, alerts and what to do"),
        ("outpost.md", "The outpost: policy, budgets, data, approvals"),
        ("dashboard.md", "This deck"),
        ("queries.md", "How questions are written"),
        ("privacy.md", "Noise, budgets and intervals, and what is not promised"),
        ("protocol.md", "The aggregation protocol, message by message"),
        ("transcript.md", "The log, its evidence, and the six steps of a check"),
        ("threat-model.md", "Who could do what, and the attacks that tests try"),
        ("reliability.md", "What is simulated and killed, and what was found"),
        ("performance.md", "Measured times and sizes"),
        ("cli.md", "The commands of secagg"),
    ];

    private static readonly FrozenDictionary<string, byte[]> s_bytes = All.ToFrozenDictionary(document => document.File, document => EmbeddedAssets.Read("docs/" + document.File));

    // As text: a browser shows it as it is, and nothing in it can run.
    public static IResult Send(string name) =>
        s_bytes.TryGetValue(name, out var bytes) ? Results.Bytes(bytes, "text/plain; charset=utf-8") : Results.NotFound();
}
