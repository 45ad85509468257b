using System.Text;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Testing;

namespace SecureAggregation.Client.Tests;

/// <summary>Keys of the station and of an outpost change between rounds: each round verifies from the published files alone, under the roster and a head of its time.</summary>
public sealed class EarlierHeadTests : IDisposable
{
    private const int Third = 2;

    private static readonly DateTimeOffset s_now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly Lazy<(Members[] Epochs, RealRound[] Rounds)> s_times = new(Times);

    private readonly string _folder = Directory.CreateTempSubdirectory("secagg-heads-").FullName;
    private readonly LogOfRounds _log;

    public EarlierHeadTests() => _log = Log();

    private static Members[] Epochs => s_times.Value.Epochs;

    private static RealRound[] Rounds => s_times.Value.Rounds;

    [Fact]
    public async Task Round_of_each_time_verifies_in_both_verifiers_from_the_folder_alone()
    {
        await Export();
        Assert.Equal(["head/000", Second], Heads());
        Assert.Empty((await Whole()).Unsaid);
        Assert.Equal(0, (await Acts()).Code);
        for (var time = 0; time < Epochs.Length; time++)
        {
            var check = await Check(time);
            Assert.True(check.Passed, check.Failure);
            Assert.Equal(5, check.Report.Checkpoint!.Cosigners(Epochs[time].Roster).Count);
            var (code, said) = await SecondVerdict(time);
            Assert.True(code == 0, said);
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    public async Task Remembered_head_below_or_above_that_of_the_rounds_time_is_held_against_it(int entries)
    {
        await Export();
        var leaves = Enumerable.Range(0, entries).Select(i => MerkleTree.LeafHash(File.ReadAllBytes(Path.Combine(_folder, TilePaths.Entry(i))))).ToList();
        var remembered = Checkpoint.Create(Epochs[0].Roster.LogOrigin, entries, MerkleTree.Root(leaves), Epochs[0].Station);
        var other = Checkpoint.Create(Epochs[0].Roster.LogOrigin, entries, new byte[32], Epochs[0].Station);
        Assert.True((await Check(0, remembered)).Passed);
        Assert.Equal("consistency", (await Check(0, other)).Report.Failure?.Name);
        Assert.Equal(0, (await SecondVerdict(0, remembered)).Code);
        Assert.Contains("\"failed_step\": \"consistency\"", (await SecondVerdict(0, other)).Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folder_of_an_earlier_version_is_whole_and_gets_its_heads_with_the_next_export()
    {
        await Export();
        Directory.Delete(Path.Combine(_folder, "head"), recursive: true);
        await Whole();
        Assert.Equal(0, (await Acts()).Code);
        // Of the three the first is of another key of the station; the second is under the newest head, as far as its own outposts have signed that.
        Assert.True((await Check(Third)).Passed);
        var second = await Check(1);
        Assert.True(second.Passed, second.Failure);
        Assert.Equal(4, second.Report.Checkpoint!.Cosigners(Epochs[1].Roster).Count);
        Assert.Equal(0, (await SecondVerdict(1)).Code);
        var first = (await Check(0)).Report;
        Assert.Equal(("checkpoint", "head/000"), (first.Failure?.Name, first.FailedFile));
        Assert.Equal(1, (await SecondVerdict(0)).Code);

        await Export();
        Assert.True((await Check(0)).Passed);
        Assert.Equal(2, Heads().Count);
    }

    [Fact]
    public async Task Changed_byte_in_a_head_fails_its_round_and_the_whole_log_in_both_verifiers()
    {
        await Export();
        for (var time = 0; time < Third; time++)
        {
            var path = Path.Combine(_folder, Heads()[time]);
            var bytes = File.ReadAllBytes(path);
            // Origin, size, root, the station's signature, an outpost's.
            var text = Encoding.UTF8.GetString(bytes).Split('\n');
            int[] starts = [0, text[0].Length + 1, text[0].Length + text[1].Length + 12, bytes.Length - 20, Array.IndexOf(bytes, (byte)0xe2) + 90];
            foreach (var at in starts)
            {
                var changed = (byte[])bytes.Clone();
                changed[at] ^= 1;
                await Refused(time, changed);
            }
        }
    }

    [Theory]
    [InlineData("another key")]
    [InlineData("another history")]
    [InlineData("a stranger's line")]
    [InlineData("beyond the log")]
    [InlineData("of the other roster")]
    [InlineData("cut")]
    public async Task Head_that_is_not_of_the_log_and_its_time_is_refused_by_both_verifiers(string what)
    {
        await Export();
        var note = File.ReadAllText(Path.Combine(_folder, "head/000"));
        var head = Checkpoint.Parse(note);
        using var thief = IdentityKey.Generate();
        await Refused(0, Encoding.UTF8.GetBytes(what switch
        {
            "another key" => Checkpoint.Create(head.Origin, head.Size, head.Root, thief).Note,
            "another history" => Checkpoint.Create(head.Origin, head.Size, new byte[32], Epochs[0].Station).Note,
            "a stranger's line" => note + note.Split('\n')[^2].Replace("/party/4", "/party/9", StringComparison.Ordinal) + "\n",
            "beyond the log" => Checkpoint.Create(head.Origin, _log.Size + 1, head.Root, Epochs[0].Station).Note,
            "of the other roster" => File.ReadAllText(Path.Combine(_folder, Second)),
            _ => note[..^4],
        }));
    }

    [Fact]
    public async Task Head_that_the_old_key_signed_after_its_time_is_refused_with_the_whole_log()
    {
        await Export();
        var newest = _log.Head;
        Write("head/000", Encoding.UTF8.GetBytes(Checkpoint.Create(newest.Origin, newest.Size, newest.Root, Epochs[0].Station).Note));
        Assert.Contains("head/000", (await Assert.ThrowsAsync<TileException>(Whole)).Message, StringComparison.Ordinal);
        var (code, said) = await Acts();
        Assert.Equal(1, code);
        Assert.Contains("when the station had another key", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Head_that_is_too_large_is_not_read_and_one_of_no_roster_has_no_place()
    {
        await Export();
        var note = File.ReadAllBytes(Path.Combine(_folder, "head/000"));
        Write("head/000", new byte[(1024 * 1024) + 1]);
        Assert.Contains("at most 1048576", (await Assert.ThrowsAsync<IOException>(() => Check(0))).Message, StringComparison.Ordinal);
        Assert.Equal(1, (await SecondVerdict(0)).Code);
        Write("head/000", note);
        Write("head/001", note);
        Assert.Equal("head/001", (await Assert.ThrowsAsync<TileException>(Whole)).File);
    }

    [Fact]
    public async Task Station_whose_head_of_the_time_is_of_another_history_is_not_published()
    {
        var other = new LogOfRounds(Epochs[0]).Fill(90).Follow(Epochs[1]);
        _log.Kept[0] = other.Kept[0];
        Assert.Equal("head/000", (await Assert.ThrowsAsync<TileException>(Export)).File);
        Assert.False(File.Exists(Path.Combine(_folder, "checkpoint")));
    }

    [Fact]
    public async Task Roster_of_a_start_has_its_act_behind_it_and_one_without_is_named_by_both_verifiers()
    {
        var log = new LogOfRounds(Epochs[0]).Follow(Epochs[1], published: null, started: "operator").Follow(Epochs[2], published: null).Play(Rounds[2]);
        await new TileExport(log.Consortium, Epochs[2].Roster, _folder).RunAsync(vectors: false);
        Assert.Equal([3], (await Whole()).Unsaid);
        var (code, said) = await Acts();
        Assert.Equal(0, code);
        Assert.Contains("\"code\": \"roster published\", \"subject\": \"epoch 2\", \"by\": \"operator\"", said, StringComparison.Ordinal);
        Assert.Contains("\"rosters_without_act\": [3]", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("of another epoch")]
    [InlineData("of no roster")]
    [InlineData("twice")]
    [InlineData("last of all")]
    public async Task Act_about_a_roster_that_is_not_beside_it_is_refused_by_both_verifiers(string what)
    {
        var (log, act) = (new LogOfRounds(Epochs[0]), RosterActs.Of(Epochs[1].Roster, "operator"));
        _ = what switch
        {
            "of another epoch" => log.Do(RosterActs.Of(Epochs[2].Roster, "operator")).Follow(Epochs[1], published: null).Follow(Epochs[2]),
            "of no roster" => log.Do(act).Fill(1).Follow(Epochs[1]).Follow(Epochs[2]),
            "twice" => log.Do(act).Follow(Epochs[1]).Follow(Epochs[2]),
            _ => log.Follow(Epochs[1]).Follow(Epochs[2]).Do(RosterActs.Of(Epochs[2].Roster, "operator")),
        };
        await new TileExport(log.Consortium, Epochs[2].Roster, _folder).RunAsync(vectors: false);
        Assert.Contains("is not beside it", (await Assert.ThrowsAsync<TileException>(Whole)).Message, StringComparison.Ordinal);
        var (code, said) = await Acts();
        Assert.Equal(1, code);
        Assert.Contains("is not beside it", said, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The second roster's entry stands behind the first round and its act.</summary>
    private static string Second => TilePaths.Head(1 + 20 + Rounds[0].Log.Count + 1);

    private static (Members[] Epochs, RealRound[] Rounds) Times()
    {
        var first = new Members();
        var second = first.Changed(station: IdentityKey.Generate());
        Members[] epochs = [first, second, second.Changed(outpost: IdentityKey.Generate())];
        return (epochs, [.. epochs.Select((members, i) => new RealRound(members, s_now, i + 1))]);
    }

    private static LogOfRounds Log() =>
        new LogOfRounds(Epochs[0]) { Cosigned = true }.Fill(20).Play(Rounds[0]).Follow(Epochs[1]).Play(Rounds[1]).Follow(Epochs[2], published: null, started: "operator").Play(Rounds[2]).Fill(300);

    private List<string> Heads() => [.. new TileFolder(_folder).List().Where(f => f.StartsWith("head/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private void Write(string path, byte[] bytes) => File.WriteAllBytes(Path.Combine(_folder, path), bytes);

    private Task Export() => new TileExport(_log.Consortium, Epochs[Third].Roster, _folder).RunAsync(vectors: true);

    private async Task<LogSummary> Whole() => await (await TileLog.OpenAsync(new TileFolder(_folder))).VerifyAsync(Epochs[Third].Roster);

    private async Task<BundleCheck> Check(int time, Checkpoint? remembered = null)
    {
        using var bundle = new MemoryStream();
        return await BundleCheck.OfTilesAsync(new TileFolder(_folder), Rounds[time].RoundId.ToByteArray(), bundle, new BundleExpectation { RosterHash = Epochs[time].Roster.Hash, Remembered = remembered });
    }

    private async Task<(int Code, string Said)> SecondVerdict(int time, Checkpoint? remembered = null)
    {
        var note = Path.Combine(Path.GetTempPath(), Path.GetFileName(_folder) + ".note");
        if (remembered is not null) File.WriteAllText(note, remembered.Note);
        var said = await SecondSays(
            ["--tiles", _folder, "--round", Convert.ToHexStringLower(Rounds[time].RoundId.Span), "--roster-hash", Convert.ToHexStringLower(Epochs[time].Roster.Hash), .. remembered is null ? [] : (string[])["--head", note]]);
        File.Delete(note);
        return said;
    }

    private Task<(int Code, string Said)> Acts() => SecondSays(["--acts", _folder, "--roster-hash", Convert.ToHexStringLower(Epochs[Third].Roster.Hash)]);

    private static async Task<(int Code, string Said)> SecondSays(IEnumerable<string> arguments)
    {
        Assert.Null(SecondVerifier.Missing);
        var (code, output, errors) = await SecondVerifier.RunAsync([.. arguments, "--json"]);
        Assert.Equal("", errors);
        return (code, output);
    }

    /// <summary>With these bytes in place of a head: its round fails at the first step, the whole log fails, the first verifier names the file.</summary>
    private async Task Refused(int time, byte[] bytes)
    {
        var file = Heads()[time];
        var before = File.ReadAllBytes(Path.Combine(_folder, file));
        Write(file, bytes);
        var what = Encoding.UTF8.GetString(bytes);
        var report = (await Check(time)).Report;
        Assert.True(report.Failure?.Name == "checkpoint", what);
        Assert.Contains(file, (await Assert.ThrowsAsync<TileException>(Whole)).Message, StringComparison.Ordinal);
        var (code, said) = await SecondVerdict(time);
        Assert.True(code == 1 && said.Contains("\"failed_step\": \"checkpoint\"", StringComparison.Ordinal), $"{what}\n{said}");
        Assert.True((await Acts()).Code == 1, what);
        Write(file, before);
    }
}
