using SecureAggregation.Protocol.Internal;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests;

public sealed class RoundGraphTests
{
    public static TheoryData<int, int> Shapes => new() { { 129, 2 }, { 132, 20 }, { 500, 78 }, { 1000, 192 }, { 1024, 2 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Sparse_graph_is_regular_symmetric_connected_and_follows_from_its_seed(int parties, int degree)
    {
        var graph = Sparse(parties, degree, 1);
        Assert.Equal(Members(parties), graph.Ring.Order());
        foreach (var party in Members(parties).Where(p => p % 7 == 0))
        {
            var neighbours = graph.Neighbours(party);
            Assert.Equal(degree, neighbours.Count);
            Assert.Equal(neighbours.Order().Distinct(), neighbours);
            Assert.DoesNotContain(party, neighbours);
            for (var i = 0; i < degree; i++)
            {
                Assert.Equal(i, graph.IndexOf(neighbours[i], party));
                Assert.True(graph.AreJoined(party, neighbours[i]));
            }
        }

        // Each is joined to the next on the ring, so the graph is connected.
        for (var i = 0; i < parties; i++) Assert.True(graph.AreJoined(graph.Ring[(i + 1) % parties], graph.Ring[i]));
        Assert.Equal(graph.Ring, Sparse(parties, degree, 1).Ring);
        Assert.NotEqual(graph.Ring, Sparse(parties, degree, 2).Ring);
    }

    [Fact]
    public void Neighbour_is_whoever_stands_within_half_the_degree_on_the_ring()
    {
        var graph = Sparse(300, 26, 3);
        for (var i = 0; i < 300; i += 13)
        {
            for (var j = 0; j < 300; j++)
            {
                var apart = Math.Min((j - i + 300) % 300, (i - j + 300) % 300);
                Assert.Equal(apart is > 0 and <= 13, graph.AreJoined(graph.Ring[j], graph.Ring[i]));
                Assert.Equal(graph.Neighbours(graph.Ring[i]).ToList().IndexOf(graph.Ring[j]), graph.IndexOf(graph.Ring[j], graph.Ring[i]));
            }
        }
    }

    [Fact]
    public void Complete_graph_joins_everybody_to_all_others()
    {
        var members = new uint[] { 1, 4, 5, 9 };
        var graph = new RoundGraph(new RoundRules(4, 3, 2, 3), members, default);
        foreach (var party in members)
        {
            Assert.Equal(members.Where(v => v != party), graph.Neighbours(party));
            Assert.Equal([0, 1, 2], graph.Neighbours(party).Select(v => graph.IndexOf(v, party)));
            Assert.Equal(-1, graph.IndexOf(party, party));
            Assert.Equal(-1, graph.IndexOf(7, party));
            Assert.Equal(-1, graph.IndexOf(party, 7));
        }

        Assert.Empty(graph.Neighbours(7));
        Assert.Null(graph.FindCut(p => p == 4));
    }

    [Fact]
    public void Every_place_of_the_ring_falls_to_every_party_about_equally_often()
    {
        const int n = 129, rings = 2000;
        var counts = new int[n];
        var seed = new byte[32];
        var random = new SeededRandom(5);
        for (var i = 0; i < rings; i++)
        {
            random.GetBytes(seed);
            counts[Array.IndexOf([.. new RoundGraph(new RoundRules(n, 2, 2, 2, 1), Members(n), seed).Ring], 128u)]++;
        }

        // χ² with 128 degrees of freedom is above 225 once in ten million times.
        var expected = (double)rings / n;
        Assert.InRange(counts.Sum(c => (c - expected) * (c - expected) / expected), 60, 225);
    }

    [Fact]
    public void Cut_is_found_where_the_successors_of_two_survivors_hold_too_few()
    {
        var (graph, random, cut) = (Sparse(200, 20, 4, floor: 9), new SeededRandom(6), 0);
        for (var trial = 0; trial < 60; trial++)
        {
            var survivors = graph.Ring.Where(_ => random.Next(100) < 55 + (trial % 40)).ToHashSet();
            var cuts =
                from a in Enumerable.Range(0, 200) from b in Enumerable.Range(0, 200)
                where survivors.Contains(graph.Ring[a]) && survivors.Contains(graph.Ring[b]) && a != b
                    && !graph.AreJoined(graph.Ring[a], graph.Ring[b]) && Held(a) + Held(b) < 9
                select (graph.Ring[a], graph.Ring[b]);
            if (graph.FindCut(survivors.Contains) is { } found) Assert.Contains(found, cuts);
            else Assert.Empty(cuts);
            cut += cuts.Any() ? 1 : 0;

            int Held(int place) => Enumerable.Range(place + 1, 10).Count(i => survivors.Contains(graph.Ring[i % 200]));
        }

        Assert.InRange(cut, 6, 54);
        Assert.Null(graph.FindCut(_ => true));
        Assert.Null(graph.FindCut(_ => false));
    }

    private static IEnumerable<uint> Members(int parties) => Enumerable.Range(0, parties).Select(i => (uint)i);

    private static RoundGraph Sparse(int parties, int degree, byte seed, int floor = 1) =>
        new(new RoundRules(parties, 2, 2, degree, floor), Members(parties), Enumerable.Repeat(seed, 32).ToArray());
}
