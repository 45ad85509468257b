using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Data;

/// <summary>
/// The current row of a table as an analysis sees it. One object for all rows. A field that is neither a value nor declared to be
/// missing is told to the operator and counts as missing: an outpost does not start on such a file, and a file that becomes so later must not make
/// answers depend on it row by row.
/// </summary>
internal sealed class CsvRecord : IRecord
{
    private readonly CsvTable _table;
    private readonly string _name;
    private readonly Field[] _fields;
    private readonly double[] _numbers;
    private readonly int[] _categories;
    private readonly int _personKey = -1;
    private string _person = "";

    /// <param name="table">The table.</param>
    /// <param name="file">What messages call it.</param>
    /// <param name="schema">How its columns are read.</param>
    /// <param name="columns">The columns to read, in the order of their indices here.</param>
    /// <param name="needsPerson">Whether the person key is read.</param>
    /// <exception cref="DataSourceException">The header lacks a column.</exception>
    public CsvRecord(CsvTable table, string file, SchemaFile schema, IReadOnlyList<SchemaColumn> columns, bool needsPerson)
    {
        (_table, _name) = (table, file);
        _fields = [.. columns.Select(c => Bind(schema.Source(c.Name), c))];
        (_numbers, _categories) = (new double[columns.Count], new int[columns.Count]);
        if (needsPerson && schema.PersonKey is { } key) _personKey = Headers.Find(table, file, key.Header);
    }

    public ReadOnlySpan<char> PersonKey => _person;

    public bool TryGetNumber(int column, out double value)
    {
        value = _numbers[column];
        return !double.IsNaN(value);
    }

    public int GetCategory(int column) => _categories[column];

    /// <summary>Goes to the next row and reads its fields; false at the end.</summary>
    /// <param name="invalid">Told of each field that is not what the schema says: line, column and rule, never the field.</param>
    public bool Read(Action<string> invalid)
    {
        if (!_table.Read()) return false;
        for (var i = 0; i < _fields.Length; i++)
        {
            var (index, source, labels) = _fields[i];
            _numbers[i] = double.NaN;
            _categories[i] = -1;
            var state = labels is null ? ReadNumber(source, index, i) : ReadCategory(source, index, i, labels);
            if (state == FieldState.Invalid) invalid(Problem(source, labels is not null));
        }

        if (_personKey < 0) return true;
        _person = _table.Field(_personKey).ToString();
        if (_person.Length == 0)
            invalid($"'{_name}', line {_table.Line}: the person key is empty; every row needs one, or rows cannot be told to be one " +
                "person's");
        return true;
    }

    private FieldState ReadNumber(SourceColumn source, int index, int i)
    {
        var state = source.ReadNumber(_table.Field(index), out var value);
        if (state == FieldState.Value) _numbers[i] = value;
        return state;
    }

    private FieldState ReadCategory(SourceColumn source, int index, int i, int[] labels)
    {
        var state = source.ReadCategory(_table.Field(index), out var label);
        if (state == FieldState.Value) _categories[i] = labels[label];
        return state;
    }

    private Field Bind(SourceColumn source, SchemaColumn column) => new(
        Headers.Find(_table, _name, source.Header),
        source,
        column.Type == ColumnType.Category ? [.. source.Column!.Categories.Select(column.IndexOf)] : null);

    private string Problem(SourceColumn source, bool category) =>
        $"'{_name}', line {_table.Line}, column '{source.Header}': " + (category
            ? "not one of the declared categories or codes. Correct the file, or declare what stands there in the schema under 'codes:' " +
                "or 'missing:'."
            : source.Column!.Type == ColumnType.Date
            ? $"not a date in the form {source.Format}. Correct the file, or declare its form in the schema under 'format:', or what stands there under 'missing:'."
            : source.Column!.Type == ColumnType.Integer
                ? "not a whole number. Correct the file, or declare what stands there in the schema under 'missing:', or the column as " +
                    "'type: number'."
                : "not a number. Correct the file, or declare what stands there in the schema under 'missing:', or the column as 'type: " +
                    "category' with 'codes:'.");

    /// <param name="Index">Column of the table.</param>
    /// <param name="Source">How it is read.</param>
    /// <param name="Labels">For a category: from the schema's labels to those asked for, −1 for one not asked for.</param>
    private readonly record struct Field(int Index, SourceColumn Source, int[]? Labels);
}
