using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// What one party draws and deals in phase 2: its two seeds, their shares for each neighbour, and the seeds of its pairs. All of it is erased
/// with the round.
/// </summary>
internal sealed class Dealing : IDisposable
{
    private readonly Dictionary<uint, SecretBytes> _pairKeys = [];
    private readonly Dictionary<uint, SecretBytes> _pairSeeds = [];
    private readonly Dictionary<uint, ShareEntry> _entries = [];
    private readonly RoundRecord _record;
    private readonly uint _self;

    private Dealing(RoundRecord record, uint self, SecretBytes selfSeed, SecretBytes recoverySeed)
    {
        _record = record;
        _self = self;
        SelfSeed = selfSeed;
        RecoverySeed = recoverySeed;
    }

    public SecretBytes SelfSeed { get; }

    private SecretBytes RecoverySeed { get; }

    /// <summary>Draws everything, in the order that docs/protocol.md section 5 fixes.</summary>
    public static Dealing Draw(RoundRecord record, uint self, KeyLease key, PartySetup setup)
    {
        var dealing = new Dealing(record, self, SecretBytes.Random(PairKeys.SeedSize, setup.Random), SecretBytes.Random(PairKeys.SeedSize, setup.Random));
        try
        {
            dealing.DeriveSeeds(key, setup);
            dealing.DealEntries(setup.Random);
            return dealing;
        }
        catch
        {
            dealing.Dispose();
            throw;
        }
    }

    /// <summary>The body to sign.</summary>
    public Wire.Share Body(byte[] root) => new()
    {
        Party = _self,
        SelfCommitment = ByteString.CopyFrom(Commitments.SelfSeed(_record.Contexts.Context1, _self, SelfSeed.Span)),
        RecoveryCommitment = ByteString.CopyFrom(Commitments.RecoverySeed(_record.Contexts.Context1, _self, RecoverySeed.Span)),
        EntriesRoot = ByteString.CopyFrom(root),
    };

    /// <summary>The entries, ascending by neighbour.</summary>
    public IEnumerable<ShareEntry> Entries => _record.Neighbours(_self).Select(v => _entries[v]);

    public ShareEntry EntryFor(uint neighbour) => _entries[neighbour];

    public SecretBytes PairSeed(uint neighbour) => _pairSeeds[neighbour];

    /// <summary>Opens what a dealer sealed for this party; null if it does not open or does not fit the dealer's commitment.</summary>
    public ReceivedShares? Open(uint dealer, ShareEntry entry)
    {
        var context1 = _record.Contexts.Context1;
        using var key = PairKeys.Seal(_pairKeys[dealer], context1, dealer, _self);
        using var plain = new SecretBytes(ShareEntry.SealedSize - Aead.TagSize);
        if (!Aead.TryOpen(key.Span, entry.Sealed, PairKeys.AssociatedData(context1, dealer, _self), plain.Span)) return null;
        var received = new ReceivedShares(plain.Span);
        if (CryptographicOperations.FixedTimeEquals(received.Commitment(context1, dealer, _self), entry.ShareCommitment)) return received;
        received.Dispose();
        return null;
    }

    public void Dispose()
    {
        SelfSeed.Dispose();
        RecoverySeed.Dispose();
        foreach (var secret in _pairKeys.Values.Concat(_pairSeeds.Values)) secret.Dispose();
    }

    private void DeriveSeeds(KeyLease key, PartySetup setup)
    {
        var peers = _record.Neighbours(_self).Select(p => (Party: p, Key: _record.Advertised[p].PublicKey.ToByteArray())).ToList();
        key.AgreeWith(peers.ConvertAll(p => p.Key), setup.Cores);
        foreach (var (peer, peerKey) in peers)
        {
            var pairKey = PairKeys.Pair(
                _record.Roster.Hash, _self, key.PublicKey, peer, peerKey, key.Agree(peerKey), setup.PreSharedKeys.GetValueOrDefault(peer));
            _pairKeys.Add(peer, pairKey);
            _pairSeeds.Add(peer, PairKeys.PairSeed(pairKey, _record.Contexts.Context1));
        }
    }

    private void DealEntries(RandomNumberGenerator random)
    {
        var context1 = _record.Contexts.Context1;
        var holders = _record.Neighbours(_self).ToList();
        var selfShares = Shamir.Split(SelfSeed.Span, _record.Rules.ShareThreshold, holders, random);
        var recoveryShares = Shamir.Split(RecoverySeed.Span, _record.Rules.ShareThreshold, holders, random);
        for (var i = 0; i < holders.Count; i++)
        {
            var v = holders[i];
            using var plain = new SecretBytes(ReceivedShares.Size);
            selfShares[i].CopyTo(plain.Span);
            recoveryShares[i].CopyTo(plain.Span[Shamir.ShareSize..]);
            random.GetBytes(plain.Span[(2 * Shamir.ShareSize)..]);
            using var shares = new ReceivedShares(plain.Span);
            using var sealKey = PairKeys.Seal(_pairKeys[v], context1, _self, v);
            using var vaultKey = PairKeys.Vault(RecoverySeed.Span, context1, _self, v);
            var aad = PairKeys.AssociatedData(context1, _self, v);
            _entries.Add(v, ShareEntry.Create(
                v,
                Aead.Seal(sealKey.Span, plain.Span, aad),
                shares.Commitment(context1, _self, v),
                Aead.Seal(vaultKey.Span, _pairSeeds[v].Span, aad),
                Commitments.PairSeed(context1, _self, v, _pairSeeds[v].Span)));
            CryptographicOperations.ZeroMemory(selfShares[i]);
            CryptographicOperations.ZeroMemory(recoveryShares[i]);
        }
    }
}
