using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// The mask stream without intrinsics: the platform's AES over counter blocks, a chunk at a time. It is as constant-time as
/// that library is (OpenSSL: yes, also without hardware support), and the independent twin that the fast path is tested against.
/// </summary>
internal static class PortableMask
{
    private const int ChunkBytes = 8192;

    public static void Accumulate(Span<byte> target, ReadOnlySpan<byte> key16, MaskSign sign, int laneBits, ulong firstBlock)
    {
        using var aes = Aes.Create();
        aes.SetKey(key16);
        using var keystream = new SecretBytes(Math.Min(ChunkBytes, target.Length));
        var counters = new byte[keystream.Length];
        while (!target.IsEmpty)
        {
            var take = Math.Min(ChunkBytes, target.Length);
            var mask = keystream.Span[..take];
            KeystreamBlock.WriteCounters(counters.AsSpan(0, take), firstBlock);
            aes.EncryptEcb(counters.AsSpan(0, take), mask, PaddingMode.None);
            Combine(target[..take], mask, sign, laneBits);
            target = target[take..];
            firstBlock += (ulong)(take / KeystreamBlock.Size);
        }
    }

    private static void Combine(Span<byte> target, ReadOnlySpan<byte> mask, MaskSign sign, int laneBits)
    {
        switch (laneBits, sign)
        {
            case (16, MaskSign.Add): LaneMath.Add(As<ushort>(target), As<ushort>(mask)); break;
            case (32, MaskSign.Add): LaneMath.Add(As<uint>(target), As<uint>(mask)); break;
            case (64, MaskSign.Add): LaneMath.Add(As<ulong>(target), As<ulong>(mask)); break;
            case (16, _): LaneMath.Subtract(As<ushort>(target), As<ushort>(mask)); break;
            case (32, _): LaneMath.Subtract(As<uint>(target), As<uint>(mask)); break;
            default: LaneMath.Subtract(As<ulong>(target), As<ulong>(mask)); break;
        }
    }

    private static Span<T> As<T>(Span<byte> bytes)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(bytes);

    private static ReadOnlySpan<T> As<T>(ReadOnlySpan<byte> bytes)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(bytes);
}
