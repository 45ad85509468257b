using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>
/// A column that a query makes from others, row by row: total (every row gives a value or "missing", never an error) and bounded. It is measured,
/// filtered and grouped by like any other, and may be made from columns derived before it.
/// </summary>
/// <param name="Name">Its name, none of the dataset's.</param>
public abstract record DerivedColumn(string Name)
{
    /// <summary>The columns that it is made from, each once.</summary>
    public abstract IReadOnlyList<string> Columns { get; }

    /// <summary>The column as measures see it: type, unit, bounds, labels.</summary>
    /// <param name="column">Describes the columns that it is made from.</param>
    /// <exception cref="AnalysisException">A rule is broken.</exception>
    public SchemaColumn Describe(Func<string, SchemaColumn> column) => DerivedRules.Describe(this, column);
}

/// <summary>A number or date cut into labelled bins.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Column">Of numbers or dates.</param>
/// <param name="Edges">Ascending; a bin holds its lower edge.</param>
/// <param name="Labels">One a bin, values outside being missing and the last edge belonging to the last bin; or two more, of which the first is for
/// all values below the edges and the last for those from the last edge on.</param>
public sealed record BinsColumn(string Name, string Column, IReadOnlyList<double> Edges, IReadOnlyList<string> Labels) : DerivedColumn(Name)
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => [Column];
}

/// <summary>One number divided by another, clamped; missing where the denominator is 0.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Numerator">Of numbers.</param>
/// <param name="Denominator">Of numbers.</param>
/// <param name="Low">Lower quotients count as this.</param>
/// <param name="High">Higher quotients count as this.</param>
/// <param name="Resolution">The step to which quotients are rounded when they are summed; null for as fine as can be.</param>
/// <param name="Unit">The unit; empty for none.</param>
public sealed record RatioColumn(string Name, string Numerator, string Denominator, double Low, double High, double? Resolution = null, string Unit = "") : DerivedColumn(Name)
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => Numerator == Denominator ? [Numerator] : [Numerator, Denominator];
}

/// <summary>A point in time: a column of dates, or one date for all rows.</summary>
/// <param name="Column">The column; null for a fixed date.</param>
/// <param name="Day">The fixed date, a <see cref="DayNumber"/>; null for a column.</param>
public sealed record DateSource(string? Column, double? Day);

/// <summary>Completed years from one date to another, clamped; missing where the second is earlier. Who was born on 29 February has a birthday on
/// 1 March in other years.</summary>
/// <param name="Name">Its name.</param>
/// <param name="From">E.g. the date of birth.</param>
/// <param name="To">E.g. the date of the visit.</param>
/// <param name="Low">Lower ages count as this.</param>
/// <param name="High">Higher ages count as this; at most 90.</param>
public sealed record AgeColumn(string Name, string From, DateSource To, int Low = 0, int High = AgeColumn.MaxAge) : DerivedColumn(Name)
{
    /// <summary>Ages above 89 are one class (HIPAA Safe Harbor).</summary>
    public const int MaxAge = (int)SchemaColumn.AgeTopCode + 1;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => To.Column is { } to && to != From ? [From, to] : [From];
}

/// <summary>Days from one date to another, negative where the second is earlier, clamped.</summary>
/// <param name="Name">Its name.</param>
/// <param name="From">The earlier date as a rule.</param>
/// <param name="To">The later one.</param>
/// <param name="Low">Lower numbers count as this.</param>
/// <param name="High">Higher numbers count as this.</param>
public sealed record DaysColumn(string Name, string From, DateSource To, int Low, int High) : DerivedColumn(Name)
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => To.Column is { } to && to != From ? [From, to] : [From];
}

/// <summary>Labels or whole numbers gathered under new labels. Missing stays missing.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Column">A category, or whole numbers.</param>
/// <param name="Map">Each new label with the keys that it stands for, as text.</param>
/// <param name="Else">The label of all other values; null leaves them missing.</param>
public sealed record RecodeColumn(string Name, string Column, IReadOnlyList<Recoding> Map, string? Else = null) : DerivedColumn(Name)
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => [Column];
}

/// <summary>One new label.</summary>
/// <param name="Label">The label.</param>
/// <param name="Keys">What it stands for: labels of a category, or whole numbers as text.</param>
public sealed record Recoding(string Label, IReadOnlyList<string> Keys);
