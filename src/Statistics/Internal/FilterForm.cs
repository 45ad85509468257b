using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// One text for filters that are the same but for how they are written: conditions in another order, twice, nested or negated twice, "between" in place
/// of two comparisons, a list of one in place of "eq", labels that are wanted in place of those that are not, and columns derived under another name.
/// Filters that keep the same rows for other reasons (from 18 on, or above 17) have different texts.
/// </summary>
internal sealed class FilterForm
{
    private readonly Analysis _analysis;
    private readonly Dictionary<string, string> _columns = [];

    private FilterForm(Analysis analysis)
    {
        _analysis = analysis;
        foreach (var column in analysis.Columns) _columns[column.Name] = Call("column", column.Name);
        // A digest, since each may use the one before it several times.
        foreach (var derived in analysis.Derived) _columns[derived.Name] = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Definition(derived))));
    }

    public static string Of(Analysis analysis) => analysis.Where is { } where ? new FilterForm(analysis).Of(where, negated: false) : "";

    private string Of(Filter filter, bool negated)
    {
        switch (filter)
        {
            case NotFilter f:
                return Of(f.Item, !negated);
            case AndFilter f:
                return List(f.Items, all: !negated, negated);
            case OrFilter f:
                return List(f.Items, all: negated, negated);
            case BetweenFilter f:
                return Of(Ends(f), negated);
            case CompareFilter { Value.Label: { } label } f:
                return Sign(negated) + Labels(f.Column, l => l == label == (f.Operator == ComparisonOperator.Eq));
            case InFilter f when !_analysis.Describe(f.Column).IsNumeric:
                return Sign(negated) + Labels(f.Column, l => f.Values.Any(v => v.Label == l));
            case CompareFilter { Operator: ComparisonOperator.Eq } f:
                return Sign(negated) + Call("in", _columns[f.Column], Text(f.Value.Number));
            case InFilter f:
                return Sign(negated) + Call("in", [_columns[f.Column], .. f.Values.Select(v => v.Number).Distinct().Order().Select(Text)]);
            case CompareFilter f:
                return Sign(negated) + Call($"{f.Operator}", _columns[f.Column], Text(f.Value.Number));
            case IsNullFilter f:
                return Sign(negated) + Call("null", _columns[f.Column]);
            default:
                throw new ArgumentException($"A filter of type {filter.GetType().Name} has no form.", nameof(filter));
        }
    }

    private string List(IReadOnlyList<Filter> items, bool all, bool negated)
    {
        var forms = new SortedSet<string>(StringComparer.Ordinal);
        Collect(items, negated);
        return forms.Count == 1 ? forms.Min! : Call(all ? "and" : "or", [.. forms]);

        void Collect(IReadOnlyList<Filter> list, bool not)
        {
            foreach (var item in list)
            {
                if (item is NotFilter opposite) Collect([opposite.Item], !not);
                else if (item is AndFilter and && all != not) Collect(and.Items, not);
                else if (item is OrFilter or && all == not) Collect(or.Items, not);
                else if (item is BetweenFilter between && all != not) Collect(Ends(between).Items, not);
                else forms.Add(Of(item, not));
            }
        }
    }

    private static AndFilter Ends(BetweenFilter between) => new(
    [
        new CompareFilter(between.Column, ComparisonOperator.Ge, new FilterValue(between.Low, null)),
        new CompareFilter(between.Column, ComparisonOperator.Le, new FilterValue(between.High, null)),
    ]);

    private string Labels(string column, Func<string, bool> wanted) =>
        Call("label", [_columns[column], .. _analysis.Describe(column).Categories.Where(wanted).Order(StringComparer.Ordinal)]);

    private string Definition(DerivedColumn derived) => derived switch
    {
        BinsColumn d => Call("bins", [_columns[d.Column], .. d.Edges.Select(e => Text(e)), .. d.Labels]),
        RatioColumn d => Call("ratio", _columns[d.Numerator], _columns[d.Denominator], Text(d.Low), Text(d.High)),
        AgeColumn d => Call("age", _columns[d.From], To(d.To), Text(d.Low), Text(d.High)),
        DaysColumn d => Call("days", _columns[d.From], To(d.To), Text(d.Low), Text(d.High)),
        RecodeColumn d => Call("recode", [_columns[d.Column], .. d.Map.Select(m => Call("to", [m.Label, .. m.Keys])), Call("else", d.Else is null ? [] : [d.Else])]),
        _ => throw new ArgumentException($"A derived column of type {derived.GetType().Name} has no form.", nameof(derived)),
    };

    private string To(DateSource to) => to.Column is { } column ? _columns[column] : Text(to.Day);

    private static string Sign(bool negated) => negated ? "!" : "";

    private static string Text(double? number) => (number ?? 0).ToString("R", CultureInfo.InvariantCulture);

    /// <summary>Every part with its length before it, so that no two lists have one text.</summary>
    private static string Call(string word, params IReadOnlyList<string> parts)
    {
        var text = new StringBuilder(word).Append('(');
        foreach (var part in parts) text.Append(CultureInfo.InvariantCulture, $"{part.Length}:").Append(part);
        return text.Append(')').ToString();
    }
}
