using System.Globalization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Data;

/// <summary>
/// A filter as a condition of a database, which leaves out only rows that the filter surely leaves out; the outpost then applies the filter itself to
/// what is left. So no row is lost or won by a difference between the two: what the database cannot say exactly (numbers in text, codes with blanks,
/// types that it does not know) it keeps. Each part is therefore two conditions, never unknown: true wherever the filter may be true, and true only where
/// it surely is; <c>not</c> swaps them.
/// </summary>
internal sealed class SqlFilter(SqlDialect dialect, RowFilter filter)
{
    /// <summary>A part with more values than this is left to the outpost: it would be slower as parameters than as rows.</summary>
    public const int MostValues = 64;

    private string True => $"(NOT {dialect.False})";

    /// <summary>The condition; null if the database cannot leave out anything.</summary>
    public string? Condition()
    {
        var maybe = Of(filter.Where).Maybe;
        return maybe == True ? null : maybe;
    }

    private Pair Of(Filter part) => part switch
    {
        CompareFilter f => Compare(f),
        InFilter f => In(f),
        BetweenFilter f => Number(f.Column, v => $"{v} >= {dialect.Bind(f.Low)} AND {v} <= {dialect.Bind(f.High)}"),
        IsNullFilter f => Not(IsCategory(f.Column) ? Label(f.Column, _ => true) : Number(f.Column, v => $"{v} = {v}")),
        NotFilter f => Not(Of(f.Item)),
        AndFilter f => All(f.Items.Select(Of)),
        OrFilter f => Not(All(f.Items.Select(i => Not(Of(i))))),
        _ => Unknown(),
    };

    private Pair Compare(CompareFilter f)
    {
        var equal = f.Operator == ComparisonOperator.Eq;
        if (IsCategory(f.Column)) return Label(f.Column, label => label == f.Value.Label == equal);
        var comparison = f.Operator switch
        {
            ComparisonOperator.Eq => "=",
            ComparisonOperator.Ne => "<>",
            ComparisonOperator.Lt => "<",
            ComparisonOperator.Le => "<=",
            ComparisonOperator.Gt => ">",
            _ => ">=",
        };
        return Number(f.Column, v => $"{v} {comparison} {dialect.Bind(f.Value.Number!.Value)}");
    }

    private Pair In(InFilter f)
    {
        if (f.Values.Count > MostValues) return Unknown();
        return IsCategory(f.Column)
            ? Label(f.Column, label => f.Values.Any(v => v.Label == label))
            : Number(f.Column, v => $"{v} IN ({string.Join(", ", f.Values.Select(n => dialect.Bind(n.Number!.Value)))})");
    }

    private Pair Number(string name, Func<string, string> test)
    {
        if (Source(name) is not { Column.Type: ColumnType.Integer or ColumnType.Number } source) return Unknown();
        var missing = Known(source, t => source.ReadNumber(t, out _) == FieldState.Missing)
            .Select(t => double.TryParse(t, NumberStyles.Float, CultureInfo.InvariantCulture, out var n) && double.IsFinite(n) ? n : double.NaN)
            .Where(n => !double.IsNaN(n)).Distinct().ToList();
        if (missing.Count > MostValues || dialect.Number(source.Header, source.Column!.Type == ColumnType.Integer) is not { } column) return Unknown();
        var none = missing.Count == 0 ? "" : $" AND {column.Value} NOT IN ({string.Join(", ", missing.Select(dialect.Bind))})";
        // As SourceColumn reads it: above the top code all values are one.
        var value = source.Column.TopCode is { } top ? dialect.Least(column.Value, dialect.Bind(top + 1)) : column.Value;
        var surely = Total($"{column.Sure}{none} AND {test(value)}");
        return new(Or(column.Odd, surely), surely);
    }

    /// <summary>A label is whatever <see cref="SourceColumn.ReadCategory"/> makes of a text, so that texts are sorted by asking it.</summary>
    private Pair Label(string name, Func<string, bool> wanted)
    {
        if (Source(name) is not { } source || dialect.Text(source.Header) is not { } column) return Unknown();
        var described = Described(name)!;
        var yes = Known(source, t => IsWanted(t)).ToList();
        var no = Known(source, t => !IsWanted(t)).ToList();
        if (yes.Count + no.Count > MostValues) return Unknown();
        var surely = yes.Count == 0 ? dialect.False : Total($"{column.Sure} AND {column.Value} IN ({List(yes)})");
        var otherwise = Total($"{column.Sure}{(no.Count == 0 ? "" : $" AND {column.Value} NOT IN ({List(no)})")}");
        return new(Or(column.Odd, otherwise), surely);

        bool IsWanted(string text) => source.ReadCategory(text, out var index) == FieldState.Value
            && described.IndexOf(source.Column!.Categories[index]) >= 0 && wanted(source.Column.Categories[index]);

        string List(IEnumerable<string> texts) => string.Join(", ", texts.Select(dialect.Bind));
    }

    private Pair All(IEnumerable<Pair> items)
    {
        var pairs = items.ToList();
        return new(Join(pairs.Select(p => p.Maybe)), Join(pairs.Select(p => p.Surely)));

        string Join(IEnumerable<string> conditions)
        {
            var terms = conditions.Where(c => c != True).Distinct().ToList();
            return terms.Contains(dialect.False) ? dialect.False : terms.Count == 0 ? True : $"({string.Join(" AND ", terms)})";
        }
    }

    private Pair Not(Pair pair) => new(Opposite(pair.Surely), Opposite(pair.Maybe));

    private string Opposite(string condition) => condition == True ? dialect.False : condition == dialect.False ? True : $"(NOT {condition})";

    private Pair Unknown() => new(True, dialect.False);

    private string Total(string condition) => $"COALESCE({condition}, {dialect.False})";

    private string Or(string odd, string condition) => odd == dialect.False ? condition : $"({odd} OR {condition})";

    private bool IsCategory(string name) => Described(name)?.Type == ColumnType.Category;

    private SchemaColumn? Described(string name) => filter.Analysis.Columns.FirstOrDefault(c => c.Name == name);

    /// <summary>The column as the data has it; null for one that is made of others.</summary>
    private SourceColumn? Source(string name) => filter.Schema.Sources.FirstOrDefault(s => s.Role == ColumnRole.Use && s.Column!.Name == name);

    /// <summary>Declared texts, and the empty one, as they stand in a field: without blanks around them, and without what no database takes.</summary>
    private static IEnumerable<string> Known(SourceColumn source, Predicate<string> holds) =>
        source.Column!.Categories.Concat(source.Codes.Select(c => c.Code)).Concat(source.MissingCodes).Append("").Distinct().Where(t => t.Trim() == t && !t.Any(char.IsControl) && holds(t));

    private sealed record Pair(string Maybe, string Surely);
}
