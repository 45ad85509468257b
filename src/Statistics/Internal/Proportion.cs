using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics.Internal;

/// <summary>The share of one cell in a set of disjoint cells of the same noise.</summary>
internal static class Proportion
{
    /// <summary>
    /// Fieller: all p for which (1 − p)·part − p·rest is no further from 0 than its noise. From 0 to 1 where all of them together may be nobody, null where
    /// noise left fewer than none.
    /// </summary>
    /// <param name="scope">The totals.</param>
    /// <param name="part">The cell.</param>
    /// <param name="of">All cells of the set, the part among them.</param>
    public static Estimate? Of(Scope scope, int part, IReadOnlyCollection<int> of)
    {
        var all = of.Sum(i => scope[i]);
        var term = scope.Term(part);
        var noise = new NoiseSum([term with { Draws = term.Draws * of.Count }]);
        if (all <= 0) return null;
        // A count that noise put below 0, or above all, is taken at the bound, where it accepts more.
        var count = Math.Clamp(scope[part], 0, all);
        // They may be nobody: no share can be ruled out. To show only what noise lifted above its half width would cover too seldom.
        if (all <= noise.HalfWidth(scope.Alpha)) return new Estimate(count / all, 0, 1);
        var slope = all / noise.StandardDeviation;
        return new Estimate(count / all, Inversion.Edge(Excess, count / all, 0, slope), Inversion.Edge(Excess, count / all, 1, slope));

        // How improbable such a distance is: from −(1 − alpha) up.
        double Excess(double p)
        {
            var terms = new List<NoiseTerm> { term with { Coefficient = 1 - p } };
            if (of.Count > 1) terms.Add(term with { Coefficient = p, Draws = term.Draws * (of.Count - 1) });
            return scope.Alpha - new NoiseSum(terms).Tail(Math.Abs(count - (p * all)) - 1e-6);
        }
    }

    /// <summary>The share in per cent, or why there is none.</summary>
    public static ReleasedStatistic Percent(ReleasedStatistic bare, Scope scope, int part, IReadOnlyCollection<int> of)
    {
        if (scope.TooFew(of.Sum(i => scope[i]))) return scope.Withhold(bare);
        return Of(scope, part, of) is { } share
            ? bare with { Unit = "%", Value = 100 * share.Value, Low = 100 * share.Low, High = 100 * share.High, Method = Methods.Fieller }
            : Scope.Undetermined(bare, "noise left fewer rows than none");
    }
}
