using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>
/// A finished round as it is shown, signed by the station: the tree covers entries, not what was made of them, and a view that somebody else wrote must not
/// be shown as the station's.
/// </summary>
internal static class SealedView
{
    public static byte[] Seal(RoundView view, IdentityKey station)
    {
        var bytes = view.ToByteArray();
        return [.. station.Sign(Digest(view.RoundId.Span, bytes)), .. bytes];
    }

    /// <summary>Null if it is not of that round, or not signed by the station.</summary>
    public static RoundView? TryOpen(byte[] stored, byte[] roundId, IdentityPublicKey station)
    {
        if (stored.Length < IdentityKey.SignatureSize) return null;
        var bytes = stored.AsSpan(IdentityKey.SignatureSize);
        return station.Verify(Digest(roundId, bytes), stored.AsSpan(0, IdentityKey.SignatureSize)) ? Read(stored) : null;
    }

    /// <summary>Reads what is known to be this station's.</summary>
    public static RoundView Read(byte[] stored) => RoundView.Parser.ParseFrom(stored.AsSpan(IdentityKey.SignatureSize));

    private static byte[] Digest(ReadOnlySpan<byte> roundId, ReadOnlySpan<byte> view)
    {
        using var hash = new LabelHash("station/view");
        return hash.Field(roundId).Field(view).Finish();
    }
}
