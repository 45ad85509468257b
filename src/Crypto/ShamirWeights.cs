using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SecureAggregation.Crypto;

/// <summary>
/// Lagrange's weights at x = 0 for one set of holders: what <see cref="Shamir.Combine"/> computes from the holders alone. Made once with
/// O(t²) multiplications and one inversion, they combine the shares of any number of secrets with two dot products each.
/// Immutable and thread-safe; weights are public, secrets are combined in constant time.
/// </summary>
public sealed class ShamirWeights
{
    // w_i = Π_(j ≠ i) x_j / (x_j − x_i).
    private readonly Gf128[] _weights;
    private readonly uint[] _holders;

    /// <summary>Weights for the shares of these holders.</summary>
    /// <param name="holders">Roster indices, distinct, at least as many as the threshold of the secrets (more do no harm), at least 2.</param>
    /// <exception cref="ArgumentException">A holder occurs twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 2 holders.</exception>
    public ShamirWeights(IReadOnlyList<uint> holders)
    {
        ArgumentNullException.ThrowIfNull(holders);
        ArgumentOutOfRangeException.ThrowIfLessThan(holders.Count, Shamir.MinThreshold, nameof(holders));
        Shamir.RequireDistinct(holders, nameof(holders));
        _holders = [.. holders];
        _weights = Weights([.. holders.Select(Shamir.Coordinate)]);
    }

    /// <summary>Whether these are the holders, in this order.</summary>
    public bool AreFor(ReadOnlySpan<uint> holders) => PublicBytes.Equal(MemoryMarshal.AsBytes(_holders.AsSpan()), MemoryMarshal.AsBytes(holders));

    /// <summary>The secret of which these are the shares.</summary>
    /// <param name="shares">The shares joined, <see cref="Shamir.ShareSize"/> bytes each, in the order of the holders.</param>
    /// <remarks>A wrong share gives a wrong secret, unnoticed: shares and secret are checked against their commitments.</remarks>
    /// <exception cref="ArgumentException">There are not exactly as many shares as holders.</exception>
    public SecretBytes Combine(ReadOnlySpan<byte> shares)
    {
        Require.Length(shares, _weights.Length * Shamir.ShareSize, nameof(shares));
        var halves = Gf128.ReadAll(shares);
        var secret = new SecretBytes(Shamir.SecretSize);
        Gf128.Dot(_weights, halves, 2).Write(secret.Span);
        Gf128.Dot(_weights, halves[1..], 2).Write(secret.Span[Gf128.Size..]);
        return secret;
    }

    /// <summary>With P = Π x_j the weight is P / (x_i · Π_(j ≠ i) (x_j − x_i)). Coordinates and their differences are small.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Gf128[] Weights(Gf128[] x)
    {
        var all = Gf128.One;
        var divisors = x.ToArray();
        for (var j = 0; j < x.Length; j++)
        {
            all = all.MultiplySmall(x[j]);
            for (var i = 0; i < j; i++) divisors[i] = divisors[i].MultiplySmall(x[i] + x[j]);
            for (var i = j + 1; i < x.Length; i++) divisors[i] = divisors[i].MultiplySmall(x[i] + x[j]);
        }

        // One inversion for all of them (Montgomery's trick): the inverse of the product, from which the other factors are taken out again.
        var before = new Gf128[x.Length];
        var product = Gf128.One;
        for (var i = 0; i < x.Length; i++)
        {
            before[i] = product;
            product *= divisors[i];
        }

        var inverse = product.Invert();
        var weights = new Gf128[x.Length];
        for (var i = x.Length - 1; i >= 0; i--)
        {
            weights[i] = all * (inverse * before[i]);
            inverse *= divisors[i];
        }

        return weights;
    }
}
