using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Aggregator.Backup;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Backups of a running station, and what is restored from them, on both kinds of database and across.</summary>
public sealed class BackupTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    public static TheoryData<string, string> Ways =>
        PostgresServer.Missing is null ? new() { { "SQLite", "SQLite" }, { "SQLite", "PostgreSQL" }, { "PostgreSQL", "SQLite" }, { "PostgreSQL", "PostgreSQL" } } : new() { { "SQLite", "SQLite" } };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Backup_of_a_running_station_restores_to_the_same_log_and_evidence(string from, string to)
    {
        using var source = new TestDatabase(from, server);
        using var target = new TestDatabase(to, server);
        await using var scene = await RoundScene.Open(3, change: s => source.Configure(s.Options));
        var first = await Ended(scene, 1);
        // One that runs while the backup is taken.
        scene.Outposts[1].SilentFrom = MessageKind.Agree;
        var second = await scene.Ask(2);
        await scene.Until(second, v => v.Phase == RoundPhase.Agree && v.Parties.Count(p => p.Marks.Any(m => m.Phase == RoundPhase.Agree)) == 2);
        var extra = Path.Combine(source.Data, "accounts.json");
        var others = (from, to) == (TestDatabase.Sqlite, TestDatabase.Sqlite);
        if (others) await File.WriteAllTextAsync(extra, "{}");
        // Half-written, as while a session is renewed: it may be gone before it is copied.
        if (others) await File.WriteAllTextAsync(Path.Combine(source.Data, "tokens.json.new"), "[");
        var before = scene.Station.Host!.Services.GetRequiredService<Log.StationLog>().Head;
        var backup = scene.Station.Folder.File("backup");
        var said = await Run(scene.Station, "backup", "--to", backup);
        Assert.Contains($"at size {before.Size}", said, StringComparison.Ordinal);
        Assert.Contains("6 masked vectors", said, StringComparison.Ordinal);
        Assert.False(Directory.Exists(backup + ".part"));
        Assert.False(File.Exists(Path.Combine(backup, "tokens.json.new")));
        // The station went on as if nothing had been.
        scene.Outposts[1].SilentFrom = MessageKind.Unspecified;
        await scene.Outposts[1].Resend();
        Assert.Equal("", (await scene.Until(second, v => v.State != RoundState.Running)).Failure);
        var shown = await scene.View(first);
        await scene.Station.Stop();

        target.Configure(scene.Station.Options);
        Assert.Contains($"at size {before.Size}", await Run(scene.Station, "restore", "--from", backup), StringComparison.Ordinal);
        if (others) Assert.Equal("{}", await File.ReadAllTextAsync(Path.Combine(target.Data, "accounts.json")));
        // The station's own file of this name may have a shape of its own.
        File.Delete(Path.Combine(target.Data, "accounts.json"));
        await scene.StartStation();
        Assert.Equal(shown.Statistics, (await scene.View(first)).Statistics);
        Assert.True(AuditTests.Verify(scene, await AuditTests.Export(scene, scene.Station.Consortium.Auditor, first)).Passed);
        Assert.Equal(RoundState.Running, (await scene.View(second)).State);
        Assert.False(scene.Station.Logs.Has(1011));
    }

    [Fact]
    public async Task Backup_without_vectors_keeps_the_log_and_verification_says_what_it_cannot_check()
    {
        await using var scene = await RoundScene.Open(3);
        var round = await Ended(scene, 1);
        var backup = scene.Station.Folder.File("backup");
        Assert.Contains("0 masked vectors", await Run(scene.Station, "backup", "--without-vectors", "--to=" + backup), StringComparison.Ordinal);
        await scene.Station.Stop();
        scene.Station.Options.DataDirectory = scene.Station.Folder.File("restored");
        await Run(scene.Station, "restore", "--from", backup);
        await scene.StartStation();
        await SaysWhatHolds(scene, round);
    }

    [Fact]
    public async Task Vectors_beyond_what_may_be_kept_go_oldest_first_and_verification_says_so()
    {
        // Two rounds of three vectors of 24 bytes fit.
        await using var scene = await RoundScene.Open(3, change: s => s.Options.Limits.BlobBytes = 144);
        var rounds = new List<ByteString>();
        for (byte i = 1; i <= 3; i++)
        {
            rounds.Add(await Ended(scene, i));
            scene.Station.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        foreach (var outpost in scene.Outposts) await outpost.Disconnect();
        scene.Station.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Contains(scene.Station.Logs.Lines, l => l.Id == 1302 && l.Text.Contains("beyond what may be kept", StringComparison.Ordinal));
        await SaysWhatHolds(scene, rounds[0]);
        foreach (var kept in rounds.Skip(1)) Assert.True(AuditTests.Verify(scene, await AuditTests.Export(scene, scene.Station.Consortium.Auditor, kept)).Passed);
    }

    [Fact]
    public async Task Damaged_backup_is_refused_with_the_reason()
    {
        await using var scene = await RoundScene.Open(3);
        await Ended(scene, 1);
        var backup = scene.Station.Folder.File("backup");
        await Run(scene.Station, "backup", "--to", backup);
        await Refused(scene.Station, ExitCode.DataDirectory, "is there already", "backup", "--to", backup);
        await Refused(scene.Station, ExitCode.DataDirectory, "another station uses it", "restore", "--from", backup);
        await scene.Station.Stop();
        await Refused(scene.Station, ExitCode.DataDirectory, "holds a log already", "restore", "--from", backup);

        var vector = Directory.GetFiles(backup, "*.vector", SearchOption.AllDirectories)[0];
        var bytes = await File.ReadAllBytesAsync(vector);
        var number = 0;
        foreach (var (damage, repair, code, said) in (ReadOnlySpan<(Action, Action, ExitCode, string)>)
        [
            (() => File.Delete(vector), () => File.WriteAllBytes(vector, bytes), ExitCode.DataDirectory, "is not whole: it has 2 masked vectors"),
            (() => File.WriteAllBytes(vector, [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]), () => File.WriteAllBytes(vector, bytes), ExitCode.Transcript, "[vector-changed]"),
            (() => File.Move(Path.Combine(backup, BackupManifest.Name), backup + ".json"), () => File.Move(backup + ".json", Path.Combine(backup, BackupManifest.Name)), ExitCode.DataDirectory, "no whole backup"),
            (() => Sql(backup, "UPDATE entries SET leaf = zeroblob(40) WHERE idx = 5"), () => { }, ExitCode.Transcript, "[root-differs]"),
            (() => Sql(backup, "DELETE FROM head"), () => { }, ExitCode.DataDirectory, "its transcript has 0 entries"),
        ])
        {
            scene.Station.Options.DataDirectory = scene.Station.Folder.File($"restored{++number}");
            damage();
            Check(scene.Station, code, said, backup);
            repair();
        }
    }

    [Fact]
    public async Task Options_that_are_missing_are_named()
    {
        await using var station = new TestStation(3);
        await Refused(station, ExitCode.Configuration, "--to is missing", "backup");
        await Refused(station, ExitCode.Configuration, "--from is missing", "restore");
        await Refused(station, ExitCode.DataDirectory, "no whole backup", "restore", "--from", station.Folder.File("nothing"));
        await Refused(station, ExitCode.DataDirectory, "transcript.db", "backup", "--to", station.Folder.File("backup"));
    }

    private static async Task<ByteString> Ended(RoundScene scene, byte id)
    {
        var round = await scene.Ask(id);
        await scene.Until(round, v => v.State == RoundState.Done && v.Cosignatures == 3);
        return round;
    }

    private static async Task SaysWhatHolds(RoundScene scene, ByteString round)
    {
        var report = AuditTests.Verify(scene, await AuditTests.Export(scene, scene.Station.Consortium.Auditor, round));
        Assert.Equal([true, true, true, true, false, null], report.Steps.Select(s => s.Passed));
        Assert.Contains("What the steps before say holds; that the total is their sum cannot be checked", report.Failure!.Detail, StringComparison.Ordinal);
    }

    private static void Check(TestStation station, ExitCode code, string said, string backup) =>
        Refused(station, code, said, "restore", "--from", backup).GetAwaiter().GetResult();

    private static async Task Refused(TestStation station, ExitCode code, string said, params string[] command)
    {
        var refused = await Assert.ThrowsAsync<StartException>(() => Run(station, command));
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        Assert.Equal(code, refused.Code);
    }

    private static void Sql(string folder, string sql)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(folder, "transcript.db")};Pooling=False");
        Dapper.SqlMapper.Execute(connection, sql);
    }

    /// <summary>The command, with the options of a station.</summary>
    private static Task<string> Run(TestStation station, params string[] command)
    {
        var options = station.Options;
        return BackupDesk.Run(
            [.. command, "--key", options.KeyFile, "--roster", options.RosterFile, "--data", options.DataDirectory, "--database", options.Database, "--vectors", $"{options.Vectors}"],
            new System.Collections.Hashtable(),
            station.Surroundings).Guard();
    }
}
