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
        var scripts = Of(kind);
        NotNewer(scripts, version);
        for (var next = version + 1; next <= scripts.Keys.Max(); next++)
        {
            using var reader = new StreamReader(typeof(SqlScripts).Assembly.GetManifestResourceStream(scripts[next])!);
            using var transaction = connection.BeginTransaction();
            connection.Execute(reader.ReadToEnd(), transaction: transaction);
            connection.Execute(number(next), transaction: transaction);
            transaction.Commit();
        }
    }

    /// <summary>Holds the number of a database that is only read against the scripts.</summary>
    /// <param name="kind">The folder in Sql/.</param>
    /// <param name="version">The number that the database has.</param>
    /// <exception cref="NewerFormatException">It has seen scripts that this program does not know.</exception>
    /// <exception cref="IOException">It has not seen them all.</exception>
    public static void Check(string kind, int version)
    {
        var scripts = Of(kind);
        NotNewer(scripts, version);
        if (version < scripts.Keys.Max())
            throw new IOException($"its format is {version}, this program reads {scripts.Keys.Max()}; start this version of the station on it once, which brings it up to date.");
    }

    private static Dictionary<int, string> Of(string kind)
    {
        var folder = $"{typeof(SqlScripts).Namespace}.Sql.{kind}.";
        return typeof(SqlScripts).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .ToDictionary(name => int.Parse(name.AsSpan(folder.Length, 3), CultureInfo.InvariantCulture));
    }

    private static void NotNewer(Dictionary<int, string> scripts, int version)
    {
        if (version > scripts.Keys.Max())
            throw new NewerFormatException($"its format is {version}, this program knows formats up to {scripts.Keys.Max()}; run the newer program that wrote it.");
    }
}

/// <summary>A database was written by a newer program.</summary>
internal sealed class NewerFormatException(string message) : IOException(message);
