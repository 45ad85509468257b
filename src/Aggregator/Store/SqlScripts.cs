using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;

namespace SecureAggregation.Aggregator.Store;

/// <summary>The numbered scripts in Sql/, embedded; the database's user_version is the number of the last one that it has seen.</summary>
internal static class SqlScripts
{
    private const string Folder = "SecureAggregation.Aggregator.Store.Sql.";

    public static void Apply(SqliteConnection connection)
    {
        var scripts = typeof(SqlScripts).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
            .ToDictionary(name => int.Parse(name.AsSpan(Folder.Length, 3), CultureInfo.InvariantCulture));
        var version = connection.QuerySingle<int>("PRAGMA user_version");
        var latest = scripts.Keys.Max();
        if (version > latest)
            throw new IOException($"its format is {version}, this program knows formats up to {latest}; run the newer program that wrote it.");
        for (var next = version + 1; next <= latest; next++)
        {
            using var reader = new StreamReader(typeof(SqlScripts).Assembly.GetManifestResourceStream(scripts[next])!);
            using var transaction = connection.BeginTransaction();
            connection.Execute(reader.ReadToEnd(), transaction: transaction);
            // A pragma takes no parameters; the number is ours.
            connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {next}"), transaction: transaction);
            transaction.Commit();
        }
    }
}
