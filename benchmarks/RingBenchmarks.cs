using BenchmarkDotNet.Attributes;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>The sum of two vectors of 100,000 lanes, against copying one: the copy reads a vector and writes one, the sum reads two and writes one.</summary>
[MemoryDiagnoser]
public class RingSumBenchmarks
{
    private const int Length = 100_000;

    private RingVector _sum = new(16, 0);
    private RingVector _addend = new(16, 0);
    private byte[] _source = [];
    private byte[] _target = [];

    [Params(16, 32, 64)]
    public int Bits { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _sum = Data.Vector(Bits, Length);
        _addend = Data.Vector(Bits, Length);
        _source = _addend.Pack();
        _target = new byte[_source.Length];
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _sum.Dispose();
        _addend.Dispose();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Length)]
    public void Copy() => _source.CopyTo(_target.AsSpan());

    [Benchmark(OperationsPerInvoke = Length)]
    public void Sum() => _sum.Add(_addend);
}

/// <summary>
/// 100,000 elements of fewer bits than their lane, packed (a party, once) and unpacked into a sum (the station, once a party), an element.
/// The baseline copies the lanes.
/// </summary>
[MemoryDiagnoser]
public class PackingBenchmarks
{
    private const int Length = 100_000;

    private RingVector _vector = new(16, 0);
    private byte[] _packed = [];
    private byte[] _source = [];
    private byte[] _target = [];

    [Params(12, 20, 45, 63)]
    public int Bits { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _vector = Data.Vector(Bits, Length);
        _packed = _vector.Pack();
        _source = new byte[Length * (_vector.LaneBits / 8)];
        _target = new byte[_source.Length];
    }

    [GlobalCleanup]
    public void Cleanup() => _vector.Dispose();

    [Benchmark(Baseline = true, OperationsPerInvoke = Length)]
    public void CopyLanes() => _source.CopyTo(_target.AsSpan());

    [Benchmark(OperationsPerInvoke = Length)]
    public void Pack() => _vector.PackTo(_packed);

    [Benchmark(OperationsPerInvoke = Length)]
    public void UnpackAndAdd() => _vector.AddPacked(0, Length, _packed);
}
