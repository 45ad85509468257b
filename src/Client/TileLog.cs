using System.Globalization;
using System.Text;
using SecureAggregation.Client.Internal;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Client;

/// <summary>What a whole log holds, after every file of it has been checked.</summary>
/// <param name="Head">The head.</param>
/// <param name="Roster">The last roster in the log.</param>
/// <param name="Cosigners">Parties of it that cosigned the head.</param>
/// <param name="Entries">Entries, each at its place in the tree.</param>
/// <param name="Tiles">Tiles, each made of what is below it.</param>
/// <param name="Rounds">Ids of the rounds that have ended, in their order.</param>
/// <param name="Unsaid">Indices of the rosters, but for the first, of which no act says who put them in force.</param>
public sealed record LogSummary(Checkpoint Head, Roster Roster, IReadOnlyList<RosterMember> Cosigners, long Entries, int Tiles, IReadOnlyList<byte[]> Rounds, IReadOnlyList<long> Unsaid);

/// <summary>A published log (docs/transcript.md section 12). Every file that is read is held against the head before it is used.</summary>
public sealed class TileLog
{
    private readonly ITileFiles _files;
    private readonly TileTree _tree;

    private TileLog(ITileFiles files, Checkpoint head, TileTree tree) => (_files, Head, _tree) = (files, head, tree);

    /// <summary>The published head. Its signature is checked with the roster of the round that is verified, or of the whole log.</summary>
    public Checkpoint Head { get; }

    /// <summary>Opens a published log.</summary>
    /// <exception cref="TileException">A file is missing or damaged.</exception>
    public static async Task<TileLog> OpenAsync(ITileFiles files, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        var note = await files.ReadAsync(TilePaths.Checkpoint, cancellation)
            ?? throw new TileException(TilePaths.Checkpoint, "There is no file 'checkpoint': this is no published log. Give the folder or address that `secagg log export` wrote to.");
        var head = ReadNote(TilePaths.Checkpoint, note);
        return new TileLog(files, head, await TileTree.OpenAsync(new LogPosition(head.Size, head.Root), path => files.ReadAsync(path, cancellation)));
    }

    /// <summary>The root of the log's first entries, at most all of them.</summary>
    /// <exception cref="TileException">A file is missing or damaged.</exception>
    public Task<byte[]> RootAsync(long size) => _tree.RootAsync(size);

    /// <summary>Writes the bundle of a round. What makes it is in the tree; whether it is sound is for <see cref="BundleCheck"/>.</summary>
    /// <param name="roundId">16 bytes.</param>
    /// <param name="destination">Takes the file.</param>
    /// <param name="remembered">A head that is remembered: the bundle then has the proof. Null: none.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="TileException">A file is missing or not the one that the head is over. What was written until then stays.</exception>
    public async Task WriteBundleAsync(byte[] roundId, Stream destination, Checkpoint? remembered = null, CancellationToken cancellation = default)
    {
        var contents = TilePaths.Round(roundId);
        var indices = Indices(contents, await MustReadAsync(contents, cancellation)).ToList();
        if (indices.Count == 0) throw new TileException(contents, $"{contents} is empty; it lists the entries of the round.");
        var writer = new BundleWriter(destination);
        var (roster, head) = await TimeOfAsync(indices, cancellation);
        var proven = remembered is not null && remembered.Size <= Head.Size ? new LogPosition(remembered.Size, await _tree.RootAsync(remembered.Size)) : null;
        var proof = proven is null ? [] : await _tree.ConsistencyProofAsync(Math.Min(proven.Size, head.Size), Math.Max(proven.Size, head.Size));
        writer.WriteHeader(roster, head, roundId, proven, proof);
        byte[] leaf = [];
        foreach (var index in indices)
        {
            leaf = await EntryAsync(index, contents, cancellation);
            var path = await _tree.InclusionProofAsync(index, head.Size);
            writer.WriteEntry(index, leaf, path);
        }

        foreach (var party in Survivors(leaf))
        {
            // A log may be published without vectors; the step that needs them says so.
            if (await _files.ReadAsync(TilePaths.Vector(roundId, party), cancellation) is not { } packed) return;
            using var vector = new MemoryStream(packed);
            writer.WriteVector(party, vector);
        }
    }

    /// <summary>Checks everything: the head, each tile, each entry, and the tables of contents. Rounds are checked one by one, with <see cref="BundleCheck"/>.</summary>
    /// <param name="pinned">The roster that must be in the log; null to take the log's last and only say which.</param>
    /// <param name="remembered">A head that is remembered, or null.</param>
    /// <param name="progress">Told how many entries have been checked.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="TileException">A file is missing, changed, or has no place in the log; or the log is not the remembered one.</exception>
    public async Task<LogSummary> VerifyAsync(Roster? pinned = null, Checkpoint? remembered = null, Action<long>? progress = null, CancellationToken cancellation = default)
    {
        // One after the other, since nobody has vouched for the size yet: of 2⁶² entries no list would end.
        var tiles = new List<Tile>();
        foreach (var tile in Tile.Of(Head.Size))
        {
            await _tree.LoadAsync(tile);
            tiles.Add(tile);
        }

        var rosters = new List<(long Index, Roster Roster)>();
        var rounds = new List<(EndedRound Round, List<long> Own)>();
        var open = new Dictionary<string, List<long>>(StringComparer.Ordinal);
        var (order, said) = (new ActOrder(), new RosterActs());
        Roster? last = null;
        for (long index = 0; index < Head.Size; index++)
        {
            var path = TilePaths.Entry(index);
            var entry = Read(path, await EntryAsync(index, path, cancellation));
            if (entry.Envelope?.Kind == MessageKind.Roster)
            {
                last = OpenRoster(path, entry);
                rosters.Add((index, last));
            }

            CheckActs(index, entry, last, order, said);

            if (!entry.RoundId.IsEmpty)
            {
                var id = PublicBytes.Hex(entry.RoundId.Span);
                if (!open.TryGetValue(id, out var own)) open.Add(id, own = []);
                own.Add(index);
                if (EndedRound.Of(index, entry) is { } round) rounds.Add((round, own));
            }

            if (index % 1000 == 999) progress?.Invoke(index + 1);
        }

        var roster = CheckRoster(last, pinned);
        var cosigners = CheckHead(roster);
        await CheckRememberedAsync(remembered);
        await CheckContentsAsync(TilePaths.Rosters, [.. rosters.Select(r => r.Index)], cancellation);
        var heads = await CheckHeadsAsync(rosters, cancellation);
        foreach (var (round, own) in rounds) await CheckContentsAsync(TilePaths.Round(round.Id), own, cancellation);
        await CheckNothingElseAsync(tiles, heads, [.. rounds.Select(r => r.Round)], cancellation);
        return new LogSummary(Head, roster, cosigners, Head.Size, tiles.Count, [.. rounds.Select(r => r.Round.Id)], said.Unsaid);
    }

    /// <summary>The lines of a table of contents.</summary>
    internal static IEnumerable<long> Indices(string path, byte[] lines)
    {
        long before = -1;
        foreach (var line in Encoding.ASCII.GetString(lines).Split('\n')[..^1])
        {
            if (!long.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index <= before || index.ToString(CultureInfo.InvariantCulture) != line)
                throw new TileException(path, $"{path}: '{line}' is not the index of an entry behind the one before; the file was changed.");
            yield return before = index;
        }

        if (lines.Length == 0 || lines[^1] != (byte)'\n') throw new TileException(path, $"{path} does not end with a line; the file was cut.");
    }

    private async Task<byte[]> MustReadAsync(string path, CancellationToken cancellation) =>
        await _files.ReadAsync(path, cancellation) ?? throw new TileException(path, $"{path} is missing: the log has not been published so far, or has no such round.");

    /// <summary>An entry that is at its place in the tree.</summary>
    private async Task<byte[]> EntryAsync(long index, string listedIn, CancellationToken cancellation)
    {
        if (index >= Head.Size) throw new TileException(listedIn, $"{listedIn}: entry {index} is beyond the head of {Head.Size} entries; the file was changed.");
        var path = TilePaths.Entry(index);
        var leaf = await MustReadAsync(path, cancellation);
        var (found, expected) = (MerkleTree.LeafHash(leaf), await _tree.LeafHashAsync(index));
        return PublicBytes.Equal(found, expected)
            ? leaf
            : throw new TileException(path, $"{path}: its leaf hash is {PublicBytes.Hex(found)}; the tree has {PublicBytes.Hex(expected)} at that place: the file was changed.");
    }

    /// <summary>The roster of a round, and the head that its evidence is under: the newest one of the log if that roster is the last, else one of the roster's own time.</summary>
    private async Task<(Roster Roster, Checkpoint Head)> TimeOfAsync(List<long> round, CancellationToken cancellation)
    {
        var rosters = Indices(TilePaths.Rosters, await MustReadAsync(TilePaths.Rosters, cancellation)).ToList();
        var index = rosters.FindLast(i => i < round[0]);
        var roster = OpenRoster(TilePaths.Entry(index), Read(TilePaths.Entry(index), await EntryAsync(index, TilePaths.Rosters, cancellation)));
        if (index == rosters[^1]) return (roster, Head);
        // A round that a crash interrupted may have been aborted under a later roster than its own.
        if (await HeadOfAsync(index, cancellation) is { } own && own.Size > round[^1]) return (roster, own);
        var path = TilePaths.Head(index);
        Check(path, () => Head.CheckStation(roster), $"{path} is missing, and the newest head is not by the key that the station had in the time of the round: publish the log with a `secagg log export` that writes heads of earlier rosters.");
        return (roster, Head.Under(roster));
    }

    /// <summary>The published head of an earlier roster's time, which is in the tree; null if there is none.</summary>
    private async Task<Checkpoint?> HeadOfAsync(long roster, CancellationToken cancellation)
    {
        var path = TilePaths.Head(roster);
        if (await _files.ReadAsync(path, cancellation) is not { } note) return null;
        var head = ReadNote(path, note);
        if (head.Size <= roster || head.Size > Head.Size) throw new TileException(path, $"{path} is a head of {head.Size} entries; it must be of more than {roster} and at most {Head.Size}: the file was changed.");
        var root = await _tree.RootAsync(head.Size);
        return PublicBytes.Equal(root, head.Root)
            ? head
            : throw new TileException(path, $"{path}: at {head.Size} entries this head has root {PublicBytes.Hex(head.Root)}, and the published log {PublicBytes.Hex(root)}: the file was changed, or the station has shown two histories. Keep both.");
    }

    /// <summary>Holds the heads of earlier rosters' times against the tree and those rosters; their paths. Logs that were published by earlier versions have none.</summary>
    private async Task<IReadOnlyList<string>> CheckHeadsAsync(List<(long Index, Roster Roster)> rosters, CancellationToken cancellation)
    {
        var paths = new List<string>();
        foreach (var (index, roster) in rosters.SkipLast(1))
        {
            if (await HeadOfAsync(index, cancellation) is not { } head) continue;
            var path = TilePaths.Head(index);
            paths.Add(path);
            if (!rosters.FindLast(r => r.Index < head.Size).Roster.Aggregator.Equals(roster.Aggregator))
                throw new TileException(path, $"{path} is a head of {head.Size} entries; at that size the station had another key already: the file was changed, or who has the old key made it.");
            Check(path, () =>
            {
                head.CheckStation(roster);
                head.Cosigners(roster);
            });
        }

        return paths;
    }

    private static Checkpoint ReadNote(string path, byte[] note)
    {
        try
        {
            var head = Checkpoint.Parse(Encoding.UTF8.GetString(note));
            return PublicBytes.Equal(Encoding.UTF8.GetBytes(head.Note), note) ? head : throw new TranscriptException("its bytes are not those of a signed note.");
        }
        catch (TranscriptException e)
        {
            throw new TileException(path, $"{path}: {e.Message}");
        }
    }

    /// <summary>Names the file in which something is wrong.</summary>
    private static void Check(string path, Action check, string? problem = null)
    {
        try
        {
            check();
        }
        catch (TranscriptException e)
        {
            throw new TileException(path, problem ?? $"{path}: {e.Message}");
        }
    }

    internal static Entry Read(string path, byte[] leaf)
    {
        try
        {
            return Canonical.Decode(Entry.Parser, leaf, leaf.Length);
        }
        catch (WireException e)
        {
            throw new TileException(path, $"{path}: {e.Message}");
        }
    }

    internal static Roster OpenRoster(string path, Entry entry)
    {
        if (entry.Envelope?.Kind != MessageKind.Roster) throw new TileException(TilePaths.Rosters, $"{TilePaths.Rosters}: {path} holds no roster; the file was changed.");
        try
        {
            return Roster.Open(entry.Envelope.Body.Span);
        }
        catch (RosterException e)
        {
            throw new TileException(path, $"{path}: {e.Message}");
        }
    }

    /// <summary>Takes an entry into the order of the acts; of a roster's entry, the roster is that one.</summary>
    private void CheckActs(long index, Entry entry, Roster? roster, ActOrder order, RosterActs said) => Check(TilePaths.Entry(index), () =>
    {
        if (entry.Envelope?.Kind == MessageKind.Roster)
        {
            said.Take(index, roster!);
        }
        else
        {
            var act = entry.Envelope?.Kind == MessageKind.Act ? ActEntry.Open(roster ?? throw new TranscriptException("it comes before any roster."), entry) : null;
            if (act is not null) order.Take(act);
            said.Take(act);
        }

        if (index == Head.Size - 1) said.End();
    });

    private static Google.Protobuf.Collections.RepeatedField<uint> Survivors(byte[] last)
    {
        try
        {
            return Entry.Parser.ParseFrom(last).Envelope is { Kind: MessageKind.Total } end ? Total.Parser.ParseFrom(end.Body).Survivors : [];
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            return [];
        }
    }

    private static Roster CheckRoster(Roster? last, Roster? pinned)
    {
        if (last is null) throw new TileException(TilePaths.Rosters, "The log holds no roster; a station's log begins with one.");
        return pinned is null || PublicBytes.Equal(pinned.Hash, last.Hash)
            ? last
            : throw new TileException(TilePaths.Rosters, $"The log's last roster has hash {PublicBytes.Hex(last.Hash)}; the pinned one is {PublicBytes.Hex(pinned.Hash)}.");
    }

    private IReadOnlyList<RosterMember> CheckHead(Roster roster)
    {
        IReadOnlyList<RosterMember> cosigners = [];
        Check(TilePaths.Checkpoint, () =>
        {
            Head.CheckStation(roster);
            cosigners = Head.Cosigners(roster);
        });
        return cosigners;
    }

    private async Task CheckRememberedAsync(Checkpoint? remembered)
    {
        if (remembered is null) return;
        if (remembered.Origin != Head.Origin) throw new TileException(TilePaths.Checkpoint, $"The remembered head is of the log '{remembered.Origin}'; this is '{Head.Origin}'.");
        if (remembered.Size > Head.Size)
        {
            throw new TileException(TilePaths.Checkpoint, $"The remembered head has {remembered.Size} entries, the published one {Head.Size}: export again; if the station's log has no more, it was cut.");
        }

        var root = await _tree.RootAsync(remembered.Size);
        if (!PublicBytes.Equal(root, remembered.Root))
        {
            throw new TileException(
                TilePaths.Checkpoint,
                $"At {remembered.Size} entries the remembered head has root {PublicBytes.Hex(remembered.Root)}, and the published log {PublicBytes.Hex(root)}: the station has shown two histories. Keep both.");
        }
    }

    private async Task CheckContentsAsync(string path, List<long> expected, CancellationToken cancellation)
    {
        var found = Indices(path, await MustReadAsync(path, cancellation)).ToList();
        if (found.Count != expected.Count || found.Where((index, i) => index != expected[i]).Any())
            throw new TileException(path, $"{path} does not list what the log holds; the file was changed.");
    }

    /// <summary>Where files can be listed, none may be there that the head does not call for, but tiles from when the log was shorter.</summary>
    private async Task CheckNothingElseAsync(List<Tile> tiles, IReadOnlyList<string> heads, IReadOnlyList<EndedRound> rounds, CancellationToken cancellation)
    {
        if (_files.List() is not { } listed) return;
        var known = tiles.Select(t => t.Path).Concat(heads).Concat(rounds.Select(r => TilePaths.Round(r.Id))).ToHashSet(StringComparer.Ordinal);
        for (long index = 0; index < Head.Size; index++) known.Add(TilePaths.Entry(index));
        var vectors = rounds.Where(r => r.HasTotal).Select(r => $"vector/{PublicBytes.Hex(r.Id)}/").ToHashSet(StringComparer.Ordinal);
        foreach (var path in listed)
        {
            if (known.Contains(path) || vectors.Any(v => path.StartsWith(v, StringComparison.Ordinal))) continue;
            if (!await IsEarlierAsync(path, tiles, cancellation))
                throw new TileException(path, $"{path} has no place in the log of {Head.Size} entries: it was put there, or an export was cut off: run `secagg log export` again.");
        }
    }

    /// <summary>Whether a file is the beginning of a tile that has grown since.</summary>
    private async Task<bool> IsEarlierAsync(string path, List<Tile> tiles, CancellationToken cancellation)
    {
        var at = path.IndexOf(".p/", StringComparison.Ordinal);
        if (at < 0 || !int.TryParse(path[(at + 3)..], NumberStyles.None, CultureInfo.InvariantCulture, out var width)) return false;
        var grown = tiles.FirstOrDefault(t => t.Width > width && (t with { Width = Tile.FullWidth }).Path == path[..at]);
        if (grown.Width == 0 || (grown with { Width = width }).Path != path || await _files.ReadAsync(path, cancellation) is not { } bytes) return false;
        byte[] beginning = [.. (await _tree.LoadAsync(grown)).Take(width).SelectMany(hash => hash)];
        return PublicBytes.Equal(bytes, beginning);
    }
}
