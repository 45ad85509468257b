namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>What the deck's words mean.</summary>
internal static class Glossary
{
    public static IReadOnlyList<(string Word, string Meaning)> All { get; } =
    [
        ("Outpost", "A member's own machine beside its data. Rows never leave it."),
        ("Station", "Adds masked numbers. It can open only the total, and keeps a log of every message."),
        ("Round", "One question from its proposal to its total, or to the reason why there is none."),
        ("Roster", "The list of members, keys and floors that the founders signed. Everything is pinned to it; its hash can be read aloud as twelve words."),
        ("Mask", "Numbers that look random and cancel out in the sum of all outposts."),
        ("Share", "A part of a secret seed. Enough parts rebuild it, fewer say nothing."),
        ("Threshold", "How many outposts must agree on who is in before anything is unmasked."),
        ("Dropout", "An outpost that left during a round. The others' shares take its masks out of the sum, if enough are left."),
        ("ε (epsilon)", "The privacy cost of an answer. Smaller means more noise and more privacy; an outpost's budget is the sum it allows."),
        ("Sensitivity", "How far one person's rows can move a number, after values were cut to their bounds. The noise is made for it."),
        ("Interval", EstimateText.Meaning + ". The true total of the outposts' rows lies in it that often."),
        ("Withheld", "A number that a rule keeps back, with the rule's reason. It is neither zero nor missing."),
        ("Transcript", "The log of all signed messages, in a tree of hashes: nothing in it can be changed or left out unseen."),
        ("Checkpoint", "The station's signature under the size and the root of the log: the head, at one moment."),
        ("Witness", "An outpost that countersigns a checkpoint after it made sure that the log only grew."),
        ("Verified", "This deck fetched the round's evidence, checked every signature against the roster that it is pinned to, and computed the total again."),
    ];
}
