using BenchmarkDotNet.Attributes;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>One 32-byte secret among n holders, threshold ⌊2n/3⌋.</summary>
[MemoryDiagnoser]
public class ShamirBenchmarks
{
    private byte[] _secret = [];
    private uint[] _holders = [];
    private (uint, byte[])[] _shares = [];

    [Params(5, 50, 128)]
    public int Holders { get; set; }

    private int Threshold => Holders * 2 / 3;

    [GlobalSetup]
    public void Setup()
    {
        _secret = Data.Random().Bytes(Shamir.SecretSize);
        _holders = [.. Enumerable.Range(0, Holders).Select(i => (uint)i)];
        _shares = [.. _holders.Zip(Shamir.Split(_secret, Threshold, _holders, Data.Random()))];
    }

    [Benchmark(Baseline = true)]
    public byte[][] Split() => Shamir.Split(_secret, Threshold, _holders, Data.Random());

    [Benchmark]
    public int Combine()
    {
        using var secret = Shamir.Combine(Threshold, _shares);
        return secret.Length;
    }
}
