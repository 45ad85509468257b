namespace SecureAggregation.Crypto;

/// <summary>
/// The hash commitments of docs/protocol.md section 4. Each hides because what it commits to holds at least 128 bits that nobody else knows,
/// and binds because SHA-256 is collision resistant; each is bound to its round by the context. All results are 32 bytes.
/// </summary>
public static class Commitments
{
    /// <summary>Commitment of party <paramref name="party"/> to its self-mask seed b (32 bytes), in context1.</summary>
    public static byte[] SelfSeed(ReadOnlySpan<byte> context1, uint party, ReadOnlySpan<byte> seed) => OfParty("commit/b", context1, party, seed);

    /// <summary>Commitment of party <paramref name="party"/> to its recovery seed q (32 bytes), in context1.</summary>
    public static byte[] RecoverySeed(ReadOnlySpan<byte> context1, uint party, ReadOnlySpan<byte> seed) => OfParty("commit/q", context1, party, seed);

    /// <summary>Commitment to the seed that two parties share; both compute the same one.</summary>
    public static byte[] PairSeed(ReadOnlySpan<byte> context1, uint one, uint other, ReadOnlySpan<byte> seed)
    {
        using var hash = new LabelHash("commit/seed");
        return hash.Field(context1).Field(Math.Min(one, other)).Field(Math.Max(one, other)).Field(seed).Finish();
    }

    /// <summary>
    /// Commitment of a dealer to one of the two shares that it gives a holder. The two are joined by <see cref="Shares"/>, so that either can be
    /// shown and checked without the other.
    /// </summary>
    /// <param name="context1">The round after phase 1.</param>
    /// <param name="dealer">Roster index of the party whose secret is shared.</param>
    /// <param name="holder">Roster index of the party that keeps the share.</param>
    /// <param name="kind">Which secret.</param>
    /// <param name="share">32 bytes.</param>
    /// <param name="blinder">32 bytes, see <see cref="ShareBlinder"/>.</param>
    public static byte[] Share(
        ReadOnlySpan<byte> context1, uint dealer, uint holder, SharedSecret kind, ReadOnlySpan<byte> share, ReadOnlySpan<byte> blinder)
    {
        using var hash = new LabelHash(kind == SharedSecret.SelfSeed ? "commit/share-b" : "commit/share-q");
        return hash.Field(context1).Field(dealer).Field(holder).Field(share).Field(blinder).Finish();
    }

    /// <summary>Joins the commitments to the two shares of one dealer for one holder.</summary>
    public static byte[] Shares(
        ReadOnlySpan<byte> context1, uint dealer, uint holder, ReadOnlySpan<byte> selfShare, ReadOnlySpan<byte> recoveryShare)
    {
        using var hash = new LabelHash("commit/share");
        return hash.Field(context1).Field(dealer).Field(holder).Field(selfShare).Field(recoveryShare).Finish();
    }

    /// <summary>The blinder of one share, 32 bytes, from the blinder r that was sealed with the shares.</summary>
    public static byte[] ShareBlinder(ReadOnlySpan<byte> r, SharedSecret kind)
    {
        var blinder = new byte[32];
        Hkdf.Expand(r, kind == SharedSecret.SelfSeed ? "blind-b" : "blind-q", [], blinder);
        return blinder;
    }

    /// <summary>Digest of one of the two keys under which a pair seals what it deals to each other: <see cref="SealKeys"/> joins both.</summary>
    public static byte[] SealKey(ReadOnlySpan<byte> context1, uint one, uint other, ReadOnlySpan<byte> key)
    {
        using var hash = new LabelHash("digest/seal");
        return hash.Field(context1).Field(Math.Min(one, other)).Field(Math.Max(one, other)).Field(key).Finish();
    }

    /// <summary>
    /// Commitment to both sealing keys of a pair; both ends compute the same one. Either key can be shown and checked, with the digest of the other,
    /// without the other.
    /// </summary>
    /// <param name="context1">The round after phase 1.</param>
    /// <param name="from">One of the pair.</param>
    /// <param name="to">The other.</param>
    /// <param name="sent"><see cref="SealKey"/> of the key under which <paramref name="from"/> seals for <paramref name="to"/>.</param>
    /// <param name="received"><see cref="SealKey"/> of the key of the other direction.</param>
    public static byte[] SealKeys(ReadOnlySpan<byte> context1, uint from, uint to, ReadOnlySpan<byte> sent, ReadOnlySpan<byte> received)
    {
        using var hash = new LabelHash("commit/seal");
        hash.Field(context1).Field(Math.Min(from, to)).Field(Math.Max(from, to));
        return from < to ? hash.Field(sent).Field(received).Finish() : hash.Field(received).Field(sent).Finish();
    }

    /// <summary>
    /// Begins the commitment of a party to its noised input; the packed input follows through <see cref="LabelHash.Append"/>. The salt (32 random bytes)
    /// keeps small inputs from being guessed.
    /// </summary>
    public static LabelHash BeginInput(ReadOnlySpan<byte> context2, uint party, ReadOnlySpan<byte> salt, long packedLength) =>
        new LabelHash("commit/x").Field(context2).Field(party).Field(salt).BeginField(packedLength);

    private static byte[] OfParty(string purpose, ReadOnlySpan<byte> context, uint party, ReadOnlySpan<byte> secret)
    {
        using var hash = new LabelHash(purpose);
        return hash.Field(context).Field(party).Field(secret).Finish();
    }
}

/// <summary>The two secrets that a party shares among its neighbours. Of one party and round at most one is ever opened.</summary>
public enum SharedSecret
{
    /// <summary>b, the seed of the party's own mask: opened when its vector is in the sum.</summary>
    SelfSeed,

    /// <summary>q, the key to its vault of pair seeds: opened when its vector is not.</summary>
    RecoverySeed,
}
