using System.Globalization;

namespace SecureAggregation.Party.Data;

/// <summary>
/// PostgreSQL. <c>COPY</c> takes no parameters, so values travel as settings of the transaction, which set_config takes as real parameters, and the query
/// reads them once each.
/// </summary>
internal sealed class PostgresDialect(IReadOnlyDictionary<string, PostgresColumn> columns) : SqlDialect
{
    private readonly List<string> _values = [];

    public override string False => "FALSE";

    /// <summary>The values of the settings <see cref="Setting"/>(0), (1), …</summary>
    public IReadOnlyList<string> Values => _values;

    public static string Setting(int index) => string.Create(CultureInfo.InvariantCulture, $"secagg.p{index}");

    public override SqlColumn? Number(string header, bool whole)
    {
        if (!columns[header].IsDouble) return null;
        // A float4 is read as its text, and 0.1 is another number as text than widened.
        var column = SqlNames.Quote(header);
        var value = columns[header].Type == "real" ? $"{column}::text::float8" : $"{column}::float8";
        var integer = whole ? $" AND {value} = floor({value})" : "";
        return new($"{value} > '-Infinity'::float8 AND {value} < 'Infinity'::float8{integer}", False, value);
    }

    public override SqlColumn Text(string header) =>
        new($"{SqlNames.Quote(header)} IS NOT NULL", False, $"{SqlNames.Quote(header)}::text COLLATE \"C\"");

    public override string Least(string a, string b) => $"LEAST({a}, {b})";

    public override string Bind(double value) => $"{Add(value.ToString("R", CultureInfo.InvariantCulture))}::float8";

    public override string Bind(string value) => Add(value);

    // A subquery without reference to the row is computed once, before the rows.
    private string Add(string value)
    {
        _values.Add(value);
        return $"(SELECT current_setting('{Setting(_values.Count - 1)}'))";
    }
}

/// <summary>A column of a table.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type, as PostgreSQL calls it.</param>
/// <param name="Digits">For numeric: the declared digits, or null.</param>
/// <param name="Decimals">For numeric: how many of them are decimals, or null.</param>
internal sealed record PostgresColumn(string Name, string Type, int? Digits = null, int? Decimals = null)
{
    /// <summary>Most digits, and decimals, of a numeric that is surely in the range of a double.</summary>
    private const int MostDigits = 200;

    /// <summary>Whether the database can make each value the double that its text is, without ever failing: one row must not end a query.</summary>
    public bool IsDouble => Type is "smallint" or "integer" or "bigint" or "real" or "double precision"
        || (Type == "numeric" && Digits <= MostDigits && Decimals is >= 0 and <= MostDigits);

    /// <summary>Its value as text, in the query.</summary>
    public string AsText => Type is "smallint" or "integer" or "bigint" or "real" or "double precision" or "numeric" or "text"
        ? SqlNames.Quote(Name)
        : $"{SqlNames.Quote(Name)}::text";
}
