using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Data;

/// <summary>
/// The current row of a table as an analysis sees it. One object for all rows. A field that is neither a value nor declared to be
/// missing is told to the operator and counts as missing: an outpost does not start on such data, and data that becomes so later must not make
/// answers depend on it row by row.
/// </summary>
internal sealed class TableRecord : IRecord
{
    private readonly ITable _table;
    private readonly Field[] _fields;
    private readonly double[] _numbers;
    private readonly int[] _categories;
    private readonly int _personKey = -1;
    private readonly SourceColumn? _key;
    private char[] _person = new char[64];
    private int _personLength;

    /// <param name="table">The table.</param>
    /// <param name="source">What messages call it.</param>
    /// <param name="schema">How its columns are read.</param>
    /// <param name="columns">The columns to read, in the order of their indices here.</param>
    /// <param name="needsPerson">Whether the person key is read.</param>
    /// <exception cref="DataSourceException">The header lacks a column.</exception>
    public TableRecord(ITable table, string source, SchemaFile schema, IReadOnlyList<SchemaColumn> columns, bool needsPerson)
    {
        _table = table;
        _fields = [.. columns.Select(c => Bind(source, schema.Source(c.Name), c))];
        (_numbers, _categories) = (new double[columns.Count], new int[columns.Count]);
        if (needsPerson && schema.PersonKey is { } key) (_key, _personKey) = (key, Headers.Find(table.Header, source, key.Header));
    }

    public ReadOnlySpan<char> PersonKey => _person.AsSpan(0, _personLength);

    public bool TryGetNumber(int column, out double value)
    {
        value = _numbers[column];
        return !double.IsNaN(value);
    }

    public int GetCategory(int column) => _categories[column];

    /// <summary>Goes to the next row and reads its fields; false at the end.</summary>
    /// <param name="invalid">Told of each field that is not what the schema says.</param>
    public bool Read(Action<FieldProblem> invalid)
    {
        if (!_table.Read()) return false;
        for (var i = 0; i < _fields.Length; i++)
        {
            ref readonly var field = ref _fields[i];
            var state = field.Labels is null ? ReadNumber(in field, i) : ReadCategory(in field, i);
            if (state == FieldState.Invalid) invalid(new FieldProblem(_table.Place, field.Rule));
        }

        if (_personKey >= 0) ReadPerson(invalid);
        return true;
    }

    private FieldState ReadNumber(in Field field, int i)
    {
        var state = field.Source.ReadNumber(_table.Field(field.Index), out var value);
        _numbers[i] = state == FieldState.Value ? value : double.NaN;
        return state;
    }

    private FieldState ReadCategory(in Field field, int i)
    {
        var state = field.Source.ReadCategory(_table.Field(field.Index), out var label);
        _categories[i] = state == FieldState.Value ? field.Labels![label] : -1;
        return state;
    }

    private void ReadPerson(Action<FieldProblem> invalid)
    {
        var person = _table.Field(_personKey);
        if (_key!.IsNobody(person))
        {
            _personLength = 0;
            invalid(new FieldProblem(_table.Place, ": the person key is empty or missing; every row needs one, or rows cannot be told to be one person's"));
            return;
        }

        if (person.Length > _person.Length) _person = new char[2 * person.Length];
        person.CopyTo(_person);
        _personLength = person.Length;
    }

    private Field Bind(string name, SourceColumn source, SchemaColumn column) => new(
        Headers.Find(_table.Header, name, source.Header),
        source,
        column.Type == ColumnType.Category ? [.. source.Column!.Categories.Select(column.IndexOf)] : null,
        Rule(source, column.Type == ColumnType.Category));

    private static string Rule(SourceColumn source, bool category) =>
        $", column '{source.Header}': " + (category
            ? "not one of the declared categories or codes. Correct the data, or declare what stands there in the schema under 'codes:' " +
                "or 'missing:'."
            : source.Column!.Type == ColumnType.Date
            ? $"not a date in the form {source.Format}. Correct the data, or declare its form in the schema under 'format:', or what stands there under 'missing:'."
            : source.Column.Type == ColumnType.Integer
                ? "not a whole number. Correct the data, or declare what stands there in the schema under 'missing:', or the column as " +
                    "'type: number'."
                : "not a number. Correct the data, or declare what stands there in the schema under 'missing:', or the column as 'type: " +
                    "category' with 'codes:'.");

    /// <param name="Index">Column of the table.</param>
    /// <param name="Source">How it is read.</param>
    /// <param name="Labels">For a category: from the schema's labels to those asked for, −1 for one not asked for.</param>
    /// <param name="Rule">What a message says of an invalid field.</param>
    private readonly record struct Field(int Index, SourceColumn Source, int[]? Labels, string Rule);
}

/// <summary>A field that is not what the schema says: where and which rule, never the field.</summary>
internal readonly record struct FieldProblem(string Place, string Rule)
{
    public override string ToString() => Place + Rule;
}
