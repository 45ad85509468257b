namespace SecureAggregation.Crypto;

/// <summary>
/// Comparison and display of bytes that everybody may see (hashes, public keys, signatures). It returns early and is
/// therefore wrong for secrets: those are compared by <see cref="SecretBytes.FixedTimeEquals"/>.
/// </summary>
public static class PublicBytes
{
    /// <summary>Compares byte arrays by content, for dictionaries and sets. Null equals null only.</summary>
    public static IEqualityComparer<byte[]> Comparer { get; } = new ContentComparer();

    /// <summary>Whether both have the same length and content.</summary>
#pragma warning disable RS0030 // The one place where public bytes are compared; its name says that they are public.
    public static bool Equal(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) => a.SequenceEqual(b);
#pragma warning restore RS0030

    /// <summary>Lower-case hexadecimal.</summary>
    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    private sealed class ContentComparer : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x is null || y is null ? ReferenceEquals(x, y) : Equal(x, y);

        public int GetHashCode(byte[] obj)
        {
            var hash = default(HashCode);
            hash.AddBytes(obj);
            return hash.ToHashCode();
        }
    }
}
