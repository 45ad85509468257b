namespace SecureAggregation.Party.Config;

/// <summary>The outpost cannot start as configured. <see cref="ExitCode"/> says which kind of thing is wrong.</summary>
internal sealed class ConfigurationException(string message, int exitCode = ExitCodes.Configuration, Exception? inner = null)
    : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
