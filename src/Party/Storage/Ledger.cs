using System.Text;
using Dapper;
using Microsoft.Data.Sqlite;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Storage;

/// <summary>
/// What this outpost has spent of its privacy budget: an append-only chain, each entry holding the hash of the one before.
/// A debit is on disk before data is touched and is never taken back. The caps are the operator's own; the station has no say.
/// </summary>
internal sealed class Ledger
{
    /// <summary>What an operator is told of a ledger that is behind.</summary>
    public const string LacksDebits =
        "debits are missing: the state was put back from an old copy, or was lost. No query is answered until the newest state folder is put back, or what may have been spent is written off "
        + "(secagg-outpost ledger write-off)";

    /// <summary>In the place of a coordinator: nobody asked, the operator gave the rest up.</summary>
    public const string WrittenOff = "written off";

    private static readonly byte[] s_genesis = new byte[LabelHash.Size];

    private readonly OutpostStore _store;
    private readonly TimeProvider _clock;

    /// <summary>Opens the ledger and checks the whole chain.</summary>
    /// <exception cref="StoreException">An entry does not follow from the one before it.</exception>
    public Ledger(OutpostStore store, TimeProvider clock)
    {
        _store = store;
        _clock = clock;
        foreach (var _ in Entries())
        {
            // Reading checks.
        }
    }

    /// <summary>
    /// Whether debits are missing, because the state was put back from an old copy or lost (<see cref="PartyMemory.IsBehind"/>): then nothing is left of any cap,
    /// until the rest is written off.
    /// </summary>
    public bool IsBehind => _store.Read(connection => Behind(connection, null));

    /// <summary>Called after each debit, when it is on disk.</summary>
    public Action OnDebited { get; set; } = () => { };

    /// <summary>What of a cap is left.</summary>
    public static long Rest(long cap, long spent) => Math.Max(0, cap - spent);

    /// <summary>Appends a debit if it fits under all caps, as one durable step.</summary>
    /// <exception cref="StoreException">The disk failed; nothing was debited.</exception>
    public DebitOutcome TryDebit(Debit debit, BudgetCaps caps)
    {
        var outcome = Append(debit, caps);
        if (outcome == DebitOutcome.Debited) OnDebited();
        return outcome;
    }

    /// <summary>Millionths of ε spent on a dataset, by one coordinator (a key's fingerprint) or in all.</summary>
    public long SpentMicro(string dataset, string? coordinator = null) =>
        _store.Read(connection => Spent(connection, null, dataset, coordinator, null));

    /// <summary>What is left under the caps for a coordinator and a study.</summary>
    public CapsLeft Left(string dataset, string coordinator, string study, BudgetCaps caps) =>
        _store.Read(connection => Left(connection, null, dataset, coordinator, study, caps));

    /// <summary>What was spent, by dataset, coordinator and study.</summary>
    public IReadOnlyList<Spending> Spendings() => _store.Read(connection => connection.Query<Spending>(
        """
        SELECT dataset AS Dataset, coordinator AS Coordinator, study AS Study, sum(cost_micro) AS Micro FROM ledger
        GROUP BY dataset, coordinator, study ORDER BY dataset, coordinator, study
        """).AsList());

    /// <summary>How many other queries of a coordinator were charged after a moment.</summary>
    public int QueriesSince(DateTimeOffset moment, string coordinator, byte[] otherThan) => _store.Read(connection =>
        connection.ExecuteScalar<int>(
            "SELECT count(DISTINCT query_hash) FROM ledger WHERE coordinator = @coordinator AND at_ms > @since AND query_hash <> @otherThan",
            new { coordinator, since = moment.ToUnixTimeMilliseconds(), otherThan }));

    /// <summary>
    /// Ends the state of lacking debits: what is left of each dataset's cap is debited whole, whatever was spent in truth, and the head that was not known counts as
    /// known. One durable step.
    /// </summary>
    /// <param name="caps">The cap in all of each dataset, in millionths of ε.</param>
    /// <returns>What was written off, in millionths of ε by dataset; null if no debit is missing, and nothing was done.</returns>
    /// <exception cref="StoreException">The disk failed; nothing was done.</exception>
    public IReadOnlyDictionary<string, long>? WriteOff(IReadOnlyDictionary<string, long> caps) => _store.Write((connection, transaction) =>
    {
        if (!Behind(connection, transaction)) return null;
        var head = connection.QuerySingle<(long Size, byte[] Root)>("SELECT size, root FROM behind", transaction: transaction);
        connection.Execute(
            """
            INSERT INTO log_head (only, size, root) SELECT only, size, root FROM behind WHERE true
            ON CONFLICT (only) DO UPDATE SET size = excluded.size, root = excluded.root WHERE excluded.size >= log_head.size;
            DELETE FROM behind
            """,
            transaction: transaction);
        var written = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (dataset, cap) in caps)
        {
            var rest = Rest(cap, Spent(connection, transaction, dataset, null, null));
            if (rest == 0) continue;
            using var hash = new LabelHash("ledger/write-off");
            var id = hash.Field((ulong)head.Size).Field(head.Root).Field(Encoding.UTF8.GetBytes(dataset)).Finish();
            Insert(connection, transaction, new Debit(id, id[..16], dataset, WrittenOff, rest, (int)QueryNoise.Unspecified));
            written.Add(dataset, rest);
        }

        return written;
    });

    /// <summary>Number of entries and hash of the last: what an operator notes down to see later that nothing was taken away.</summary>
    public (long Count, byte[] Hash) Head() =>
        _store.Read(connection => Last(connection, null) is { } last ? (last.Sequence, last.Hash) : (0, s_genesis));

    /// <summary>All entries in their order, each checked against the one before.</summary>
    /// <exception cref="StoreException">One does not follow from the one before it.</exception>
    public IReadOnlyList<LedgerEntry> Entries() => _store.Read(connection =>
    {
        var entries = connection.Query<LedgerEntry>($"SELECT {LedgerEntry.Columns} FROM ledger ORDER BY sequence").AsList();
        var previous = s_genesis;
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry.Sequence != i + 1 || !entry.IsWritable || !PublicBytes.Equal(entry.Previous, previous) || !PublicBytes.Equal(entry.Hash, entry.ComputeHash()))
            {
                throw new StoreException(
                    $"The privacy ledger is damaged at entry {i + 1}: it does not follow from the entry before it. " +
                    "Keep the file and tell the consortium; budget that cannot be accounted for must be taken as spent.");
            }

            previous = entry.Hash;
        }

        return entries;
    });

    private DebitOutcome Append(Debit debit, BudgetCaps caps) => _store.Write((connection, transaction) =>
    {
        if (connection.ExecuteScalar<long>("SELECT count(*) FROM ledger WHERE round_id = @RoundId", new { debit.RoundId }, transaction) > 0)
            return DebitOutcome.RoundDebited;
        var outcome = Left(connection, transaction, debit.Dataset, debit.Coordinator, debit.Study, caps).Covers(debit.CostMicro);
        if (outcome != DebitOutcome.Debited) return outcome;

        Insert(connection, transaction, debit);
        return DebitOutcome.Debited;
    });

    private void Insert(SqliteConnection connection, SqliteTransaction transaction, Debit debit)
    {
        var last = Last(connection, transaction);
        var entry = new LedgerEntry
        {
            Sequence = (last?.Sequence ?? 0) + 1,
            Previous = last?.Hash ?? s_genesis,
            QueryHash = debit.QueryHash,
            RoundId = debit.RoundId,
            Dataset = debit.Dataset,
            Coordinator = debit.Coordinator,
            Study = debit.Study,
            CostMicro = debit.CostMicro,
            Overlap = debit.Overlap,
            Noise = debit.Noise,
            AtMs = _clock.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        connection.Execute(
            """
            INSERT INTO ledger (sequence, form, previous, hash, query_hash, round_id, dataset, coordinator, study, cost_micro, overlap, noise, at_ms)
            VALUES (@Sequence, @Form, @Previous, @Hash, @QueryHash, @RoundId, @Dataset, @Coordinator, @Study, @CostMicro, @Overlap, @Noise, @AtMs)
            """,
            entry with { Hash = entry.ComputeHash() },
            transaction);
    }

    private static bool Behind(SqliteConnection connection, SqliteTransaction? transaction) =>
        connection.ExecuteScalar<bool>("SELECT EXISTS (SELECT 1 FROM behind)", transaction: transaction);

    private static LedgerEntry? Last(SqliteConnection connection, SqliteTransaction? transaction) =>
        connection.QueryFirstOrDefault<LedgerEntry>($"SELECT {LedgerEntry.Columns} FROM ledger ORDER BY sequence DESC LIMIT 1", transaction: transaction);

    private static CapsLeft Left(
        SqliteConnection connection, SqliteTransaction? transaction, string dataset, string coordinator, string study, BudgetCaps caps)
    {
        var behind = Behind(connection, transaction);
        long RestOf(long cap, string? by, string? of) => behind ? 0 : Rest(cap, Spent(connection, transaction, dataset, by, of));
        return new CapsLeft(
            RestOf(caps.TotalMicro, null, null),
            caps.CoordinatorMicro is { } one ? RestOf(one, coordinator, null) : null,
            caps.StudyMicro is { } each ? RestOf(each, null, study) : null);
    }

    private static long Spent(SqliteConnection connection, SqliteTransaction? transaction, string dataset, string? coordinator, string? study) =>
        connection.ExecuteScalar<long>(
            """
            SELECT coalesce(sum(cost_micro), 0) FROM ledger
            WHERE dataset = @dataset AND (@coordinator IS NULL OR coordinator = @coordinator) AND (@study IS NULL OR study = @study)
            """,
            new { dataset, coordinator, study },
            transaction);
}
