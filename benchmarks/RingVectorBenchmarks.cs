using BenchmarkDotNet.Attributes;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>What the station does with each vector, and a party with its own; the sum of lanes is the baseline.</summary>
[MemoryDiagnoser]
public class RingVectorBenchmarks
{
    private const int Length = 100_000;

    private RingVector _sum = new(16, 0);
    private RingVector _addend = new(16, 0);
    private byte[] _packed = [];

    [Params(16, 20, 32, 45, 64)]
    public int Bits { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _sum = Data.Vector(Bits, Length);
        _addend = Data.Vector(Bits, Length);
        _packed = _addend.Pack();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _sum.Dispose();
        _addend.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void Sum() => _sum.Add(_addend);

    [Benchmark]
    public void Pack() => _addend.PackTo(_packed);

    [Benchmark]
    public void SumPacked() => _sum.AddPacked(0, Length, _packed);
}
