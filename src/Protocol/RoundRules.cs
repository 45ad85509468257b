using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>
/// The numbers of a round that follow from who advertised a key: both sides compute them, nobody sends them (docs/protocol.md section 3).
/// </summary>
/// <param name="Advertised">|U1|.</param>
/// <param name="Threshold">t: how many must agree before anything is unmasked.</param>
/// <param name="ShareThreshold">How many shares rebuild a secret.</param>
/// <param name="Degree">k: neighbours of each party.</param>
/// <param name="SuccessorFloor">How many survivors the successors of any two survivors that are not neighbours hold together; 0 on the complete graph.</param>
public readonly record struct RoundRules(int Advertised, int Threshold, int ShareThreshold, int Degree, int SuccessorFloor = 0)
{
    /// <summary>The suite of algorithms that this version speaks; every proposal names it (docs/protocol.md).</summary>
    public const int Suite = 1;

    /// <summary>Whether each party is joined to all others.</summary>
    public bool IsComplete => Degree == Advertised - 1;

    /// <summary>
    /// Computes the rules, or says why a round of so few may not run. More than half of the honest parties and all colluders fit below t only once:
    /// two disjoint sets of t agreements cannot both exist, so no two survivor sets are ever opened.
    /// </summary>
    /// <param name="advertised">Parties that advertised a key.</param>
    /// <param name="colluders">c of the roster.</param>
    /// <param name="minimumSurvivors">The larger of the roster's and the query's.</param>
    /// <param name="minimumHonest">Honest parties that every total must contain.</param>
    /// <param name="rules">The numbers, when the result is null.</param>
    /// <param name="dropoutPermille">The expected dropouts of the roster if it allows the sparse graph, else null.</param>
    /// <returns>Null, or the rule that is broken.</returns>
    public static string? TryFor(
        int advertised, int colluders, int minimumSurvivors, int minimumHonest, out RoundRules rules, int? dropoutPermille = null)
    {
        var t = Math.Max(((advertised + colluders) / 2) + 1, minimumSurvivors);
        rules = dropoutPermille is { } dropouts && GraphParameters.For(advertised, colluders, dropouts) is { } graph
            ? new RoundRules(advertised, t, graph.ShareThreshold, graph.Degree, graph.SuccessorFloor)
            : new RoundRules(advertised, t, Math.Max(2, t - 1), advertised - 1);
        if (t > advertised)
        {
            return $"{advertised} parties advertised a key and at least {t} must survive (c = {colluders}, minimum survivors = {minimumSurvivors}).";
        }

        return t - colluders < minimumHonest
            ? $"{t} survivors less {colluders} colluders leave fewer honest parties than the minimum of {minimumHonest}."
            : null;
    }

    /// <summary>
    /// h: how many honest parties' noise is in every total that a round of this query can open, at least. A round with fewer than t survivors
    /// opens nothing, and t less c is at least this: noise that is split into so many shares (mode distributed) is whole.
    /// </summary>
    /// <param name="roster">The roster that the query was made for.</param>
    /// <param name="queryMinSurvivors">What the query asks for beyond the roster; 0 if nothing.</param>
    public static int HonestFloor(Roster roster, int queryMinSurvivors) =>
        HonestFloor(roster.MaxColluders, Math.Max(roster.MinSurvivors, queryMinSurvivors), roster.MinHonest);

    /// <summary>h from the numbers of <see cref="TryFor(int, int, int, int, out RoundRules, int?)"/>.</summary>
    /// <param name="colluders">c of the roster.</param>
    /// <param name="minimumSurvivors">The larger of the roster's and the query's.</param>
    /// <param name="minimumHonest">Honest parties that every total must contain.</param>
    public static int HonestFloor(int colluders, int minimumSurvivors, int minimumHonest) => Math.Max(minimumSurvivors - colluders, minimumHonest);

    internal static string? TryFor(int advertised, Roster roster, Query query, out RoundRules rules) =>
        TryFor(
            advertised, roster.MaxColluders, Math.Max(roster.MinSurvivors, (int)query.MinSurvivors), roster.MinHonest, out rules,
            roster.SparseGraph ? roster.DropoutPermille : null);
}
