using System.Text;
using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>
/// What a query asks of each row, complete in itself: the columns that it touches with their bounds, bins, group keys and row rule.
/// This is what a coordinator signs and what both sides derive the <see cref="VectorLayout"/> from. Immutable and checked.
/// </summary>
public sealed class Analysis
{
    /// <summary>The most bytes of an encoded analysis.</summary>
    public const int MaxEncodedLength = 1 << 16;

    /// <summary>The most groups, all grouping columns together.</summary>
    public const int MaxGroups = 10_000;

    /// <summary>The default bound on a party's rows.</summary>
    public const long DefaultRowsPerParty = 10_000_000;

    /// <summary>The greatest bound on a party's rows.</summary>
    public const long MaxRowsPerParty = 1_000_000_000_000;

    /// <summary>The greatest number of counted rows a person.</summary>
    public const int MaxRowsPerPerson = 1000;

    /// <summary>The greatest number of groups in which one person counts.</summary>
    public const int MaxGroupsPerPerson = 1000;

    /// <summary>The most measures.</summary>
    public const int MaxMeasures = 100;

    /// <summary>The most derived columns.</summary>
    public const int MaxDerived = 50;

    private readonly SchemaColumn[] _described;

    /// <summary>An analysis, checked.</summary>
    /// <param name="columns">Every column of the dataset that the rest names, and no other; stored in ordinal order of name.</param>
    /// <param name="measures">1 to 100, no two with the same name.</param>
    /// <param name="where">Which rows count; all if null.</param>
    /// <param name="groupBy">Up to 3 columns with declared keys.</param>
    /// <param name="rowRule">How rows belong to persons.</param>
    /// <param name="rowsPerPerson">Rows of one person that count at most in a group; 1 where one row is one person.</param>
    /// <param name="rowsPerParty">Declared bound on a party's rows.</param>
    /// <param name="groupsPerPerson">Groups in which one person counts at most; 1 where one row is one person.</param>
    /// <param name="derived">Columns made from others, each from those before it; none if null.</param>
    /// <exception cref="AnalysisException">A rule is broken.</exception>
    public Analysis(
        IReadOnlyList<SchemaColumn> columns,
        IReadOnlyList<Measure> measures,
        Filter? where,
        IReadOnlyList<GroupBy> groupBy,
        RowRule rowRule,
        int rowsPerPerson = 1,
        long rowsPerParty = DefaultRowsPerParty,
        int groupsPerPerson = 1,
        IReadOnlyList<DerivedColumn>? derived = null)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(measures);
        ArgumentNullException.ThrowIfNull(groupBy);
        Columns = [.. columns.OrderBy(c => c.Name, StringComparer.Ordinal)];
        Measures = [.. measures];
        Where = where;
        GroupBy = [.. groupBy];
        RowRule = rowRule;
        RowsPerPerson = rowsPerPerson;
        RowsPerParty = rowsPerParty;
        GroupsPerPerson = groupsPerPerson;
        Derived = [.. derived ?? []];
        AnalysisRules.CheckColumns(this);
        _described = [.. Columns];
        foreach (var definition in Derived) _described = [.. _described, definition.Describe(Describe)];
        AnalysisRules.Check(this);
    }

    /// <summary>The dataset's columns that are used, also those that only derived columns are made from, in ordinal order of name; records are
    /// read by the index in this list.</summary>
    public IReadOnlyList<SchemaColumn> Columns { get; }

    /// <summary>Columns made from others, each from those before it.</summary>
    public IReadOnlyList<DerivedColumn> Derived { get; }

    /// <summary>What is computed, in asked order.</summary>
    public IReadOnlyList<Measure> Measures { get; }

    /// <summary>Which rows count; all if null.</summary>
    public Filter? Where { get; }

    /// <summary>Grouping columns with their declared keys.</summary>
    public IReadOnlyList<GroupBy> GroupBy { get; }

    /// <summary>How rows belong to persons.</summary>
    public RowRule RowRule { get; }

    /// <summary>Rows of one person that count at most in a group.</summary>
    public int RowsPerPerson { get; }

    /// <summary>Groups in which one person counts at most.</summary>
    public int GroupsPerPerson { get; }

    /// <summary>Declared bound on a party's rows.</summary>
    public long RowsPerParty { get; }

    /// <summary>The index of a column by which rows are read, derived ones after those of the dataset; −1 if there is none.</summary>
    public int IndexOf(string column)
    {
        for (var i = 0; i < _described.Length; i++)
        {
            if (_described[i].Name == column) return i;
        }

        return -1;
    }

    /// <summary>What is known of the column with this index (<see cref="IndexOf"/>), derived or not.</summary>
    public SchemaColumn Describe(int index) => _described[index];

    /// <summary>What is known of the column of this name, derived or not.</summary>
    /// <exception cref="AnalysisException">There is none.</exception>
    public SchemaColumn Describe(string column)
    {
        var index = IndexOf(column);
        return index >= 0
            ? _described[index]
            : throw new AnalysisException(
                $"Column '{column}' is used but not described{Nearest.Suggestion(column, _described.Select(c => c.Name))}");
    }

    /// <summary>
    /// Checks that an outpost's dataset is what this analysis takes it for: the same row rule, and each column there with the same type,
    /// unit and labels. Bounds may differ, since the analysis clamps to its own. Depends on the schema alone, never on data.
    /// </summary>
    /// <exception cref="AnalysisException">It is not.</exception>
    public void RequireFit(DatasetSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        if (schema.RowRule != RowRule)
        {
            throw new AnalysisException(
                $"The query takes the rows of '{schema.Name}' as {Text(RowRule)}, but the dataset declares "
                + $"{Text(schema.RowRule)}; resolve the query against this dataset's schema.");
        }

        if (Derived.FirstOrDefault(d => schema.Columns.Any(c => c.Name == d.Name)) is { } taken)
        {
            throw new AnalysisException($"The query derives '{taken.Name}', but '{schema.Name}' has a column of that name; choose another.");
        }

        foreach (var column in Columns)
        {
            var own = schema.Column(column.Name);
            if (own.Type != column.Type || own.Unit != column.Unit)
            {
                throw new AnalysisException(
                    $"The query takes column '{column.Name}' as {column.Type} in '{column.Unit}', but the dataset has "
                    + $"{own.Type} in '{own.Unit}'; resolve the query against this dataset's schema.");
            }

            if (column.Categories.Except(own.Categories).FirstOrDefault() is { } label)
            {
                throw new AnalysisException(
                    $"Column '{column.Name}' of '{schema.Name}' has no category '{label}'; resolve the query against this "
                    + "dataset's schema.");
            }
        }
    }

    /// <summary>The canonical bytes (secagg.v1.Analysis).</summary>
    public byte[] Encode() => AnalysisCodec.Encode(this);

    /// <summary>
    /// <see cref="Where"/> in one form for all ways of writing it, with the derived columns in it taken apart, to tell whether two questions count the same
    /// rows; empty if all rows count. Filters that keep the same rows for other reasons (from 18 on, above 17) have different forms.
    /// </summary>
    public byte[] EncodeWhere() => Encoding.UTF8.GetBytes(FilterForm.Of(this));

    /// <summary>Reads canonical bytes: size first, then all rules; anything that <see cref="Encode"/> would not have written is
    /// refused.</summary>
    /// <exception cref="AnalysisException">The bytes are too many, malformed, not canonical, or break a rule.</exception>
    public static Analysis Decode(ReadOnlySpan<byte> bytes) => AnalysisCodec.Decode(bytes);

    private static string Text(RowRule rule) => rule == RowRule.OneRowPerPerson ? "one row = one person" : "several rows a person, with a person key";
}
