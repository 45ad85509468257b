using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// What one party draws and deals in phase 2: its two seeds, their shares for each neighbour, the seeds of its pairs, and the keys under which it will be
/// dealt to. All of it is erased with the round.
/// </summary>
internal sealed class Dealing : IDisposable
{
    private readonly Dictionary<uint, SecretBytes> _pairSeeds = [];
    private readonly Dictionary<uint, SecretBytes> _incoming = [];
    private readonly Dictionary<uint, byte[]> _outgoing = [];
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
            var pairKeys = dealing.AgreeOnKeys(key, setup);
            try
            {
                dealing.DealEntries(pairKeys, setup.Random);
            }
            finally
            {
                pairKeys.ForEach(pairKey => pairKey.Dispose());
            }

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
    public ReceivedShares? Open(uint dealer, ShareEntry entry) => ReceivedShares.TryOpen(entry, _incoming[dealer].Span, _record.Contexts.Context1, dealer);

    /// <summary>Shows the key under which a dealer sealed what does not open.</summary>
    public Complaint Complain(uint dealer) => Complaint.Create(dealer, _incoming[dealer].Span, _outgoing[dealer]);

    public void Dispose()
    {
        SelfSeed.Dispose();
        RecoverySeed.Dispose();
        foreach (var secret in _incoming.Values.Concat(_pairSeeds.Values)) secret.Dispose();
    }

    /// <summary>The keys of the pairs, ascending by neighbour; the caller disposes them.</summary>
    private List<SecretBytes> AgreeOnKeys(KeyLease key, PartySetup setup)
    {
        var peers = _record.Neighbours(_self).Select(p => (Party: p, Key: _record.Advertised[p].PublicKey.ToByteArray())).ToList();
        key.AgreeWith(peers.ConvertAll(p => p.Key), setup.Cores);
        return peers.ConvertAll(p => PairKeys.Pair(
            _record.Roster.Hash, _self, key.PublicKey, p.Party, p.Key, key.Agree(p.Key), setup.PreSharedKeys.GetValueOrDefault(p.Party)));
    }

    private void DealEntries(List<SecretBytes> pairKeys, RandomNumberGenerator random)
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
            var (seed, incoming) = (PairKeys.PairSeed(pairKeys[i], context1), PairKeys.Seal(pairKeys[i], context1, v, _self));
            _pairSeeds.Add(v, seed);
            _incoming.Add(v, incoming);
            using var sealKey = PairKeys.Seal(pairKeys[i], context1, _self, v);
            _outgoing.Add(v, Commitments.SealKey(context1, _self, v, sealKey.Span));
            using var vaultKey = PairKeys.Vault(RecoverySeed.Span, context1, _self, v);
            var aad = PairKeys.AssociatedData(context1, _self, v);
            _entries.Add(v, ShareEntry.Create(
                v,
                Aead.Seal(sealKey.Span, plain.Span, aad),
                shares.Commitment(context1, _self, v),
                Aead.Seal(vaultKey.Span, seed.Span, aad),
                Commitments.PairSeed(context1, _self, v, seed.Span),
                Commitments.SealKeys(context1, _self, v, _outgoing[v], Commitments.SealKey(context1, _self, v, incoming.Span))));
            CryptographicOperations.ZeroMemory(selfShares[i]);
            CryptographicOperations.ZeroMemory(recoveryShares[i]);
        }
    }
}
