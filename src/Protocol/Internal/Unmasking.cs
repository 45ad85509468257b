using Google.Protobuf;
using Google.Protobuf.Collections;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// Phase 5b and 6 at the station and at every verifier: gathers the seeds that undo the masks, rebuilding those of parties that fell silent, and
/// computes the total. Every seed is held against its commitment before it is used.
/// </summary>
internal sealed class Unmasking(RoundRecord record, IReadOnlyDictionary<uint, Attendance> parties, Ties ties)
{
    private readonly Dictionary<uint, byte[]> _selfSeeds = [];
    private readonly Dictionary<(uint Survivor, uint Dropped), byte[]> _pairSeeds = [];
    private ShamirWeights? _weights;

    /// <summary>Members of U3 that sent no valid Unmask.</summary>
    public IEnumerable<uint> Silent => record.Survivors.Keys.Where(p => parties[p].Unmask is null);

    /// <summary>What phase 5b has to ask for, or null.</summary>
    public Recovery? Request()
    {
        var request = new Recovery();
        request.Silent.Add(Silent);
        if (request.Silent.Count == 0) return null;
        request.Dropped.Add(record.Dropped.Where(w => request.Silent.Any(v => ties.AreSound(v, w))));
        return request;
    }

    /// <summary>Null if an Unmask fits the commitments of its sender, else what does not.</summary>
    public string? Wrong(Unmask unmask)
    {
        var context1 = record.Contexts.Context1;
        if (unmask.SelfSeed.Length != PairKeys.SeedSize
            || !PublicBytes.Equal(Commitments.SelfSeed(context1, unmask.Party, unmask.SelfSeed.Span), record.Shared[unmask.Party].SelfCommitment.Span))
        {
            return "the self seed does not fit its commitment";
        }

        var expected = record.DroppedPeers(unmask.Party).Where(w => ties.AreSound(unmask.Party, w)).ToList();
        if (unmask.Dropped.Count != expected.Count) return "the list of pair seeds is not that of its dropped neighbours";
        for (var i = 0; i < expected.Count; i++)
        {
            var pair = unmask.Dropped[i];
            if (pair.Neighbour != expected[i] || !FitsPair(unmask.Party, expected[i], parties[unmask.Party], pair.Seed.Span))
            {
                return $"the seed of its pair with party {expected[i]} does not fit its commitment";
            }
        }

        return null;
    }

    /// <summary>
    /// Whether a Recover has a share of each dealer that was asked for, and of no other. If not, that convicts nobody: what a party was asked for is not in what it
    /// signs, and a lying station could have asked it for something else.
    /// </summary>
    public bool IsAnswer(Recover recover, Recovery request)
    {
        return Names(recover.SelfShares, request.Silent) && Names(recover.RecoveryShares, request.Dropped);

        bool Names(IEnumerable<RevealedShare> shares, IEnumerable<uint> asked) =>
            new RepeatedField<uint> { shares.Select(s => s.Dealer) }.Equals(new RepeatedField<uint> { asked.Where(dealer => ties.Holds(recover.Party, dealer)) });
    }

    /// <summary>Null if each share of a Recover fits its dealer's commitment.</summary>
    public string? Wrong(Recover recover) =>
        WrongShare(recover.Party, recover.SelfShares, SharedSecret.SelfSeed) ?? WrongShare(recover.Party, recover.RecoveryShares, SharedSecret.RecoverySeed);

    /// <summary>Whether a party that has unmasked holds a share of anything that is asked for.</summary>
    public bool IsAsked(uint party, Recovery request) =>
        parties[party].Unmask is not null && request.Silent.Concat(request.Dropped).Any(dealer => ties.Holds(party, dealer));

    /// <summary>Whether every secret that was asked for has enough shares.</summary>
    public bool Enough(Recovery request) => request.Silent.Concat(request.Dropped).All(HasEnough);

    /// <summary>Gathers every seed; false with the culprits if some cannot be had.</summary>
    public bool TryGather(Recovery? request, out IReadOnlyList<Blame> blamed)
    {
        blamed = [];
        _selfSeeds.Clear();
        _pairSeeds.Clear();
        foreach (var unmask in record.Survivors.Keys.Select(p => parties[p].Unmask).OfType<Unmask>())
        {
            _selfSeeds.Add(unmask.Party, unmask.SelfSeed.ToByteArray());
            foreach (var pair in unmask.Dropped) _pairSeeds.Add((unmask.Party, pair.Neighbour), pair.Seed.ToByteArray());
        }

        if (request is null) return true;
        var blames = new List<Blame>();
        foreach (var silent in request.Silent.Where(HasEnough)) RebuildSelfSeed(silent, blames);
        foreach (var dropped in request.Dropped.Where(HasEnough)) OpenVault(dropped, request.Silent, blames);
        blamed = blames;
        return blames.Count == 0 && Enough(request);
    }

    /// <summary>Makes the total out of the sum of the survivors' masked vectors: takes out every mask. <see cref="TryGather"/> must have succeeded.</summary>
    public void Unmask(RingVector sum, int cores)
    {
        using var masks = new MaskBatch();
        foreach (var party in record.Survivors.Keys) Remove(masks, _selfSeeds[party], MaskSign.Add);
        foreach (var ((survivor, dropped), seed) in _pairSeeds) Remove(masks, seed, dropped > survivor ? MaskSign.Add : MaskSign.Subtract);
        masks.ApplyTo(sum, cores);
    }

    /// <summary>Has a mask taken out that its owner put in with this sign.</summary>
    private void Remove(MaskBatch masks, byte[] seed, MaskSign put)
    {
        using var key = PairKeys.Mask(seed, record.Contexts.Context2);
        masks.Add(key.Span, put == MaskSign.Add ? MaskSign.Subtract : MaskSign.Add);
    }

    private bool HasEnough(uint dealer) => Answers(dealer).Skip(record.Rules.ShareThreshold - 1).Any();

    private bool FitsPair(uint owner, uint peer, Attendance committed, ReadOnlySpan<byte> seed) =>
        seed.Length == PairKeys.SeedSize && PublicBytes.Equal(Commitments.PairSeed(record.Contexts.Context1, owner, peer, seed), committed.Entries[peer].SeedCommitment);

    private string? WrongShare(uint holder, IEnumerable<RevealedShare> shares, SharedSecret kind) =>
        shares.FirstOrDefault(s => !ReceivedShares.Fits(s, record.Contexts.Context1, holder, kind, parties[s.Dealer].Entries[holder].ShareCommitment)) is { } wrong
            ? $"the share of party {wrong.Dealer} does not fit its dealer's commitment"
            : null;

    /// <summary>Answers that hold a share of this dealer, ascending.</summary>
    private IEnumerable<Recover> Answers(uint dealer) => record.Neighbours(dealer).Where(v => ties.Holds(v, dealer)).Select(v => parties[v].Recover).OfType<Recover>();

    private SecretBytes Rebuild(uint dealer, Func<Recover, IEnumerable<RevealedShare>> list)
    {
        var answers = Answers(dealer).Take(record.Rules.ShareThreshold).ToList();
        using var shares = new SecretBytes(answers.Count * Shamir.ShareSize);
        for (var i = 0; i < answers.Count; i++)
            list(answers[i]).Single(s => s.Dealer == dealer).Share.Span.CopyTo(shares.Span[(i * Shamir.ShareSize)..]);
        return Weights([.. answers.Select(r => r.Party)]).Combine(shares.Span);
    }

    /// <summary>In a complete graph all secrets have the same holders, and one set of weights does; in a sparse one each dealer has its own.</summary>
    private ShamirWeights Weights(uint[] holders)
    {
        if (_weights?.AreFor(holders) != true) _weights = new ShamirWeights(holders);
        return _weights;
    }

    private void RebuildSelfSeed(uint party, List<Blame> blames)
    {
        using var seed = Rebuild(party, r => r.SelfShares);
        var fits = PublicBytes.Equal(Commitments.SelfSeed(record.Contexts.Context1, party, seed.Span), record.Shared[party].SelfCommitment.Span);
        if (fits) _selfSeeds.Add(party, seed.Span.ToArray());
        else blames.Add(new Blame { Party = party, Code = BlameCode.BadSecret });
    }

    /// <summary>The seeds of a dropped party with those who would have shown them but fell silent, out of its vault.</summary>
    private void OpenVault(uint owner, IEnumerable<uint> silent, List<Blame> blames)
    {
        var context1 = record.Contexts.Context1;
        using var recoverySeed = Rebuild(owner, r => r.RecoveryShares);
        if (!PublicBytes.Equal(Commitments.RecoverySeed(context1, owner, recoverySeed.Span), record.Shared[owner].RecoveryCommitment.Span))
        {
            blames.Add(new Blame { Party = owner, Code = BlameCode.BadSecret });
            return;
        }

        foreach (var neighbour in silent.Where(v => ties.AreSound(v, owner)))
        {
            using var key = PairKeys.Vault(recoverySeed.Span, context1, owner, neighbour);
            var seed = new byte[PairKeys.SeedSize];
            if (Aead.TryOpen(key.Span, parties[owner].Entries[neighbour].Vault, PairKeys.AssociatedData(context1, owner, neighbour), seed)
                && FitsPair(owner, neighbour, parties[owner], seed))
            {
                _pairSeeds.Add((neighbour, owner), seed);
            }
            else
            {
                blames.Add(new Blame { Party = owner, Code = BlameCode.BadVault });
                return;
            }
        }
    }
}
