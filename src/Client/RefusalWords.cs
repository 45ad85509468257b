using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Client;

/// <summary>What an outpost's fixed code means for whoever asked, and what to do about it. The rule itself is known at the outpost alone.</summary>
public static class RefusalWords
{
    /// <summary>"Budget: …" of a code's name as a round carries it; other words as they are.</summary>
    public static string Of(string reason) =>
        Enum.TryParse<RefusalCode>(reason, out var code) && Of(code) is { Length: > 0 } words ? $"{reason}: {words}" : reason;

    /// <summary>What a code means, in words that follow the outpost's name; empty for codes of a round's own course.</summary>
    public static string Of(RefusalCode code) => code switch
    {
        RefusalCode.Policy => "its policy does not allow this coordinator, measure, column or filter",
        RefusalCode.Schema => "its schema is another than the one that was asked about; plan anew",
        RefusalCode.Budget => "the query costs more than one may, or than is left; lower epsilon",
        RefusalCode.Floors => "too few outposts would be in the total for it",
        RefusalCode.UnknownDataset => "its policy names no such dataset",
        RefusalCode.NoiseMode => "it does not answer with this noise; see noise: in docs/queries.md",
        RefusalCode.Differencing => "the outposts in the total differ from an earlier total's by too few",
        RefusalCode.DataSource => "it cannot read its data now; its operator has been told",
        RefusalCode.PendingApproval => "a person there must approve the query",
        RefusalCode.AlreadyAnswered => "it has answered the same before",
        RefusalCode.NotApproved => "a person there has rejected the query",
        RefusalCode.Hours => "it answers at other hours",
        RefusalCode.Rate => "this coordinator has asked as often as it may; ask later",
        RefusalCode.Leaving => "its program was being stopped; ask again when it is back",
        RefusalCode.AttemptsUsed => "the attempts that were signed are used up; sign anew",
        RefusalCode.Expired => "the query has expired; sign anew, with a longer --valid",
        _ => "",
    };
}
