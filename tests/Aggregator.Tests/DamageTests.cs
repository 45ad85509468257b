using Dapper;
using Google.Protobuf;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>What is stored is damaged in every way that the format has: each gets its own refusal, with both values, or is cut and said. Nothing else is accepted.</summary>
public sealed class DamageTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private const int Zero = 32;

    // Two rounds of three parties; entry 0 is the roster.
    private static readonly (string Name, TranscriptFault Fault, string Said, Action<Place> Do)[] s_refused =
    [
        ("no head", TranscriptFault.HeadMissing, "entries and no signed head", p => p.Sql("DELETE FROM head")),
        ("note is nonsense", TranscriptFault.HeadUnreadable, "cannot be read", p => p.Sql("UPDATE head SET note = 'nonsense'")),
        ("note of another size", TranscriptFault.HeadDiffers, "The signed head is over size 3", p => p.SetNote(p.Note(3, p.Root(3), p.Station))),
        ("note of another root", TranscriptFault.HeadDiffers, "root 0000", p => p.SetNote(p.Note(p.Size, new byte[Zero], p.Station))),
        ("note of another log", TranscriptFault.HeadOtherLog, "'other.example/log'; the roster's log is 'test.example/log'", p => p.SetNote(Checkpoint.Create("other.example/log", p.Size, p.Root(p.Size), p.Station).Note)),
        ("note by another key", TranscriptFault.HeadSignature, "is not signed by its station", p => p.SetNote(p.Note(p.Size, p.Root(p.Size), p.Stranger))),
        ("head of another root", TranscriptFault.RootDiffers, "the stored head says 0000", p => p.Sql("UPDATE head SET root = @Bytes", new { Bytes = new byte[Zero] })),
        ("head of less", TranscriptFault.RootDiffers, "at size 3", p => p.Sql("UPDATE head SET size = 3")),
        ("entry gone", TranscriptFault.EntryMissing, "Entry 5 of the transcript is missing; the next one that is there is 6", p => p.Sql("DELETE FROM entries WHERE idx = 5")),
        ("entry moved", TranscriptFault.EntryMissing, "Entry 5", p => p.Sql("UPDATE entries SET idx = 1000 WHERE idx = 5")),
        ("entry changed", TranscriptFault.EntryChanged, "its bytes hash to", p => p.Flip(5)),
        ("hash of an entry changed", TranscriptFault.EntryChanged, "was logged", p => p.Sql("UPDATE entries SET leaf_hash = @Bytes WHERE idx = 5", new { Bytes = new byte[Zero] })),
        ("entry and its hash changed", TranscriptFault.RootDiffers, "give the root", p => { p.Flip(5); p.Rehash(); }),
        ("roster and its hash changed", TranscriptFault.RootDiffers, "give the root", p => { p.Flip(0); p.Rehash(); }),
        ("entries swapped", TranscriptFault.RootDiffers, "give the root", p => p.Sql("UPDATE entries SET idx = 1000 WHERE idx = 5; UPDATE entries SET idx = 5 WHERE idx = 6; UPDATE entries SET idx = 6 WHERE idx = 1000")),
        ("entry filed under another round", TranscriptFault.EntryRound, "but filed under \"0707\"", p => p.Sql("UPDATE entries SET round_id = @Bytes WHERE idx = 5", new { Bytes = new byte[] { 7, 7 } })),
        ("entry filed under no round", TranscriptFault.EntryRound, "but filed under \"\"", p => p.Sql("UPDATE entries SET round_id = @Bytes WHERE idx = 5", new { Bytes = Array.Empty<byte>() })),
        ("last entries gone", TranscriptFault.EntriesLost, "the signed head covers", p => p.Sql($"DELETE FROM entries WHERE idx >= {p.Size - 3}")),
        ("entry that is none, signed for", TranscriptFault.EntryUnreadable, "Entry 5 of the transcript is signed for, but cannot be read", p => { p.SetLeaf(5, [0xff, 0xff, 0xff]); p.Resign(); }),
        ("no roster, signed for", TranscriptFault.RosterMissing, "is no roster", p => { p.SetLeaf(0, new Entry { TimeMs = 1 }.ToByteArray()); p.Resign(); }),
        ("roster that follows none, signed for", TranscriptFault.RosterChain, "does not name it as its predecessor", p => { p.AddLeaf(p.Leaf(0)); p.Resign(); }),
        ("checkpoint is nonsense", TranscriptFault.CheckpointUnreadable, "cannot be read", p => p.Sql("UPDATE checkpoints SET note = 'nonsense'")),
        ("checkpoint of another root than signed", TranscriptFault.CheckpointDiffers, "root 0000", p => p.Sql("UPDATE checkpoints SET root = @Bytes", new { Bytes = new byte[Zero] })),
        ("checkpoint of another size than signed", TranscriptFault.CheckpointDiffers, "The stored checkpoint of size 3", p => p.Sql("UPDATE checkpoints SET size = 3 WHERE size = (SELECT MIN(size) FROM checkpoints)")),
        ("checkpoint beyond the log", TranscriptFault.CheckpointBeyond, "says size 1200; the log has", p => p.AddCheckpoint(1200, p.Root(3), p.Station)),
        ("checkpoint of another log", TranscriptFault.CheckpointRoot, "says size 3 root 0000", p => p.AddCheckpoint(3, new byte[Zero], p.Station)),
        ("checkpoint by another key", TranscriptFault.CheckpointSignature, "is not signed by its station", p => p.AddCheckpoint(3, p.Root(3), p.Stranger)),
        ("signature under no checkpoint", TranscriptFault.CosignatureAlone, "under a checkpoint of size 2, and no such checkpoint", p => p.Sql("INSERT INTO cosignatures (size, party, signature) VALUES (2, 1, @Bytes)", new { Bytes = new byte[64] })),
        ("checkpoints gone", TranscriptFault.CosignatureAlone, "but 0 of other sizes", p => p.Sql("DELETE FROM checkpoints")),
        ("signature of nothing", TranscriptFault.CosignatureWrong, "does not verify under its key", p => p.Sql("UPDATE cosignatures SET signature = @Bytes WHERE party = 1", new { Bytes = new byte[64] })),
        ("signature of another party", TranscriptFault.CosignatureWrong, "of party 2 under", p => p.Sql("UPDATE cosignatures SET signature = (SELECT c.signature FROM cosignatures c WHERE c.size = cosignatures.size AND c.party = 1) WHERE party = 2")),
        ("signature of a party that is none", TranscriptFault.CosignatureWrong, "no such party", p => p.Sql("UPDATE cosignatures SET party = 99 WHERE party = 2")),
        ("vector changed", TranscriptFault.VectorChanged, "was signed", p => p.ChangeVector(bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)])),
        ("vector cut", TranscriptFault.VectorChanged, "has another length than 24 bytes", p => p.ChangeVector(bytes => bytes[..^1])),
        ("vector longer", TranscriptFault.VectorChanged, "has another length than 24 bytes", p => p.ChangeVector(bytes => [.. bytes, 0])),
        ("newer format", TranscriptFault.StoreNewer, "format is 99", p => p.Sql(p.IsSqlite ? "PRAGMA user_version = 99" : "UPDATE format SET version = 99")),
        ("no entries at all", TranscriptFault.StoreUnreadable, "entries", p => p.Sql("DROP TABLE entries")),
    ];

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    [Fact]
    public void Every_kind_of_refusal_is_in_the_table() => Assert.Empty(
        Enum.GetValues<TranscriptFault>().Except(s_refused.Select(r => r.Fault)).Except([TranscriptFault.None, TranscriptFault.RosterOther]));

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Each_damage_gets_exactly_its_refusal(string kind)
    {
        using var original = new TestDatabase(kind, server);
        await using var scene = await Played(original);
        var wrong = new List<string>();
        foreach (var (name, fault, said, damage) in s_refused)
        {
            using var copy = original.Copy(server);
            copy.Configure(scene.Station.Options);
            using var place = new Place(copy, scene.Station.Consortium);
            damage(place);
            try
            {
                await scene.Station.Start();
                wrong.Add($"{name}: accepted");
                await scene.Station.Stop();
            }
            catch (StartException e)
            {
                if (e.Fault != fault || e.Code != ExitCode.Transcript || !e.Message.Contains(said, StringComparison.Ordinal)) wrong.Add($"{name}: {e.Code} {e.Message}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        original.Configure(scene.Station.Options);
        await scene.Station.Start();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_was_half_written_is_cut_and_said(string kind)
    {
        using var place = new TestDatabase(kind, server);
        await using var scene = await Played(place);
        using var view = new Place(place, scene.Station.Consortium);
        var size = view.Size;
        for (var i = 0; i < 2; i++) place.Execute("INSERT INTO entries (idx, round_id, leaf, leaf_hash) VALUES (@idx, @b, @b, @b)", new { idx = size + i, b = new byte[] { 7 } });
        var (blobs, owner) = place.OpenBlobs();
        using (owner)
        {
            foreach (var (round, party) in new[] { (blobs.Rounds()[0], 9u), ([.. Enumerable.Repeat((byte)0xab, 16)], 1u) })
            {
                using var writer = blobs.Create(round, party);
                writer.Append([1, 2, 3]);
                await writer.Commit();
            }
        }

        if (view.IsSqlite) File.WriteAllBytes(Directory.GetDirectories(Path.Combine(place.Data, "vectors"))[0] + "/2.part", [1, 2, 3]);
        else place.Execute("INSERT INTO vector_pieces VALUES (77, 0, @b)", new { b = new byte[] { 7 } });
        await scene.StartStation();
        Assert.Contains(scene.Station.Logs.Lines, l => l.Id == 1003 && l.Text.StartsWith($"2 entries after the signed head at size {size}", StringComparison.Ordinal));
        Assert.Contains(scene.Station.Logs.Lines, l => l.Id == 1008 && l.Text.Contains("abab", StringComparison.Ordinal));
        Assert.Contains(scene.Station.Logs.Lines, l => l.Id == 1009);
        var alerts = (await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard()).Alerts;
        Assert.Equal(3, alerts.Count(a => a.Id.StartsWith("tail", StringComparison.Ordinal)));
        Assert.Equal(size, place.Execute("UPDATE entries SET idx = idx"));
        await scene.Station.Stop();
        scene.Station.Logs.Clear();
        await scene.Station.Start();
        Assert.DoesNotContain(scene.Station.Logs.Lines, l => l.Id is 1003 or 1008 or 1009);
    }

    /// <summary>Signed for by the station, so that the tree fits: only the replay sees that no such message can have been taken.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Round_with_an_entry_of_a_wrong_signature_is_listed_as_failed_and_stops_no_other(string kind)
    {
        using var place = new TestDatabase(kind, server);
        await using var scene = await Played(place);
        using (var damaged = new Place(place, scene.Station.Consortium))
        {
            place.Execute("DELETE FROM cosignatures");
            place.Execute("DELETE FROM checkpoints");
            var entry = Entry.Parser.ParseFrom(damaged.Leaf(3));
            Assert.NotEqual(0u, entry.Sender);
            entry.Envelope.Signature = ByteString.CopyFrom(new byte[64]);
            damaged.SetLeaf(3, entry.ToByteArray());
            damaged.Resign();
        }

        await scene.StartStation();
        var rounds = (await scene.Coordinator.ListRoundsAsync(new ListRoundsRequest()).ResponseAsync.Guard()).Rounds;
        Assert.Equal([RoundState.Done, RoundState.Aborted], rounds.Select(r => r.State));
        Assert.Contains("cannot read this round back from its log: entry 3", rounds[1].Failure, StringComparison.Ordinal);
        Assert.Equal("how many", rounds[1].Title);
        Assert.True(scene.Station.Logs.Has(1007));
        var alerts = (await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard()).Alerts;
        Assert.Contains(alerts, a => a.Id.StartsWith("unreadable", StringComparison.Ordinal));
        foreach (var outpost in scene.Outposts) await outpost.Connect();
        var next = await scene.Ask(9);
        await scene.Until(next, v => v.State == RoundState.Done);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task View_that_somebody_else_wrote_is_not_shown(string kind)
    {
        using var place = new TestDatabase(kind, server);
        await using var scene = await Played(place);
        var before = new List<RoundView>();
        await scene.StartStation();
        before.AddRange((await scene.Coordinator.ListRoundsAsync(new ListRoundsRequest()).ResponseAsync.Guard()).Rounds);
        await scene.Station.Stop();
        var lie = before[0].Clone();
        lie.Statistics[0].Value = 1e6;
        place.Execute("UPDATE views SET view = @view", new { view = (byte[])[.. new byte[64], .. lie.ToByteArray()] });
        scene.Station.Logs.Clear();
        await scene.StartStation();
        Assert.Equal(2, scene.Station.Logs.Lines.Count(l => l.Id == 1012));
        Assert.Equal(before, (await scene.Coordinator.ListRoundsAsync(new ListRoundsRequest()).ResponseAsync.Guard()).Rounds);
    }

    [Fact]
    public async Task Round_keeps_its_witnesses_whatever_number_of_heads_was_shown_since()
    {
        using var place = new TestDatabase(TestDatabase.Sqlite, server);
        await using var scene = await Played(place);
        using (var view = new Place(place, scene.Station.Consortium))
        {
            // As if three hundred rounds had followed that nobody cosigned.
            for (var i = 0; i < 300; i++) view.AddLeaf(new Entry { TimeMs = (ulong)i, RoundId = ByteString.Empty, Envelope = new Envelope { Kind = MessageKind.Abort } }.ToByteArray());
            view.Resign();
            for (var size = view.Size - 299; size <= view.Size; size++) view.AddCheckpoint(size, view.Root(size), view.Station);
        }

        await scene.StartStation();
        var rounds = (await scene.Coordinator.ListRoundsAsync(new ListRoundsRequest()).ResponseAsync.Guard()).Rounds;
        Assert.All(rounds, r => Assert.Equal(3u, r.Cosignatures));
        var bundle = await AuditTests.Export(scene, scene.Station.Consortium.Auditor, rounds[1].RoundId);
        var report = AuditTests.Verify(scene, bundle);
        Assert.True(report.Passed, string.Join('\n', report.Steps));
    }

    /// <summary>Two rounds, cosigned by all, and the station stopped.</summary>
    private static async Task<RoundScene> Played(TestDatabase place)
    {
        var scene = await RoundScene.Open(3, change: s => place.Configure(s.Options));
        for (byte query = 1; query <= 2; query++) await scene.Until(await scene.Ask(query), v => v.State == RoundState.Done && v.Cosignatures == 3);
        await scene.Station.Stop();
        return scene;
    }

    /// <summary>What lies where a station is stopped, and the hand that changes it; it has the station's key.</summary>
    private sealed class Place(TestDatabase database, TestConsortium consortium) : IDisposable
    {
        public bool IsSqlite => database.ConnectionString.Length == 0;

        public IdentityKey Station => consortium.Station;

        public IdentityKey Stranger { get; } = IdentityKey.Generate();

        public long Size => Ask<long>("SELECT COUNT(*) FROM entries");

        public void Sql(string sql, object? parameters = null) => database.Execute(sql, parameters);

        public byte[] Leaf(long index) => Ask<byte[]>("SELECT leaf FROM entries WHERE idx = @index", new { index });

        public byte[] Root(long size) => MerkleTree.Root([.. Leaves().Take((int)size).Select(leaf => MerkleTree.LeafHash(leaf))]);

        public string Note(long size, byte[] root, IdentityKey key) => Checkpoint.Create(consortium.Roster.LogOrigin, size, root, key).Note;

        public void SetNote(string note) => Sql("UPDATE head SET note = @note", new { note });

        public void AddCheckpoint(long size, byte[] root, IdentityKey key) =>
            Sql("INSERT INTO checkpoints (size, root, note) VALUES (@size, @root, @note)", new { size, root, note = Note(size, root, key) });

        public void SetLeaf(long index, byte[] leaf) => Sql("UPDATE entries SET leaf = @leaf WHERE idx = @index", new { index, leaf });

        public void AddLeaf(byte[] leaf) => Sql(
            "INSERT INTO entries (idx, round_id, leaf, leaf_hash) VALUES (@index, @round, @leaf, @hash)", new { index = Size, round = Array.Empty<byte>(), leaf, hash = MerkleTree.LeafHash(leaf) });

        public void Flip(long index)
        {
            var leaf = Leaf(index);
            leaf[^1] ^= 1;
            SetLeaf(index, leaf);
        }

        public void Rehash()
        {
            var leaves = Leaves();
            for (var i = 0; i < leaves.Count; i++) Sql("UPDATE entries SET leaf_hash = @hash WHERE idx = @i", new { i = (long)i, hash = MerkleTree.LeafHash(leaves[i]) });
        }

        /// <summary>Only the station can: what is changed and signed for.</summary>
        public void Resign()
        {
            Rehash();
            var (size, root) = (Size, Root(Size));
            Sql("UPDATE head SET size = @size, root = @root, note = @note", new { size, root, note = Note(size, root, Station) });
        }

        public void ChangeVector(Func<byte[], byte[]> change)
        {
            if (IsSqlite)
            {
                var file = Directory.GetFiles(Path.Combine(database.Data, "vectors"), "1.vector", SearchOption.AllDirectories)[0];
                File.WriteAllBytes(file, change(File.ReadAllBytes(file)));
                return;
            }

            var (upload, data) = Ask<(long, byte[])>("SELECT upload, data FROM vector_pieces ORDER BY upload LIMIT 1");
            Sql("UPDATE vector_pieces SET data = @data WHERE upload = @upload", new { upload, data = change(data) });
        }

        public void Dispose() => Stranger.Dispose();

        private List<byte[]> Leaves()
        {
            using var connection = database.Connect();
            return connection.Query<byte[]>("SELECT leaf FROM entries ORDER BY idx").AsList();
        }

        private T Ask<T>(string sql, object? parameters = null)
        {
            using var connection = database.Connect();
            return connection.QueryFirst<T>(sql, parameters);
        }
    }
}
