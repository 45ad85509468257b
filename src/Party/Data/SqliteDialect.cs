using System.Globalization;
using Microsoft.Data.Sqlite;

namespace SecureAggregation.Party.Data;

/// <summary>SQLite: each value has a type of its own, whatever its column says.</summary>
internal sealed class SqliteDialect(SqliteCommand command) : SqlDialect
{
    public override string False => "0";

    public override SqlColumn Number(string header, bool whole)
    {
        var column = SqlNames.Quote(header);
        var value = $"CAST({column} AS REAL)";
        // 9e999 is infinity. From 2^53 on every number is whole, and soon no INTEGER any more.
        var integer = whole ? $" AND (abs({value}) >= 9007199254740992.0 OR {value} = CAST({value} AS INTEGER))" : "";
        return new($"typeof({column}) IN ('integer', 'real') AND abs({value}) < 9e999{integer}", $"typeof({column}) IN ('text', 'blob')", value);
    }

    /// <summary>A REAL is text only here: SQLite and .NET write the same number with different digits.</summary>
    public override SqlColumn Text(string header)
    {
        var column = SqlNames.Quote(header);
        return new($"typeof({column}) IN ('text', 'integer')", $"typeof({column}) IN ('real', 'blob')", $"CAST({column} AS TEXT) COLLATE BINARY");
    }

    public override string Least(string a, string b) => $"min({a}, {b})";

    public override string Bind(double value) => Add(value);

    public override string Bind(string value) => Add(value);

    private string Add(object value)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"$p{command.Parameters.Count}");
        command.Parameters.AddWithValue(name, value);
        return name;
    }
}
