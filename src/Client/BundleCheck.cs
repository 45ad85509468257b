using System.Security.Cryptography;
using SecureAggregation.Crypto;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Client;

/// <summary>What a bundle must be the evidence of; whatever is null is accepted as it comes.</summary>
public sealed record BundleExpectation
{
    /// <summary>Hash of the pinned roster.</summary>
    public byte[]? RosterHash { get; init; }

    /// <summary>The round, 16 bytes.</summary>
    public byte[]? RoundId { get; init; }

    /// <summary>Hash of the question that was asked (<see cref="Question.Hash"/>): a sound bundle of another question is a wrong answer.</summary>
    public byte[]? QuestionHash { get; init; }

    /// <summary>A query whose answer it must be, though it was asked another time or by somebody else: the same analysis of the same dataset, for the same
    /// study, at the same ε and noise.</summary>
    public Query? AsksTheSameAs { get; init; }
}

/// <summary>
/// What a bundle shows: every signature and hash, the total computed again from the masked vectors, and the statistics that follow from it. Nothing
/// is taken from a station's word.
/// </summary>
public sealed class BundleCheck
{
    private readonly VectorLayout? _layout;

    private readonly bool _asksAnother;

    private BundleCheck(VerificationReport report, VectorLayout? layout, Query? sameAs)
    {
        Report = report;
        _layout = layout;
        _asksAnother = sameAs is not null && !(report.Round?.Question.Query is { } query && PublicBytes.Equal(Question.ContentOf(query), Question.ContentOf(sameAs)));
    }

    /// <summary>The verifier's report.</summary>
    public VerificationReport Report { get; }

    /// <summary>Whether every step passed and there is a total.</summary>
    public bool Passed => Report.Passed && Report.Total is not null && _layout is not null && !_asksAnother;

    /// <summary>What failed, or why there is no total; a sentence.</summary>
    public string Failure => Report.Steps.FirstOrDefault(s => s.Passed == false) is { } step
        ? $"{step.Name}: {step.Detail}"
        : _asksAnother ? "the bundle is sound, but of another question than the one that was asked"
        : Report.Round?.Abort is { } abort ? $"the round was aborted: {abort.Reason}" : "the bundle holds no total";

    /// <summary>Parties whose vectors are in the total.</summary>
    public IReadOnlyList<RosterMember> Survivors => Members(Report.Round?.Survivors);

    /// <summary>Parties that were asked.</summary>
    public IReadOnlyList<RosterMember> Invited => Members(Report.Round?.Invited);

    /// <summary>Checks a bundle. Never throws for what the file says.</summary>
    public static BundleCheck Of(Stream bundle, BundleExpectation? expected = null)
    {
        VectorLayout? layout = null;
        var report = TranscriptVerifier.Verify(bundle, new VerifyOptions
        {
            RosterHash = expected?.RosterHash,
            RoundId = expected?.RoundId,
            QuestionHash = expected?.QuestionHash,
            Cores = Environment.ProcessorCount,
            ShapeOf = (question, invited) =>
            {
                layout = Layout(question, invited);
                return new RoundShape(layout.Bits, layout.Length);
            },
        });
        return new BundleCheck(report, layout, expected?.AsksTheSameAs);
    }

    /// <summary>Checks a bundle in a file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static BundleCheck Of(string path, BundleExpectation? expected = null)
    {
        using var stream = File.OpenRead(path);
        return Of(stream, expected);
    }

    /// <summary>The recomputed totals; null unless <see cref="Passed"/>.</summary>
    public ReleasedTotals? Totals => Passed
        ? new ReleasedTotals(_layout!, [.. Enumerable.Range(0, Report.Total!.Length).Select(Report.Total.Centered)], Survivors.Count)
        : null;

    /// <summary>The statistics of the recomputed total; empty unless <see cref="Passed"/>.</summary>
    /// <param name="confidence">Of the intervals.</param>
    public IReadOnlyList<ReleasedStatistic> Statistics(double confidence = 0.95) =>
        Totals is { } totals ? Release.Decode(totals.Layout, totals.Values, totals.Contributors, new ReleaseOptions(confidence)) : [];

    /// <summary>The same in the form that <see cref="IConsortium.VerifyAsync(byte[], CancellationToken)"/> gives.</summary>
    internal RoundReport ToReport()
    {
        var reached = Report.Steps.Where(s => s.Passed is not null)
            .Select(s => new ReportStep(s.Name, s.Passed == true, s.Detail, s.Passed == true ? null : (ulong?)Report.FailedEntry));
        return new RoundReport
        {
            RoundId = Report.Round?.RoundId ?? [],
            QuestionHash = Report.Round?.Question.Hash ?? [],
            QuestionContent = Report.Round is { } round ? Question.ContentOf(round.Question.Query) : [],
            Passed = Report.Passed,
            Steps = [.. reached],
            TotalHash = Passed ? SHA256.HashData(Report.Total!.Pack()) : [],
            Statistics = Statistics(),
            Totals = Totals,
        };
    }

    private static VectorLayout Layout(Question question, int invited) => VectorLayout.Create(
        Analysis.Decode(question.Query.Analysis.Span), new MicroEpsilon(checked((long)question.Query.EpsilonMicro)), (NoiseMode)question.Query.Noise, invited,
        question.HonestFloor);

    private IReadOnlyList<RosterMember> Members(IReadOnlyList<uint>? indices) =>
        Report.Roster is { } roster && indices is not null ? [.. indices.Select(roster.FindParty).OfType<RosterMember>()] : [];
}
