namespace SecureAggregation.Statistics.Internal;

/// <summary>Fields as a schema reads them.</summary>
internal sealed class DummyRecord : IRecord
{
    private readonly (SourceColumn Source, SchemaColumn Column, int At)[] _columns;
    private readonly double[] _values;
    private readonly int _personAt;
    private string _person = "";

    public DummyRecord(SchemaFile schema, IReadOnlyList<string> header, Analysis analysis)
    {
        var places = header.Select((name, at) => (name, at)).ToDictionary(p => p.name, p => p.at, StringComparer.Ordinal);
        _columns = [.. analysis.Columns.Select(c => (schema.Source(c.Name), c)).Select(c => (c.Item1, c.c, places[c.Item1.Header]))];
        _values = new double[_columns.Length];
        _personAt = schema.PersonKey is { } key ? places[key.Header] : -1;
    }

    public ReadOnlySpan<char> PersonKey => _person;

    public bool TryGetNumber(int column, out double value)
    {
        value = _values[column];
        return !double.IsNaN(value);
    }

    public int GetCategory(int column) => double.IsNaN(_values[column]) ? -1 : (int)_values[column];

    public void Set(IReadOnlyList<string> fields)
    {
        if (_personAt >= 0) _person = fields[_personAt];
        for (var i = 0; i < _columns.Length; i++)
        {
            var (source, column, at) = _columns[i];
            _values[i] = double.NaN;
            if (column.IsNumeric)
            {
                if (source.ReadNumber(fields[at], out var number) == FieldState.Value) _values[i] = number;
            }
            else if (source.ReadCategory(fields[at], out var label) == FieldState.Value)
            {
                _values[i] = column.IndexOf(source.Column!.Categories[label]);
            }
        }
    }
}
