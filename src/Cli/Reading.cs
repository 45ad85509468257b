using System.CommandLine;
using System.Globalization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli;

/// <summary>How totals are read: how sure the intervals are to hold what there would be without noise, and what becomes of impossible numbers. Costs nothing.</summary>
internal static class Reading
{
    private const double DefaultConfidence = 0.95;
    private const string NoRepair = "none";

    public static Option<double> Confidence { get; } = new("--confidence")
    {
        Description = "How sure intervals are to hold the value without noise, 0.5 to 0.999999",
        DefaultValueFactory = _ => DefaultConfidence,
    };

    public static Option<string?> Repairs { get; } = new("--repairs")
    {
        Description = $"What is done to numbers that noise has made impossible: {string.Join(',', RepairWords.All)} (all of them, or what the query says), or {NoRepair}",
    };

    /// <param name="arguments">With both options.</param>
    /// <param name="repairs">What the query says; what the option says goes before it.</param>
    public static ReleaseOptions Of(Arguments arguments, Repairs repairs = Statistics.Repairs.All) => new(ConfidenceOf(arguments), Repairs: RepairsOf(arguments) ?? repairs);

    private static double ConfidenceOf(Arguments arguments) => arguments.Get(Confidence) is >= 0.5 and <= 0.999999 and var confidence
        ? confidence
        : throw new CliException(ExitCode.BadInput, string.Create(CultureInfo.InvariantCulture, $"--confidence is {arguments.Get(Confidence)}; it must be from 0.5 to 0.999999, e.g. 0.99"));

    private static Repairs? RepairsOf(Arguments arguments)
    {
        if (arguments.Find(Repairs) is not { } text) return null;
        if (text == NoRepair) return Statistics.Repairs.None;
        try
        {
            return RepairWords.Parse(text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        }
        catch (AnalysisException e)
        {
            throw new CliException(ExitCode.BadInput, $"--repairs is '{text}'; it must be some of {string.Join(',', RepairWords.All)}, or {NoRepair}", e);
        }
    }
}
