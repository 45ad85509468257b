using System.Buffers.Binary;
using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Modes;
using Org.BouncyCastle.Crypto.Parameters;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// One mask over a vector of <see cref="Bytes"/> bytes of lanes. The baselines only make the keystream, into a buffer;
/// the mask stream also adds it to the vector.
/// </summary>
[MemoryDiagnoser]
public class MaskStreamBenchmarks
{
    private byte[] _key = [];
    private byte[] _counters = [];
    private byte[] _keystream = [];
    private RingVector _vector = new(16, 0);

    [Params(4 << 10, 1 << 20)]
    public int Bytes { get; set; }

    [Params(16, 32, 64)]
    public int Bits { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _key = Data.Random().Bytes(MaskStream.KeySize);
        _counters = new byte[Bytes];
        for (var at = 0; at < Bytes; at += 16) BinaryPrimitives.WriteInt32BigEndian(_counters.AsSpan(at + 12), at / 16);
        _keystream = new byte[Bytes];
        _vector = Data.Vector(Bits, Bytes / (Bits / 8));
    }

    [GlobalCleanup]
    public void Cleanup() => _vector.Dispose();

    [Benchmark(Baseline = true)]
    public void PlatformEcbOfCounters()
    {
        using var aes = Aes.Create();
        aes.SetKey(_key);
        aes.EncryptEcb(_counters, _keystream, PaddingMode.None);
    }

    [Benchmark]
    public void BouncyCastleCtr()
    {
        var cipher = new SicBlockCipher(new AesEngine());
        cipher.Init(true, new ParametersWithIV(new KeyParameter(_key), new byte[16]));
        for (var at = 0; at < Bytes; at += 16) cipher.ProcessBlock(_counters, at, _keystream, at);
    }

    [Benchmark]
    public void Mask() => _vector.AddMask(_key, MaskSign.Add);
}
