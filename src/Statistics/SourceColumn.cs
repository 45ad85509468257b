using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>What an outpost does with a column of its file.</summary>
public enum ColumnRole
{
    /// <summary>It answers queries.</summary>
    Use = 1,

    /// <summary>It is never read.</summary>
    Drop = 2,

    /// <summary>It tells whose row it is, inside the outpost only.</summary>
    PersonKey = 3,
}

/// <summary>What became of one field.</summary>
public enum FieldState
{
    /// <summary>A value.</summary>
    Value,

    /// <summary>Declared to be missing.</summary>
    Missing,

    /// <summary>Neither a value of the declared type nor declared to be missing: an error of the file or of its schema.</summary>
    Invalid,
}

/// <summary>How one column of an outpost's file is read: its header, its codes, what stands for "missing". Local to the outpost.</summary>
public sealed class SourceColumn
{
    private const int Characters = 128;
    private const int MissingCharacter = -1;
    private const int InvalidCharacter = -2;

    private readonly HashSet<string> _missingTexts = [];
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _missingText;
    private readonly double _ceiling;
    private readonly Dictionary<string, int> _labels = [];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _label;
    private readonly Dictionary<double, int> _numbers = [];
    private double[] _missingNumbers = [];
    private int[]? _ofCharacter;

    internal SourceColumn(string header, ColumnRole role, SchemaColumn? column)
    {
        (Header, Role, Column) = (header, role, column);
        _ceiling = column?.TopCode + 1 ?? double.PositiveInfinity;
        _missingText = _missingTexts.GetAlternateLookup<ReadOnlySpan<char>>();
        _label = _labels.GetAlternateLookup<ReadOnlySpan<char>>();
        Codes = [];
    }

    /// <summary>The header in the file.</summary>
    public string Header { get; }

    /// <summary>What is done with it.</summary>
    public ColumnRole Role { get; }

    /// <summary>The public column that it feeds; null unless the role is <see cref="ColumnRole.Use"/>.</summary>
    public SchemaColumn? Column { get; }

    /// <summary>How dates are written in the file, e.g. "dd.MM.yyyy"; ISO where nothing is declared.</summary>
    public string Format => DateFormat.ToString();

    /// <summary>Why values or a name that look like an identifier's are none, as a person declared; null if nobody did.</summary>
    public string? NotIdentifying { get; init; }

    /// <summary>What stands for "not known", beside an empty field.</summary>
    public IReadOnlyCollection<string> MissingCodes
    {
        get => _missingTexts;
        internal init
        {
            _missingTexts.UnionWith(value);
            _missingNumbers = [.. value.Select(m => PlainNumber.TryParse(m, out var n) ? n : double.NaN).Where(n => !double.IsNaN(n)).Distinct()];
        }
    }

    /// <summary>What stands in the file for a label, beside the label itself.</summary>
    public IReadOnlyList<(string Code, string Label)> Codes
    {
        get;
        internal init
        {
            field = value;
            _labels.Clear();
            _numbers.Clear();
            foreach (var (code, label) in value.Concat((Column?.Categories ?? []).Select(c => (Code: c, Label: c))))
            {
                // A code wins over a label that looks the same.
                var index = Column!.IndexOf(label);
                _labels.TryAdd(code, index);
                if (PlainNumber.TryParse(code, out var number)) _numbers.TryAdd(number, index);
            }
        }
    }

    internal DateFormat DateFormat { get; init; } = DateFormat.Iso;

    /// <summary>A column that answers no query.</summary>
    public static SourceColumn Unread(string header, ColumnRole role) => new(header, role, null);

    /// <summary>Reads a field of a number column, or the day (<see cref="DayNumber"/>) of a date column. Codes for "missing" match as text, or as numbers where both are ("-9.0" is
    /// "-9"). Values above the top code and one more are that.</summary>
    public FieldState ReadNumber(ReadOnlySpan<char> field, out double value)
    {
        field = field.Trim();
        value = 0;
        if (field.IsEmpty) return FieldState.Missing;
        if (Column!.Type == ColumnType.Date && !_missingText.Contains(field) && DateFormat.TryParse(field, out value)) return FieldState.Value;
        // A code for "missing" that is a number is among the numbers, so that its text is asked for only where the field is none.
        if (!PlainNumber.TryParse(field, out var number)) return _missingText.Contains(field) ? FieldState.Missing : FieldState.Invalid;
        if (Array.IndexOf(_missingNumbers, number) >= 0) return FieldState.Missing;
        if (Column.Type == ColumnType.Date) return FieldState.Invalid;
        if (Column.Type == ColumnType.Integer && Math.Floor(number) != number) return FieldState.Invalid;
        value = Math.Min(number, _ceiling);
        return FieldState.Value;
    }

    /// <summary>Whether a field of a person key names nobody: it is empty, or a code for "missing", as text or as a number.</summary>
    public bool IsNobody(ReadOnlySpan<char> field)
    {
        field = field.Trim();
        return field.IsEmpty || _missingText.Contains(field) || (PlainNumber.TryParse(field, out var number) && Array.IndexOf(_missingNumbers, number) >= 0);
    }

    /// <summary>Reads a field of a category column: its index among the declared labels. Codes match as text, or as numbers where both
    /// are.</summary>
    public FieldState ReadCategory(ReadOnlySpan<char> field, out int index)
    {
        field = field.Trim();
        // Codes of one character are most of all fields.
        if (field.Length != 1 || field[0] >= Characters) return LookUp(field, out index);
        index = (_ofCharacter ??= [.. Enumerable.Range(0, Characters).Select(OfCharacter)])[field[0]];
        return index >= 0 ? FieldState.Value : index == MissingCharacter ? Missing(out index) : Invalid(out index);
    }

    private int OfCharacter(int character) => LookUp([(char)character], out var index) switch
    {
        FieldState.Value => index,
        FieldState.Missing => MissingCharacter,
        _ => InvalidCharacter,
    };

    private FieldState LookUp(ReadOnlySpan<char> field, out int index)
    {
        if (field.IsEmpty || _missingText.Contains(field)) return Missing(out index);
        if (_label.TryGetValue(field, out index)) return FieldState.Value;
        if (!PlainNumber.TryParse(field, out var number)) return Invalid(out index);
        if (Array.IndexOf(_missingNumbers, number) >= 0) return Missing(out index);
        return _numbers.TryGetValue(number, out index) ? FieldState.Value : Invalid(out index);
    }

    private static FieldState Missing(out int index)
    {
        index = -1;
        return FieldState.Missing;
    }

    private static FieldState Invalid(out int index)
    {
        index = -1;
        return FieldState.Invalid;
    }
}
