using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;
using SecureAggregation.Party.Storage;

namespace SecureAggregation.Party.Catalogue;

/// <summary>Which states each dataset has had, kept in the outpost's state. Thread-safe.</summary>
internal sealed class DataCatalogue(OutpostStore store, PartySecret secret, TimeProvider clock) : IDataVersions
{
    private const string Columns = "number AS Number, hash AS Hash, rounded_rows AS RoundedRows, at_ms AS AtMs, current AS IsCurrent";

    /// <summary>The state that was seen last; null if the dataset has not been read yet.</summary>
    public CatalogueVersion? Current(string dataset) =>
        store.Read(connection => Rows(connection, "dataset = @dataset AND current = 1", new { dataset }).SingleOrDefault());

    /// <summary>The state that was seen last, as refusals may depend on it: its number and its rounded size.</summary>
    public DataVersion Of(string dataset) => Current(dataset) is { } version
        ? new DataVersion(version.Number.ToString(CultureInfo.InvariantCulture), version.RoundedRows)
        : DataVersion.Undeclared;

    /// <summary>All states, by number.</summary>
    public IReadOnlyList<CatalogueVersion> Versions(string dataset) => Versions(store, dataset);

    /// <inheritdoc cref="Versions(string)"/>
    /// <param name="store">The state, maybe of an outpost that runs.</param>
    /// <param name="dataset">Which dataset.</param>
    public static IReadOnlyList<CatalogueVersion> Versions(OutpostStore store, string dataset) =>
        store.Read(connection => Rows(connection, "dataset = @dataset", new { dataset }));

    /// <summary>Records what a pass over the data saw; it is the current state from now on.</summary>
    /// <exception cref="StoreException">It could not be written.</exception>
    public CatalogueVersion Observe(string dataset, DataContent content)
    {
        var roundedRows = RowRounding.Round(content.Rows, dataset, secret);
        var at = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return store.Write((connection, transaction) =>
        {
            var what = new { dataset, hash = content.Hash, roundedRows, at };
            connection.Execute("UPDATE dataset_version SET current = 0 WHERE dataset = @dataset AND current = 1", what, transaction);
            connection.Execute(
                "INSERT INTO dataset_version (dataset, number, hash, rounded_rows, at_ms, current) VALUES (@dataset, "
                    + "(SELECT coalesce(max(number), 0) + 1 FROM dataset_version WHERE dataset = @dataset), @hash, @roundedRows, @at, 1) "
                    + "ON CONFLICT (dataset, hash) DO UPDATE SET current = 1",
                what,
                transaction);
            return Rows(connection, "dataset = @dataset AND current = 1", what, transaction).Single();
        });
    }

    private static List<CatalogueVersion> Rows(SqliteConnection connection, string where, object values, SqliteTransaction? transaction = null) =>
        [.. connection.Query<Row>($"SELECT {Columns} FROM dataset_version WHERE {where} ORDER BY number", values, transaction)
            .Select(r => new CatalogueVersion((int)r.Number, r.Hash, r.RoundedRows, DateTimeOffset.FromUnixTimeMilliseconds(r.AtMs), r.IsCurrent == 1))];

    private sealed class Row
    {
        public long Number { get; set; }

        public byte[] Hash { get; set; } = [];

        public long RoundedRows { get; set; }

        public long AtMs { get; set; }

        public long IsCurrent { get; set; }
    }
}
