using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// Secret sharing (Shamir, "How to share a secret", CACM 1979) of 32-byte secrets over GF(2^128): the two 16-byte halves are
/// shared by polynomials with independent coefficients. The polynomial of a half is a_0 + a_1·x + … with a_0 the half;
/// the holder with roster index h has its values at x = h + 1, so that x = 0, the secret itself, is nobody's share.
/// Fewer than the threshold of shares say nothing at all about the secret. All arithmetic is constant-time.
/// </summary>
public static class Shamir
{
    /// <summary>Bytes of a secret.</summary>
    public const int SecretSize = 2 * Gf128.Size;

    /// <summary>Bytes of a share: the two halves' values.</summary>
    public const int ShareSize = SecretSize;

    /// <summary>Smallest threshold: with 1, every share would be the secret.</summary>
    public const int MinThreshold = 2;

    private const int StackLimit = 4096;

    /// <summary>Splits a secret; the result has one share for each holder, in the order of <paramref name="holders"/>.</summary>
    /// <param name="secret32">32 bytes.</param>
    /// <param name="threshold">How many shares give the secret, from 2 to the number of holders.</param>
    /// <param name="holders">Roster indices, distinct.</param>
    /// <param name="random">Gives (threshold − 1)·16 bytes for a_1, a_2, … of the first half, then as many for the second.</param>
    /// <exception cref="ArgumentException">The secret is not 32 bytes, or a holder occurs twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The threshold is below 2 or above the number of holders.</exception>
    public static byte[][] Split(ReadOnlySpan<byte> secret32, int threshold, IReadOnlyList<uint> holders, RandomNumberGenerator random)
    {
        Require.Length(secret32, SecretSize, nameof(secret32));
        ArgumentNullException.ThrowIfNull(holders);
        ArgumentNullException.ThrowIfNull(random);
        RequireThreshold(threshold, holders.Count);
        RequireDistinct(holders, nameof(holders));

        // On the stack when they fit, which they do for all rosters but the largest: nothing copies a stack.
        var length = (threshold - 1) * Gf128.Size;
        using var heap = length > StackLimit ? new SecretBytes(length) : null;
        var coefficients = heap is null ? stackalloc byte[length] : heap.Span;
        var shares = new byte[holders.Count][];
        for (var i = 0; i < shares.Length; i++) shares[i] = new byte[ShareSize];
        try
        {
            for (var half = 0; half < SecretSize; half += Gf128.Size)
            {
                random.GetBytes(coefficients);
                Evaluate(Gf128.Read(secret32[half..]), Gf128.ReadAll(coefficients), holders, shares, half);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(coefficients);
        }

        return shares;
    }

    /// <summary>
    /// The secret from at least <paramref name="threshold"/> shares, of which the first ones are used. For many secrets of the same holders
    /// make their <see cref="ShamirWeights"/> once.
    /// </summary>
    /// <remarks>A wrong share gives a wrong secret, unnoticed: shares and secret are checked against their commitments.</remarks>
    /// <exception cref="ArgumentException">A share is not 32 bytes, or a holder occurs twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The threshold is below 2 or above the number of shares.</exception>
    public static SecretBytes Combine(int threshold, IReadOnlyList<(uint Holder, byte[] Share)> shares)
    {
        ArgumentNullException.ThrowIfNull(shares);
        RequireThreshold(threshold, shares.Count);
        RequireDistinct([.. shares.Select(share => share.Holder)], nameof(shares));
        foreach (var (_, share) in shares) Require.Length(share, ShareSize, nameof(shares));
        var weights = new ShamirWeights([.. shares.Take(threshold).Select(share => share.Holder)]);
        using var used = new SecretBytes(threshold * ShareSize);
        for (var i = 0; i < threshold; i++) shares[i].Share.CopyTo(used.Span[(i * ShareSize)..]);
        return weights.Combine(used.Span);
    }

    internal static Gf128 Coordinate(uint holder) => new((ulong)holder + 1, 0);

    internal static void RequireDistinct(IReadOnlyList<uint> holders, string name)
    {
        var seen = new HashSet<uint>();
        foreach (var holder in holders)
        {
            if (!seen.Add(holder)) throw new ArgumentException($"Holder {holder} occurs twice; each holder has one share.", name);
        }
    }

    /// <summary>
    /// Horner's rule over a_0 = <paramref name="constant"/> and a_1, a_2, …, for four holders at a time: each step waits for the one before,
    /// and four that are independent fill the multiplier. Compiled at once to its best, as a party shares two secrets a round and no more.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Evaluate(Gf128 constant, ReadOnlySpan<Gf128> coefficients, IReadOnlyList<uint> holders, byte[][] shares, int half)
    {
        for (var first = 0; first < shares.Length; first += 4)
        {
            // Beyond the last holder the last one is computed again.
            int Index(int i) => Math.Min(first + i, shares.Length - 1);
            var (x0, x1, x2, x3) = (Coordinate(holders[first]), Coordinate(holders[Index(1)]), Coordinate(holders[Index(2)]), Coordinate(holders[Index(3)]));
            var (y0, y1, y2, y3) = (default(Gf128), default(Gf128), default(Gf128), default(Gf128));
            for (var i = coefficients.Length - 1; i >= 0; i--)
            {
                var a = coefficients[i];
                y0 = (y0 + a).MultiplySmall(x0);
                y1 = (y1 + a).MultiplySmall(x1);
                y2 = (y2 + a).MultiplySmall(x2);
                y3 = (y3 + a).MultiplySmall(x3);
            }

            (y0 + constant).Write(shares[first].AsSpan(half));
            (y1 + constant).Write(shares[Index(1)].AsSpan(half));
            (y2 + constant).Write(shares[Index(2)].AsSpan(half));
            (y3 + constant).Write(shares[Index(3)].AsSpan(half));
        }
    }

    private static void RequireThreshold(int threshold, int available)
    {
        if (threshold < MinThreshold || threshold > available)
        {
            throw new ArgumentOutOfRangeException(
                nameof(threshold), threshold, $"The threshold must be from {MinThreshold} to the number of shares, {available}.");
        }
    }
}
