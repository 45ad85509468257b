using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Client.Internal;

/// <summary>Runs the transcript verifier and reads the total that it computed.</summary>
internal static class BundleCheck
{
    /// <param name="bundle">The bundle.</param>
    /// <param name="roster">The pinned roster.</param>
    /// <param name="asked">The round that was asked for; a sound bundle of another round is a wrong answer. Null to take any.</param>
    public static RoundReport Run(Stream bundle, Roster roster, byte[]? asked)
    {
        var report = TranscriptVerifier.Verify(bundle, new VerifyOptions { RosterHash = roster.Hash, ShapeOf = Numbers.ShapeOf });
        using var total = report.Total;
        var round = report.Round;
        var steps = Reached(report);
        if (report.Passed && asked is not null && (round is null || !PublicBytes.Equal(asked, round.RoundId)))
        {
            var found = round is null ? "none" : Convert.ToHexStringLower(round.RoundId);
            steps.Add(new ReportStep("round", Passed: false, $"The bundle is of round {found}; asked was {Convert.ToHexStringLower(asked)}."));
        }

        var passed = report.Passed && steps.TrueForAll(step => step.Passed);
        IReadOnlyList<StatisticView> statistics = [];
        if (passed && total is not null && round is not null)
        {
            try
            {
                statistics = Numbers.Read(round.Question, round.Invited.Count, round.Survivors.Count, total);
            }
            catch (Exception e) when (e is ArgumentException or Statistics.AnalysisException)
            {
                steps.Add(new ReportStep("statistics", Passed: false, e.Message));
                passed = false;
            }
        }

        return new RoundReport { RoundId = round?.RoundId ?? [], Passed = passed, Steps = steps, Statistics = statistics };
    }

    private static List<ReportStep> Reached(VerificationReport report)
    {
        var steps = new List<ReportStep>(report.Steps.Count + 1);
        foreach (var step in report.Steps)
        {
            if (step.Passed is not { } passed) break;
            steps.Add(new ReportStep(step.Name, passed, step.Detail, passed ? null : (ulong?)report.FailedEntry));
        }

        return steps;
    }
}
