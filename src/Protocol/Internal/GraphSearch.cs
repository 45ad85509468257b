using System.Numerics;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// Search for the smallest k-regular graph of a round: Bell, Bonawitz, Gascón, Lepoint, Raykova, Secure Single-Server Aggregation with (Poly)Logarithmic
/// Overhead, CCS 2020, section 3, and the neighbourhood rule of docs/protocol.md section 3. Sets are counted in integers: no decision is rounded.
/// </summary>
internal sealed class GraphSearch
{
    private readonly int _parties;
    private readonly int _security;
    private readonly int _correctness;

    // Subsets of each size: of all, of all but one party, and of the corrupt, the dropouts and the rest among them.
    private readonly BigInteger[] _all;
    private readonly BigInteger[] _others;
    private readonly BigInteger[] _corrupt;
    private readonly BigInteger[] _dropouts;
    private readonly BigInteger[] _missing;
    private readonly BigInteger[] _honest;
    private readonly BigInteger[] _otherHonest;
    private readonly BigInteger[] _survivors;
    private readonly BigInteger[] _otherSurvivors;

    /// <param name="parties">n, all on the ring.</param>
    /// <param name="colluders">c: corrupt parties, chosen before the graph is.</param>
    /// <param name="dropouts">Parties that vanish in an honest round, whoever they are; with the corrupt ones fewer than all.</param>
    /// <param name="security">σ.</param>
    /// <param name="correctness">η.</param>
    public GraphSearch(int parties, int colluders, int dropouts, int security, int correctness)
    {
        (_parties, _security, _correctness) = (parties, security, correctness);
        _all = Subsets(parties);
        _others = Subsets(parties - 1);
        _corrupt = Subsets(colluders);
        _dropouts = Subsets(dropouts);
        _missing = Subsets(colluders + dropouts);
        _honest = Subsets(parties - colluders);
        _otherHonest = Subsets(parties - 1 - colluders);
        _survivors = Subsets(parties - dropouts);
        _otherSurvivors = Subsets(parties - 1 - dropouts);
    }

    /// <summary>The smallest graph on which an honest round also keeps the neighbourhood rule; null if there is none below the complete graph.</summary>
    public GraphParameters? Smallest() => Degrees()
        .Where(k => PairSurvivors(k) >= PairFloor(k))
        .Select(k => (GraphParameters?)new GraphParameters(k, ShareThreshold(k), PairFloor(k)))
        .FirstOrDefault();

    /// <summary>The smallest graph and t_shares of the paper, where the station does not choose who drops out; null if there is none.</summary>
    public (int Degree, int ShareThreshold)? Published() => Degrees().Select(k => ((int, int)?)(k, ShareThreshold(k))).FirstOrDefault();

    private IEnumerable<int> Degrees()
    {
        for (var k = 2; k < _parties - 1; k += 2)
        {
            if (StaysConnected(k) && Survivors(k) >= ShareThreshold(k)) yield return k;
        }
    }

    /// <summary>
    /// A ring falls apart only where k/2 neighbours in a row are missing at two places. That dropouts and corrupt parties together fill two places has
    /// probability at most 2^−(σ + 1), over all pairs of places.
    /// </summary>
    private bool StaysConnected(int k) => k >= _missing.Length || (PairsOfPlaces(k) * _missing[k]) << _security <= _all[k];

    /// <summary>Least t_shares ≥ 2 such that some honest party has so many corrupt neighbours with probability at most 2^−(σ + 1).</summary>
    private int ShareThreshold(int k) => Math.Max(2, Rare(_corrupt, _otherHonest, _others, k, _parties, _security + 1));

    /// <summary>Least number ≥ 1 such that two places with so many corrupt parties among their k exist with probability at most 2^−(σ + 1).</summary>
    private int PairFloor(int k) => Math.Max(1, Rare(_corrupt, _honest, _all, k, PairsOfPlaces(k), _security));

    /// <summary>Most that survive at any two places but for a probability of 2^−(η + 1).</summary>
    private int PairSurvivors(int k) => k + 1 - Rare(_dropouts, _survivors, _all, k, PairsOfPlaces(k), _correctness);

    /// <summary>Most that survive of any party's k neighbours but for a probability of 2^−η.</summary>
    private int Survivors(int k) => k + 1 - Rare(_dropouts, _otherSurvivors, _others, k, _parties, _correctness);

    /// <summary>Twice the pairs of places of k/2 parties in a row that lie apart.</summary>
    private int PairsOfPlaces(int k) => _parties * (_parties - k - 1);

    /// <summary>Least x such that events · P[at least x of so many drawn are marked] ≤ 2^−bits, draws being without replacement.</summary>
    private static int Rare(BigInteger[] marked, BigInteger[] unmarked, BigInteger[] all, int drawn, int events, int bits)
    {
        var sets = BigInteger.Zero;
        for (var x = Math.Min(drawn, marked.Length - 1); x >= 0 && drawn - x < unmarked.Length; x--)
        {
            sets += marked[x] * unmarked[drawn - x];
            if ((sets * events) << bits > all[drawn]) return x + 1;
        }

        return 0;
    }

    /// <summary>How many subsets of each size a set has.</summary>
    private static BigInteger[] Subsets(int size)
    {
        var counts = new BigInteger[size + 1];
        counts[0] = BigInteger.One;
        for (var i = 0; i < size; i++) counts[i + 1] = counts[i] * (size - i) / (i + 1);
        return counts;
    }
}
