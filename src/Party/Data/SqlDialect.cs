namespace SecureAggregation.Party.Data;

/// <summary>How a database says what <see cref="SqlFilter"/> needs. A column that cannot be said exactly is left to the outpost.</summary>
internal abstract class SqlDialect
{
    public abstract string False { get; }

    /// <summary>
    /// A column as numbers: a condition that is true where the value surely is the number that the outpost would read, one that is true where it may be
    /// one that only the outpost can read, and the number. Null if the column's type holds no such numbers.
    /// </summary>
    /// <param name="header">The column.</param>
    /// <param name="whole">Whether only whole numbers are numbers.</param>
    public abstract SqlColumn? Number(string header, bool whole);

    /// <summary>A column as text, in the same way; equality of the text is equality of its characters.</summary>
    public abstract SqlColumn? Text(string header);

    /// <summary>The lesser of two numbers.</summary>
    public abstract string Least(string a, string b);

    /// <summary>A value as a parameter of the query; its SQL.</summary>
    public abstract string Bind(double value);

    /// <inheritdoc cref="Bind(double)"/>
    public abstract string Bind(string value);
}

/// <param name="Sure">True where the value below is what the outpost reads; never unknown for a value that is not null.</param>
/// <param name="Odd">True where only the outpost can tell.</param>
/// <param name="Value">The value.</param>
internal sealed record SqlColumn(string Sure, string Odd, string Value);
