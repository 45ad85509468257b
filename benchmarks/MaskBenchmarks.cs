using System.Buffers.Binary;
using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Modes;
using Org.BouncyCastle.Crypto.Parameters;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// Masks over a vector of 1 MiB of lanes. The baselines only make one keystream, into a buffer; the batch also adds it to the vector.
/// </summary>
[MemoryDiagnoser]
public class MaskBenchmarks
{
    private const int Bytes = 1 << 20;

    private readonly byte[] _counters = new byte[Bytes];
    private readonly byte[] _keystream = new byte[Bytes];
    private byte[] _key = [];
    private RingVector _vector = new(16, 0);
    private MaskBatch _batch = new();

    [Params(16, 32, 64)]
    public int Bits { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _key = Data.Random().Bytes(MaskBatch.KeySize);
        for (var at = 0; at < Bytes; at += 16) BinaryPrimitives.WriteInt32BigEndian(_counters.AsSpan(at + 12), at / 16);
        _vector = Data.Vector(Bits, Bytes / (Bits / 8));
        _batch = Data.Masks(1);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _vector.Dispose();
        _batch.Dispose();
    }

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
    public void Mask() => _batch.ApplyTo(_vector);
}
