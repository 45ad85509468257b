namespace SecureAggregation.Cli;

/// <summary>An end with a sentence for the person at the keyboard: the thing, the rule, the fix.</summary>
internal sealed class CliException(ExitCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    public ExitCode Code { get; } = code;
}
