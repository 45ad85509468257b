using Dapper;
using Google.Protobuf;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>A station does not start on a transcript that is not, to the last bit, the one that it signed.</summary>
public sealed class LogOpeningTests
{
    [Fact]
    public async Task Half_written_tail_is_cut_and_said()
    {
        await using var station = new TestStation(3);
        await station.Start();
        await station.Stop();
        Execute(station, "INSERT INTO entries VALUES (1, x'07', x'08', x'09'), (2, x'07', x'08', x'09')");
        await station.Start();
        Assert.Contains(station.Logs.Lines, l => l.Id == 1003 && l.Text.StartsWith("2 entries after the signed head at size 1", StringComparison.Ordinal));
        Assert.Single(station.Entries());
    }

    [Fact]
    public async Task Other_key_is_refused_with_both_fingerprints()
    {
        await using var station = new TestStation(3);
        using var other = IdentityKey.Generate();
        File.WriteAllText(station.Options.KeyFile, other.ToPem());
        var failure = await Assert.ThrowsAsync<StartException>(station.Start);
        Assert.Equal(ExitCode.Identity, failure.Code);
        Assert.Contains(other.Public.Fingerprint, failure.Message, StringComparison.Ordinal);
        Assert.Contains(station.Consortium.Station.Public.Fingerprint, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Next_epoch_is_taken_and_logged_another_roster_is_refused()
    {
        await using var station = new TestStation(3);
        await station.Start();
        await station.Stop();
        File.WriteAllBytes(station.Options.RosterFile, station.Consortium.NextEpoch().Signed);
        await station.Start();
        Assert.True(station.Logs.Has(1004));
        // The roster, and behind it the act that says who brought it.
        Assert.Equal(3, station.Entries().Count);
        Assert.Equal("operator", ActEntry.Open(station.Consortium.NextEpoch(), station.Entries()[2]).By);
        await station.Stop();
        await station.Start();
        await station.Stop();
        Assert.Equal(3, station.Entries().Count);

        // Of the log itself the newest counts, whatever file is there.
        File.WriteAllBytes(station.Options.RosterFile, station.Consortium.Roster.Signed);
        await station.Start();
        Assert.True(station.Logs.Has(1013));
        await station.Stop();
        Assert.Equal(3, station.Entries().Count);

        File.WriteAllBytes(station.Options.RosterFile, station.Consortium.NextEpoch(r => r.Consortium = "Other").Signed);
        var failure = await Assert.ThrowsAsync<StartException>(station.Start);
        Assert.Equal(ExitCode.Transcript, failure.Code);
        Assert.Contains("does not name it as its predecessor", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acts_are_read_back_at_a_start_and_one_that_the_station_did_not_sign_stops_it()
    {
        await using var station = new TestStation(3);
        var host = await station.Start();
        var act = new Act { Code = ActCode.RoundStopped, Subject = "00ff", By = "alice" };
        await host.Services.GetRequiredService<ActRecorder>().AppendAsync([act]).Guard();
        await station.Stop();
        Assert.Equal((1, act), (await station.Start()).Services.GetRequiredService<OpenedLog>().Acts is [var read] ? (read.Index, read.Act) : default);
        Assert.Equal(act, ActEntry.Open(station.Consortium.Roster, station.Entries()[1]));

        var log = station.Host!.Services.GetRequiredService<StationLog>();
        await log.Append([new NewLeaf([], ActEntry.Create(station.Consortium.Roster, act, station.Consortium.Coordinator, station.Clock.GetUtcNow()).ToByteArray())]).Guard();
        await station.Stop();
        var failure = await Assert.ThrowsAsync<StartException>(station.Start);
        Assert.Equal(TranscriptFault.EntryUnreadable, failure.Fault);
        Assert.Contains("the act is not signed by the roster's station", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folder_with_something_else_in_it_begins_no_log()
    {
        await using var station = new TestStation(3);
        Directory.CreateDirectory(station.Data);
        File.WriteAllText(Path.Combine(station.Data, "notes.txt"), "mine");
        var failure = await Assert.ThrowsAsync<StartException>(station.Start);
        Assert.Equal(ExitCode.DataDirectory, failure.Code);
        Assert.Contains("notes.txt", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folder_of_a_running_station_and_its_address_are_refused()
    {
        await using var station = new TestStation(3);
        await station.Start();
        var first = station.Host!;
        var same = await Assert.ThrowsAsync<StartException>(station.Start);
        Assert.Equal(ExitCode.DataDirectory, same.Code);
        station.Options.DataDirectory = station.Folder.File("other");
        station.Options.Listen = first.Address["https://".Length..];
        var taken = await Assert.ThrowsAsync<StartException>(station.Start);
        Assert.Equal(ExitCode.AddressInUse, taken.Code);
        Assert.Contains(station.Options.Listen, taken.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Disk_that_takes_no_writes_is_told_from_a_file_that_is_no_transcript(bool disk)
    {
        await using var station = new TestStation(3);
        var surroundings = new StationSurroundings(TimeProvider.System, (_, _) => throw new StoreException("Full.") { IsDisk = disk }, new SumMeaning(), _ => { });
        var failure = await Assert.ThrowsAsync<StartException>(() => StationHost.Start(station.Options, surroundings));
        Assert.Equal(disk ? ExitCode.DataDirectory : ExitCode.Transcript, failure.Code);
        Assert.Contains("Full.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_that_others_may_read_is_refused()
    {
        if (OperatingSystem.IsWindows()) return;
        await using var station = new TestStation(3);
        File.SetUnixFileMode(station.Options.KeyFile, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var failure = await Assert.ThrowsAsync<StartException>(station.Start);
        Assert.Equal(ExitCode.Identity, failure.Code);
        Assert.Contains("chmod 600", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("station.pem", "does not exist; name the station's key with --key FILE")]
    [InlineData("roster.bin", "cannot be read")]
    public async Task Missing_file_is_named(string name, string said)
    {
        await using var station = new TestStation(3);
        File.Delete(station.Folder.File(name));
        var failure = await Assert.ThrowsAsync<StartException>(station.Start);
        Assert.Equal(ExitCode.Identity, failure.Code);
        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
    }

    private static void Execute(TestStation station, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(station.Data, "transcript.db")};Pooling=False");
        connection.Execute(sql);
    }
}
