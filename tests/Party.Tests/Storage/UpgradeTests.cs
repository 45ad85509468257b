using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using SecureAggregation.Party.Storage;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Storage;

/// <summary>A state folder of the first version goes on with its ledger.</summary>
public sealed class UpgradeTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Ledger_of_the_first_version_keeps_its_chain_and_its_debits_and_grows()
    {
        SQLitePCL.Batteries_V2.Init();
        var previous = WriteFirstVersion(3);
        using var store = OutpostStore.Open(_scratch.Folder);
        var ledger = new Ledger(store, new ManualTimeProvider());
        Assert.Equal(3, ledger.Head().Count);
        Assert.Equal(previous, ledger.Head().Hash);
        var debit = new Debit(Hash(9), Hash(9)[..16], "heart", "earth", 500_000, 1, "cardio", 2);
        Assert.Equal(DebitOutcome.OverTotal, ledger.TryDebit(debit, new BudgetCaps(799_999)));
        Assert.Equal(DebitOutcome.Debited, ledger.TryDebit(debit, new BudgetCaps(800_000)));
        var entries = new Ledger(store, new ManualTimeProvider()).Entries();
        Assert.Equal([1, 1, 1, 2], entries.Select(e => e.Form));
        Assert.Equal(("cardio", 2), (entries[3].Study, entries[3].Overlap));
    }

    [Fact]
    public void Command_does_not_upgrade_under_an_outpost_that_runs()
    {
        SQLitePCL.Batteries_V2.Init();
        WriteFirstVersion(1);
        Assert.Contains("version 1", Assert.Throws<StoreException>(() => OutpostStore.OpenBeside(_scratch.Folder)).Message, StringComparison.Ordinal);
        Assert.Contains("has ever run", Assert.Throws<StoreException>(() => OutpostStore.OpenBeside(_scratch["none"])).Message, StringComparison.Ordinal);
    }

    private static byte[] Hash(int n) => SHA256.HashData(BitConverter.GetBytes(n));

    private byte[] WriteFirstVersion(int entries)
    {
        using var script = new StreamReader(typeof(Ledger).Assembly.GetManifestResourceStream(
            typeof(Ledger).Assembly.GetManifestResourceNames().Single(n => n.EndsWith("0001_initial.sql", StringComparison.Ordinal)))!);
        using var connection = new SqliteConnection($"Data Source={_scratch[OutpostStore.FileName]};Pooling=False");
        connection.Open();
        Run(script.ReadToEnd() + "; PRAGMA user_version = 1");
        var previous = new byte[32];
        for (var i = 1; i <= entries; i++)
        {
            // As the first version hashed it: neither study nor overlap.
            var entry = new LedgerEntry
            {
                Sequence = i, Form = 1, Previous = previous, QueryHash = Hash(i), RoundId = Hash(i)[..16], Dataset = "heart", Coordinator = "earth", CostMicro = 100_000, Noise = 1, AtMs = i,
            };
            previous = entry.ComputeHash();
            Run($"INSERT INTO ledger VALUES ({i}, x'{Convert.ToHexString(entry.Previous)}', x'{Convert.ToHexString(previous)}', x'{Convert.ToHexString(entry.QueryHash)}', " +
                $"x'{Convert.ToHexString(entry.RoundId)}', 'heart', 'earth', 100000, 1, {i})");
        }

        return previous;

        void Run(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
    }
}
