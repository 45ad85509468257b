using System.Diagnostics;
using System.Numerics;
using SecureAggregation.Protocol.Internal;

namespace SecureAggregation.Protocol.Tests;

/// <summary>The search for k and t_shares against published values, and against one that counts every set of corrupt parties there is.</summary>
public sealed class GraphSearchTests
{
    [Fact]
    public void Search_gives_the_values_of_the_paper() => Assert.Equal((34, 18), new GraphSearch(1000, 50, 50, 40, 30).Published());

    /// <summary>
    /// Values of the authors' own implementation (Google, federated-compute, graph_parameter_finder_test.cc) at σ = 40, η = 20 for a curious server. Not here:
    /// 1000 parties at 0.45/0.45, where it has 822/417 because it draws a party's neighbours from all n, the party included, and this search 824/418; and 10
    /// parties at 0/0.33, where it has 4/2 because it raises t_shares to 2 only after it has found that 1 of the neighbours survives.
    /// </summary>
    [Theory]
    [InlineData(10, 3, 3, 8, 4)]
    [InlineData(10, 3, 0, 4, 4)]
    [InlineData(10, 0, 0, 2, 2)]
    [InlineData(100, 45, 45, 92, 46)]
    [InlineData(100, 33, 33, 68, 34)]
    [InlineData(100, 5, 33, 28, 6)]
    [InlineData(100, 33, 5, 34, 29)]
    [InlineData(100, 5, 5, 12, 6)]
    [InlineData(100, 33, 0, 26, 25)]
    [InlineData(100, 0, 33, 26, 2)]
    [InlineData(1000, 330, 330, 286, 150)]
    [InlineData(1000, 50, 330, 72, 24)]
    [InlineData(1000, 330, 50, 78, 60)]
    [InlineData(1000, 50, 50, 30, 17)]
    [InlineData(1000, 330, 0, 38, 36)]
    [InlineData(1000, 0, 330, 38, 2)]
    [InlineData(1000, 0, 0, 2, 2)]
    public void Search_gives_the_values_of_another_implementation(int parties, int corrupt, int dropouts, int degree, int shares) =>
        Assert.Equal((degree, shares), new GraphSearch(parties, corrupt, dropouts, 40, 20).Published());

    [Fact]
    public void Search_agrees_with_one_that_looks_at_every_set()
    {
        for (var n = 4; n <= 12; n++)
        {
            for (var c = 0; c < n; c++)
            {
                for (var d = 0; c + d < n; d++)
                {
                    foreach (var (security, correctness) in new[] { (0, 0), (1, 2), (3, 1), (5, 4) })
                    {
                        var search = new GraphSearch(n, c, d, security, correctness);
                        var plain = new EverySet(n, c, d, security, correctness);
                        Assert.Equal(plain.Find(withRule: false) is { } p ? (p.Degree, p.ShareThreshold) : null, search.Published());
                        Assert.Equal(plain.Find(withRule: true), search.Smallest());
                    }
                }
            }
        }
    }

    /// <summary>The lemma of docs/protocol.md section 3: whoever chooses the survivors, honest ones are parted only if two places are as corrupt as the search makes rare.</summary>
    [Fact]
    public void Survivors_that_keep_the_rule_are_parted_only_where_two_places_are_corrupt()
    {
        const int n = 9;
        var parted = 0;
        foreach (var k in new[] { 2, 4, 6 })
        {
            foreach (var floor in Enumerable.Range(1, k))
            {
                var graph = new RoundGraph(new RoundRules(n, 2, 2, k, floor), Enumerable.Range(0, n).Select(i => (uint)i), new byte[32]);
                foreach (var corrupt in EverySet.Of(n, 3))
                {
                    var at = Enumerable.Range(0, n).Select(a => Enumerable.Range(a + 1, k / 2).Count(i => (corrupt >> (int)graph.Ring[i % n] & 1) == 1)).ToList();
                    var excused = Pairs(n, k).Any(p => at[p.A] + at[p.B] >= floor);
                    for (var survivors = 0; survivors < 1 << n; survivors++)
                    {
                        var set = survivors;
                        bool Survives(uint p) => (set >> (int)p & 1) == 1;
                        if (IsConnected(graph, p => Survives(p) && (corrupt >> (int)p & 1) == 0) || graph.FindCut(Survives) is not null) continue;
                        Assert.True(excused, $"k = {k}, floor {floor}, corrupt {corrupt:b}, survivors {survivors:b}");
                        parted++;
                    }
                }
            }
        }

        Assert.NotEqual(0, parted);
    }

    [Theory]
    [InlineData(1024, 341, 100)]
    [InlineData(1000, 333, 300)]
    [InlineData(1024, 511, 400)]
    [InlineData(1024, 0, 500)]
    public void Search_takes_less_than_a_second(int parties, int colluders, int permille)
    {
        var watch = Stopwatch.StartNew();
        new GraphSearch(parties, colluders, parties * permille / 1000, GraphParameters.Security, GraphParameters.Correctness).Smallest();
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(3), $"{watch.Elapsed}: a second on a quiet machine, three on a busy one.");
    }

    [Fact]
    public void Graph_has_fewer_neighbours_than_the_complete_one_or_is_not_used()
    {
        Assert.Null(GraphParameters.For(128, 1, 100));
        Assert.Null(GraphParameters.For(129, 100, 300));
        Assert.Null(GraphParameters.For(200, 100, 500));
        for (var n = 129; n <= 1024; n += 179)
        {
            foreach (var c in new[] { 0, 1, 10, n / 10, n / 3 })
            {
                if (GraphParameters.For(n, c, 100) is not { } graph) continue;
                Assert.True(graph.Degree % 2 == 0 && graph.Degree < n - 1, $"{n}, {c}: {graph}");
                Assert.InRange(graph.ShareThreshold, 2, graph.Degree);
                Assert.InRange(graph.SuccessorFloor, 1, graph.Degree);
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => GraphParameters.For(1025, 1, 100));
    }

    /// <summary>Places on a ring that are not neighbours at degree k.</summary>
    private static IEnumerable<(int A, int B)> Pairs(int n, int k) =>
        from a in Enumerable.Range(0, n) from b in Enumerable.Range(a, n - a) where b - a > k / 2 && n - b + a > k / 2 select (a, b);

    private static bool IsConnected(RoundGraph graph, Func<uint, bool> isIn)
    {
        var left = graph.Ring.Where(isIn).ToHashSet();
        if (left.Count == 0) return true;
        var reached = new Queue<uint>([left.First()]);
        left.Remove(reached.Peek());
        while (reached.TryDequeue(out var party))
        {
            foreach (var next in graph.Neighbours(party).Where(left.Remove)) reached.Enqueue(next);
        }

        return left.Count == 0;
    }

    /// <summary>The same search without a formula: each probability is a count over all sets, each a mask of bits.</summary>
    private sealed class EverySet(int n, int c, int d, int security, int correctness)
    {
        public GraphParameters? Find(bool withRule)
        {
            for (var k = 2; k < n - 1; k += 2)
            {
                var pairs = Pairs(n, k).Count();
                if (!IsRare(Of(n, c + d).Count(s => Count(s, k) == k), n, c + d, pairs, security + 1)) continue;

                // Party n − 1 is the one that looks; its neighbours may as well be the first k of the others.
                var shares = Enumerable.Range(2, k).First(t => t > k || IsRare(Of(n - 1, c).Count(s => Count(s, k) >= t), n - 1, c, n, security + 1));
                if (Most(k, n - 1, n, correctness) < shares) continue;
                var floor = Enumerable.Range(1, k + 1).First(q => IsRare(Of(n, c).Count(s => Count(s, k) >= q), n, c, pairs, security + 1));
                if (!withRule || Most(k, n, pairs, correctness + 1) >= floor) return new GraphParameters(k, shares, floor);
            }

            return null;
        }

        public static IEnumerable<int> Of(int size, int members) => Enumerable.Range(0, 1 << size).Where(s => BitOperations.PopCount((uint)s) == members);

        private static int Count(int set, int first) => BitOperations.PopCount((uint)set & ((1u << first) - 1));

        /// <summary>Most that survive of the first k of so many.</summary>
        private int Most(int k, int of, int events, int bits) => Enumerable.Range(0, k + 1).Last(t => IsRare(Of(of, d).Count(s => k - Count(s, k) < t), of, d, events, bits));

        private static bool IsRare(long sets, int size, int members, int events, int bits) => (sets * events) << bits <= Of(size, members).Count();
    }
}
