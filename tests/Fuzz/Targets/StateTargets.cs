using System.Text;
using Dapper;
using Microsoft.Data.Sqlite;
using SecureAggregation.Cli;
using SecureAggregation.Cli.Schedules;
using SecureAggregation.Fuzz.Engine;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;
using static SecureAggregation.Fuzz.Engine.Outcome;
using StoreException = SecureAggregation.Party.Storage.StoreException;

namespace SecureAggregation.Fuzz.Targets;

/// <summary>What a program finds on its own disk, after somebody or something has changed it there; and files that are only shown.</summary>
internal static class StateTargets
{
    private static readonly string[] s_cells =
    [
        "ledger.sequence", "ledger.previous", "ledger.hash", "ledger.query_hash", "ledger.round_id", "ledger.dataset", "ledger.coordinator", "ledger.cost_micro", "ledger.noise", "ledger.at_ms",
        "ledger.form", "ledger.study", "ledger.overlap", "rounds.released", "rounds.survivors", "log_head.size", "log_head.root",
    ];

    public static IEnumerable<Target> All =>
    [
        new("outpost-state", 4_000, () => [[14, 2, .. new byte[32]], [13, 0, .. new byte[8]]], OutpostState) { Make = Cells, Allowance = 512 * 1024, PerByte = 1000 },
        new("schedules", 2_000, () => [Encoding.UTF8.GetBytes(Accepted), Encoding.UTF8.GetBytes(Lines)], Schedules) { Make = Mutation.OfText, Words = TextTargets.Json, Allowance = 512 * 1024, PerByte = 1000 },
        new("decode-command", 300, Shown, DecodeCommand) { Make = Mutation.OfMessage, Allowance = 16 * 1024 * 1024, PerByte = 2000 },
    ];

    private const string Accepted =
        """
        { "name": "daily", "query": "dataset: d\nepsilon: 0.5\nmeasures: [count]\n", "cron": "0 6 * * *", "zone": "UTC", "from": "2026-01-01T00:00:00+00:00", "until": "2026-01-02T23:59:59+00:00",
          "runs": ["2026-01-01T06:00:00+00:00", "2026-01-02T06:00:00+00:00"], "total_micro": 1000000, "accepted_at": "2026-01-01T00:00:00+00:00", "roster_hash": "aa" }
        """;

    private const string Lines =
        """
        {"due":"2026-01-01T06:00:00+00:00","state":"begun","at":"2026-01-01T06:00:01+00:00","round":"","note":""}
        {"due":"2026-01-01T06:00:00+00:00","state":"done","at":"2026-01-01T06:00:04+00:00","round":"11","note":""}

        """;

    private static byte[] Cells(Draw draw) =>
        [(byte)draw.Below(s_cells.Length), (byte)draw.Below(3), .. draw.OneIn(2) ? BitConverter.GetBytes(draw.Number()) : draw.Bytes(draw.OneIn(2) ? 32 : draw.Below(40))];

    /// <summary>Cell, type (number, text, bytes), value.</summary>
    private static Func<byte[], bool> OutpostState()
    {
        var store = OutpostStore.Open(new Scratch().Folder);
        var clock = new ManualTimeProvider();
        var (ledger, memory) = (new Ledger(store, clock), new PartyMemory(store, clock));
        for (byte i = 1; i <= 3; i++)
        {
            var debit = new Debit(Filled(32, i), Filled(16, i), "clinic", "earth", 5, (int)QueryNoise.Local);
            Must(ledger.TryDebit(debit, new BudgetCaps(1000)) == DebitOutcome.Debited, "nothing was debited");
            memory.TryBeginRound(debit.RoundId, Filled(16, (byte)(100 + i)), 3);
        }

        memory.StoreHead(new Protocol.LogPosition(7, new byte[32]));
        return input => input.Length > 2 && input[0] < s_cells.Length && store.Read(connection =>
        {
            connection.Execute("BEGIN TRANSACTION;");
            try
            {
                return Changes(connection, input) && Or<StoreException>(() =>
                {
                    Must(ledger.Entries().Count == 3 && ledger.SpentMicro("clinic") == 15, "a ledger that was changed was taken");
                    _ = memory.LastHead;
                    _ = memory.HasSeen(Filled(16, 1));
                });
            }
            finally
            {
                connection.Execute("ROLLBACK TRANSACTION;");
            }
        });
    }

    private static byte[] Filled(int length, byte with) => [.. Enumerable.Repeat(with, length)];

    /// <summary>False if the database itself does not take it.</summary>
    private static bool Changes(SqliteConnection connection, byte[] input)
    {
        var cell = s_cells[input[0]].Split('.');
        object value = (input[1] % 3) switch
        {
            0 => BitConverter.ToInt64([.. input.Skip(2).Concat(new byte[8]).Take(8)]),
            1 => Encoding.UTF8.GetString(input.AsSpan(2)),
            _ => input[2..],
        };
        return Or<SqliteException>(() => connection.Execute($"PRAGMA ignore_check_constraints = ON; UPDATE {cell[0]} SET {cell[1]} = @value WHERE rowid = (SELECT max(rowid) FROM {cell[0]})", new { value }));
    }

    /// <summary>The input once as an accepted schedule, once as its record.</summary>
    private static Func<byte[], bool> Schedules()
    {
        var scratch = new Scratch();
        var (schedule, record, folder) = (scratch["daily.schedule.json"], scratch["daily.runs.jsonl"], new ScheduleFolder(scratch.Folder));
        return input =>
        {
            File.Delete(record);
            File.WriteAllBytes(schedule, input);
            var taken = Or<CliException>(() =>
            {
                var read = folder.Read();
                Must(read is [{ Schedule.Name: "daily" }] && SeriesBudget.EachOf(read[0].Schedule.Asked) * read[0].Schedule.Runs.Count <= read[0].Schedule.TotalMicro, "a schedule spends more than was accepted");
            });
            File.WriteAllText(schedule, Accepted);
            File.WriteAllBytes(record, input);
            return Or<CliException>(() => folder.Read()) || taken;
        };
    }

    private static byte[][] Shown() => [Round.All[0].Bundle(), Round.Consortium.Roster.Signed];

    private static Func<byte[], bool> DecodeCommand()
    {
        var path = new Scratch()["shown"];
        return input =>
        {
            File.WriteAllBytes(path, input);
            var code = Cli.CommandLine.RunAsync(["decode", path, "--bodies", "--json"], TextWriter.Null, TextWriter.Null, CancellationToken.None).GetAwaiter().GetResult();
            Must(code is ExitCode.Ok or ExitCode.BadInput, $"decode ended with {code}");
            return code == ExitCode.Ok;
        };
    }
}
