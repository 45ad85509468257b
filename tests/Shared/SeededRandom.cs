using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SecureAggregation.Testing;

/// <summary>Bytes that look random and are the same in every run: SHA-256(seed ‖ counter). For tests only.</summary>
public sealed class SeededRandom(ulong seed) : RandomNumberGenerator
{
    private readonly byte[] _block = new byte[SHA256.HashSizeInBytes];
    private ulong _counter;
    private int _left;

    public override void GetBytes(byte[] data) => GetBytes(data.AsSpan());

    public override void GetBytes(byte[] data, int offset, int count) => GetBytes(data.AsSpan(offset, count));

    public override void GetBytes(Span<byte> data)
    {
        Span<byte> input = stackalloc byte[16];
        while (!data.IsEmpty)
        {
            if (_left == 0)
            {
                BinaryPrimitives.WriteUInt64BigEndian(input, seed);
                BinaryPrimitives.WriteUInt64BigEndian(input[8..], _counter++);
                SHA256.HashData(input, _block);
                _left = _block.Length;
            }

            var take = Math.Min(_left, data.Length);
            _block.AsSpan(_block.Length - _left, take).CopyTo(data);
            _left -= take;
            data = data[take..];
        }
    }

    public override void GetNonZeroBytes(byte[] data) => throw new NotSupportedException();

    /// <summary>A uniform integer in [0, bound).</summary>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        var limit = uint.MaxValue - (uint.MaxValue % (uint)bound);
        Span<byte> bytes = stackalloc byte[4];
        uint value;
        do
        {
            GetBytes(bytes);
            value = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        }
        while (value >= limit);
        return (int)(value % (uint)bound);
    }

    /// <summary>64 uniform bits.</summary>
    public ulong NextUInt64()
    {
        Span<byte> bytes = stackalloc byte[8];
        GetBytes(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
