using SecureAggregation.Telemetry;

namespace SecureAggregation.Party.Config;

/// <summary>The section "Outpost" of the configuration, as written. Relative paths count from the configuration file's folder.</summary>
internal sealed class OutpostOptions
{
    public const string Section = "Outpost";

    /// <summary>Address of the station, https://host:port.</summary>
    public string Station { get; set; } = "";

    /// <summary>File with the signed roster.</summary>
    public string Roster { get; set; } = "";

    /// <summary>
    /// Hash of the roster that this outpost belongs to, 64 hexadecimal digits; if empty, <see cref="RosterPinFile"/> holds it.
    /// </summary>
    public string RosterPin { get; set; } = "";

    /// <summary>File with the hash, written by `secagg-outpost enrol`.</summary>
    public string RosterPinFile { get; set; } = "roster.pin";

    /// <summary>File with the identity key, PKCS#8 PEM, readable by its owner only.</summary>
    public string Key { get; set; } = "";

    /// <summary>
    /// File with the identity key that follows it, which may come later: the outpost goes on with that one when a roster names it. Empty: that of
    /// <see cref="Key"/> with ".next" at its end.
    /// </summary>
    public string NextKey { get; set; } = "";

    /// <summary>Where the next key is looked for.</summary>
    internal string NextKeyFile => NextKey.Length > 0 ? NextKey : Key + ".next";

    /// <summary>Folder of the ledger and of the rounds seen. It must never be restored from an old copy.</summary>
    public string State { get; set; } = "state";

    /// <summary>The policy file, YAML.</summary>
    public string Policy { get; set; } = "policy.yaml";

    /// <summary>Datasets by name.</summary>
    public Dictionary<string, DatasetOptions> Datasets { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Files with keys of 64 hexadecimal digits that are shared with other parties, by the party's name; usually none.</summary>
    public Dictionary<string, string> PreSharedKeys { get; init; } = new(StringComparer.Ordinal);

    public ReconnectOptions Reconnect { get; set; } = new();

    /// <summary>Threads that one round may use for its agreements, checks and masks.</summary>
    public int Cores { get; set; } = Environment.ProcessorCount;

    /// <summary>How long to wait before each answer in a round; for demonstrations, where people want to see the phases go by.</summary>
    public TimeSpan Pause { get; set; }

    /// <summary>How long rounds under way may take to end once the outpost is told to stop, in seconds; then it leaves them.</summary>
    public int ShutdownSeconds { get; set; } = 60;

    /// <summary>How often sources are looked at for changes.</summary>
    public TimeSpan CatalogueEvery { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Where figures, spans and log lines are sent; the collector is the operator's own.</summary>
    public TelemetryOptions Telemetry { get; set; } = new();

    /// <summary>Folder to which every frame is written as sent and received, before TLS; empty: not written.</summary>
    public string TraceWire { get; set; } = "";
}

internal sealed class ReconnectOptions
{
    /// <summary>Wait before the first new attempt; doubled after each failure.</summary>
    public TimeSpan First { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest wait.</summary>
    public TimeSpan Longest { get; set; } = TimeSpan.FromSeconds(30);
}
