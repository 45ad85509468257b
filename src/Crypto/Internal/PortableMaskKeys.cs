using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// Masks without intrinsics: the platform's AES over counter blocks, a chunk at a time. It is as constant-time as that library is
/// (OpenSSL: yes, also without hardware support), and the independent twin that the other paths are tested against.
/// </summary>
internal sealed class PortableMaskKeys : MaskKeys
{
    private const int ChunkBytes = 16 << 10;

    // Each key of a group has a cipher open; setting one up costs as much as a kilobyte of keystream.
    private const int Group = 64;

    private readonly SecretRows<byte> _keys = new(MaskBatch.KeySize);

    public override void Accumulate(Span<byte> target, int laneBits, ulong firstBlock)
    {
        var ciphers = new List<ICryptoTransform>(Math.Min(Count, Group));
        var counters = new byte[Math.Min(ChunkBytes, target.Length)];
        var keystream = GC.AllocateUninitializedArray<byte>(counters.Length, pinned: true);
        try
        {
            for (var first = 0; first < Count; first += Group)
            {
                for (var i = first; i < Math.Min(first + Group, Count); i++) ciphers.Add(Cipher(_keys[i]));
                for (var at = 0; at < target.Length; at += ChunkBytes)
                {
                    var chunk = target[at..Math.Min(at + ChunkBytes, target.Length)];
                    KeystreamBlock.WriteCounters(counters.AsSpan(0, chunk.Length), firstBlock + (ulong)(at / KeystreamBlock.Size));
                    for (var i = 0; i < ciphers.Count; i++)
                    {
                        ciphers[i].TransformBlock(counters, 0, chunk.Length, keystream, 0);
                        Combine(chunk, keystream.AsSpan(0, chunk.Length), Sign(first + i), laneBits);
                    }
                }

                Close(ciphers);
            }
        }
        finally
        {
            Close(ciphers);
            CryptographicOperations.ZeroMemory(keystream);
        }
    }

    public override void Dispose() => _keys.Dispose();

    protected override void Expand(ReadOnlySpan<byte> key16) => key16.CopyTo(_keys.Add());

    private static ICryptoTransform Cipher(ReadOnlySpan<byte> key16)
    {
        using var aes = Aes.Create();
        aes.Mode = CipherMode.ECB;
        aes.Padding = PaddingMode.None;
        aes.SetKey(key16);
        return aes.CreateEncryptor();
    }

    private static void Close(List<ICryptoTransform> ciphers)
    {
        foreach (var cipher in ciphers) cipher.Dispose();
        ciphers.Clear();
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
