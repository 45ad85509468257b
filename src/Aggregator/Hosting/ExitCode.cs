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

    /// <summary>What is wrong with the transcript, if that is it.</summary>
    public TranscriptFault Fault { get; private init; }

    /// <summary>The transcript, or what belongs to it, is not what the station signed.</summary>
    public static StartException Refused(TranscriptFault fault, string sentence) =>
        new(ExitCode.Transcript, $"{sentence} [{string.Concat(fault.ToString().Select((c, i) => char.IsUpper(c) && i > 0 ? $"-{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"))}]") { Fault = fault };
}
