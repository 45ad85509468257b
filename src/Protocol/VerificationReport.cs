using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol;

/// <summary>The steps of a verification, in their order (docs/transcript.md section 3).</summary>
public static class VerificationSteps
{
    /// <summary>The roster is signed and the pinned one; the head of the log is signed by its station.</summary>
    public const string Checkpoint = "checkpoint";

    /// <summary>Every entry is in the log at its place, and the entries are the whole round.</summary>
    public const string Inclusion = "inclusion";

    /// <summary>The head and the remembered one are of one log.</summary>
    public const string Consistency = "consistency";

    /// <summary>Replay: signatures, phases, rejections, blame; nothing crossed that the wire manifest does not allow.</summary>
    public const string Messages = "messages";

    /// <summary>The masked vectors are the signed ones, and their sum less the masks is the total.</summary>
    public const string Total = "total";

    /// <summary>Shape, noise mode and charges are those of the query.</summary>
    public const string Privacy = "privacy";

    /// <summary>All six.</summary>
    public static IReadOnlyList<string> All { get; } = [Checkpoint, Inclusion, Consistency, Messages, Total, Privacy];
}

/// <summary>One step of a verification.</summary>
/// <param name="Name">One of <see cref="VerificationSteps"/>.</param>
/// <param name="Passed">True, false, or null when an earlier step failed and it was not reached.</param>
/// <param name="Detail">What was compared, with the values; what is wrong and where, when it failed.</param>
public sealed record VerificationStep(string Name, bool? Passed, string Detail)
{
    /// <summary>The values that were looked at, as far as the step came, in the order in which they were.</summary>
    public IReadOnlyList<VerificationFact> Facts { get; init; } = [];
}

/// <summary>A value that a step of a verification looked at.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">Hexadecimal digits, a number, a name, or a text of several lines.</param>
/// <param name="Entry">Index in the log of the entry that says so; null when it is from elsewhere.</param>
public sealed record VerificationFact(string Name, string Value, long? Entry = null);

/// <summary>How far a verification has come.</summary>
/// <param name="Step">One of <see cref="VerificationSteps"/>.</param>
/// <param name="Done">Entries that are through it; in step "total" vectors.</param>
/// <param name="Of">How many there are; null while that is not known.</param>
public readonly record struct VerificationProgress(string Step, int Done, int? Of);

/// <summary>The outcome of a verification.</summary>
public sealed record VerificationReport
{
    /// <summary>All six steps, in order.</summary>
    public required IReadOnlyList<VerificationStep> Steps { get; init; }

    /// <summary>Whether every step passed.</summary>
    public bool Passed => Steps.All(s => s.Passed == true);

    /// <summary>The step that failed, or null.</summary>
    public VerificationStep? Failure => Steps.FirstOrDefault(s => s.Passed == false);

    /// <summary>Index in the log of the entry at fault; null when it was something else.</summary>
    public long? FailedEntry { get; init; }

    /// <summary>Number in the file of the record at fault, the header being 0; null when it was something else.</summary>
    public int? FailedRecord { get; init; }

    /// <summary>What should have been found at the fault, when two values were compared; else null.</summary>
    public string? Expected { get; init; }

    /// <summary>What was found there instead; else null.</summary>
    public string? Found { get; init; }

    /// <summary>Indices in the log of the entries that were found in it, ascending.</summary>
    public IReadOnlyList<long> Entries { get; init; } = [];

    /// <summary>The file of a published log that is missing or changed; null when it was something else.</summary>
    public string? FailedFile { get; init; }

    /// <summary>The roster of the bundle, once it was accepted.</summary>
    public Roster? Roster { get; init; }

    /// <summary>The head of the log, once it was accepted.</summary>
    public Checkpoint? Checkpoint { get; init; }

    /// <summary>The round as it was replayed, as far as it went; null if not even its proposal was sound.</summary>
    public AggregatorRound? Round { get; init; }

    /// <summary>What crossed the wire in the round, as far as it was replayed.</summary>
    public required WireManifest Manifest { get; init; }

    /// <summary>The total that was recomputed from the masked vectors and the revealed seeds; null if the round has none or a step failed.</summary>
    public RingVector? Total { get; init; }

    /// <summary>This report, failed at a step by something that the verifier of bundles does not know of; steps behind it are not reached.</summary>
    /// <param name="step">One of <see cref="VerificationSteps"/>.</param>
    /// <param name="detail">What is wrong.</param>
    public VerificationReport FailedAt(string step, string detail)
    {
        var at = Steps.TakeWhile(s => s.Name != step).Count();
        return this with
        {
            Steps = [.. Steps.Select((s, i) => i < at ? s : i == at ? s with { Passed = false, Detail = detail } : s with { Passed = null, Detail = "not reached" })],
            FailedEntry = null,
            FailedRecord = null,
            Expected = null,
            Found = null,
            Total = null,
        };
    }
}
