using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using SecureAggregation.Accounts;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Fuzz.Engine;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;
using static SecureAggregation.Fuzz.Engine.Outcome;
using Roster = SecureAggregation.Protocol.Roster;
using Consortium = SecureAggregation.Protocol.Tests.Harness.Consortium;

namespace SecureAggregation.Fuzz.Targets;

/// <summary>Files that any web server may publish, entries as pages show them, and files of accounts.</summary>
internal static class TileTargets
{
    private static readonly Lazy<(SortedDictionary<string, byte[]> Files, byte[] RoundId)> s_log = new(Publish);

    private static readonly Lazy<Roster> s_next = new(() =>
    {
        var next = Round.Consortium.Wire.Clone();
        (next.Epoch, next.PreviousHash) = (next.Epoch + 1, ByteString.CopyFrom(Round.Consortium.Roster.Hash));
        return Roster.Open(Roster.Sign(next, Round.Consortium.Roster.Founders.Select(f => Consortium.PartyKey(Round.Consortium.Roster.FindParty(f.Key)!.Index))));
    });

    public static IEnumerable<Target> All =>
    [
        new("tiles", 3_000, () => [.. s_log.Value.Files.Values.Select((bytes, i) => (byte[])[(byte)i, .. bytes])], () => AsLog)
        {
            Make = Files, Words = CodecTargets.Points, Allowance = 4 * 1024 * 1024, PerByte = 200,
        },
        new("logged-entry", 30_000, () => [.. s_log.Value.Files.Where(f => f.Key.StartsWith("entry/", StringComparison.Ordinal)).Select(f => f.Value), Act()], () => AsShown) { Make = Mutation.OfMessage, PerByte = 160 },
        new("accounts", 200, () => [Encoding.UTF8.GetBytes(Book)], Accounts) { Make = Mutation.OfText, Words = TextTargets.Json, Allowance = 512 * 1024, PerByte = 1000 },
        new("deck-files", 2_000, () => [Encoding.UTF8.GetBytes(Templates), Encoding.UTF8.GetBytes(Notes)], DeckFiles) { Make = Mutation.OfText, Words = TextTargets.Json, Allowance = 512 * 1024, PerByte = 1000 },
    ];

    private static bool AsShown(byte[] input)
    {
        var shown = LogLeaf.Read(7, input);
        Must(ReferenceEquals(shown.Bytes, input) && shown.Hash.AsSpan().SequenceEqual(MerkleTree.LeafHash(input)), "what is shown is not what came");
        Must(shown.Entry is null || shown.Entry.ToByteArray().AsSpan().SequenceEqual(input), "an entry that was read encodes to other bytes");
        Must(shown.Problem is not null || shown.Messages.Count > 0, "an entry without a message has no problem");
        if (shown.Entry?.Envelope?.Kind == MessageKind.Act)
            Or<TranscriptException>(() => Must(ActEntry.Open(Round.Consortium.Roster, shown.Entry).Equals(s_act), "an act that the station has not signed was taken"));
        return shown.Problem is null;
    }

    private static readonly Act s_act = new() { Code = ActCode.AccountAdded, Subject = "ada", By = "operator", Detail = "roles: analyst", Mark = ByteString.CopyFrom(new byte[32]) };

    private static byte[] Act() => ActEntry.Create(Round.Consortium.Roster, s_act, Consortium.Station, DateTimeOffset.UnixEpoch).ToByteArray();

    private const string Book =
        """
        { "version": 1, "accounts": [
          { "name": "ada", "roles": ["auditor"], "password": "AQAAAAIAAzRQAAAAEA==", "stamp": "0123456789abcdef", "created": "2026-01-01T00:00:00+00:00" },
          { "name": "bob", "roles": ["auditor"], "password": "AQAAAAIAAzRQAAAAEA==", "stamp": "abcdef0123456789", "created": "2026-01-02T00:00:00+00:00", "studies": ["heart"], "by": "ada" } ],
          "keys": [ { "name": "nightly", "may": ["read-results"], "hash": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "stamp": "0123456789abcdef",
            "created": "2026-01-01T00:00:00+00:00", "expires": "2027-01-01T00:00:00+00:00", "studies": ["heart"], "by": "operator" } ] }
        """;

    private const string Templates =
        """
        [ { "name": "Ages", "yaml": "name: Ages\ndataset: visits", "by": "ada", "at": "2026-01-01T00:00:00+00:00" }, { "name": "Sexes", "yaml": "x", "by": "bob", "at": "2026-01-02T00:00:00+00:00" } ]
        """;

    private const string Notes =
        """
        { "version": 1, "alerts": [ { "id": "aborted/00", "notes": [ { "step": "acknowledged", "by": "ada", "at": "2026-01-01T00:00:00+00:00", "note": "seen", "seenMs": 7, "count": 1 } ] } ] }
        """;

    /// <summary>The log of one round between its roster and the next, as files.</summary>
    private static (SortedDictionary<string, byte[]> Files, byte[] RoundId) Publish()
    {
        var round = Round.All[0];
        var roster = new Entry { TimeMs = round.Log[0].TimeMs, Envelope = new Envelope { Kind = MessageKind.Roster, Body = ByteString.CopyFrom(Round.Consortium.Roster.Signed) } };
        List<byte[]> leaves = [roster.ToByteArray(), .. round.Log.Select(e => e.ToByteArray())];
        var then = Encoding.UTF8.GetBytes(Round.Head(leaves).Note);
        leaves.Add(new Entry { TimeMs = round.Log[^1].TimeMs, Envelope = new Envelope { Kind = MessageKind.Roster, Body = ByteString.CopyFrom(s_next.Value.Signed) } }.ToByteArray());
        var hashes = leaves.ConvertAll(l => MerkleTree.LeafHash(l));
        var id = round.Log[0].RoundId.ToByteArray();
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            [TilePaths.Checkpoint] = Encoding.UTF8.GetBytes(Round.Head(leaves).Note),
            [TilePaths.Head(0)] = then,
            [TilePaths.Rosters] = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"0\n{leaves.Count - 1}\n")),
            [TilePaths.Round(id)] = Encoding.ASCII.GetBytes(string.Concat(round.Log.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"{i + 1}\n")))),
        };
        foreach (var tile in Tile.Of(leaves.Count)) files[tile.Path] = [.. hashes.SelectMany(h => h)];
        for (var i = 0; i < leaves.Count; i++) files[TilePaths.Entry(i)] = leaves[i];
        foreach (var party in round.Station.Round.Survivors)
        {
            using var packed = new MemoryStream();
            round.Station.Open(party).CopyTo(packed);
            files[TilePaths.Vector(id, party)] = packed.ToArray();
        }

        return (files, id);
    }

    /// <summary>One file changed; a head is signed anew, over any size and root.</summary>
    private static byte[] Files(Draw draw)
    {
        var seed = draw.Seed;
        if (!s_log.Value.Files.Keys.ElementAtOrDefault(seed[0])?.Equals(TilePaths.Checkpoint, StringComparison.Ordinal) ?? true) return [seed[0], .. Mutation.Changed(draw, seed[1..])];
        if (draw.OneIn(2)) return [seed[0], .. Mutation.Changed(draw, seed[1..])];
        var size = (long)(draw.Number() & long.MaxValue);
        return [seed[0], .. Encoding.UTF8.GetBytes(Checkpoint.Create(Round.Consortium.Roster.LogOrigin, size, draw.Bytes(32), Consortium.Station).Note)];
    }

    private static bool AsLog(byte[] input)
    {
        if (input.Length == 0 || input[0] >= s_log.Value.Files.Count) return false;
        var files = new Changed(s_log.Value.Files, s_log.Value.Files.Keys.ElementAt(input[0]), input[1..]);
        var whole = Or<TileException>(() =>
        {
            var summary = TileLog.OpenAsync(files).GetAwaiter().GetResult().VerifyAsync(s_next.Value).GetAwaiter().GetResult();
            Must(summary.Rounds.Count == 1 && summary.Entries == s_log.Value.Files.Keys.Count(k => k.StartsWith("entry/", StringComparison.Ordinal)), "another log was taken for this one");
        });
        var bundle = new MemoryStream();
        var written = Or<TileException>(() => TileLog.OpenAsync(files).GetAwaiter().GetResult().WriteBundleAsync(s_log.Value.RoundId, bundle).GetAwaiter().GetResult());
        if (!written) return whole;
        bundle.Position = 0;
        var report = TranscriptVerifier.Verify(bundle, new VerifyOptions { ShapeOf = (_, _) => Round.Shape, RosterHash = Round.Consortium.Roster.Hash });
        Must(report.Passed || report.Total is null, "a bundle that fails has a total");
        return whole;
    }

    private static Func<byte[], bool> Accounts()
    {
        var path = new Scratch()["accounts.json"];
        return input => Or<AccountException>(() =>
        {
            File.WriteAllBytes(path, input);
            var book = AccountBook.Open(path, new SeededRandom(1), new ManualTimeProvider());
            Must(book.All.Select(a => a.Name.ToUpperInvariant()).Distinct().Count() == book.All.Count, "two accounts of one name");
            Must(book.Keys.Select(k => k.Name.ToUpperInvariant()).Distinct().Count() == book.Keys.Count, "two keys of one name");
            Must(book.CheckKey("sak_" + new string('A', 43)) is null, "a key that nobody made");
        });
    }

    /// <summary>Notes on alerts and templates: whatever is in the file, the deck starts, and what it cannot read lies beside it.</summary>
    private static Func<byte[], bool> DeckFiles()
    {
        var scratch = new Scratch();
        var (alerts, templates, time) = (scratch["alerts.json"], scratch["templates.json"], new ManualTimeProvider());
        return input =>
        {
            File.WriteAllBytes(alerts, input);
            File.WriteAllBytes(templates, input);
            var notes = AlertBook.Open(alerts, time, NullLogger<AlertBook>.Instance);
            var book = new TemplateBook(templates, time, NullLogger<TemplateBook>.Instance);
            Must((notes.Problem.Length > 0) == !File.Exists(alerts) && (book.Problem is not null) == !File.Exists(templates), "a file that was taken is gone, or one that was not is in the way");
            Must(book.All.All(t => book.Find(t.Name) == t), "a template is not found by its name");
            return notes.Problem.Length == 0 || book.Problem is null;
        };
    }

    private sealed class Changed(SortedDictionary<string, byte[]> files, string path, byte[] bytes) : ITileFiles
    {
        public Task<byte[]?> ReadAsync(string wanted, CancellationToken cancellation = default) =>
            Task.FromResult(wanted == path ? bytes : files.GetValueOrDefault(wanted));

        public IEnumerable<string> List() => files.Keys.Where(k => k is not (TilePaths.Checkpoint or TilePaths.Rosters));
    }
}
