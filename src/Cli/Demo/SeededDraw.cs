using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SecureAggregation.Cli.Demo;

/// <summary>
/// Numbers that look random and are the same in every run of one seed: SHA-256(seed ‖ stream ‖ counter), eight bytes at a time.
/// For made-up data only; keys, masks and noise never come from here.
/// </summary>
internal sealed class SeededDraw(ulong seed, uint stream)
{
    private readonly byte[] _block = new byte[SHA256.HashSizeInBytes];
    private uint _counter;
    private int _used = SHA256.HashSizeInBytes;

    /// <summary>A uniform integer in [0, bound); the bias of the remainder is below 2^-40 for the bounds used here.</summary>
    public int Below(int bound) => (int)(Next() % (uint)bound);

    public int Between(int low, int high) => low + Below(high - low + 1);

    /// <summary>True so many times in a thousand.</summary>
    public bool PerMille(int chance) => Below(1000) < chance;

    public T Of<T>(params ReadOnlySpan<T> choices) => choices[Below(choices.Length)];

    /// <summary>About normal: the sum of twelve uniform numbers (Irwin-Hall) has variance 1.</summary>
    public double Normal(double mean, double deviation)
    {
        var sum = 0L;
        for (var i = 0; i < 12; i++) sum += Below(1_000_001);
        return mean + (deviation * ((sum / 1_000_000.0) - 6));
    }

    private ulong Next()
    {
        if (_used == _block.Length)
        {
            Span<byte> input = stackalloc byte[16];
            BinaryPrimitives.WriteUInt64BigEndian(input, seed);
            BinaryPrimitives.WriteUInt32BigEndian(input[8..], stream);
            BinaryPrimitives.WriteUInt32BigEndian(input[12..], _counter++);
            SHA256.HashData(input, _block);
            _used = 0;
        }

        var value = BinaryPrimitives.ReadUInt64BigEndian(_block.AsSpan(_used));
        _used += 8;
        return value;
    }
}
