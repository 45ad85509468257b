using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics.Internal.Blocks;

/// <summary>Events for so much person-time: n, the events, and the sum of z of the time, from which and n the person-time follows.</summary>
internal sealed class IncidenceBlock : LayoutBlock
{
    private readonly int _time;
    private readonly SchemaColumn _column;
    private readonly Outcome _outcome;
    private readonly Quantiser _quantiser;

    public IncidenceBlock(BlockPlace place)
        : base(place)
    {
        var measure = (IncidenceMeasure)Measures[0];
        _time = place.Analysis.IndexOf(measure.Time);
        _column = place.Analysis.Describe(_time);
        _outcome = new Outcome(place.Analysis, measure.Event);
        _quantiser = new Quantiser(_column, place.CellCap);
        // The noise of each cell in events: of n and Σz at a rate of one event in a fifth of the rows, and times half-way up.
        var shares = EpsilonShares.Thousandths(new(1, 0.2m, 1), new(1, 1, 1), new(1, 0.2m, 1));
        Segments = Lay(
            ("n", 1, shares[0], [("n", 1L)]),
            ("events", 1, shares[1], [(_outcome.Event, 1L)]),
            ("time", 1, shares[2], [(_column.Name, _quantiser.Steps)]));
    }

    internal override int KeyLength => 2;

    internal override bool TryEncode(IRecord record, Span<long> key)
    {
        if (!record.TryGetNumber(_time, out var time) || double.IsNaN(time) || !_outcome.TryRead(record, out key[0])) return false;
        key[1] = _quantiser.Z(time);
        return true;
    }

    internal override void Add(Span<Int128> cells, ReadOnlySpan<long> key)
    {
        cells[0]++;
        cells[1] += key[0];
        cells[2] += key[1];
    }

    internal override void Release(Scope scope, ICollection<ReleasedStatistic> into)
    {
        foreach (var measure in Measures.Cast<IncidenceMeasure>()) Release(measure, scope, into);
    }

    private void Release(IncidenceMeasure measure, Scope scope, ICollection<ReleasedStatistic> into)
    {
        ReleasedStatistic Bare(string quantity, string unit = "") => scope.Bare(measure.Name, MeasureKind.Incidence, _column.Name, "", quantity, unit);
        into.Add(scope.Counted(Bare("n"), 0));
        var of = _column.Unit.Length > 0 ? _column.Unit : _column.Name;
        var rate = Bare("", $"per {Bins.Text(measure.Per)} {of}") with { BoundLow = _quantiser.Low, BoundHigh = _quantiser.High };
        if (scope.TooFew(scope[0]))
        {
            into.Add(scope.Withhold(Bare("events")));
            into.Add(scope.Withhold(Bare("time", of)));
            into.Add(scope.Withhold(rate));
            return;
        }

        var half = scope.HalfWidth(1, scope.Alpha);
        into.Add(Bare("events") with { Value = scope[1], Low = scope[1] - half, High = scope[1] + half, Method = Methods.Exact });
        var time = (_quantiser.Unit * scope[2]) + (_quantiser.Middle * scope[0]);
        var halfTime = HalfWidth(0, _quantiser.Middle, _quantiser.Unit);
        into.Add(Bare("time", of) with { Value = time, Low = time - halfTime, High = time + halfTime, Method = Methods.Exact });
        if (time - halfTime <= 0)
        {
            into.Add(Scope.Undetermined(rate, "the person-time is within its noise of 0"));
            return;
        }

        // Fieller: the rates r for which events − r·time is no further from 0 than its noise. Time is clear of 0, so the interval has two ends.
        var value = Math.Max(0, scope[1]) / time;
        var events = Math.Max(0, scope[1]);
        var low = Inversion.Edge(r => events - (r * time) - RateNoise(r), value, 0, time);
        var high = Inversion.Edge(r => (r * time) - events - RateNoise(r), value, double.PositiveInfinity, time);
        into.Add(rate with { Value = value * measure.Per, Low = low * measure.Per, High = high * measure.Per, Method = Methods.Fieller });

        double RateNoise(double rate) => HalfWidth(1, -rate * _quantiser.Middle, -rate * _quantiser.Unit);

        double HalfWidth(double events, double n, double z) =>
            new NoiseSum([.. new[] { (1, events), (0, n), (2, z) }.Where(t => t.Item2 != 0).Select(t => scope.Term(t.Item1, t.Item2))]).HalfWidth(scope.Alpha);
    }
}
