using System.Data.Common;
using System.Globalization;
using Dapper;

namespace SecureAggregation.Aggregator.Store;

/// <summary>The numbered scripts in Sql/, a set for each kind of database, embedded. A database keeps the number of the last one that it has seen.</summary>
internal static class SqlScripts
{
    /// <summary>Runs the scripts that a database has not seen, each in a transaction with its number.</summary>
    /// <param name="connection">Open.</param>
    /// <param name="kind">The folder in Sql/.</param>
    /// <param name="version">The number that the database has; 0 for a new one.</param>
    /// <param name="number">The statement that makes it have another.</param>
    /// <exception cref="NewerFormatException">It has seen scripts that this program does not know.</exception>
    public static void Apply(DbConnection connection, string kind, int version, Func<int, string> number)
    {
        var folder = $"{typeof(SqlScripts).Namespace}.Sql.{kind}.";
        var assembly = typeof(SqlScripts).Assembly;
        var scripts = assembly.GetManifestResourceNames().Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .ToDictionary(name => int.Parse(name.AsSpan(folder.Length, 3), CultureInfo.InvariantCulture));
        var latest = scripts.Keys.Max();
        if (version > latest) throw new NewerFormatException($"its format is {version}, this program knows formats up to {latest}; run the newer program that wrote it.");
        for (var next = version + 1; next <= latest; next++)
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(scripts[next])!);
            using var transaction = connection.BeginTransaction();
            connection.Execute(reader.ReadToEnd(), transaction: transaction);
            connection.Execute(number(next), transaction: transaction);
            transaction.Commit();
        }
    }
}

/// <summary>A database was written by a newer program.</summary>
internal sealed class NewerFormatException(string message) : IOException(message);
