using System.CommandLine;
using System.Globalization;

namespace SecureAggregation.Cli;

/// <summary>How sure the intervals beside numbers are to hold what there would be without noise. Costs nothing: it is a way of reading.</summary>
internal static class Confidence
{
    private const double Default = 0.95;

    public static Option<double> Option { get; } = new("--confidence")
    {
        Description = "How sure intervals are to hold the value without noise, 0.5 to 0.999999",
        DefaultValueFactory = _ => Default,
    };

    public static double Of(Arguments arguments) => arguments.Get(Option) is >= 0.5 and <= 0.999999 and var confidence
        ? confidence
        : throw new CliException(ExitCode.BadInput, string.Create(CultureInfo.InvariantCulture, $"--confidence is {arguments.Get(Option)}; it must be from 0.5 to 0.999999, e.g. 0.99"));
}
