using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>One 32-byte secret among n holders, of which t give it back.</summary>
[MemoryDiagnoser]
public class ShamirBenchmarks
{
    // The platform's: the one for tests would take as long as the sharing.
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private byte[] _secret = [];
    private uint[] _holders = [];
    private (uint, byte[])[] _shares = [];
    private ShamirWeights? _weights;
    private byte[] _joined = [];

    [Params("10, 7", "34, 18", "50, 33", "100, 67")]
    public string HoldersAndThreshold { get; set; } = "";

    private int Threshold => int.Parse(HoldersAndThreshold.Split(", ")[1]);

    [GlobalSetup]
    public void Setup()
    {
        _secret = Data.Random().Bytes(Shamir.SecretSize);
        _holders = [.. Enumerable.Range(0, int.Parse(HoldersAndThreshold.Split(", ")[0])).Select(i => (uint)i)];
        _shares = [.. _holders.Zip(Shamir.Split(_secret, Threshold, _holders, _random))];
        _weights = new ShamirWeights(_holders[..Threshold]);
        _joined = [.. _shares.Take(Threshold).SelectMany(share => share.Item2)];
    }

    [Benchmark(Baseline = true)]
    public byte[][] Share() => Shamir.Split(_secret, Threshold, _holders, _random);

    [Benchmark]
    public int ReconstructOnce()
    {
        using var secret = Shamir.Combine(Threshold, _shares);
        return secret.Length;
    }

    [Benchmark]
    public int ReconstructWithKnownWeights()
    {
        using var secret = _weights!.Combine(_joined);
        return secret.Length;
    }
}
