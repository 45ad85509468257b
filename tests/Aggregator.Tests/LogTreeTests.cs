using FsCheck.Fluent;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Crypto;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

public sealed class LogTreeTests
{
    [Fact]
    public void Roots_and_proofs_equal_those_of_the_plain_tree()
    {
        var leaves = new List<byte[]>();
        var tree = new LogTree();
        for (var size = 0; size <= 70; size++)
        {
            Assert.Equal(size, tree.Size);
            for (var of = 0; of <= size; of++)
            {
                Assert.Equal(MerkleTree.Root(leaves, of), tree.Root(of));
                Assert.Equal(MerkleTree.ConsistencyProof(leaves, of, size), tree.ConsistencyProof(of, size));
                if (of < size) Assert.Equal(MerkleTree.InclusionProof(leaves, of, size), tree.InclusionProof(of, size));
            }

            leaves.Add(MerkleTree.LeafHash([(byte)size]));
            tree.Append(leaves[^1]);
        }
    }

    [Fact]
    public void Truncated_tree_goes_on_as_if_the_leaves_had_never_been() => Property.Holds(
        Gen.Two(Gen.Choose(0, 200)).Select(pair => (Size: Math.Max(pair.Item1, pair.Item2), Keep: Math.Min(pair.Item1, pair.Item2))),
        sizes =>
        {
            var leaves = Enumerable.Range(0, sizes.Size).Select(i => MerkleTree.LeafHash([(byte)i])).ToList();
            var tree = new LogTree();
            leaves.ForEach(tree.Append);
            tree.Truncate(sizes.Keep);
            var kept = leaves.Take(sizes.Keep).ToList();
            for (var i = 0; i < 5; i++)
            {
                kept.Add(MerkleTree.LeafHash([9, (byte)i]));
                tree.Append(kept[^1]);
            }

            return PublicBytes.Equal(tree.Root(tree.Size), MerkleTree.Root(kept));
        });

    // Hashes lie in pages of 1,024: trees whose levels end on a page, just before and just behind it.
    [Theory]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(2049)]
    [InlineData(4097)]
    public void Tree_of_several_pages_equals_the_plain_tree_and_can_be_cut_back_over_their_edge(int size)
    {
        var leaves = Enumerable.Range(0, size).Select(i => MerkleTree.LeafHash(BitConverter.GetBytes(i))).ToList();
        var tree = new LogTree();
        leaves.ForEach(tree.Append);
        foreach (var of in new[] { 1, 1023, 1024, 1025, 2048, size }.Where(of => of <= size))
        {
            Assert.Equal(MerkleTree.Root(leaves, of), tree.Root(of));
            Assert.Equal(MerkleTree.ConsistencyProof(leaves, of, size), tree.ConsistencyProof(of, size));
            Assert.Equal(MerkleTree.InclusionProof(leaves, of - 1, size), tree.InclusionProof(of - 1, size));
        }

        tree.Truncate(1022);
        leaves.Skip(1022).ToList().ForEach(tree.Append);
        Assert.Equal(MerkleTree.Root(leaves), tree.Root(size));
    }

    [Fact]
    public void Sizes_beyond_the_tree_are_refused()
    {
        var tree = new LogTree();
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.Root(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.InclusionProof(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.ConsistencyProof(0, 1));
    }
}
