using System.Globalization;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>One thing that happens in a simulated world. Prints as the C# that makes it, so that a failing plan can be pasted into a test.</summary>
internal abstract record Operation
{
    public sealed override string ToString()
    {
        var values = GetType().GetProperties().Where(p => p.CanWrite).Select(p => Literal(p.GetValue(this)));
        return $"new {GetType().Name}({string.Join(", ", values)})";
    }

    private static string Literal(object? value) => value switch
    {
        bool b => b ? "true" : "false",
        Enum e => $"{e.GetType().Name}.{e}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}

/// <summary>The station proposes a round of a question; the same number is the same signed query, so it is another attempt at it.</summary>
internal sealed record Ask(int Question, QueryNoise Noise, int MinSurvivors = 0) : Operation;

/// <summary>So many events, each drawn from those that can happen: a stream delivers its next frame, one comes back, the station takes its turn.</summary>
internal sealed record Run(int Events, int Seed) : Operation;

/// <summary>Everything that can happen happens, and time passes, until every round has ended.</summary>
internal sealed record Finish(int Seed) : Operation;

/// <summary>The stream breaks; what was under way in either direction is lost.</summary>
internal sealed record LoseRequest(int Party) : Operation;

/// <summary>The station gets all that the outpost has sent, acts on it, and then the stream breaks: the answers are lost.</summary>
internal sealed record LoseAnswer(int Party) : Operation;

/// <summary>The next frame to the station, or from it, comes twice.</summary>
internal sealed record Duplicate(int Party, bool ToStation) : Operation;

/// <summary>The next two frames to the station, or from it, change places: no honest stream does that.</summary>
internal sealed record Reorder(int Party, bool ToStation) : Operation;

/// <summary>The stream stands still until the next <see cref="Finish"/>, or until it breaks.</summary>
internal sealed record Delay(int Party) : Operation;

/// <summary>The outpost can no longer be reached.</summary>
internal sealed record GoDark(int Party) : Operation;

/// <summary>The outpost can be reached again.</summary>
internal sealed record Return(int Party) : Operation;

/// <summary>
/// The outpost can no longer be reached from its own message of this kind on, or from the station's broadcast of this kind: just before it arrives, or just after.
/// </summary>
internal sealed record Vanish(int Party, MessageKind At, bool Arrives) : Operation;

/// <summary>The station is killed and starts again; of what it had written but not flushed only the first entries are there.</summary>
internal sealed record CrashStation(int Kept) : Operation;

/// <summary>The station is killed inside of its next broadcast, before the log is flushed or between that and the sending, and starts again.</summary>
internal sealed record StationDies(bool Flushed) : Operation;

/// <summary>The outpost is killed and starts again: its disk is as it was, its keys and seeds are gone.</summary>
internal sealed record CrashOutpost(int Party) : Operation;

/// <summary>The outpost is killed inside of its next write to disk, just before or just after the disk has it.</summary>
internal sealed record OutpostDies(int Party, bool Written) : Operation;

/// <summary>The outpost's policy declines the next proposal.</summary>
internal sealed record DeclineNext(int Party) : Operation;

/// <summary>The outpost's pass over its data takes until the next <see cref="Finish"/>.</summary>
internal sealed record SlowData(int Party) : Operation;

/// <summary>Time passes.</summary>
internal sealed record Pass(int Seconds) : Operation;

/// <summary>A corrupt outpost tells this lie as soon as it can, about another one where the lie needs one.</summary>
internal sealed record LieOf(int Party, PartyLie Lie, int About) : Operation;

/// <summary>The station tells one outpost this lie as soon as it can, about another one where the lie needs one.</summary>
internal sealed record LieTo(int Party, StationLie Lie, int About) : Operation;

/// <summary>
/// In the newest round the station and its colluders try to open two survivor sets: one without this outpost, and one with it, told to it and to so many others.
/// </summary>
internal sealed record Isolate(int Party, int With) : Operation;

/// <summary>The station goes back in its log and goes on from there as if nothing had been: a fork.</summary>
internal sealed record RollBack(int Entries) : Operation;

/// <summary>What a corrupt outpost may say that is wrong; all of it is signed by its own key.</summary>
internal enum PartyLie
{
    WrongSelfSeed, WrongPairSeed, NoPairSeeds, WrongShare, NoShares, GarbageCiphertext, WrongShareCommitment, GarbageVault, DisputedSeed,
    DisputedSealKeys, FalseComplaint, WrongSelfCommitment, WrongRecoveryCommitment, OtherVector, ShortVector, LongVector, FalseData, SecondMessage, CopiedKey, OtherSet, UnderCharge, WrongSignature,
    GarbageBody, OtherSender, MessageOfAnother,
}

/// <summary>What a lying station may tell an outpost; all of it is signed by the station's key under the contexts that the outpost has.</summary>
internal enum StationLie
{
    OmitKey, ForeignKey, OmitShare, SwapDeliveries, NoDelivery, ChangedDelivery, OmitSurvivor, SecondSurvivors, TooFewAgreements, RepeatedAgreement,
    SurvivorCalledDropped, DroppedCalledSilent, ReaderCalledSilent, UnaskedRecovery, OtherRecovery, SecondRecovery, OtherTotal, OtherDeadlines, ChangedQuery, OldBroadcast,
    WrongSignature, GarbageBody, IgnoreVector, OmitOwnEntry,
}
