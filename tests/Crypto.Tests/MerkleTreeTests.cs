using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

public sealed class MerkleTreeTests
{
    // The reference tree of the Certificate Transparency implementations: eight leaves, and the roots of its first n.
    private static readonly byte[][] s_reference =
    [
        .. new[] { "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f" }
            .Select(leaf => MerkleTree.LeafHash(TestData.FromHex(leaf))),
    ];

    private static readonly string[] s_referenceRoots =
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    public static TheoryData<long, long, string[]> ReferenceInclusion { get; } = new()
    {
        {
            0, 8, new[]
            {
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            }
        },
        {
            5, 8, new[]
            {
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            }
        },
        { 2, 3, new[] { "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" } },
        {
            1, 5, new[]
            {
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            }
        },
        { 0, 1, Array.Empty<string>() },
    };

    public static TheoryData<long, long, string[]> ReferenceConsistency { get; } = new()
    {
        { 1, 1, Array.Empty<string>() },
        {
            1, 8, new[]
            {
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            }
        },
        {
            6, 8, new[]
            {
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            }
        },
        {
            2, 5, new[]
            {
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            }
        },
    };

    [Fact]
    public void Roots_are_those_of_the_reference_tree()
    {
        var frontier = new MerkleFrontier();
        for (var size = 0; size <= s_reference.Length; size++)
        {
            Assert.Equal(s_referenceRoots[size], PublicBytes.Hex(MerkleTree.Root(s_reference[..size])));
            Assert.Equal(s_referenceRoots[size], PublicBytes.Hex(MerkleTree.Root(s_reference, size)));
            Assert.Equal(s_referenceRoots[size], PublicBytes.Hex(frontier.Root()));
            if (size < s_reference.Length) frontier.Append(s_reference[size]);
        }
    }

    [Theory]
    [MemberData(nameof(ReferenceInclusion))]
    public void Inclusion_proofs_are_those_of_the_reference_tree(long index, long size, string[] proof) =>
        Assert.Equal(proof, MerkleTree.InclusionProof(s_reference, index, size).Select(hash => PublicBytes.Hex(hash)));

    [Theory]
    [MemberData(nameof(ReferenceConsistency))]
    public void Consistency_proofs_are_those_of_the_reference_tree(long oldSize, long newSize, string[] proof) =>
        Assert.Equal(proof, MerkleTree.ConsistencyProof(s_reference, oldSize, newSize).Select(hash => PublicBytes.Hex(hash)));

    [Fact]
    public void Inclusion_proofs_verify_for_all_sizes_to_64_and_fail_when_anything_changes()
    {
        var leaves = Leaves(64);
        for (var size = 1; size <= leaves.Length; size++)
        {
            var root = MerkleTree.Root(leaves, size);
            for (var index = 0; index < size; index++)
            {
                var proof = MerkleTree.InclusionProof(leaves, index, size);
                Assert.True(MerkleTree.VerifyInclusion(leaves[index], index, size, proof, root));
                Assert.False(MerkleTree.VerifyInclusion(leaves[(index + 1) % 64], index, size, proof, root));
                Assert.False(MerkleTree.VerifyInclusion(leaves[index], index, size, proof, TestData.Flip(root, index)));
                Assert.False(MerkleTree.VerifyInclusion(leaves[index], index, size, [.. proof, root], root));
                if (size > 1) Assert.False(MerkleTree.VerifyInclusion(leaves[index], (index + 1) % size, size, proof, root));
                for (var i = 0; i < proof.Length; i++)
                {
                    Assert.False(MerkleTree.VerifyInclusion(leaves[index], index, size, With(proof, i, TestData.Flip(proof[i], size)), root));
                    Assert.False(MerkleTree.VerifyInclusion(leaves[index], index, size, [.. proof.Where((_, at) => at != i)], root));
                }
            }
        }
    }

    [Fact]
    public void Consistency_proofs_verify_for_all_sizes_to_64_and_fail_when_anything_changes()
    {
        var leaves = Leaves(64);
        for (var newSize = 0; newSize <= leaves.Length; newSize++)
        {
            var newRoot = MerkleTree.Root(leaves, newSize);
            for (var oldSize = 0; oldSize <= newSize; oldSize++)
            {
                var oldRoot = MerkleTree.Root(leaves, oldSize);
                var proof = MerkleTree.ConsistencyProof(leaves, oldSize, newSize);
                Assert.True(MerkleTree.VerifyConsistency(oldSize, oldRoot, newSize, newRoot, proof));
                Assert.False(MerkleTree.VerifyConsistency(oldSize, TestData.Flip(oldRoot, 1), newSize, newRoot, proof));
                Assert.False(MerkleTree.VerifyConsistency(oldSize, oldRoot, newSize, newRoot, [.. proof, newRoot]));
                Assert.False(MerkleTree.VerifyConsistency(newSize + 1, oldRoot, newSize, newRoot, proof));
                // An empty old tree says nothing of the new root.
                if (oldSize > 0) Assert.False(MerkleTree.VerifyConsistency(oldSize, oldRoot, newSize, TestData.Flip(newRoot, 1), proof));
                for (var i = 0; i < proof.Length; i++)
                {
                    Assert.False(MerkleTree.VerifyConsistency(oldSize, oldRoot, newSize, newRoot, With(proof, i, TestData.Flip(proof[i], 9))));
                    Assert.False(MerkleTree.VerifyConsistency(oldSize, oldRoot, newSize, newRoot, [.. proof.Where((_, at) => at != i)]));
                }
            }
        }
    }

    [Fact]
    public void Proof_passes_for_another_place_or_size_only_if_the_path_there_is_the_same()
    {
        const int Limit = 17;
        var leaves = Leaves(Limit);
        foreach (var (index, size) in Pairs(Limit))
        {
            var root = MerkleTree.Root(leaves, size);
            var proof = MerkleTree.InclusionProof(leaves, index, size);
            foreach (var (otherIndex, otherSize) in Pairs(Limit))
            {
                var same = PathToLeaf(index, size) == PathToLeaf(otherIndex, otherSize);
                Assert.Equal(same, MerkleTree.VerifyInclusion(leaves[index], otherIndex, otherSize, proof, root));
            }
        }
    }

    [Fact]
    public void Consistency_proof_passes_for_other_sizes_only_if_the_path_there_is_the_same()
    {
        const int Limit = 17;
        var leaves = Leaves(Limit);
        foreach (var (oldSize, newSize) in Pairs(Limit).Where(pair => pair.Lower > 0))
        {
            var (oldRoot, newRoot) = (MerkleTree.Root(leaves, oldSize), MerkleTree.Root(leaves, newSize));
            var proof = MerkleTree.ConsistencyProof(leaves, oldSize, newSize);
            foreach (var (otherOld, otherNew) in Pairs(Limit).Where(pair => pair.Lower > 0))
            {
                var same = PathToBorder(oldSize, newSize, true) == PathToBorder(otherOld, otherNew, true);
                Assert.Equal(same, MerkleTree.VerifyConsistency(otherOld, oldRoot, otherNew, newRoot, proof));
            }
        }
    }

    [Fact]
    public void Rewritten_history_is_not_consistent()
    {
        var leaves = Leaves(20);
        var forked = leaves.ToArray();
        forked[3] = MerkleTree.LeafHash("forged"u8);
        for (var oldSize = 4; oldSize < 20; oldSize++)
        {
            var proof = MerkleTree.ConsistencyProof(forked, oldSize, 20);
            Assert.False(MerkleTree.VerifyConsistency(oldSize, MerkleTree.Root(leaves, oldSize), 20, MerkleTree.Root(forked), proof));
        }
    }

    [Fact]
    public void Frontier_has_the_root_of_the_tree_at_every_size()
    {
        var leaves = Leaves(300);
        var frontier = new MerkleFrontier();
        for (var size = 0; size < leaves.Length; size++)
        {
            Assert.Equal(size, frontier.Size);
            Assert.Equal(MerkleTree.Root(leaves, size), frontier.Root());
            frontier.Append(leaves[size]);
        }
    }

    [Fact]
    public void Tree_with_its_nodes_kept_has_the_root_and_the_proofs_of_the_tree()
    {
        var leaves = Leaves(70);
        for (var size = 0; size <= leaves.Length; size++)
        {
            var tree = MerkleTree.Build(leaves[..size]);
            Assert.Equal(size, tree.Size);
            Assert.Equal(MerkleTree.Root(leaves, size), tree.Root);
            for (var index = 0; index < size; index++) Assert.Equal(MerkleTree.InclusionProof(leaves, index, size), tree.InclusionProof(index));
            Assert.Throws<ArgumentOutOfRangeException>(() => tree.InclusionProof(size));
        }

        Assert.Throws<ArgumentException>(() => MerkleTree.Build([new byte[31]]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(5000)]
    public void Leaf_hash_is_that_of_a_zero_byte_and_the_leaf(int length)
    {
        var leaf = new SeededRandom(6).Bytes(length);
        Assert.Equal(System.Security.Cryptography.SHA256.HashData([0, .. leaf]), MerkleTree.LeafHash(leaf));
    }

    [Fact]
    public void Verifier_takes_anything_without_throwing()
    {
        var random = new SeededRandom(5);
        for (var run = 0; run < 2000; run++)
        {
            byte[][] proof = [.. Enumerable.Range(0, random.Next(8)).Select(_ => random.Bytes(random.Next(10) == 0 ? 31 : 32))];
            var (a, b) = (BitConverter.ToInt64(random.Bytes(8)) >> random.Next(64), BitConverter.ToInt64(random.Bytes(8)) >> random.Next(64));
            var hash = random.Bytes(32);
            Assert.False(MerkleTree.VerifyInclusion(hash, a, b, proof, random.Bytes(32)));
            Assert.False(MerkleTree.VerifyConsistency(a, hash, b, random.Bytes(32), proof));
        }

        Assert.False(MerkleTree.VerifyInclusion([], 0, 1, [], []));
    }

    [Fact]
    public void Indices_and_sizes_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => MerkleTree.InclusionProof(s_reference, 8));
        Assert.Throws<ArgumentOutOfRangeException>(() => MerkleTree.InclusionProof(s_reference, 3, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => MerkleTree.Root(s_reference, 9));
        Assert.Throws<ArgumentOutOfRangeException>(() => MerkleTree.ConsistencyProof(s_reference, 4, 3));
        Assert.Throws<ArgumentException>(() => new MerkleFrontier().Append(new byte[31]));
        Assert.Throws<ArgumentException>(() => MerkleTree.Root([new byte[31], new byte[32]]));
    }

    private static IEnumerable<(int Lower, int Upper)> Pairs(int limit) =>
        from upper in Enumerable.Range(1, limit) from lower in Enumerable.Range(0, upper) select (lower, upper);

    /// <summary>PATH(m, D[n]) of RFC 6962 section 2.1.1 with each sibling's side for its hash.</summary>
    private static string PathToLeaf(int m, int n)
    {
        if (n == 1) return "";
        var k = Left(n);
        return m < k ? PathToLeaf(m, k) + "R" : PathToLeaf(m - k, n - k) + "L";
    }

    /// <summary>SUBPROOF(m, D[n], b) of RFC 6962 section 2.1.2 with each node's side for its hash.</summary>
    private static string PathToBorder(int m, int n, bool known)
    {
        if (m == n) return known ? "known " : "given ";
        var k = Left(n);
        return m <= k ? PathToBorder(m, k, known) + "R" : PathToBorder(m - k, n - k, false) + "L";
    }

    private static int Left(int n)
    {
        var k = 1;
        while (k * 2 < n) k *= 2;
        return k;
    }

    private static byte[][] Leaves(int count) =>
        [.. Enumerable.Range(0, count).Select(i => MerkleTree.LeafHash([(byte)(i % 256), (byte)(i / 256)]))];

    private static byte[][] With(byte[][] proof, int at, byte[] hash)
    {
        var copy = proof.ToArray();
        copy[at] = hash;
        return copy;
    }
}
