using BenchmarkDotNet.Attributes;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// One party of 100 on one core, with 100,000 elements of 32 bits: from its input to the signed header of its masked vector (commitment, 100 masks, digest),
/// and the same with what comes before, the shares of the 99 others (their signatures, openings and commitments). The baseline adds as many masks.
/// </summary>
[MemoryDiagnoser]
[InvocationCount(1)]
public class MaskedInputBenchmarks
{
    private static readonly RoundPlan s_plan = new(Parties: 100, Length: 100_000, Bits: 32, Neighbours: 0, Dropouts: 0, Environment.ProcessorCount, Colluders: -1);

    private readonly MaskBatch _masks = Data.Masks(s_plan.Parties);
    private readonly RingVector _vector = Data.Vector(s_plan.Bits, s_plan.Length);
    private RoundWorld _world = null!;
    private RoundPlay? _play;
    private PartyRound _party = null!;
    private Broadcast _shares = null!;
    private RingVector _input = null!;
    private int _next;

    [GlobalSetup]
    public void Setup() => _world = new RoundWorld(s_plan);

    [GlobalCleanup]
    public void Cleanup()
    {
        _play?.Dispose();
        _world.Dispose();
        _masks.Dispose();
        _vector.Dispose();
    }

    /// <summary>A party does this once a round; the next of a round of all of them takes its place, and another round that of the last.</summary>
    [IterationSetup(Target = nameof(SharesToHeader))]
    public void NextParty()
    {
        if (_play is null || _next == s_plan.Parties)
        {
            _play?.Dispose();
            _play = new RoundPlay(_world);
            _play.Share();
            _next = 0;
        }

        (_party, _shares, _input) = (_play.Parties[_next], _play.Latest(_next), _world.Input(_next));
        _next++;
    }

    [IterationSetup(Target = nameof(InputToHeader))]
    public void NextPartyWithShares()
    {
        NextParty();
        _party.Receive(_shares, RoundWorld.Now);
    }

    [Benchmark(Baseline = true)]
    public void Masks() => _masks.ApplyTo(_vector);

    [Benchmark]
    public PartyStep InputToHeader() => _party.ProvideInput(_input, _party.Question.ChargeMicro);

    [Benchmark]
    public PartyStep SharesToHeader()
    {
        _party.Receive(_shares, RoundWorld.Now);
        return _party.ProvideInput(_input, _party.Question.ChargeMicro);
    }
}
