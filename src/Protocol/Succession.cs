using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol;

/// <summary>
/// By which rules a roster takes the place of another while programs run (docs/adr/0028). All founders of a roster sign it, so a made-up roster with made-up
/// founders is signed by all, too: whoever follows one by itself must ask for more than that.
/// </summary>
public static class Succession
{
    /// <summary>Most rosters that are offered at once; whoever is further behind asks again from the last of them.</summary>
    public const int Longest = 16;

    /// <summary>Null if one roster is the next after another, or the rule that is broken, as a sentence.</summary>
    public static string? Broken(Roster next, Roster before)
    {
        ArgumentNullException.ThrowIfNull(next);
        ArgumentNullException.ThrowIfNull(before);
        if (next.LogOrigin != before.LogOrigin) return $"Roster epoch {next.Epoch} is of the log {next.LogOrigin}; the one in force is of {before.LogOrigin}.";
        if (next.Epoch <= before.Epoch) return $"The roster is of epoch {next.Epoch}, and epoch {before.Epoch} is in force: a consortium only goes forward.";
        if (next.Epoch != before.Epoch + 1) return $"The roster is of epoch {next.Epoch}; after epoch {before.Epoch} comes {before.Epoch + 1}. Publish the one between first.";
        return PublicBytes.Equal(next.PreviousHash, before.Hash)
            ? null
            : $"The roster of epoch {next.Epoch} names {PublicBytes.Hex(next.PreviousHash)} as the one before it; in force is {PublicBytes.Hex(before.Hash)}, another roster of epoch {before.Epoch}.";
    }

    /// <summary>
    /// Null if more than half of the founders of the roster in force have signed the next one with the keys that they have in it, or why not. At the station the
    /// rule keeps a single member from throwing out all others; at an outpost, whoever has stolen its key from leading it into a consortium of made-up members.
    /// </summary>
    public static string? NotCarried(Roster next, Roster before)
    {
        ArgumentNullException.ThrowIfNull(next);
        ArgumentNullException.ThrowIfNull(before);
        var founders = before.Founders.ToList();
        var carrying = founders.Count(f => next.IsSignedBy(f.Key));
        return carrying * 2 > founders.Count
            ? null
            : $"Of the {founders.Count} founders of epoch {before.Epoch} {carrying} have signed epoch {next.Epoch} with the keys that they had; it must be more than half. "
                + "A change of more keys at once is made by hand: the station is started with the new roster file, and outposts enrol it by its words.";
    }

    /// <summary>
    /// The rule of whoever signs rosters at home: the furthest of the offered rosters that bears a signature by one of its own keys. Signing it was its
    /// operator's word; the rosters between are bound by it, since each names the one before. Each was signed by more than half of the founders before it,
    /// too: one key may be stolen, and its thief's signature is not the operator's word.
    /// </summary>
    /// <param name="pinned">The roster that is believed.</param>
    /// <param name="offered">Encodings of SignedRoster, from anybody.</param>
    /// <param name="own">The keys.</param>
    /// <param name="problem">Why no further, in a sentence; empty when the last one offered is taken.</param>
    /// <returns>Null if none is to be taken.</returns>
    public static Roster? Follow(Roster pinned, IReadOnlyList<ReadOnlyMemory<byte>> offered, IReadOnlyList<IdentityPublicKey> own, out string problem)
    {
        ArgumentNullException.ThrowIfNull(pinned);
        ArgumentNullException.ThrowIfNull(offered);
        ArgumentNullException.ThrowIfNull(own);
        problem = offered.Count == 0 ? "No roster was offered." : "";
        if (offered.Count > Longest) problem = $"{offered.Count} rosters were offered at once; at most {Longest} are taken.";
        Roster? taken = null;
        var last = pinned;
        foreach (var signed in problem.Length == 0 ? offered : [])
        {
            try
            {
                var next = Roster.Open(signed.Span);
                if ((Broken(next, last) ?? NotCarried(next, last)) is { } rule)
                {
                    problem = rule;
                    break;
                }

                last = next;
                if (own.Any(next.IsSignedBy)) (taken, problem) = (next, "");
                else problem = $"Roster epoch {next.Epoch} bears no signature of this key.";
            }
            catch (RosterException e)
            {
                problem = e.Message;
                break;
            }
        }

        return taken;
    }
}
