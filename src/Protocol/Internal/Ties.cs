namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// What joins the pairs of a round, at the station and at every verifier: who masks with whom, and who holds whose shares. A party knows the same of its own
/// pairs from what it was dealt.
/// </summary>
internal sealed class Ties(RoundRecord record)
{
    private readonly HashSet<(uint Low, uint High)> _disputed = [];
    private readonly HashSet<(uint Holder, uint Dealer)> _spoilt = [];

    /// <summary>Pairs that committed to different seeds or sealing keys, ascending.</summary>
    public IEnumerable<(uint Low, uint High)> Disputed => _disputed.Order();

    public void Dispute(uint one, uint other) => _disputed.Add(Ordered(one, other));

    /// <summary>What the dealer gave this holder does not open: the holder was right to complain.</summary>
    public void Spoil(uint holder, uint dealer) => _spoilt.Add((holder, dealer));

    /// <summary>Whether two neighbours agree on what they share: a disputed pair leaves out its mask, and neither end holds shares of the other.</summary>
    public bool AreSound(uint one, uint other) => record.Graph.AreJoined(one, other) && !_disputed.Contains(Ordered(one, other));

    /// <summary>Whether a holder has shares of a dealer to answer with.</summary>
    public bool Holds(uint holder, uint dealer) => AreSound(holder, dealer) && !_spoilt.Contains((holder, dealer));

    private static (uint Low, uint High) Ordered(uint one, uint other) => one < other ? (one, other) : (other, one);
}
