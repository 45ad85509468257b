using SecureAggregation.Testing;

namespace SecureAggregation.Fuzz.Engine;

/// <summary>All chance that goes into one input: the same number gives the same input in every run.</summary>
internal sealed class Draw(SeededRandom random, IReadOnlyList<byte[]> pool, IReadOnlyList<byte[]> words)
{
    private static readonly ulong[] s_interesting =
    [
        0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 66, 91, 100, 127, 128, 129, 227, 228, 229, 255, 256, 257, 1000, 1023, 1024, 1025, 4095, 4096, 32767, 32768,
        65535, 65536, 262143, 262144, 262145, 1048576, 16777215, 16777216, 16777217, 201326592, 2147483591, 2147483647, 2147483648, 4294967294, 4294967295, 4294967296,
        253402300799, 253402300800, 253402300799000, 253402300800000, 9007199254740993, 9223372036854775807, 9223372036854775808, 18446744073709551615,
        0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000001, 0x3FF0000000000000, 0x8000000000000000, 0x7FEFFFFFFFFFFFFF, 0x0000000000000001,
    ];

    public IReadOnlyList<byte[]> Pool => pool;

    /// <summary>A whole input that somebody made before, not to be changed.</summary>
    public byte[] Seed => pool[Below(pool.Count)];

    public int Below(int bound) => random.Next(bound);

    public bool OneIn(int n) => random.Next(n) == 0;

    public byte AnyByte() => (byte)random.Next(256);

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        random.GetBytes(bytes);
        return bytes;
    }

    /// <summary>A number at which decoders go wrong, or near one, or any.</summary>
    public ulong Number() => Below(8) switch
    {
        0 => random.NextUInt64(),
        1 => random.NextUInt64() >> Below(64),
        _ => s_interesting[Below(s_interesting.Length)],
    };

    /// <summary>A number as a word of 1, 2, 4 or 8 bytes of either order, or as a varint.</summary>
    public byte[] NumberBytes()
    {
        var number = Number();
        var size = Below(5);
        if (size == 4) return Varint(number, 0);
        var bytes = BitConverter.GetBytes(number)[..(1 << size)];
        if (OneIn(2)) Array.Reverse(bytes);
        return bytes;
    }

    /// <summary>A word of the target's own, if it has any.</summary>
    public byte[] Word() => words.Count == 0 ? NumberBytes() : words[Below(words.Count)];

    public static byte[] Varint(ulong value, int longer)
    {
        var bytes = new List<byte>(10);
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)((value & 0x7F) | 0x80));
        bytes.Add((byte)value);
        for (; longer > 0; longer--)
        {
            bytes[^1] |= 0x80;
            bytes.Add(0);
        }

        return [.. bytes];
    }
}
