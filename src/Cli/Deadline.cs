using System.CommandLine;

namespace SecureAggregation.Cli;

/// <summary>The option --deadline, within what a station takes.</summary>
internal static class Deadline
{
    private const double Least = 0.1;
    private const double Most = 600;

    /// <exception cref="CliException">It is out of range.</exception>
    public static TimeSpan? Of(Arguments arguments, Option<double?> option) => arguments.Find(option) switch
    {
        null => null,
        >= Least and <= Most and var seconds => TimeSpan.FromSeconds(seconds),
        var seconds => throw new CliException(ExitCode.BadInput, FormattableString.Invariant($"--deadline is {seconds}; it must be from {Least} to {Most} seconds")),
    };
}
