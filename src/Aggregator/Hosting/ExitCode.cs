namespace SecureAggregation.Aggregator.Hosting;

/// <summary>How the program ends; docs/station.md lists them.</summary>
internal enum ExitCode
{
    Stopped = 0,
    Unexpected = 1,
    Configuration = 2,
    Identity = 3,
    Transcript = 4,
    AddressInUse = 5,
    DataDirectory = 6,
}

/// <summary>The station cannot start; the message says which rule is broken and what to do.</summary>
internal sealed class StartException(ExitCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    public ExitCode Code { get; } = code;
}
