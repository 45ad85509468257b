using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>The two shares that a holder keeps for a dealer, with their blinder: b-share ‖ q-share ‖ r, 96 bytes.</summary>
internal sealed class ReceivedShares(ReadOnlySpan<byte> plain) : IDisposable
{
    public const int Size = Shamir.ShareSize + Shamir.ShareSize + 32;

    private readonly SecretBytes _plain = SecretBytes.Copy(plain);

    private ReadOnlySpan<byte> Blinder => _plain.Span[(2 * Shamir.ShareSize)..];

    /// <summary>
    /// Opens what a dealer sealed for a holder; null if it does not open under the key, or does not fit the dealer's commitment. The holder and whoever judges
    /// its complaint come to the same end.
    /// </summary>
    public static ReceivedShares? TryOpen(ShareEntry entry, ReadOnlySpan<byte> sealKey, byte[] context1, uint dealer)
    {
        using var plain = new SecretBytes(Size);
        if (!Aead.TryOpen(sealKey, entry.Sealed, PairKeys.AssociatedData(context1, dealer, entry.Holder), plain.Span)) return null;
        var received = new ReceivedShares(plain.Span);
        if (CryptographicOperations.FixedTimeEquals(received.Commitment(context1, dealer, entry.Holder), entry.ShareCommitment)) return received;
        received.Dispose();
        return null;
    }

    public byte[] Commitment(byte[] context1, uint dealer, uint holder) => Commitments.Shares(
        context1, dealer, holder, OneCommitment(context1, dealer, holder, SharedSecret.SelfSeed), OneCommitment(context1, dealer, holder, SharedSecret.RecoverySeed));

    /// <summary>Shows one share so that it can be checked, and keeps the other hidden.</summary>
    public RevealedShare Reveal(byte[] context1, uint dealer, uint holder, SharedSecret kind) => new()
    {
        Dealer = dealer,
        Share = ByteString.CopyFrom(Share(kind)),
        Blinder = ByteString.CopyFrom(Commitments.ShareBlinder(Blinder, kind)),
        Sibling = ByteString.CopyFrom(OneCommitment(context1, dealer, holder, Other(kind))),
    };

    /// <summary>Whether a revealed share fits what its dealer committed to.</summary>
    public static bool Fits(RevealedShare revealed, byte[] context1, uint holder, SharedSecret kind, ReadOnlySpan<byte> commitment)
    {
        if (revealed.Share.Length != Shamir.ShareSize || revealed.Blinder.Length != 32 || revealed.Sibling.Length != 32) return false;
        var shown = Commitments.Share(context1, revealed.Dealer, holder, kind, revealed.Share.Span, revealed.Blinder.Span);
        var joined = kind == SharedSecret.SelfSeed
            ? Commitments.Shares(context1, revealed.Dealer, holder, shown, revealed.Sibling.Span)
            : Commitments.Shares(context1, revealed.Dealer, holder, revealed.Sibling.Span, shown);
        return PublicBytes.Equal(joined, commitment);
    }

    public void Dispose() => _plain.Dispose();

    private static SharedSecret Other(SharedSecret kind) => kind == SharedSecret.SelfSeed ? SharedSecret.RecoverySeed : SharedSecret.SelfSeed;

    private ReadOnlySpan<byte> Share(SharedSecret kind) => _plain.Span.Slice(kind == SharedSecret.SelfSeed ? 0 : Shamir.ShareSize, Shamir.ShareSize);

    private byte[] OneCommitment(byte[] context1, uint dealer, uint holder, SharedSecret kind) =>
        Commitments.Share(context1, dealer, holder, kind, Share(kind), Commitments.ShareBlinder(Blinder, kind));
}
