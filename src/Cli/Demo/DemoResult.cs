using System.Text.Json.Serialization;

namespace SecureAggregation.Cli.Demo;

/// <summary>What `secagg demo --once --json` prints; the names are part of the tool's contract.</summary>
internal sealed record DemoResult(string Dashboard, IReadOnlyList<DemoRound> Rounds);

/// <summary>One round of a demo.</summary>
internal sealed record DemoRound(
    string Query,
    string Round,
    int Parties,
    int Survivors,
    IReadOnlyList<string> Dropped,
    double Epsilon,
    IReadOnlyList<DemoTotal> Totals,
    bool Verified,
    string Bundle,
    double Seconds)
{
    /// <summary>Why the round has no totals; empty if it has.</summary>
    [JsonIgnore]
    public string Failure { get; init; } = "";

    /// <summary>Whether the totals are there, verified, and none lies where noise puts one in ten thousand.</summary>
    [JsonIgnore]
    public bool Holds => Failure.Length == 0 && Verified && Totals.Count > 0 && Totals.All(t => t.Plausible);
}

/// <summary>One released number beside what the pooled rows give.</summary>
/// <param name="Name">Statistic, group and bin.</param>
/// <param name="Value">As released.</param>
/// <param name="Low">Lower end of the 95 % interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="Truth">From the rows of the outposts that survived, without noise; null where it depends on secrets of the outposts (which rows of a person they chose).</param>
internal sealed record DemoTotal(string Name, double Value, double Low, double High, double? Truth)
{
    /// <summary>Whether the truth lies within the 99.9999 % interval.</summary>
    [JsonIgnore]
    public bool Plausible { get; init; }
}
