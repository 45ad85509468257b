using Dapper;
using Microsoft.Data.Sqlite;
using SecureAggregation.Crypto;

namespace SecureAggregation.Party.Storage;

/// <summary>
/// What this outpost has spent of its privacy budget: an append-only chain, each entry holding the hash of the one before.
/// A debit is on disk before data is touched and is never taken back. The caps are the operator's own; the station has no say.
/// </summary>
internal sealed class Ledger
{
    private static readonly byte[] s_genesis = new byte[LabelHash.Size];

    private readonly OutpostStore _store;
    private readonly TimeProvider _clock;

    /// <summary>Opens the ledger and checks the whole chain.</summary>
    /// <exception cref="StoreException">An entry does not follow from the one before it.</exception>
    public Ledger(OutpostStore store, TimeProvider clock)
    {
        _store = store;
        _clock = clock;
        _store.Read(connection =>
        {
            Verify(connection);
            return true;
        });
    }

    /// <summary>Appends a debit if it fits under both caps, as one durable step.</summary>
    /// <exception cref="StoreException">The disk failed; nothing was debited.</exception>
    public DebitOutcome TryDebit(Debit debit, BudgetCaps caps) => _store.Write((connection, transaction) =>
    {
        if (connection.ExecuteScalar<long>("SELECT count(*) FROM ledger WHERE round_id = @RoundId", new { debit.RoundId }, transaction) > 0)
            return DebitOutcome.RoundDebited;
        if (!Fits(Spent(connection, transaction, debit.Dataset, null), debit.CostMicro, caps.TotalMicro)) return DebitOutcome.OverTotal;
        if (caps.CoordinatorMicro is { } cap && !Fits(
            Spent(connection, transaction, debit.Dataset, debit.Coordinator), debit.CostMicro, cap))
            return DebitOutcome.OverCoordinator;

        var last = connection.QueryFirstOrDefault<Row>("SELECT sequence, hash FROM ledger ORDER BY sequence DESC LIMIT " +
            "1", transaction: transaction);
        var row = new Row
        {
            Sequence = (last?.Sequence ?? 0) + 1,
            Previous = last?.Hash ?? s_genesis,
            QueryHash = debit.QueryHash,
            RoundId = debit.RoundId,
            Dataset = debit.Dataset,
            Coordinator = debit.Coordinator,
            CostMicro = debit.CostMicro,
            Noise = debit.Noise,
            AtMs = _clock.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        row.Hash = row.ComputeHash();
        connection.Execute(
            """
            INSERT INTO ledger (sequence, previous, hash, query_hash, round_id, dataset, coordinator, cost_micro, noise, at_ms)
            VALUES (@Sequence, @Previous, @Hash, @QueryHash, @RoundId, @Dataset, @Coordinator, @CostMicro, @Noise, @AtMs)
            """,
            row,
            transaction);
        return DebitOutcome.Debited;
    });

    /// <summary>Millionths of ε spent on a dataset, by one coordinator (a key's fingerprint) or in all.</summary>
    public long SpentMicro(string dataset, string? coordinator = null) =>
        _store.Read(connection => Spent(connection, null, dataset, coordinator));

    /// <summary>Number of entries and hash of the last: what an operator notes down to see later that nothing was taken away.</summary>
    public (long Count, byte[] Hash) Head() => _store.Read(connection =>
        connection.QueryFirstOrDefault<Row>("SELECT sequence, hash FROM ledger ORDER BY sequence DESC LIMIT 1") is { } last
            ? (last.Sequence, last.Hash)
            : (0, s_genesis));

    private static bool Fits(long spent, long cost, long cap) => cost <= cap && spent <= cap - cost;

    private static long Spent(SqliteConnection connection, SqliteTransaction? transaction, string dataset, string? coordinator) =>
        connection.ExecuteScalar<long>(
            "SELECT coalesce(sum(cost_micro), 0) FROM ledger WHERE dataset = @dataset AND (@coordinator IS NULL OR coordinator = " +
                "@coordinator)",
            new { dataset, coordinator },
            transaction);

    private static void Verify(SqliteConnection connection)
    {
        var sequence = 0L;
        var previous = s_genesis;
        const string All =
            """
            SELECT sequence AS Sequence, previous AS Previous, hash AS Hash, query_hash AS QueryHash, round_id AS RoundId,
                   dataset AS Dataset, coordinator AS Coordinator, cost_micro AS CostMicro, noise AS Noise, at_ms AS AtMs
            FROM ledger ORDER BY sequence
            """;
        foreach (var row in connection.Query<Row>(All, buffered: false))
        {
            sequence++;
            if (row.Sequence != sequence || !PublicBytes.Equal(row.Previous, previous) || !PublicBytes.Equal(row.Hash, row.ComputeHash()))
            {
                throw new StoreException(
                    $"The privacy ledger is damaged at entry {sequence}: it does not follow from the entry before it. " +
                    "Keep the file and tell the consortium; budget that cannot be accounted for must be taken as spent.");
            }

            previous = row.Hash;
        }
    }

    private sealed class Row
    {
        public long Sequence { get; set; }

        public byte[] Previous { get; set; } = [];

        public byte[] Hash { get; set; } = [];

        public byte[] QueryHash { get; set; } = [];

        public byte[] RoundId { get; set; } = [];

        public string Dataset { get; set; } = "";

        public string Coordinator { get; set; } = "";

        public long CostMicro { get; set; }

        public int Noise { get; set; }

        public long AtMs { get; set; }

        public byte[] ComputeHash()
        {
            using var hash = new LabelHash("ledger");
            return hash.Field((ulong)Sequence)
                .Field(Previous)
                .Field(QueryHash)
                .Field(RoundId)
                .Field(System.Text.Encoding.UTF8.GetBytes(Dataset))
                .Field(System.Text.Encoding.UTF8.GetBytes(Coordinator))
                .Field((ulong)CostMicro)
                .Field((uint)Noise)
                .Field((ulong)AtMs)
                .Finish();
        }
    }
}

/// <summary>One release to be paid for.</summary>
/// <param name="QueryHash">Hash of the signed query, 32 bytes.</param>
/// <param name="RoundId">The round that pays, 16 bytes; it pays once.</param>
/// <param name="Dataset">The dataset.</param>
/// <param name="Coordinator">Fingerprint of the asking key.</param>
/// <param name="CostMicro">Millionths of ε, at least 1.</param>
/// <param name="Noise">The query's noise mode.</param>
internal sealed record Debit(byte[] QueryHash, byte[] RoundId, string Dataset, string Coordinator, long CostMicro, int Noise);

/// <summary>What may be spent on a dataset, in millionths of ε: in all, and by one coordinator.</summary>
internal sealed record BudgetCaps(long TotalMicro, long? CoordinatorMicro);

internal enum DebitOutcome
{
    Debited,

    /// <summary>This round has paid before.</summary>
    RoundDebited,
    OverTotal,
    OverCoordinator,
}
