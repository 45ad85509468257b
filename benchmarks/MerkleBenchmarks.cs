using BenchmarkDotNet.Attributes;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>What the station does with the entries of one dealer: the root alone, and the root with the proof of every leaf.</summary>
[MemoryDiagnoser]
public class MerkleBenchmarks
{
    private byte[][] _leaves = [];

    [Params(99, 999)]
    public int Leaves { get; set; }

    [GlobalSetup]
    public void Setup() => _leaves = [.. Enumerable.Range(0, Leaves).Select(i => MerkleTree.LeafHash(BitConverter.GetBytes(i)))];

    [Benchmark(Baseline = true)]
    public byte[] Root() => MerkleTree.Root(_leaves);

    [Benchmark]
    public int AllProofs()
    {
        var tree = MerkleTree.Build(_leaves);
        var nodes = 0;
        for (var i = 0; i < tree.Size; i++) nodes += tree.InclusionProof(i).Length;
        return nodes;
    }
}
