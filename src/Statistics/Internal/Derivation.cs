using System.Globalization;

namespace SecureAggregation.Statistics.Internal;

/// <summary>A derived column made ready to run: columns as indices, keys as numbers. Of the two questions each kind answers its own.</summary>
internal abstract class Derivation
{
    public virtual bool TryGetNumber(IRecord record, out double value)
    {
        value = 0;
        return false;
    }

    public virtual int GetCategory(IRecord record) => -1;

    public static Derivation Compile(DerivedColumn derived, Analysis analysis) => derived switch
    {
        BinsColumn d => new Cut(analysis.IndexOf(d.Column), [.. d.Edges], d.Labels.Count > d.Edges.Count),
        RatioColumn d => new Quotient(analysis.IndexOf(d.Numerator), analysis.IndexOf(d.Denominator), d.Low, d.High),
        AgeColumn d => new Years(analysis.IndexOf(d.From), new Point(d.To, analysis), d.Low, d.High),
        DaysColumn d => new Span(analysis.IndexOf(d.From), new Point(d.To, analysis), d.Low, d.High),
        RecodeColumn d => Recode(d, analysis),
        _ => throw new ArgumentException($"A derived column of type {derived.GetType().Name} has no meaning here.", nameof(derived)),
    };

    private static Derivation Recode(RecodeColumn derived, Analysis analysis)
    {
        var index = analysis.IndexOf(derived.Column);
        var column = analysis.Describe(index);
        var labels = analysis.Describe(derived.Name);
        var rest = derived.Else is { } other ? labels.IndexOf(other) : -1;
        var keys = derived.Map.SelectMany(m => m.Keys.Select(k => (Key: k, Label: labels.IndexOf(m.Label)))).ToDictionary(k => k.Key, k => k.Label);
        return column.IsNumeric
            ? new Numbers(index, keys.ToDictionary(k => double.Parse(k.Key, CultureInfo.InvariantCulture), k => k.Value), rest)
            : new Labels(index, [.. column.Categories.Select(c => keys.GetValueOrDefault(c, rest))]);
    }

    private static bool TryRead(IRecord record, int column, out double value) => record.TryGetNumber(column, out value) && !double.IsNaN(value);

    private sealed class Cut(int column, double[] edges, bool open) : Derivation
    {
        public override int GetCategory(IRecord record)
        {
            if (!TryRead(record, column, out var value)) return -1;
            var found = Array.BinarySearch(edges, value);
            var bin = found >= 0 ? found : ~found - 1;
            if (open) return bin + 1;
            // The last edge belongs to the last bin.
            return bin < edges.Length - 1 ? bin : value == edges[^1] ? edges.Length - 2 : -1;
        }
    }

    private sealed class Quotient(int numerator, int denominator, double low, double high) : Derivation
    {
        public override bool TryGetNumber(IRecord record, out double value)
        {
            value = 0;
            if (!TryRead(record, numerator, out var of) || !TryRead(record, denominator, out var by) || by == 0) return false;
            var quotient = of / by;
            value = Math.Clamp(quotient, low, high);
            return !double.IsNaN(quotient);
        }
    }

    private sealed class Years(int from, Point to, int low, int high) : Derivation
    {
        public override bool TryGetNumber(IRecord record, out double value)
        {
            value = 0;
            if (!TryRead(record, from, out var first) || !to.TryRead(record, out var last) || !IsDay(first) || !IsDay(last)) return false;
            var (start, end) = (DayNumber.Date(first), DayNumber.Date(last));
            var years = end.Year - start.Year;
            if ((end.Month, end.Day).CompareTo((start.Month, start.Day)) < 0) years--;
            value = Math.Clamp(years, low, high);
            return years >= 0;
        }

        private static bool IsDay(double day) => day >= DayNumber.Least && day < DayNumber.Most + 1;
    }

    private sealed class Span(int from, Point to, int low, int high) : Derivation
    {
        public override bool TryGetNumber(IRecord record, out double value)
        {
            value = 0;
            if (!TryRead(record, from, out var first) || !to.TryRead(record, out var last)) return false;
            value = Math.Clamp(last - first, low, high);
            return !double.IsNaN(value);
        }
    }

    private sealed class Numbers(int column, Dictionary<double, int> keys, int rest) : Derivation
    {
        public override int GetCategory(IRecord record) => TryRead(record, column, out var value) ? keys.GetValueOrDefault(value, rest) : -1;
    }

    private sealed class Labels(int column, int[] labels) : Derivation
    {
        public override int GetCategory(IRecord record) => record.GetCategory(column) is >= 0 and var label ? labels[label] : -1;
    }

    /// <summary>A column of dates, or one date.</summary>
    private sealed class Point(DateSource source, Analysis analysis)
    {
        private readonly int _column = source.Column is { } column ? analysis.IndexOf(column) : -1;
        private readonly double _day = source.Day ?? 0;

        public bool TryRead(IRecord record, out double day)
        {
            if (_column >= 0) return Derivation.TryRead(record, _column, out day);
            day = _day;
            return true;
        }
    }
}
