using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Numbers that look random and are the same in every run: the n-th draw of a named stream is from SHA-256 of seed, name and n, so that a column keeps
/// its values when other columns come or go. For made-up data only: whoever knows the seed knows them all.
/// </summary>
internal sealed class Draws
{
    private readonly byte[] _input = new byte[SHA256.HashSizeInBytes + sizeof(long)];

    public Draws(ulong seed, string name)
    {
        var stream = new byte[sizeof(ulong) + Encoding.UTF8.GetByteCount(name)];
        BinaryPrimitives.WriteUInt64LittleEndian(stream, seed);
        Encoding.UTF8.GetBytes(name, stream.AsSpan(sizeof(ulong)));
        SHA256.HashData(stream, _input);
    }

    /// <summary>In [0, 1).</summary>
    public double Unit(long n) => (Next(n) >> 11) * (1.0 / (1UL << 53));

    /// <summary>In [0, bound); the bias of the remainder does not matter for made-up data.</summary>
    public int Below(long n, int bound) => (int)(Next(n) % (ulong)bound);

    private ulong Next(long n)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt64LittleEndian(_input.AsSpan(SHA256.HashSizeInBytes), n);
        SHA256.HashData(_input, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }
}
