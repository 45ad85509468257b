using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>The phases of a round in the order and words of the deck.</summary>
internal static class Phases
{
    private static readonly RoundPhase[] s_usual =
        [RoundPhase.Propose, RoundPhase.Advertise, RoundPhase.Share, RoundPhase.Input, RoundPhase.Agree, RoundPhase.Unmask, RoundPhase.Publish];

    /// <summary>Recovery is there only when it is needed.</summary>
    public static IReadOnlyList<RoundPhase> Of(RoundView round)
    {
        var recovers = round.Phase == RoundPhase.Recover || round.Parties.Any(party => party.Marks.Any(mark => mark.Phase == RoundPhase.Recover));
        return recovers ? [.. s_usual[..^1], RoundPhase.Recover, RoundPhase.Publish] : s_usual;
    }

    public static string Word(RoundPhase phase) => phase switch
    {
        RoundPhase.Propose => "Invite",
        RoundPhase.Advertise => "Keys",
        RoundPhase.Share => "Shares",
        RoundPhase.Input => "Masked input",
        RoundPhase.Agree => "Agreement",
        RoundPhase.Unmask => "Unmask",
        RoundPhase.Recover => "Recovery",
        RoundPhase.Publish => "Publish",
        _ => "Not started",
    };

    /// <summary>One short word, for where seven stand side by side.</summary>
    public static string Short(RoundPhase phase) => phase switch
    {
        RoundPhase.Input => "Input",
        RoundPhase.Agree => "Agree",
        RoundPhase.Recover => "Recover",
        _ => Word(phase),
    };

    /// <summary>What an outpost does in it, as a sentence for people who have not read the protocol.</summary>
    public static string Meaning(RoundPhase phase) => phase switch
    {
        RoundPhase.Propose => "Each outpost reads the signed question and decides by its own policy whether to join.",
        RoundPhase.Advertise => "Each outpost sends a fresh public key, signed.",
        RoundPhase.Share => "Each outpost deals sealed shares of its seeds, so that its mask can be undone if it vanishes.",
        RoundPhase.Input => "Each outpost sends its noised numbers under masks that cancel out only in the sum.",
        RoundPhase.Agree => "The outposts sign which of them are in the sum.",
        RoundPhase.Unmask => "Each outpost shows the seed of its own mask, and none of anybody's numbers.",
        RoundPhase.Recover => "The others' shares replace the seeds of outposts that fell silent.",
        RoundPhase.Publish => "The total goes into the log, and the outposts countersign the log's head.",
        _ => "",
    };
}
