using System.Globalization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Client;

/// <summary>A row as conditions see it: <c>row["age"] &gt;= 18 &amp;&amp; row["sex"].Is("female")</c>.</summary>
public sealed class Row
{
    internal Row()
    {
    }

    /// <summary>The value in a column of the dataset, or in a derived one.</summary>
    public Cell this[string column] => new(column);
}

/// <summary>A value of a row. Where it is missing every comparison is false, also <see cref="IsNot(string)"/>; say <see cref="IsMissing"/> where that matters.</summary>
/// <param name="Column">The column that it stands in.</param>
public sealed record Cell(string Column)
{
    /// <summary>Whether there is no value.</summary>
    public Condition IsMissing => new(new IsNullFilter(Column));

    /// <summary>The label, or the date as yyyy-MM-dd.</summary>
    public Condition Is(string label) => Compare(ComparisonOperator.Eq, label);

    /// <summary>The number.</summary>
    public Condition Is(double number) => Compare(ComparisonOperator.Eq, number);

    /// <summary>Another label.</summary>
    public Condition IsNot(string label) => Compare(ComparisonOperator.Ne, label);

    /// <summary>Another number.</summary>
    public Condition IsNot(double number) => Compare(ComparisonOperator.Ne, number);

    /// <summary>One of these labels.</summary>
    public Condition IsIn(params IReadOnlyList<string> labels) => new(new InFilter(Column, [.. labels.Select(label => new FilterValue(null, label))]));

    /// <summary>One of these numbers.</summary>
    public Condition IsIn(params IReadOnlyList<double> numbers) => new(new InFilter(Column, [.. numbers.Select(number => new FilterValue(Plain(number), null))]));

    /// <summary>From one number to another; both belong.</summary>
    public Condition Between(double low, double high) => new(new BetweenFilter(Column, Plain(low), Plain(high)));

    /// <summary>From one date to another; both belong.</summary>
    public Condition Between(DateOnly first, DateOnly last) => Between(DayNumber.Of(first), DayNumber.Of(last));

    /// <summary>Less than a number.</summary>
    public static Condition operator <(Cell cell, double number) => Of(cell).Compare(ComparisonOperator.Lt, number);

    /// <summary>At most a number.</summary>
    public static Condition operator <=(Cell cell, double number) => Of(cell).Compare(ComparisonOperator.Le, number);

    /// <summary>More than a number.</summary>
    public static Condition operator >(Cell cell, double number) => Of(cell).Compare(ComparisonOperator.Gt, number);

    /// <summary>At least a number.</summary>
    public static Condition operator >=(Cell cell, double number) => Of(cell).Compare(ComparisonOperator.Ge, number);

    /// <summary>Before a date.</summary>
    public static Condition operator <(Cell cell, DateOnly date) => cell < DayNumber.Of(date);

    /// <summary>On a date or before it.</summary>
    public static Condition operator <=(Cell cell, DateOnly date) => cell <= DayNumber.Of(date);

    /// <summary>After a date.</summary>
    public static Condition operator >(Cell cell, DateOnly date) => cell > DayNumber.Of(date);

    /// <summary>On a date or after it.</summary>
    public static Condition operator >=(Cell cell, DateOnly date) => cell >= DayNumber.Of(date);

    // Minus zero has a second encoding; there is one of each question.
    private static double Plain(double number) => double.IsFinite(number)
        ? number + 0.0
        : throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"A condition compares with {number}; it must be an ordinary number."), nameof(number));

    private static Cell Of(Cell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return cell;
    }

    private Condition Compare(ComparisonOperator comparison, double number) => new(new CompareFilter(Column, comparison, new FilterValue(Plain(number), null)));

    private Condition Compare(ComparisonOperator comparison, string label) => new(new CompareFilter(Column, comparison, new FilterValue(null, label)));
}

/// <summary>Which rows count. Conditions are joined by <c>&amp;&amp;</c> and <c>||</c>, and turned round by <c>!</c>.</summary>
/// <param name="Filter">As the query has it.</param>
public sealed record Condition(Filter Filter)
{
    /// <summary>Both.</summary>
    public static Condition operator &(Condition left, Condition right) => new(new AndFilter([.. Items<AndFilter>(left, f => f.Items), .. Items<AndFilter>(right, f => f.Items)]));

    /// <summary>One of them, or both.</summary>
    public static Condition operator |(Condition left, Condition right) => new(new OrFilter([.. Items<OrFilter>(left, f => f.Items), .. Items<OrFilter>(right, f => f.Items)]));

    /// <summary>The opposite.</summary>
    public static Condition operator !(Condition condition) => new(new NotFilter(Of(condition)));

    /// <summary>Never: <c>||</c> takes both sides.</summary>
    public static bool operator true(Condition condition) => false;

    /// <summary>Never: <c>&amp;&amp;</c> takes both sides.</summary>
    public static bool operator false(Condition condition) => false;

    private static Filter Of(Condition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return condition.Filter;
    }

    private static IReadOnlyList<Filter> Items<T>(Condition condition, Func<T, IReadOnlyList<Filter>> items)
        where T : Filter => Of(condition) is T list ? items(list) : [condition.Filter];
}
