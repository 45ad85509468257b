using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Modes;
using Org.BouncyCastle.Crypto.Parameters;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// Masks of so many keys over a vector of 1 MiB of lanes. The baselines only make the keystreams, 16 KiB at a time into a buffer, with
/// ciphers that are set up beforehand; the batch also adds them to the vector. OpenSSL is what the platform's AES is on Linux.
/// </summary>
[MemoryDiagnoser]
[Config(typeof(WithRate))]
public class MaskBenchmarks
{
    private const int VectorBytes = 1 << 20;
    private const int ChunkBytes = 16 << 10;

    private readonly byte[] _counters = new byte[VectorBytes];
    private readonly byte[] _keystream = new byte[ChunkBytes];
    private ICryptoTransform[] _platform = [];
    private SicBlockCipher[] _bouncyCastle = [];
    private RingVector _vector = new(16, 0);
    private MaskBatch _batch = new();

    [Params(16, 32, 64)]
    public int Lane { get; set; }

    [Params(1, 10, 100)]
    public int Keys { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _vector = Data.Vector(Lane, VectorBytes / (Lane / 8));
        _batch = Data.Masks(Keys);
        for (var at = 0; at < VectorBytes; at += 16) BinaryPrimitives.WriteInt32BigEndian(_counters.AsSpan(at + 12), at / 16);
        var random = Data.Random();
        _platform = [.. Enumerable.Range(0, Keys).Select(_ => Platform(random.Bytes(MaskBatch.KeySize)))];
        _bouncyCastle = [.. Enumerable.Range(0, Keys).Select(_ => BouncyCastle(random.Bytes(MaskBatch.KeySize)))];
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _vector.Dispose();
        _batch.Dispose();
        foreach (var cipher in _platform) cipher.Dispose();
    }

    [Benchmark]
    public void OneCore() => _batch.ApplyTo(_vector);

    [Benchmark]
    public void FourCores() => _batch.ApplyTo(_vector, cores: 4);

    [Benchmark(Baseline = true)]
    public void OpenSslOneCore()
    {
        foreach (var cipher in _platform)
        {
            for (var at = 0; at < VectorBytes; at += ChunkBytes) cipher.TransformBlock(_counters, at, ChunkBytes, _keystream, 0);
        }
    }

    [Benchmark]
    public void BouncyCastleOneCore()
    {
        foreach (var cipher in _bouncyCastle)
        {
            for (var at = 0; at < VectorBytes; at += 16) cipher.ProcessBlock(_counters, at, _keystream, at % ChunkBytes);
        }
    }

    private static ICryptoTransform Platform(byte[] key)
    {
        using var aes = Aes.Create();
        aes.Mode = CipherMode.ECB;
        aes.Padding = PaddingMode.None;
        aes.Key = key;
        return aes.CreateEncryptor();
    }

    private static SicBlockCipher BouncyCastle(byte[] key)
    {
        var cipher = new SicBlockCipher(new AesEngine());
        cipher.Init(true, new ParametersWithIV(new KeyParameter(key), new byte[16]));
        return cipher;
    }

    private sealed class WithRate : ManualConfig
    {
        public WithRate() => AddColumn(new RateColumn(Bytes));

        private static long Bytes(BenchmarkCase benchmark) =>
            VectorBytes * Convert.ToInt64(benchmark.Parameters[nameof(Keys)], CultureInfo.InvariantCulture);
    }
}
