namespace SecureAggregation.Crypto;

/// <summary>The checks on sizes that most primitives share.</summary>
internal static class Require
{
    public static void Length(ReadOnlySpan<byte> bytes, int expected, string name)
    {
        if (bytes.Length != expected) throw new ArgumentException($"{name} has {bytes.Length} bytes; it must have exactly {expected}.", name);
    }
}
