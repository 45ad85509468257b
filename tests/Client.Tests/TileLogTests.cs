using System.Text;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Client.Tests;

/// <summary>A log is published as files, added to, cut off, served and changed by others: what is read is the station's log, or the file is named.</summary>
public sealed class TileLogTests : IDisposable
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly Lazy<RealRound> s_round = new(() => new RealRound(new Members(), s_now, n: 3));

    private readonly Members _members = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("secagg-tiles-").FullName;

    [Fact]
    public async Task Published_log_is_whole_and_its_round_verifies()
    {
        var log = new LogOfRounds(_members).Fill(280).Play(s_round.Value);
        var done = await Export(log);

        Assert.Equal((0, 1, 0), (done.Before, done.Rounds, done.WithoutVectors));
        var summary = await Verify();
        Assert.Equal((log.Size, 3), (summary.Entries, summary.Tiles));
        Assert.Equal(s_round.Value.RoundId.ToByteArray(), Assert.Single(summary.Rounds));
        var check = await Check();
        Assert.True(check.Passed, check.Failure);
        Assert.Equal(5 * RealRound.RowsEach, (int)check.Statistics()[0].Value!);
    }

    [Fact]
    public async Task Acts_of_the_station_are_accepted_by_both_verifiers_and_those_of_others_by_none()
    {
        var added = new Act { Code = ActCode.AccountAdded, Subject = "alice", By = "operator", Detail = "roles: analyst", Mark = ByteString.CopyFrom(new byte[32]) };
        var log = new LogOfRounds(_members).Fill(3).Do(added).Play(s_round.Value);
        await Export(log);
        await Verify();
        Assert.True((await Check()).Passed);
        var (code, said) = await SecondVerdict();
        Assert.Equal(0, code);
        Assert.Contains("\"code\": \"account added\", \"subject\": \"alice\", \"by\": \"operator\"", said, StringComparison.Ordinal);

        var forged = log.Size;
        log.Do(added, _members.Parties[0]);
        await Export(log);
        Assert.Contains("the act is not signed by the roster's station", (await Assert.ThrowsAsync<TileException>(Verify)).Message, StringComparison.Ordinal);
        (code, said) = await SecondVerdict();
        Assert.Equal(1, code);
        Assert.Contains($"\"failed_entry\": {forged}, \"detail\": \"the act is not signed by the roster's station\"", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acts_of_a_dashboard_are_accepted_by_both_verifiers_under_its_members_key_in_their_order()
    {
        var log = new LogOfRounds(_members).Fill(2).Do(Signed(1, ActCode.AccountAdded)).Play(s_round.Value).Do(Signed(2, ActCode.AccountRemoved));
        await Export(log);
        await Verify();
        var (code, said) = await SecondVerdict();
        Assert.Equal(0, code);
        Assert.Contains("\"code\": \"account removed\", \"subject\": \"alice\", \"by\": \"root\", \"detail\": \"roles: analyst\", \"signer\": \"Deck\"", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("put in twice", "is number 1 of its signer, and 2 comes next")]
    [InlineData("one left out", "is number 3 of its signer, and 2 comes next")]
    [InlineData("other words", "the act is not signed by the member whom it names")]
    [InlineData("signed by the station", "the act is not signed by the member whom it names")]
    [InlineData("an outpost's", "signed by a key that is no coordinator's and no auditor's")]
    [InlineData("no number", "an act that a member signs has a number from 1")]
    [InlineData("a key of the station's", "a member signs for accounts of its dashboard and for nothing else")]
    public async Task Act_that_is_no_members_word_is_refused_by_both_verifiers(string what, string why)
    {
        var log = new LogOfRounds(_members).Do(Signed(1, ActCode.AccountAdded));
        var odd = log.Size;
        var second = Act.Parser.ParseFrom(Signed(2, ActCode.AccountChanged).Body);
        log.Do(what switch
        {
            "put in twice" => Signed(1, ActCode.AccountAdded),
            "one left out" => Signed(3, ActCode.AccountAdded),
            "other words" => Body(Signed(2, ActCode.AccountChanged), act => act.Detail = "roles: admin"),
            "signed by the station" => Resigned(second, _members.Station),
            "an outpost's" => Resigned(Changed(second, act => act.Signer = ByteString.CopyFrom(_members.Parties[0].Public.Point)), _members.Parties[0]),
            "no number" => Resigned(Changed(second, act => act.Number = 0), _members.Auditor),
            _ => Resigned(Changed(second, act => act.Code = ActCode.KeyAdded), _members.Auditor),
        });
        await Export(log);
        Assert.Contains(why, (await Assert.ThrowsAsync<TileException>(Verify)).Message, StringComparison.Ordinal);
        var (code, said) = await SecondVerdict();
        Assert.Equal(1, code);
        Assert.Contains($"\"failed_entry\": {odd}", said, StringComparison.Ordinal);
        Assert.Contains(why, said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_adds_what_is_new_and_writes_nothing_again()
    {
        var log = new LogOfRounds(_members).Fill(200);
        await Export(log);
        var before = Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).ToDictionary(f => f, File.GetLastWriteTimeUtc);
        var asked = log.Asked;

        var done = await Export(log.Fill(90).Play(s_round.Value));

        Assert.Equal(201, done.Before);
        Assert.True(log.Asked - asked <= 2);
        var rewritten = before.Where(f => File.Exists(f.Key) && File.GetLastWriteTimeUtc(f.Key) != f.Value).Select(f => Path.GetFileName(f.Key)).Order();
        Assert.Equal(["checkpoint", "rosters"], rewritten);

        // The tile has been filled, so its beginnings are gone.
        Assert.False(Directory.Exists(Path.Combine(_folder, "tile/0/000.p")));
        await Verify();
        Assert.True((await Check()).Passed);
    }

    [Fact]
    public async Task Export_that_was_cut_off_is_taken_up_and_the_published_log_stays_whole_meanwhile()
    {
        var log = new LogOfRounds(_members).Fill(150);
        await Export(log);
        var head = File.ReadAllText(Path.Combine(_folder, "checkpoint"));
        log.Fill(300).Play(s_round.Value).Gives = 380;

        await Assert.ThrowsAsync<StationUnavailableException>(() => Export(log));
        Assert.Equal(head, File.ReadAllText(Path.Combine(_folder, "checkpoint")));
        var stray = await Assert.ThrowsAsync<TileException>(() => Verify());
        Assert.Contains("export was cut off", stray.Message, StringComparison.Ordinal);

        log.Gives = int.MaxValue;
        var asked = log.Asked;
        await Export(log);
        Assert.Equal(2, log.Asked - asked);
        await Verify();
        Assert.True((await Check()).Passed);
    }

    [Fact]
    public async Task Tiles_of_shorter_logs_stay_until_they_are_full_and_are_held_against_the_log()
    {
        var log = new LogOfRounds(_members).Fill(20);
        await Export(log);
        await Export(log.Fill(20));
        await Verify();
        var old = Path.Combine(_folder, "tile/0/000.p/21");
        var bytes = File.ReadAllBytes(old);
        bytes[40] ^= 1;
        File.WriteAllBytes(old, bytes);

        Assert.Equal("tile/0/000.p/21", (await Assert.ThrowsAsync<TileException>(() => Verify())).File);
    }

    /// <summary>Of every file some bytes: whoever checks the whole log and its rounds finds the change, and says which file it is in.</summary>
    [Fact]
    public async Task Changed_byte_in_any_file_is_found_and_the_file_is_named()
    {
        await Export(new LogOfRounds(_members).Fill(270).Play(s_round.Value));
        var files = new TileFolder(_folder).List().Append("checkpoint").Append("rosters").ToList();
        foreach (var file in files.Where((f, i) => !f.StartsWith("entry/", StringComparison.Ordinal) || i % 9 == 0))
        {
            var path = Path.Combine(_folder, file);
            var bytes = File.ReadAllBytes(path);
            foreach (var at in new[] { 0, bytes.Length / 2, bytes.Length - 1 }.Distinct())
            {
                bytes[at] ^= 1;
                File.WriteAllBytes(path, bytes);
                var said = await Said();
                Assert.True(said is not null, $"{file}, byte {at}");
                Assert.True(said.Contains(file, StringComparison.Ordinal) || (file.StartsWith("vector/", StringComparison.Ordinal) && said.Contains("masked vector of", StringComparison.Ordinal)), $"{file}, byte {at}: {said}");
                bytes[at] ^= 1;
            }

            File.WriteAllBytes(path, bytes);
        }

        Assert.Null(await Said());
    }

    [Fact]
    public async Task Changed_byte_in_what_a_round_is_made_of_fails_its_six_steps()
    {
        await Export(new LogOfRounds(_members).Fill(10).Play(s_round.Value));
        var others = Enumerable.Range(1, 10).Select(i => TilePaths.Entry(i)).ToHashSet();
        var files = new TileFolder(_folder).List().Where(f => !others.Contains(f)).Append("checkpoint").Order(StringComparer.Ordinal).ToList();
        using var random = new SeededRandom(5);
        for (var i = 0; i < 100; i++)
        {
            var file = files[RandomNumber(random, files.Count)];
            var path = Path.Combine(_folder, file);
            var bytes = File.ReadAllBytes(path);
            var at = RandomNumber(random, bytes.Length);
            bytes[at] ^= 0x04;
            File.WriteAllBytes(path, bytes);
            var report = (await Check()).Report;
            bytes[at] ^= 0x04;
            File.WriteAllBytes(path, bytes);

            Assert.False(report.Passed, $"{file}, byte {at}");
            Assert.True(report.FailedFile is not null || report.FailedEntry is not null || report.FailedRecord is not null, $"{file}, byte {at}: {report.Failure?.Detail}");
        }
    }

    [Theory]
    [InlineData("tile/0/000.p/", "inclusion")]
    [InlineData("entry/015", "inclusion")]
    [InlineData("entry/000", "checkpoint")]
    [InlineData("rosters", "checkpoint")]
    public async Task Missing_file_is_named_at_its_step(string file, string step)
    {
        var log = new LogOfRounds(_members).Fill(10).Play(s_round.Value);
        await Export(log);
        var path = file.EndsWith('/') ? file + log.Size : file;
        File.Delete(Path.Combine(_folder, path));

        var report = (await Check()).Report;

        Assert.Equal(file.EndsWith('/') ? "checkpoint" : step, report.Failure?.Name);
        Assert.Contains(path, report.Failure!.Detail, StringComparison.Ordinal);
        Assert.Equal(path, report.FailedFile);
    }

    [Fact]
    public async Task Log_without_vectors_verifies_up_to_the_total()
    {
        await Export(new LogOfRounds(_members).Play(s_round.Value), vectors: false);

        var report = (await Check()).Report;

        Assert.Equal("total", report.Failure?.Name);
        Assert.True(report.Steps.Take(4).All(s => s.Passed == true));
    }

    [Fact]
    public async Task Another_history_is_refused_by_the_export_and_by_who_remembers()
    {
        var log = new LogOfRounds(_members).Fill(40);
        await Export(log);
        var remembered = log.Head;
        var fork = new LogOfRounds(_members).Fill(40).Forge(9).Fill(20).Play(s_round.Value);

        var refused = await Assert.ThrowsAsync<TileException>(() => Export(fork));
        Assert.Contains(Convert.ToHexStringLower(fork.Head.Root), refused.Message, StringComparison.Ordinal);

        using var elsewhere = new Other();
        await new TileExport(fork.Consortium, _members.Roster, elsewhere.Folder).RunAsync(vectors: true);
        using var bundle = new MemoryStream();
        var check = await BundleCheck.OfTilesAsync(new TileFolder(elsewhere.Folder), s_round.Value.RoundId.ToByteArray(), bundle, new BundleExpectation { Remembered = remembered });
        Assert.Equal("consistency", check.Report.Failure?.Name);
        Assert.Contains(Convert.ToHexStringLower(remembered.Root), check.Report.Failure!.Detail, StringComparison.Ordinal);
        var whole = await TileLog.OpenAsync(new TileFolder(elsewhere.Folder));
        Assert.Contains("two histories", (await Assert.ThrowsAsync<TileException>(() => whole.VerifyAsync(_members.Roster, remembered))).Message, StringComparison.Ordinal);

        // A station whose log was cut.
        await Assert.ThrowsAsync<TileException>(() => Export(new LogOfRounds(_members).Fill(5)));
    }

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        _members.Dispose();
    }

    private Envelope Signed(ulong number, ActCode code) => ActEntry.Sign(
        _members.Roster, new Act { Code = code, Subject = "alice", By = "root", Detail = "roles: analyst", Mark = ByteString.CopyFrom(new byte[32]), Number = number }, _members.Auditor);

    private static Act Changed(Act act, Action<Act> change)
    {
        change(act);
        return act;
    }

    private static Envelope Body(Envelope signed, Action<Act> change)
    {
        signed.Body = Changed(Act.Parser.ParseFrom(signed.Body), change).ToByteString();
        return signed;
    }

    /// <summary>What a forger would sign; the label and its fields are those of docs/transcript.md section 14.</summary>
    private Envelope Resigned(Act act, IdentityKey key)
    {
        var body = act.ToByteString();
        using var hash = new LabelHash("sign/act");
        return new Envelope { Kind = MessageKind.Act, Body = body, Signature = ByteString.CopyFrom(key.Sign(hash.Field(Encoding.ASCII.GetBytes(_members.Roster.LogOrigin)).Field(body.Span).Finish())) };
    }

    private Task<TileExportResult> Export(LogOfRounds log, bool vectors = true) => new TileExport(log.Consortium, _members.Roster, _folder).RunAsync(vectors);

    private async Task<LogSummary> Verify() => await (await TileLog.OpenAsync(new TileFolder(_folder))).VerifyAsync(_members.Roster);

    private async Task<(int Code, string Said)> SecondVerdict()
    {
        Assert.Null(SecondVerifier.Missing);
        var (code, output, errors) = await SecondVerifier.RunAsync(["--acts", _folder, "--roster-hash", Convert.ToHexStringLower(_members.Roster.Hash), "--json"]);
        Assert.Equal("", errors);
        return (code, output);
    }

    private async Task<BundleCheck> Check()
    {
        using var bundle = new MemoryStream();
        return await BundleCheck.OfTilesAsync(new TileFolder(_folder), s_round.Value.RoundId.ToByteArray(), bundle, new BundleExpectation { RosterHash = _members.Roster.Hash });
    }

    /// <summary>What a check of the whole log, and then of its round, says is wrong; null if nothing is.</summary>
    private async Task<string?> Said()
    {
        try
        {
            await Verify();
        }
        catch (TileException e)
        {
            return e.Message;
        }

        return (await Check()).Report.Failure?.Detail;
    }

    private static int RandomNumber(SeededRandom random, int below)
    {
        var bytes = new byte[4];
        random.GetBytes(bytes);
        return (int)(BitConverter.ToUInt32(bytes) % (uint)below);
    }

    private sealed class Other : IDisposable
    {
        public string Folder { get; } = Directory.CreateTempSubdirectory("secagg-tiles-").FullName;

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
