using BenchmarkDotNet.Attributes;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// The station's work for the total once every seed is in: seeds to keys, masks out of the sum, packing, the signature. Of 100 parties with 100,000 elements
/// of 32 bits each, 10 have dropped out: 990 masks. The baseline takes as many out of a vector.
/// </summary>
[MemoryDiagnoser]
[InvocationCount(1)]
public class UnmaskBenchmarks
{
    private const int Survivors = 90;

    private static readonly RoundPlan s_plan = new(Parties: 100, Length: 100_000, Bits: 32, Neighbours: 0, Dropouts: 10, Environment.ProcessorCount, Colluders: -1);

    private readonly MaskBatch _masks = Data.Masks(Survivors * (1 + s_plan.Dropouts));
    private readonly RingVector _vector = Data.Vector(s_plan.Bits, s_plan.Length);
    private RoundWorld _world = null!;
    private RoundPlay? _play;

    [GlobalSetup]
    public void Setup() => _world = new RoundWorld(s_plan);

    [GlobalCleanup]
    public void Cleanup()
    {
        _world.Dispose();
        _masks.Dispose();
        _vector.Dispose();
    }

    /// <summary>A round has one total.</summary>
    [IterationSetup(Target = nameof(Total))]
    public void NextRound()
    {
        _play = new RoundPlay(_world);
        _play.Share();
        _play.Unmask();
    }

    [IterationCleanup(Target = nameof(Total))]
    public void EndRound() => _play?.Dispose();

    [Benchmark(Baseline = true)]
    public void Masks() => _masks.ApplyTo(_vector, s_plan.Threads);

    [Benchmark]
    public Envelope Total() => _play!.Round.Next(RoundWorld.Now, _world.Station, _world.Vectors)!;
}
