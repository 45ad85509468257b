using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// Additive secret sharing, uncompressed: shares are uniform vectors that sum to the value, and all but one of them say
/// nothing about it. The masked protocol is this scheme with the shares of zero compressed to seeds; here is the plain
/// form, which tests hold it to.
/// </summary>
public static class AdditiveSharing
{
    /// <summary>Splits a vector into so many shares, each of its ring and length; the caller disposes them.</summary>
    /// <param name="value">The vector; it is not changed.</param>
    /// <param name="shares">How many, at least 2.</param>
    /// <param name="random">Gives all shares but the last.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 2 shares.</exception>
    public static RingVector[] Split(RingVector value, int shares, RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentOutOfRangeException.ThrowIfLessThan(shares, 2);
        var result = new RingVector[shares];
        var last = result[^1] = value.Clone();
        for (var i = 0; i < shares - 1; i++)
        {
            result[i] = new RingVector(value.Bits, value.Length);
            result[i].FillRandom(random);
            last.Subtract(result[i]);
        }

        return result;
    }

    /// <summary>The sum of all shares, a new vector.</summary>
    /// <exception cref="ArgumentException">There are no shares, or they differ in ring or length.</exception>
    public static RingVector Combine(IReadOnlyList<RingVector> shares)
    {
        ArgumentNullException.ThrowIfNull(shares);
        if (shares.Count == 0) throw new ArgumentException("There are no shares to combine; at least one is needed.", nameof(shares));
        var sum = shares[0].Clone();
        for (var i = 1; i < shares.Count; i++) sum.Add(shares[i]);
        return sum;
    }
}
