using System.Collections.Concurrent;
using SecureAggregation.Protocol.Internal;

namespace SecureAggregation.Protocol;

/// <summary>
/// The numbers of the sparse graph, on which each party shares masks and shares with k others instead of all (docs/protocol.md section 3, docs/adr/0010).
/// </summary>
/// <param name="Degree">k: neighbours of each party, even.</param>
/// <param name="ShareThreshold">t_shares: shares that rebuild a secret; more than any honest party has corrupt neighbours.</param>
/// <param name="SuccessorFloor">How many survivors the successors of any two survivors that are not neighbours must hold together (the neighbourhood rule).</param>
public readonly record struct GraphParameters(int Degree, int ShareThreshold, int SuccessorFloor)
{
    /// <summary>Rounds of so many parties always use the complete graph.</summary>
    public const int CompleteUpTo = 128;

    /// <summary>σ: something can be learnt of an honest party with probability at most 2^−σ a graph; 20 more than usual, for a station that tries many graphs.</summary>
    public const int Security = 60;

    /// <summary>η: an honest round that loses no more parties than expected fails with probability about 2^−η.</summary>
    public const int Correctness = 30;

    private static readonly ConcurrentDictionary<(int Parties, int Colluders, int Dropouts), GraphParameters?> s_found = new();

    /// <summary>
    /// The smallest graph that is safe, by exact arithmetic; null if there is none that is sparser than the complete graph, or for no more than
    /// <see cref="CompleteUpTo"/> parties. At most a second, and remembered.
    /// </summary>
    /// <param name="parties">Parties that advertised a key, at most <see cref="Limits.Parties"/>.</param>
    /// <param name="colluders">c of the roster.</param>
    /// <param name="dropoutPermille">Of a thousand parties, how many are expected to vanish.</param>
    /// <exception cref="ArgumentOutOfRangeException">More parties than a roster may have, or a negative number.</exception>
    public static GraphParameters? For(int parties, int colluders, int dropoutPermille)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parties, Limits.Parties);
        ArgumentOutOfRangeException.ThrowIfNegative(colluders);
        ArgumentOutOfRangeException.ThrowIfNegative(dropoutPermille);
        var dropouts = ((parties * dropoutPermille) + 999) / 1000;
        return s_found.GetOrAdd((parties, colluders, dropouts), key => Search(key.Parties, key.Colluders, key.Dropouts));
    }

    private static GraphParameters? Search(int parties, int colluders, int dropouts) =>
        parties <= CompleteUpTo || colluders + dropouts >= parties ? null : new GraphSearch(parties, colluders, dropouts, Security, Correctness).Smallest();
}
