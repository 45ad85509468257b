using System.Globalization;
using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal.Blocks;
using SecureAggregation.Statistics.Internal.Estimators;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Quantiles from noised ranks. The quantile is in bin t if at least a share q of the rows lie up to the end of t, and less than that before t: that
/// is, if (1 − q)·(rows up to there) − q·(rows beyond) is not below 0 at the end of t and below 0 at its start. Both are linear in disjoint cells
/// with noise that is known exactly, so t is ruled out only if one of the two is on the wrong side by more than the noise's half width, and the
/// true bin is ruled out with a probability of at most α/2 + α/2. The interval runs from the first bin that is left to the last.
/// </summary>
internal sealed class QuantileIntervals
{
    private readonly QuantileBlock _block;
    private readonly Scope _scope;
    private readonly Rank[] _ranks;
    private readonly double[] _counts;

    public QuantileIntervals(QuantileBlock block, Scope scope)
    {
        (_block, _scope) = (block, scope);
        // The last rank, of all rows, has nothing beyond it.
        _ranks = [.. Enumerable.Range(1, block.Count).Select(RankOf)];
        Rows = _ranks[^1].Before;
        // Rows up to an edge in the share that the cells on both sides give it: as far as noise goes the best guess, without it the count.
        var sums = _ranks.Select(r => r.Before + r.Beyond is > 0 and var all ? Rows * r.Before / all : r.Before).ToArray();
        _counts = [.. sums.Select((s, i) => i == 0 ? s : s - sums[i - 1])];
    }

    /// <summary>All rows, noise included.</summary>
    public double Rows { get; }

    public void Release(QuantileMeasure measure, SchemaColumn column, ICollection<ReleasedStatistic> into)
    {
        ReleasedStatistic Bare(string bin, string quantity, string unit) => _scope.Bare(measure.Name, MeasureKind.Quantiles, column.Name, bin, quantity, unit);
        var n = Bare("", "n", "");
        if (_scope.TooFew(Rows))
        {
            into.Add(_scope.Withhold(n));
            foreach (var q in measure.At) into.Add(_scope.Withhold(Bare(Bin(q), "", column.Unit)));
            if (HasQuartiles(measure)) into.Add(_scope.Withhold(Bare("", "iqr", column.Unit)));
            return;
        }

        var half = new NoiseSum([.. Terms(_ranks[^1], 0)]).HalfWidth(_scope.Alpha);
        into.Add(n with { Value = Rows, Low = Rows - half, High = Rows + half, Method = Methods.Exact });
        var found = Find(measure.At, _scope.Alpha);
        for (var i = 0; i < found.Length; i++)
        {
            var bare = Bare(Bin(measure.At[i]), "", column.Unit) with { BoundLow = column.Low, BoundHigh = column.High };
            into.Add(found[i] is { } estimate
                ? bare with { Value = estimate.Value, Low = estimate.Low, High = estimate.High, Method = Methods.Rank }
                : Scope.Undetermined(bare, "it may lie beyond the edges, where the column has no bound"));
        }

        if (HasQuartiles(measure)) into.Add(Range(Bare("", "iqr", column.Unit)));
    }

    /// <summary>The distance of the quartiles, from intervals of both at half of alpha.</summary>
    private ReleasedStatistic Range(ReleasedStatistic bare) => Find([0.25, 0.75], _scope.Alpha / 2) is [{ } lower, { } upper]
        ? bare with
        {
            Value = upper.Value - lower.Value,
            Low = Math.Max(0, upper.Low - lower.High),
            High = upper.High - lower.Low,
            Method = Methods.Rank,
        }
        : Scope.Undetermined(bare, "a quartile may lie beyond the edges, where the column has no bound");

    private static bool HasQuartiles(QuantileMeasure measure) => measure.At.Contains(0.25) && measure.At.Contains(0.75);

    private static string Bin(double q) => string.Create(CultureInfo.InvariantCulture, $"[q{q}]");

    /// <summary>Each quantile with its interval; null where it may be where there is no edge. Neither values nor ends fall as q rises.</summary>
    private Estimate?[] Find(IReadOnlyList<double> at, double alpha)
    {
        var hulls = at.Select(q => Hull(q, alpha)).ToArray();
        for (var i = 1; i < hulls.Length; i++) hulls[i].Last = Math.Max(hulls[i].Last, hulls[i - 1].Last);
        for (var i = hulls.Length - 2; i >= 0; i--) hulls[i].First = Math.Min(hulls[i].First, hulls[i + 1].First);
        return [.. at.Select((q, i) => ToEstimate(q, hulls[i].Value, hulls[i].First, hulls[i].Last))];
    }

    private Estimate? ToEstimate(double q, int bin, int first, int last)
    {
        var low = _block.Only(first) ?? _block.Leaves[first];
        var high = _block.Only(last) ?? _block.Leaves[last + 1];
        if (bin < 0 || !double.IsFinite(low) || !double.IsFinite(high)) return null;
        // Where a bin holds several values, rows are taken as evenly spread in it.
        if (_block.Only(bin) is { } only) return new Estimate(only, low, high);
        return Quantile.OfBins(_block.Leaves, _counts, q, _scope.Options.Has(Repairs.Monotone)).TryGet(out var value) ? new Estimate(value, low, high) : null;
    }

    private (int Value, int First, int Last) Hull(double q, double alpha)
    {
        if (!Quantile.Bin(_counts, q, _scope.Options.Has(Repairs.Monotone)).TryGet(out var value)) return (-1, 0, _ranks.Length - 1);
        var (first, last) = (0, _ranks.Length - 1);
        while (first < value && !MayHold(first, q, alpha)) first++;
        while (last > value && !MayHold(last, q, alpha)) last--;
        return (value, first, last);
    }

    private bool MayHold(int bin, double q, double alpha)
    {
        if (bin < _ranks.Length - 1 && Balance(_ranks[bin], q) < 0 && BeyondNoise(_ranks[bin], q, alpha)) return false;
        return bin == 0 || Balance(_ranks[bin - 1], q) < 0 || !BeyondNoise(_ranks[bin - 1], q, alpha);
    }

    private static double Balance(Rank rank, double q) => ((1 - q) * rank.Before) - (q * rank.Beyond);

    /// <summary>Whether noise alone would be so far from 0 with a probability of at most alpha.</summary>
    private bool BeyondNoise(Rank rank, double q, double alpha)
    {
        var noise = new NoiseSum([.. Terms(rank, q)]);
        var size = Math.Abs(Balance(rank, q));
        // Chebyshev's bound spares the exact half width where it is not needed.
        return noise.StandardDeviation <= Math.Sqrt(alpha) * size
            || size > _block.HalfWidths.GetOrAdd((rank.CellsBefore, rank.CellsBeyond, q, _scope.Draws, alpha), _ => noise.HalfWidth(alpha)) + 1e-6;
    }

    /// <summary>All cells have the same noise.</summary>
    private IEnumerable<NoiseTerm> Terms(Rank rank, double q)
    {
        var term = _scope.Term(0);
        yield return term with { Coefficient = 1 - q, Draws = term.Draws * rank.CellsBefore };
        if (rank.CellsBeyond > 0) yield return term with { Coefficient = q, Draws = term.Draws * rank.CellsBeyond };
    }

    private Rank RankOf(int bins)
    {
        var (before, beyond) = (_block.Before(bins).ToArray(), _block.Beyond(bins).ToArray());
        return new Rank(before.Sum(i => _scope[i]), beyond.Sum(i => _scope[i]), before.Length, beyond.Length);
    }

    /// <summary>Rows before and beyond an edge, and how many cells they are the sums of.</summary>
    private readonly record struct Rank(double Before, double Beyond, int CellsBefore, int CellsBeyond);
}
