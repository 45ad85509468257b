using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>Encodings and checks for NIST P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3). Works on public values, except scalars.</summary>
internal static class P256
{
    public const int CoordinateSize = 32;
    public const int PointSize = 65;
    public const int SignatureSize = 64;

    public static readonly ECCurve Curve = ECCurve.NamedCurves.nistP256;

    private static readonly BigInteger s_prime = Hex("0ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    private static readonly BigInteger s_b = Hex("05ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");
    private static readonly BigInteger s_order = Hex("0ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    private static readonly byte[] s_halfOrderBytes = (s_order >> 1).ToByteArray(isUnsigned: true, isBigEndian: true);
    private static readonly byte[] s_orderBytes = s_order.ToByteArray(isUnsigned: true, isBigEndian: true);

    // SubjectPublicKeyInfo (RFC 5480 section 2) of an uncompressed P-256 point: only the last 65 bytes vary.
    private static readonly byte[] s_infoPrefix = Convert.FromHexString("3059301306072a8648ce3d020106082a8648ce3d030107034200");

    /// <summary>
    /// Full public key validation (SP 800-56A rev. 3 section 5.6.2.3.3): uncompressed form, which has no encoding of infinity of
    /// that length, coordinates below p, and on the curve. The cofactor is 1, so every such point is in the group.
    /// </summary>
    public static bool IsPoint(ReadOnlySpan<byte> point)
    {
        if (point.Length != PointSize || point[0] != 4) return false;
        var x = Integer(point[1..33]);
        var y = Integer(point[33..]);
        return x < s_prime && y < s_prime && ((x * x * x) - (3 * x) + s_b - (y * y)) % s_prime == 0;
    }

    public static ECPoint Decode(ReadOnlySpan<byte> point) =>
        new() { X = point[1..33].ToArray(), Y = point[33..].ToArray() };

    public static byte[] Encode(ECPoint point)
    {
        // Cannot be null: exported by the platform for a named prime curve.
        return [4, .. point.X!, .. point.Y!];
    }

    public static byte[] SubjectPublicKeyInfo(ReadOnlySpan<byte> point) => [.. s_infoPrefix, .. point];

    /// <summary>The point of a SubjectPublicKeyInfo, or an empty span for any other kind of key.</summary>
    public static ReadOnlySpan<byte> PointOf(ReadOnlySpan<byte> subjectPublicKeyInfo) =>
        subjectPublicKeyInfo.Length == s_infoPrefix.Length + PointSize && subjectPublicKeyInfo.StartsWith(s_infoPrefix)
            ? subjectPublicKeyInfo[s_infoPrefix.Length..]
            : [];

    /// <summary>Private key parameters; the caller zeroes <see cref="ECParameters.D"/> after the import.</summary>
    public static ECParameters Private(ReadOnlySpan<byte> scalar)
    {
        Require.Length(scalar, CoordinateSize, nameof(scalar));
        if (!IsScalar(scalar)) throw new CryptographicException("The private scalar is not between 1 and the order of P-256 minus 1.");
        var d = GC.AllocateArray<byte>(CoordinateSize, pinned: true);
        scalar.CopyTo(d);
        return new ECParameters { Curve = Curve, D = d };
    }

    /// <summary>A uniform private scalar by rejection (FIPS 186-5 appendix A.2.2).</summary>
    public static SecretBytes RandomScalar(RandomNumberGenerator random)
    {
        var scalar = new SecretBytes(CoordinateSize);
        do random.GetBytes(scalar.Span);
        while (!IsScalar(scalar.Span));
        return scalar;
    }

    /// <summary>Whether s of a signature r‖s is at most half the order: of the two valid values for s only one passes.</summary>
    public static bool IsLowS(ReadOnlySpan<byte> signature) => signature[CoordinateSize..].SequenceCompareTo(s_halfOrderBytes) <= 0;

    /// <summary>Replaces a high s by its low twin, order − s.</summary>
    public static void MakeLowS(Span<byte> signature)
    {
        var s = signature[CoordinateSize..];
        if (IsLowS(signature)) return;
        var low = s_order - Integer(s);
        s.Clear();
        // Cannot fail: the value is below the order and fits 32 bytes.
        _ = low.TryWriteBytes(s[(CoordinateSize - low.GetByteCount(isUnsigned: true))..], out _, isUnsigned: true, isBigEndian: true);
    }

    /// <summary>1 ≤ scalar &lt; order, in constant time.</summary>
    private static bool IsScalar(ReadOnlySpan<byte> scalar)
    {
        var (borrow, any) = (0, 0);
        for (var i = CoordinateSize - 1; i >= 0; i--)
        {
            borrow = ((scalar[i] - s_orderBytes[i] - borrow) >> 8) & 1;
            any |= scalar[i];
        }

        return (borrow != 0) & (any != 0);
    }

    private static BigInteger Integer(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static BigInteger Hex(string digits) => BigInteger.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
