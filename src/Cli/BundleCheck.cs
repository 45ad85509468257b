using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Cli;

/// <summary>
/// What a bundle shows: every signature and hash, the total computed again from the masked vectors, and the statistics that follow from it.
/// Nothing is taken from a station's word.
/// </summary>
internal sealed class BundleCheck
{
    private readonly VectorLayout? _layout;
    private readonly Dictionary<double, IReadOnlyList<ReleasedStatistic>> _statistics = [];

    private BundleCheck(VerificationReport report, VectorLayout? layout)
    {
        Report = report;
        _layout = layout;
    }

    public VerificationReport Report { get; }

    /// <summary>Whether every step passed and there is a total.</summary>
    public bool Passed => Report.Passed && Report.Total is not null && _layout is not null;

    public string Failure => Report.Steps.FirstOrDefault(s => s.Passed == false) is { } step
        ? $"{step.Name}: {step.Detail}"
        : Report.Round?.Abort is { } abort ? $"the round was aborted: {abort.Reason}" : "the bundle holds no total";

    /// <summary>Parties whose vectors are in the total.</summary>
    public IReadOnlyList<RosterMember> Survivors =>
        Report.Roster is { } roster && Report.Round is { } round ? [.. round.Survivors.Select(u => roster.FindParty(u)).OfType<RosterMember>()] : [];

    /// <summary>Parties that were asked.</summary>
    public IReadOnlyList<RosterMember> Invited =>
        Report.Roster is { } roster && Report.Round is { } round ? [.. round.Invited.Select(u => roster.FindParty(u)).OfType<RosterMember>()] : [];

    public static BundleCheck Of(string path, byte[]? rosterHash)
    {
        using var stream = File.OpenRead(path);
        return Of(stream, rosterHash);
    }

    public static BundleCheck Of(Stream bundle, byte[]? rosterHash)
    {
        VectorLayout? layout = null;
        var report = TranscriptVerifier.Verify(bundle, new VerifyOptions
        {
            RosterHash = rosterHash,
            ShapeOf = (question, invited) =>
            {
                layout = Layout(question, invited);
                return new RoundShape(layout.Bits, layout.Length);
            },
        });
        return new BundleCheck(report, layout);
    }

    /// <summary>The statistics of the recomputed total.</summary>
    /// <param name="confidence">Of the intervals.</param>
    public IReadOnlyList<ReleasedStatistic> Statistics(double confidence = 0.95)
    {
        if (!Passed) throw new InvalidOperationException("A bundle that does not verify has no statistics.");
        if (_statistics.TryGetValue(confidence, out var known)) return known;
        // Cannot be null: Passed looked at both.
        var total = Report.Total!;
        var totals = Enumerable.Range(0, total.Length).Select(total.Centered).ToArray();
        return _statistics[confidence] = Release.Decode(_layout!, totals, Survivors.Count, new ReleaseOptions(confidence));
    }

    private static VectorLayout Layout(Question question, int invited) => VectorLayout.Create(
        Analysis.Decode(question.Query.Analysis.Span),
        new SecureAggregation.Privacy.MicroEpsilon((long)question.Query.EpsilonMicro),
        question.Query.Noise switch
        {
            QueryNoise.Local => NoiseMode.Local,
            QueryNoise.Distributed => NoiseMode.Distributed,
            _ => NoiseMode.None,
        },
        invited);
}
