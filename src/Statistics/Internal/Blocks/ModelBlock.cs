using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics.Internal.Blocks;

/// <summary>
/// One Newton step of a generalised linear model at coefficients that everybody knows: n, the deviance, X'(y − μ) and X'WX. Each row's terms lie in
/// [−1, 1] with the intercept beside them, its weight, residual and deviance are clamped to declared bounds, so for p predictors a row changes at most
/// p + 1 cells of the gradient and (p + 1)(p + 2)/2 of the matrix, less one for each category: the square of a 0/1 term is its product with the intercept.
/// </summary>
internal sealed class ModelBlock : LayoutBlock
{
    // Beyond, e^η is 0 or infinite for all that a clamped residual can tell.
    private const double MaxPredictor = 30;

    // After n and the deviance.
    private const int Gradient = 2;

    private readonly Variables _variables;
    private readonly Outcome? _event;
    private readonly int _outcome;
    private readonly double _low;
    private readonly double _high;
    private readonly double[] _coefficients;
    private readonly int[,] _place;
    private readonly double _weightBound;
    private readonly double _weightUnit;
    private readonly double _residualUnit;
    private readonly double _devianceUnit;

    public ModelBlock(BlockPlace place)
        : base(place)
    {
        Model = (ModelMeasure)Measures[0];
        _variables = new Variables(place, Model.Predictors);
        _outcome = place.Analysis.IndexOf(Model.Outcome);
        (_low, _high) = (place.Analysis.Describe(_outcome).Low ?? 0, place.Analysis.Describe(_outcome).High ?? 1);
        _event = Model.Of == MeasureKind.Logistic ? new Outcome(place.Analysis, Model.Outcome) : null;
        _coefficients = [.. Model.Coefficients];
        if (_coefficients.Length != _variables.Terms.Count + 1)
        {
            throw new AnalysisException(
                $"{Model.Name} has {_coefficients.Length} coefficients; it needs {_variables.Terms.Count + 1}: the intercept and one for each term. Leave them out to start.");
        }

        _weightBound = Model.WeightBound / 4.0;
        _weightUnit = _weightBound / place.FineCap;
        _residualUnit = (double)Model.ResidualBound / place.FineCap;
        _devianceUnit = (double)Model.DevianceBound / place.FineCap;
        string[] names = ["(intercept)", .. _variables.Terms.Select(t => t.Name)];
        _place = new int[names.Length, names.Length];
        var products = new List<(string, long)>();
        for (var i = 0; i < names.Length; i++)
        {
            for (var j = i; j < names.Length; j++)
            {
                if (i > 0 && _variables.Terms[i - 1] is { Quantiser: null } term && term.Variable == _variables.Terms[j - 1].Variable) continue;
                _place[i, j] = _place[j, i] = Gradient + names.Length + products.Count;
                products.Add(($"{names[i]}·{names[j]}", place.FineCap));
            }
        }

        var d = _variables.Count + 1;
        var pairs = (d * (d - 1) / 2) + _variables.Numbers + 1;
        // The gradient's noise moves the coefficients; that of the matrix only the way to them and the standard errors.
        var shares = EpsilonShares.Thousandths(new(1, 0.05m, 1), new(1, 0.1m, 1), new(names.Length, 1, d), new(products.Count, 0.25m, pairs));
        Segments = Lay(
            ("n", 1, shares[0], [("n", 1L)]),
            ("deviance", 1, shares[1], [("deviance", place.FineCap)]),
            ("gradient", d, shares[2], names.Select(n => (n, place.FineCap))),
            ("matrix", pairs, shares[3], products));
    }

    /// <summary>What is fitted, at which coefficients.</summary>
    public ModelMeasure Model { get; }

    /// <summary>What one of the gradient's cells is worth.</summary>
    public double GradientUnit => _residualUnit;

    /// <summary>What one of the deviance's cell is worth.</summary>
    public double DevianceUnit => _devianceUnit;

    /// <summary>The cell of a coefficient's part of the gradient.</summary>
    public static int GradientCell(int coefficient) => Gradient + coefficient;

    /// <summary>The terms but the intercept.</summary>
    public IReadOnlyList<Term> Terms => _variables.Terms;

    internal override int KeyLength => _variables.Count + 1;

    internal override bool TryEncode(IRecord record, Span<long> key)
    {
        if (_event is not null)
        {
            if (!_event.TryRead(record, out key[^1])) return false;
        }
        else
        {
            if (!record.TryGetNumber(_outcome, out var value) || double.IsNaN(value)) return false;
            key[^1] = (long)Math.Round(Math.Min(Math.Clamp(value, _low, _high), int.MaxValue), MidpointRounding.ToEven);
        }

        return _variables.TryRead(record, key[..^1]);
    }

    internal override void Add(Span<Int128> cells, ReadOnlySpan<long> key)
    {
        Span<int> terms = stackalloc int[Measure.MaxColumns + 1];
        Span<long> raw = stackalloc long[Measure.MaxColumns];
        Span<double> x = stackalloc double[Measure.MaxColumns + 1];
        var count = _variables.Expand(key[..^1], terms, raw) + 1;
        for (var i = count - 1; i > 0; i--)
        {
            x[i] = (double)raw[i - 1] / _variables.Terms[terms[i - 1]].MaxAbs;
            terms[i] = terms[i - 1] + 1;
        }

        (terms[0], x[0]) = (0, 1);
        var predictor = 0.0;
        for (var i = 0; i < count; i++) predictor += _coefficients[terms[i]] * x[i];
        var (weight, residual, deviance) = Likelihood(Math.Clamp(predictor, -MaxPredictor, MaxPredictor), key[^1]);
        cells[0]++;
        cells[1] += Whole(deviance, _devianceUnit, Model.DevianceBound);
        for (var i = 0; i < count; i++)
        {
            cells[Gradient + terms[i]] += Whole(residual * x[i], _residualUnit, Model.ResidualBound);
            for (var j = i; j < count; j++)
            {
                var place = _place[terms[i], terms[j]];
                if (place != 0) cells[place] += Whole(weight * x[i] * x[j], _weightUnit, _weightBound);
            }
        }
    }

    internal override void Release(Scope scope, ICollection<ReleasedStatistic> into) => ModelReport.Write(this, scope, into);

    /// <summary>n, deviance, gradient and X'WX at the coefficients, from cells that may hold noise.</summary>
    public (double N, double Deviance, double[] Gradient, double[,] Matrix) Totals(ReadOnlySpan<double> cells)
    {
        var size = _coefficients.Length;
        var gradient = new double[size];
        var matrix = new double[size, size];
        for (var i = 0; i < size; i++)
        {
            gradient[i] = cells[Gradient + i] * _residualUnit;
            for (var j = 0; j < size; j++)
            {
                var place = _place[i, j] != 0 ? _place[i, j] : i == j ? _place[0, i] : -1;
                matrix[i, j] = place < 0 ? 0 : cells[place] * _weightUnit;
            }
        }

        return (cells[0], cells[1] * _devianceUnit, gradient, matrix);
    }

    /// <summary>McCullagh and Nelder, Generalized Linear Models, 2.3 and 2.5; clamped to the declared bounds.</summary>
    private (double Weight, double Residual, double Deviance) Likelihood(double predictor, long y)
    {
        double mean, weight, deviance;
        if (Model.Of == MeasureKind.Logistic)
        {
            mean = 1 / (1 + Math.Exp(-predictor));
            weight = mean * (1 - mean);
            // −2·ln of the probability of what happened, without cancellation.
            deviance = 2 * Math.Log(1 + Math.Exp(y == 1 ? -predictor : predictor));
        }
        else
        {
            mean = Math.Exp(predictor);
            weight = mean;
            deviance = 2 * ((y == 0 ? 0 : y * Math.Log(y / mean)) - (y - mean));
        }

        return (Math.Min(weight, _weightBound), Math.Clamp(y - mean, -Model.ResidualBound, Model.ResidualBound), Math.Clamp(deviance, 0, Model.DevianceBound));
    }

    /// <summary>In whole units, half to even; never beyond the bound, whatever the last bit of the division is.</summary>
    private static long Whole(double value, double unit, double bound)
    {
        var most = (long)Math.Round(bound / unit);
        return Math.Clamp((long)Math.Round(value / unit, MidpointRounding.ToEven), -most, most);
    }
}
