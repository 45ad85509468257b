namespace SecureAggregation.Cli.Demo;

/// <summary>How fast the rounds of a demo run, and what is recorded of them.</summary>
/// <param name="Deadline">How long a phase waits for an outpost that does not answer.</param>
/// <param name="TraceWire">Whether every program writes what it sends and receives, before TLS, beside its log.</param>
/// <param name="Pause">How long an outpost thinks before it answers, so that people can see phases go by and one can be lost between two of them.</param>
internal sealed record DemoPace(TimeSpan Deadline, bool TraceWire, TimeSpan Pause)
{
    /// <summary>The phases by the names that the station's configuration has for them.</summary>
    public static IReadOnlyList<string> Phases { get; } = ["Join", "Advertise", "Share", "Input", "Agree", "Unmask", "Recover"];
}
