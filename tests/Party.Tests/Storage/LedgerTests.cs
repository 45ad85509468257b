using System.Security.Cryptography;
using FsCheck.Fluent;
using Microsoft.Data.Sqlite;
using SecureAggregation.Party.Storage;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Storage;

public sealed class LedgerTests : IDisposable
{
    private static readonly BudgetCaps s_caps = new(1_000_000, null);

    private readonly Scratch _scratch = new();
    private readonly ManualTimeProvider _clock = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Debit_that_fits_is_counted_and_one_that_does_not_leaves_no_trace()
    {
        using var store = Open();
        var ledger = new Ledger(store, _clock);
        Assert.Equal(DebitOutcome.Debited, ledger.TryDebit(Debit(1, 600_000), s_caps));
        Assert.Equal(DebitOutcome.OverTotal, ledger.TryDebit(Debit(2, 400_001), s_caps));
        Assert.Equal(600_000, ledger.SpentMicro("heart"));
        Assert.Equal(DebitOutcome.Debited, ledger.TryDebit(Debit(3, 400_000), s_caps));
        Assert.Equal(DebitOutcome.OverTotal, ledger.TryDebit(Debit(4, 1), s_caps));
        Assert.Equal(DebitOutcome.Debited, ledger.TryDebit(Debit(5, 1_000_000) with { Dataset = "lung" }, s_caps));
        Assert.Equal(3, ledger.Head().Count);
    }

    [Fact]
    public void Coordinators_share_the_total_and_have_their_own_cap_inside()
    {
        using var store = Open();
        var ledger = new Ledger(store, _clock);
        var caps = new BudgetCaps(1_000_000, 500_000);
        Assert.Equal(DebitOutcome.Debited, ledger.TryDebit(Debit(1, 500_000), caps));
        Assert.Equal(DebitOutcome.OverCoordinator, ledger.TryDebit(Debit(2, 1), caps));
        Assert.Equal(DebitOutcome.Debited, ledger.TryDebit(Debit(3, 400_000) with { Coordinator = "other" }, caps));
        Assert.Equal(DebitOutcome.OverTotal, ledger.TryDebit(Debit(4, 100_001) with { Coordinator = "third" }, caps));
        Assert.Equal(400_000, ledger.SpentMicro("heart", "other"));
    }

    [Fact]
    public void Study_has_its_own_cap_inside_the_total_whoever_asks()
    {
        using var store = Open();
        var ledger = new Ledger(store, _clock);
        var caps = new BudgetCaps(1_000_000, null, 300_000);
        Assert.Equal(DebitOutcome.Debited, ledger.TryDebit(Debit(1, 200_000) with { Study = "cardio" }, caps));
        Assert.Equal(DebitOutcome.OverStudy, ledger.TryDebit(Debit(2, 100_001) with { Study = "cardio", Coordinator = "other" }, caps));
        Assert.Equal(DebitOutcome.Debited, ledger.TryDebit(Debit(3, 300_000), caps));
        Assert.Equal(DebitOutcome.OverStudy, ledger.TryDebit(Debit(4, 1), caps));
        Assert.Equal(new CapsLeft(500_000, null, 100_000), ledger.Left("heart", "earth", "cardio", caps));
    }

    [Fact]
    public void Queries_of_a_coordinator_are_counted_once_each_within_the_period()
    {
        using var store = Open();
        var ledger = new Ledger(store, _clock);
        ledger.TryDebit(Debit(1, 10), s_caps);
        _clock.Advance(TimeSpan.FromHours(1));
        ledger.TryDebit(Debit(2, 10), s_caps);
        ledger.TryDebit(Debit(3, 10) with { QueryHash = Debit(2, 10).QueryHash }, s_caps);
        ledger.TryDebit(Debit(4, 10) with { Coordinator = "other" }, s_caps);
        var now = _clock.GetUtcNow();
        Assert.Equal(2, ledger.QueriesSince(now.AddHours(-2), "earth", new byte[32]));
        Assert.Equal(1, ledger.QueriesSince(now.AddMinutes(-30), "earth", new byte[32]));
        Assert.Equal(1, ledger.QueriesSince(now.AddHours(-2), "earth", Debit(2, 10).QueryHash));
    }

    [Fact]
    public void Round_pays_once()
    {
        using var store = Open();
        var ledger = new Ledger(store, _clock);
        Assert.Equal(DebitOutcome.Debited, ledger.TryDebit(Debit(1, 10), s_caps));
        Assert.Equal(DebitOutcome.RoundDebited, ledger.TryDebit(Debit(1, 10), s_caps));
        Assert.Equal(10, ledger.SpentMicro("heart"));
    }

    [Fact]
    public void Debit_is_on_disk_when_the_call_returns()
    {
        using var scratch = new Scratch();
        using var store = Open();
        var ledger = new Ledger(store, _clock);
        for (var i = 1; i <= 20; i++)
        {
            ledger.TryDebit(Debit(i, 100), s_caps);
            // What a process that is killed here leaves behind: the files as they are now, with no clean end.
            Crash(_scratch.Folder, scratch[$"after-{i}"]);
            using var after = OutpostStore.Open(scratch[$"after-{i}"]);
            var reread = new Ledger(after, _clock);
            Assert.Equal(i * 100, reread.SpentMicro("heart"));
            Assert.Equal(ledger.Head().Hash, reread.Head().Hash);
        }
    }

    [Fact]
    public void Last_write_torn_by_a_crash_is_forgotten_whole_and_the_rest_kept()
    {
        using var scratch = new Scratch();
        var sizes = new List<long>();
        using (var store = Open())
        {
            var ledger = new Ledger(store, _clock);
            for (var i = 1; i <= 5; i++)
            {
                ledger.TryDebit(Debit(i, 100), s_caps);
                sizes.Add(new FileInfo(_scratch[OutpostStore.FileName + "-wal"]).Length);
            }

            Crash(_scratch.Folder, scratch["torn"]);
        }

        for (var cut = sizes[3] + 1; cut < sizes[4]; cut += (sizes[4] - sizes[3]) / 7)
        {
            Crash(scratch["torn"], scratch[$"cut-{cut}"]);
            using (var wal = File.OpenWrite(Path.Combine(scratch[$"cut-{cut}"], OutpostStore.FileName + "-wal"))) wal.SetLength(cut);
            using var after = OutpostStore.Open(scratch[$"cut-{cut}"]);
            Assert.Equal(400, new Ledger(after, _clock).SpentMicro("heart"));
        }
    }

    [Theory]
    [InlineData("UPDATE ledger SET cost_micro = 1 WHERE sequence = 2", 2)]
    [InlineData("DELETE FROM ledger WHERE sequence = 2", 2)]
    [InlineData("DELETE FROM ledger WHERE sequence = 1", 1)]
    [InlineData("UPDATE ledger SET dataset = 'lung' WHERE sequence = 3", 3)]
    [InlineData("UPDATE ledger SET study = 'x' WHERE sequence = 2", 2)]
    [InlineData("UPDATE ledger SET overlap = 2 WHERE sequence = 2", 2)]
    [InlineData("UPDATE ledger SET form = 1 WHERE sequence = 2", 2)]
    [InlineData("UPDATE ledger SET at_ms = at_ms + 1 WHERE sequence = 1", 1)]
    [InlineData("UPDATE ledger SET query_hash = zeroblob(32) WHERE sequence = 3", 3)]
    public void Altered_ledger_is_refused_by_entry(string change, int entry)
    {
        using (var store = Open())
        {
            var ledger = new Ledger(store, _clock);
            for (var i = 1; i <= 3; i++) ledger.TryDebit(Debit(i, 100), s_caps);
        }

        using (var direct = new SqliteConnection($"Data Source={_scratch[OutpostStore.FileName]};Pooling=False"))
        {
            direct.Open();
            using var command = direct.CreateCommand();
            command.CommandText = change;
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        using var again = Open();
        Assert.Contains($"entry {entry}", Assert.Throws<StoreException>(() => new Ledger(again, _clock)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ledger_is_never_overdrawn_whatever_is_asked_at_once()
    {
        var costs = Gen.Choose(1, 400_000).ListOf(24).Select(c => c.ToArray());
        Property.Holds(
            costs,
            asked =>
            {
                using var scratch = new Scratch();
                using var store = OutpostStore.Open(scratch.Folder);
                var ledger = new Ledger(store, _clock);
                var outcomes = new DebitOutcome[asked.Length];
                Parallel.For(0, asked.Length, i => outcomes[i] = ledger.TryDebit(Debit(i + 1, asked[i]), s_caps));
                var granted = asked.Where((_, i) => outcomes[i] == DebitOutcome.Debited).Sum(c => (long)c);
                var refusedRightly = asked.Where((_, i) => outcomes[i] != DebitOutcome.Debited).All(c => granted + c > s_caps.TotalMicro);
                return granted == ledger.SpentMicro("heart") && granted <= s_caps.TotalMicro && refusedRightly;
            },
            cases: 20);
    }

    [Fact]
    public void Full_disk_debits_nothing_and_says_so()
    {
        using var store = Open();
        var ledger = new Ledger(store, _clock);
        ledger.TryDebit(Debit(1, 100), s_caps);
        store.Read(connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA max_page_count = 1";
            return command.ExecuteScalar();
        });
        var asked = 1;
        var error = Assert.Throws<StoreException>(() =>
        {
            while (asked < 1000) ledger.TryDebit(Debit(++asked, 1), s_caps);
        });
        Assert.Contains("disk is full", error.Message, StringComparison.Ordinal);
        Assert.Equal(100 + asked - 2, ledger.SpentMicro("heart"));
    }

    [Fact]
    public void Second_outpost_on_the_same_state_is_refused()
    {
        using var store = Open();
        Assert.Contains("another outpost", Assert.Throws<StoreException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void File_that_is_no_database_and_one_of_a_newer_program_are_refused()
    {
        _scratch.Write(OutpostStore.FileName, new string('x', 5000));
        Assert.Contains("not a database", Assert.Throws<StoreException>(Open).Message, StringComparison.Ordinal);
        File.Delete(_scratch[OutpostStore.FileName]);
        using (Open())
        {
        }

        using (var direct = new SqliteConnection($"Data Source={_scratch[OutpostStore.FileName]};Pooling=False"))
        {
            direct.Open();
            using var command = direct.CreateCommand();
            command.CommandText = "PRAGMA user_version = 999";
            command.ExecuteNonQuery();
        }

        Assert.Contains("version 999", Assert.Throws<StoreException>(Open).Message, StringComparison.Ordinal);
    }

    private static void Crash(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from, OutpostStore.FileName + "*"))
        {
            if (!file.EndsWith("-shm", StringComparison.Ordinal)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private static Debit Debit(int round, long cost) =>
        new(SHA256.HashData(BitConverter.GetBytes(round)), SHA256.HashData(BitConverter.GetBytes(round))[..16], "heart", "earth", cost, 1);

    private OutpostStore Open() => OutpostStore.Open(_scratch.Folder);
}
