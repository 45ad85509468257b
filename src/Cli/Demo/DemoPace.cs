namespace SecureAggregation.Cli.Demo;

/// <summary>How fast the rounds of a demo run, and what is recorded of them.</summary>
/// <param name="Phase">How long a phase waits for an outpost that does not answer.</param>
/// <param name="Input">The same for the masked input, which takes longest.</param>
/// <param name="TraceWire">Whether every program writes what it sends and receives, before TLS, beside its log.</param>
/// <param name="Pause">How long an outpost thinks before it answers, so that people can see phases go by and one can be lost between two of them.</param>
internal sealed record DemoPace(TimeSpan Phase, TimeSpan Input, bool TraceWire, TimeSpan Pause)
{
    public IEnumerable<(string Phase, TimeSpan Limit)> Deadlines =>
        ((string[])["Join", "Advertise", "Share", "Agree", "Unmask", "Recover"]).Select(p => (p, Phase)).Append(("Input", Input));
}
