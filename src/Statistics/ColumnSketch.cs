using System.Globalization;
using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>What the values of one column look like: numbers or texts, with which labels, in which form of dates, with what for "missing".</summary>
public sealed class ColumnSketch
{
    /// <summary>More different values than this are no labels.</summary>
    public const int MostLabels = 50;

    private static readonly double[] s_sentinels = [-1, -9, -99, -999, -9999];

    private readonly Dictionary<string, long> _labels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> _label;
    private readonly HashSet<string> _missing = new(StringComparer.Ordinal);
    private readonly HashSet<double> _sentinelsSeen = [];
    private readonly List<DateFormat> _formats = [.. DateFormat.Common];
    private readonly IdentifierScan _scan = new();

    /// <summary>A column that nothing is known of yet.</summary>
    public ColumnSketch() => _label = _labels.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether there is a value that is no number.</summary>
    public bool HasText { get; private set; }

    /// <summary>Whether there is a number with a fraction.</summary>
    public bool HasFractions { get; private set; }

    /// <summary>Whether there is a number below 0 that is not one of the usual codes for "not known".</summary>
    public bool HasNegatives { get; private set; }

    /// <summary>Whether 0 occurs.</summary>
    public bool HasZero { get; private set; }

    /// <summary>How many values there are, without what says "not known".</summary>
    public long Count { get; private set; }

    /// <summary>Values with the number of rows that bear them; empty if there are too many to be labels.</summary>
    public IReadOnlyDictionary<string, long> Labels => _labels.Count > MostLabels ? new Dictionary<string, long>(StringComparer.Ordinal) : _labels;

    /// <summary>The form in which all values are dates, or null. Where day and month cannot be told apart, both forms hold and the first is given.</summary>
    public string? DateForm => Count > 0 && _formats.Count > 0 ? _formats[0].ToString() : null;

    /// <summary>Whether another form of dates holds as well.</summary>
    public bool IsDateFormOpen => _formats.Count > 1;

    /// <summary>Why the values may identify persons, or null.</summary>
    public IdentifierFinding? Finding => _scan.Finding();

    /// <summary>What seems to stand for "not known", beside an empty field.</summary>
    public IReadOnlyList<string> MissingCodes =>
    [
        .. _missing.Order(StringComparer.Ordinal),
        // Among values that can be negative anyway, −9 is a value.
        .. HasText || HasNegatives ? [] : _sentinelsSeen.Order().Select(s => s.ToString(CultureInfo.InvariantCulture)),
    ];

    /// <summary>Looks at a field.</summary>
    public void See(ReadOnlySpan<char> field)
    {
        field = field.Trim();
        if (field.IsEmpty) return;
        if (MissingWords.Contains(field))
        {
            _missing.Add(field.ToString());
            return;
        }

        _scan.See(field);
        var isNumber = double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number);
        if (isNumber && s_sentinels.Contains(number))
        {
            _sentinelsSeen.Add(number);
            return;
        }

        Count++;
        if (_labels.Count <= MostLabels) _label[field] = _label.TryGetValue(field, out var rows) ? rows + 1 : 1;
        for (var i = _formats.Count - 1; i >= 0; i--)
        {
            if (!_formats[i].TryParse(field, out _)) _formats.RemoveAt(i);
        }

        if (!isNumber) HasText = true;
        else (HasFractions, HasNegatives, HasZero) = (HasFractions || Math.Floor(number) != number, HasNegatives || number < 0, HasZero || number == 0);
    }
}
