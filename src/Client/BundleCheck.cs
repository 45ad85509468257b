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

    /// <summary>Or its twelve words, as a person typed them.</summary>
    public string? RosterWords { get; init; }

    /// <summary>The round, 16 bytes.</summary>
    public byte[]? RoundId { get; init; }

    /// <summary>Hash of the question that was asked (<see cref="Question.Hash"/>): a sound bundle of another question is a wrong answer.</summary>
    public byte[]? QuestionHash { get; init; }

    /// <summary>The head of the log that is remembered.</summary>
    public Checkpoint? Remembered { get; init; }

    /// <summary>A query whose answer it must be, though it was asked another time or by somebody else: the same analysis of the same dataset, for the same
    /// study, at the same ε and noise.</summary>
    public Query? AsksTheSameAs { get; init; }

    /// <summary>Told as the check goes on, on its thread; null for nobody.</summary>
    public Action<VerificationProgress>? Progress { get; init; }
}

/// <summary>
/// What a bundle shows: every signature and hash, the total computed again from the masked vectors, and the statistics that follow from it. Nothing
/// is taken from a station's word.
/// </summary>
public sealed class BundleCheck
{
    private readonly VectorLayout? _layout;

    private BundleCheck(VerificationReport report, VectorLayout? layout) => (Report, _layout) = (report, layout);

    /// <summary>The verifier's report.</summary>
    public VerificationReport Report { get; }

    /// <summary>Whether every step passed and there is a total.</summary>
    public bool Passed => Report.Passed && Report.Total is not null && _layout is not null;

    /// <summary>What failed, or why there is no total; a sentence.</summary>
    public string Failure => Report.Failure is { } step
        ? $"{step.Name}: {step.Detail}"
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
            Remembered = expected?.Remembered,
            Cores = Environment.ProcessorCount,
            Progress = expected?.Progress,
            ShapeOf = (question, invited) =>
            {
                layout = Layout(question, invited);
                return new RoundShape(layout.Bits, layout.Length);
            },
        });
        if (expected?.RosterWords is { } words && report.Roster is { } roster && !Fingerprint.Matches(roster.Hash, words))
        {
            report = report.FailedAt(
                VerificationSteps.Checkpoint, $"The bundle's roster has other words: {string.Join(' ', roster.Words)}; it belongs to another consortium or epoch.");
        }

        if (expected?.AsksTheSameAs is { } same && report is { Passed: true, Round: { } round } && !PublicBytes.Equal(Question.ContentOf(round.Question.Query), Question.ContentOf(same)))
            report = report.FailedAt(VerificationSteps.Messages, "The bundle is sound, but of another question than the one that was asked.");
        return new BundleCheck(report, layout);
    }

    /// <summary>Checks a round of a published log. Never throws for what its files say.</summary>
    /// <param name="files">The published log.</param>
    /// <param name="roundId">16 bytes.</param>
    /// <param name="bundle">Where the round's bundle is put together; it can be read again, and holds it afterwards.</param>
    /// <param name="expected">What it must be the evidence of.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">A file cannot be read at all.</exception>
    /// <exception cref="HttpRequestException">The server does not answer.</exception>
    public static async Task<BundleCheck> OfTilesAsync(
        ITileFiles files, byte[] roundId, Stream bundle, BundleExpectation? expected = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        TileException? damage = null;
        try
        {
            var log = await TileLog.OpenAsync(files, cancellation);
            await log.WriteBundleAsync(roundId, bundle, expected?.Remembered, cancellation);
        }
        catch (TileException e)
        {
            damage = e;
        }

        bundle.Position = 0;
        var check = await Task.Run(() => Of(bundle, (expected ?? new BundleExpectation()) with { RoundId = roundId }), cancellation);
        if (damage is null) return check;

        // What could be put together has been checked; the first step that could not is the one that fails, by the name of the file.
        var step = check.Report.Steps.FirstOrDefault(s => s.Passed != true)?.Name ?? VerificationSteps.Inclusion;
        return new BundleCheck(check.Report.FailedAt(step, damage.Message) with { FailedFile = damage.File }, check._layout);
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
    /// <param name="options">How totals are read; 95 % and every repair if null.</param>
    public IReadOnlyList<ReleasedStatistic> Statistics(ReleaseOptions? options = null) =>
        Totals is { } totals ? Release.Decode(totals.Layout, totals.Values, totals.Contributors, options) : [];

    /// <summary>The same in the form that <see cref="IConsortium.VerifyAsync(byte[], CancellationToken)"/> gives.</summary>
    public RoundReport ToReport() => new()
    {
        RoundId = Report.Round?.RoundId ?? [],
        QuestionHash = Report.Round?.Question.Hash ?? [],
        QuestionContent = Report.Round is { } round ? Question.ContentOf(round.Question.Query) : [],
        Passed = Report.Passed,
        Steps = [.. Report.Steps.Select(s => new ReportStep(s.Name, s.Passed, s.Detail, s.Passed == false ? (ulong?)Report.FailedEntry : null) { Facts = s.Facts })],
        Title = Report.Round?.Question.Query.Title ?? "",
        Aborted = Report.Round?.Abort?.Reason.ToString(),
        Entries = Report.Entries,
        FailedRecord = Report.FailedRecord,
        Expected = Report.Expected,
        Found = Report.Found,
        Manifest = Report.Manifest.Fields,
        RefusedField = Report.Manifest.Refused,
        Head = Report.Passed ? Report.Checkpoint : null,
        TotalHash = Passed ? SHA256.HashData(Report.Total!.Pack()) : [],
        Statistics = Statistics(),
        Totals = Totals,
    };

    private static VectorLayout Layout(Question question, int invited) => VectorLayout.Create(
        Analysis.Decode(question.Query.Analysis.Span), new MicroEpsilon(checked((long)question.Query.EpsilonMicro)), (NoiseMode)question.Query.Noise, invited,
        question.HonestFloor);

    private IReadOnlyList<RosterMember> Members(IReadOnlyList<uint>? indices) =>
        Report.Roster is { } roster && indices is not null ? [.. indices.Select(roster.FindParty).OfType<RosterMember>()] : [];
}
