using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics.Internal.Blocks;

/// <summary>
/// n, the sums of all terms and the sums of their products: what covariance, correlation, principal components and linear regression are computed
/// from. Each product is a whole number within its own bound, and one row changes at most q(q + 1)/2 of them for q variables, less one for each
/// category: the square of a 0/1 term is the term itself, and two labels of one category never meet, so these cells do not exist.
/// Squares travel centred, 2z²/D − max, which halves what one person moves them by; n gives it back after the sum.
/// </summary>
internal sealed class CrossBlock : LayoutBlock
{
    private readonly Variables _variables;
    private readonly int[,] _place;
    private readonly long[,] _divisor;
    private readonly string[] _units;

    public CrossBlock(BlockPlace place)
        : base(place)
    {
        _variables = new Variables(place, Measures[0].Columns);
        var terms = _variables.Terms;
        _units = [.. terms.Select(t => place.Analysis.Describe(Measures[0].Columns[t.Variable]).Unit)];
        _place = new int[terms.Count, terms.Count];
        _divisor = new long[terms.Count, terms.Count];
        var products = new List<(string, long)>();
        for (var i = 0; i < terms.Count; i++)
        {
            for (var j = i; j < terms.Count; j++)
            {
                if (terms[i].Variable == terms[j].Variable && terms[i].Quantiser is null) continue;
                var most = (Int128)terms[i].MaxAbs * terms[j].MaxAbs;
                _divisor[i, j] = (long)((most + place.CellCap - 1) / place.CellCap);
                _place[i, j] = _place[j, i] = 1 + terms.Count + products.Count;
                products.Add(($"{terms[i].Name}·{terms[j].Name}", Rounding.Divide(most, _divisor[i, j])));
            }
        }

        var pairs = (_variables.Count * (_variables.Count - 1) / 2) + _variables.Numbers;
        var shares = EpsilonShares.Thousandths(new(1, 0.25m, 1), new(terms.Count, 0.5m, _variables.Count), new(products.Count, 1, pairs));
        Segments = Lay(
            ("n", 1, shares[0], [("n", 1L)]),
            ("sums", _variables.Count, shares[1], terms.Select(t => (t.Name, t.MaxAbs))),
            ("products", pairs, shares[2], products));
    }

    internal override int KeyLength => _variables.Count;

    internal override bool TryEncode(IRecord record, Span<long> key) => _variables.TryRead(record, key);

    internal override void Add(Span<Int128> cells, ReadOnlySpan<long> key)
    {
        Span<int> terms = stackalloc int[Measure.MaxColumns];
        Span<long> values = stackalloc long[Measure.MaxColumns];
        var count = _variables.Expand(key, terms, values);
        cells[0]++;
        for (var i = 0; i < count; i++)
        {
            cells[1 + terms[i]] += values[i];
            for (var j = i; j < count; j++)
            {
                var (a, b) = (terms[i], terms[j]);
                if (_place[a, b] == 0) continue;
                var product = Rounding.Divide((Int128)values[i] * values[j], _divisor[a, b]);
                cells[_place[a, b]] += a == b ? (2 * product) - Cells[_place[a, b]].MaxAbs : product;
            }
        }
    }

    internal override void Release(Scope scope, ICollection<ReleasedStatistic> into)
    {
        foreach (var measure in Measures) CrossReport.Write(measure, this, scope, into);
    }

    /// <summary>The unit of a term's column; empty for a label.</summary>
    public string Unit(int term) => _units[term];

    /// <summary>The terms, in the order of <see cref="Totals"/>.</summary>
    public IReadOnlyList<Term> Terms => _variables.Terms;

    /// <summary>
    /// n, Σx and Σxx' of the terms, each x = z / MaxAbs in [−1, 1] (0 or 1 for a label): from cells that may hold noise.
    /// </summary>
    public (double N, double[] Sums, double[,] Products) Totals(ReadOnlySpan<double> cells)
    {
        var terms = _variables.Terms;
        var n = cells[0];
        var sums = new double[terms.Count];
        var products = new double[terms.Count, terms.Count];
        for (var i = 0; i < terms.Count; i++) sums[i] = cells[1 + i] / terms[i].MaxAbs;
        for (var i = 0; i < terms.Count; i++)
        {
            for (var j = i; j < terms.Count; j++)
            {
                var place = _place[i, j];
                products[i, j] = products[j, i] = place == 0
                    ? i == j ? sums[i] : 0
                    : (i == j ? (cells[place] + (Cells[place].MaxAbs * n)) / 2 : cells[place]) * _divisor[i, j] / terms[i].MaxAbs / terms[j].MaxAbs;
            }
        }

        return (n, sums, products);
    }
}
