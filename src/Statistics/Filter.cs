namespace SecureAggregation.Statistics;

/// <summary>How a <see cref="CompareFilter"/> compares.</summary>
public enum ComparisonOperator
{
    /// <summary>Equal.</summary>
    Eq = 1,

    /// <summary>Not equal.</summary>
    Ne = 2,

    /// <summary>Less than.</summary>
    Lt = 3,

    /// <summary>At most.</summary>
    Le = 4,

    /// <summary>Greater than.</summary>
    Gt = 5,

    /// <summary>At least.</summary>
    Ge = 6,
}

/// <summary>
/// Which rows count: a small typed tree. A missing value makes a comparison, <c>in</c> and <c>between</c> false (also "not equal");
/// <c>not</c> turns that around, so use <c>is_null</c> to be exact.
/// </summary>
public abstract record Filter
{
    /// <summary>The deepest nesting.</summary>
    public const int MaxDepth = 16;

    /// <summary>The most nodes and listed values.</summary>
    public const int MaxNodes = 1000;

    private protected Filter()
    {
    }

    /// <summary>The columns that it names, each once.</summary>
    public IReadOnlyCollection<string> ColumnNames
    {
        get
        {
            var names = new SortedSet<string>(StringComparer.Ordinal);
            Collect(this, names);
            return names;
        }
    }

    private static void Collect(Filter filter, SortedSet<string> names)
    {
        switch (filter)
        {
            case CompareFilter f: names.Add(f.Column); break;
            case InFilter f: names.Add(f.Column); break;
            case BetweenFilter f: names.Add(f.Column); break;
            case IsNullFilter f: names.Add(f.Column); break;
            case NotFilter f: Collect(f.Item, names); break;
            case AndFilter f:
                foreach (var item in f.Items) Collect(item, names);
                break;
            case OrFilter f:
                foreach (var item in f.Items) Collect(item, names);
                break;
        }
    }
}

/// <summary>A number or a category's label in a filter; exactly one of the two.</summary>
/// <param name="Number">The number, for number columns.</param>
/// <param name="Label">The label, for category columns.</param>
public sealed record FilterValue(double? Number, string? Label);

/// <summary>Column against one value.</summary>
public sealed record CompareFilter(string Column, ComparisonOperator Operator, FilterValue Value) : Filter;

/// <summary>Column is one of the values.</summary>
public sealed record InFilter(string Column, IReadOnlyList<FilterValue> Values) : Filter;

/// <summary>Low ≤ column ≤ high.</summary>
public sealed record BetweenFilter(string Column, double Low, double High) : Filter;

/// <summary>The value is missing.</summary>
public sealed record IsNullFilter(string Column) : Filter;

/// <summary>All of at least one.</summary>
public sealed record AndFilter(IReadOnlyList<Filter> Items) : Filter;

/// <summary>Any of at least one.</summary>
public sealed record OrFilter(IReadOnlyList<Filter> Items) : Filter;

/// <summary>The opposite.</summary>
public sealed record NotFilter(Filter Item) : Filter;
