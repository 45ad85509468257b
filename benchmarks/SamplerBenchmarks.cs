using System.Runtime.InteropServices;
using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using SecureAggregation.Privacy;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// Exact draws of discrete Laplace noise at ε = 1, and of one of 34 shares of it, from the platform's generator: a second divided by the
/// mean is draws a second.
/// The baseline is the draw that is not exact, by the logarithm of 8 random bytes.
/// </summary>
[MemoryDiagnoser]
public class SamplerBenchmarks
{
    private const int Draws = 1000;

    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly Int128[] _values = new Int128[Draws];
    private DiscreteLaplace _noise = new(1, MicroEpsilon.MaxValue);
    private NoiseShare _share = new(new NoiseScale(1, 1), 1);

    /// <summary>A count, and a sum of amounts up to a million.</summary>
    [Params(1, 1_000_000)]
    public int Sensitivity { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _noise = new(Sensitivity, MicroEpsilon.Parse("1"));
        _share = new(_noise.Scale, 34);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Draws)]
    public void InexactByLogarithm()
    {
        Span<ulong> tape = stackalloc ulong[Draws];
        _random.GetBytes(MemoryMarshal.AsBytes(tape));
        for (var i = 0; i < Draws; i++)
        {
            var magnitude = -Math.Log(((tape[i] >> 11) + 0.5) / (1L << 53)) * Sensitivity;
            _values[i] = (Int128)Math.Round((tape[i] & 1) == 0 ? magnitude : -magnitude);
        }
    }

    [Benchmark(OperationsPerInvoke = Draws)]
    public void ExactDraws() => _noise.Fill(_values, _random);

    [Benchmark(OperationsPerInvoke = Draws)]
    public void ExactShares() => _share.Fill(_values, _random);
}
