using System.Globalization;
using System.Text;
using Google.Protobuf;
using SecureAggregation.Client.Internal;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Client;

/// <summary>What an export has done.</summary>
/// <param name="Head">The head that is published now.</param>
/// <param name="Before">Entries that were published before.</param>
/// <param name="Files">Files written.</param>
/// <param name="Rounds">Rounds that ended among the new entries.</param>
/// <param name="WithoutVectors">Rounds among them whose vectors were asked for, and which the station has no more.</param>
public sealed record TileExportResult(Checkpoint Head, long Before, int Files, int Rounds, int WithoutVectors);

/// <summary>
/// Publishes a station's log as files (docs/transcript.md section 12). What is there is not written again: full tiles and entries never change. The head comes
/// last, so whoever reads meanwhile sees a whole log, and an export that was cut off is taken up by the next one.
/// </summary>
/// <param name="consortium">The station's log.</param>
/// <param name="roster">The pinned roster.</param>
/// <param name="folder">Where to; made if it is not there.</param>
public sealed class TileExport(IConsortium consortium, Roster roster, string folder)
{
    private const int Page = 1000;

    private readonly TileFolder _files = new(folder);
    private int _written;

    /// <summary>Brings the folder up to the station's newest head.</summary>
    /// <param name="vectors">Whether masked vectors are published too: for auditors and coordinators, who are given them.</param>
    /// <param name="progress">Told how many entries are there.</param>
    /// <param name="cancellation">Gives up; what is written stays, and is used the next time.</param>
    /// <exception cref="TileException">What is in the folder is damaged, or the station's log does not extend it.</exception>
    /// <exception cref="ConsortiumException">The station does not answer, or refuses.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public async Task<TileExportResult> RunAsync(bool vectors, Action<long>? progress = null, CancellationToken cancellation = default)
    {
        var head = await consortium.GetCheckpointAsync(cancellation);
        var old = await PublishedAsync(cancellation);
        if (old is not null && old.Size > head.Size)
        {
            throw new TileException(TilePaths.Checkpoint, $"The folder holds a head of {old.Size} entries, root {PublicBytes.Hex(old.Root)}; the station's has {head.Size}, root {PublicBytes.Hex(head.Root)}: its log was cut, or is another one.");
        }

        var leaves = await LeavesAsync(old, cancellation);
        var known = leaves.Count;
        var ended = new List<EndedRound>();
        var rosters = await RostersAsync(cancellation);
        await foreach (var (index, leaf, entry) in EntriesAsync(known, head.Size, progress, cancellation))
        {
            leaves.Add(MerkleTree.LeafHash(leaf));
            if (entry.Envelope?.Kind == MessageKind.Roster) rosters.Add(index);
            if (EndedRound.Of(index, entry) is { } round) ended.Add(round);
        }

        if (!PublicBytes.Equal(MerkleTree.Root(leaves), head.Root))
        {
            throw new TileException(
                TilePaths.Entry(known),
                $"The {known} entries of the folder and those from {TilePaths.Entry(known)} on give the root {PublicBytes.Hex(MerkleTree.Root(leaves))}; the station's head of {head.Size} entries has {PublicBytes.Hex(head.Root)}. "
                + "The station's log is another one than it was, or a file was changed: `secagg log verify` on the folder tells which.");
        }

        WriteTiles(leaves, head.Size);
        foreach (var round in ended) await WriteRoundAsync(round, cancellation);
        var without = 0;
        if (vectors)
        {
            foreach (var round in ended.Where(r => r.HasTotal)) without += await WriteVectorsAsync(round.Id, cancellation) ? 0 : 1;
        }

        await WriteHeadsAsync(rosters, leaves, cancellation);
        Write(TilePaths.Rosters, Lines(rosters));
        AtomicFile.Write(Path.Combine(folder, TilePaths.Checkpoint), Encoding.UTF8.GetBytes(head.Note));
        DropPartials(head.Size);
        return new TileExportResult(head, known, _written + 1, ended.Count, without);
    }

    private async Task<Checkpoint?> PublishedAsync(CancellationToken cancellation)
    {
        if (await _files.ReadAsync(TilePaths.Checkpoint, cancellation) is not { } note) return null;
        try
        {
            var head = Checkpoint.Parse(Encoding.UTF8.GetString(note));
            return head.Origin == roster.LogOrigin ? head : throw new TranscriptException($"it is of the log '{head.Origin}', not of '{roster.LogOrigin}'.");
        }
        catch (TranscriptException e)
        {
            throw new TileException(TilePaths.Checkpoint, $"{Path.Combine(folder, TilePaths.Checkpoint)} is not a head of this log: {e.Message} Export into another folder.");
        }
    }

    /// <summary>The leaf hashes of what is published, out of its tiles, each held against the published head.</summary>
    private async Task<List<byte[]>> LeavesAsync(Checkpoint? old, CancellationToken cancellation)
    {
        var leaves = new List<byte[]>();
        if (old is null) return leaves;
        var tree = await TileTree.OpenAsync(new LogPosition(old.Size, old.Root), path => _files.ReadAsync(path, cancellation));
        foreach (var tile in Tile.Of(old.Size).TakeWhile(t => t.Level == 0)) leaves.AddRange(await tree.LoadAsync(tile));
        return leaves;
    }

    /// <summary>The entries from one on. Those that an export before this one had written are not fetched again.</summary>
    private async IAsyncEnumerable<(long Index, byte[] Leaf, Entry Entry)> EntriesAsync(
        long from, long to, Action<long>? progress, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var next = from; next < to;)
        {
            var found = await _files.ReadAsync(TilePaths.Entry(next), cancellation);
            if (found is not null && Read(found) is { } entry)
            {
                yield return (next++, found, entry);
                continue;
            }

            var page = await consortium.ListEntriesAsync(next, (int)Math.Min(Page, to - next), cancellation);
            if (page.Count == 0) throw new TileException(TilePaths.Entry(next), $"The station gives no entry {next}, though its head has {to}.");
            foreach (var leaf in page)
            {
                var fetched = Read(leaf) ?? throw new TileException(TilePaths.Entry(next), $"Entry {next} of the station's log is not a canonical Entry.");
                Write(TilePaths.Entry(next), leaf);
                yield return (next++, leaf, fetched);
            }

            progress?.Invoke(next);
        }
    }

    private static Entry? Read(byte[] leaf)
    {
        try
        {
            return Canonical.Decode(Entry.Parser, leaf, leaf.Length);
        }
        catch (WireException)
        {
            return null;
        }
    }

    private void WriteTiles(List<byte[]> leaves, long size)
    {
        var level = 0;
        List<byte[]> hashes = leaves;
        foreach (var tile in Tile.Of(size))
        {
            if (tile.Level > level)
            {
                hashes = [.. hashes.Chunk(Tile.FullWidth).Where(chunk => chunk.Length == Tile.FullWidth).Select(chunk => MerkleTree.Root(chunk))];
                level = tile.Level;
            }

            if (!File.Exists(Path.Combine(folder, tile.Path)))
                Write(tile.Path, [.. hashes.Skip((int)(tile.Index * Tile.FullWidth)).Take(tile.Width).SelectMany(hash => hash)]);
        }
    }

    /// <summary>The table of contents of a round that has ended. Its first entries may have been published long before.</summary>
    private async Task WriteRoundAsync(EndedRound round, CancellationToken cancellation)
    {
        var own = new Stack<long>([round.Last]);
        for (var index = round.Last - 1; index >= 0 && own.Count <= round.Before; index--)
        {
            var leaf = await _files.ReadAsync(TilePaths.Entry(index), cancellation);
            if (leaf is not null && Read(leaf) is { } entry && PublicBytes.Equal(entry.RoundId.Span, round.Id)) own.Push(index);
        }

        Write(TilePaths.Round(round.Id), Lines(own));
    }

    /// <summary>Evidence of rounds under earlier rosters is under heads of their time: station and outposts may have other keys now.</summary>
    private async Task WriteHeadsAsync(List<long> rosters, List<byte[]> leaves, CancellationToken cancellation)
    {
        foreach (var (index, next) in rosters.Zip(rosters.Skip(1)))
        {
            var path = TilePaths.Head(index);
            if (File.Exists(Path.Combine(folder, path)) || await LastOfRoundsAsync(index, next, cancellation) is not { } last) continue;
            var old = Opened(index, await _files.ReadAsync(TilePaths.Entry(index), cancellation), leaves);
            var head = (await consortium.GetEvidenceHeadAsync(last, cancellation)).Under(old);
            // A station that crashed before it kept one has none of that key.
            if (!IsBy(head, old)) continue;
            if (head.Size <= last || head.Size > leaves.Count || !PublicBytes.Equal(MerkleTree.Root(leaves, head.Size), head.Root))
                throw new TileException(path, $"The station's head of {head.Size} entries over entry {last} has the root {PublicBytes.Hex(head.Root)}, which is not that of its log: it has shown two histories. Keep both.");
            Write(path, Encoding.UTF8.GetBytes(head.Note));
        }
    }

    /// <summary>The last entry between two rosters that is a round's; null if there is none.</summary>
    private async Task<long?> LastOfRoundsAsync(long roster, long next, CancellationToken cancellation)
    {
        for (var index = next - 1; index > roster; index--)
        {
            if (await _files.ReadAsync(TilePaths.Entry(index), cancellation) is { } leaf && Read(leaf) is { RoundId.IsEmpty: false }) return index;
        }

        return null;
    }

    private static Roster Opened(long index, byte[]? leaf, List<byte[]> leaves)
    {
        var path = TilePaths.Entry(index);
        if (leaf is null || !PublicBytes.Equal(MerkleTree.LeafHash(leaf), leaves[(int)index])) throw new TileException(path, $"{path} is missing, or was changed.");
        return TileLog.OpenRoster(path, TileLog.Read(path, leaf));
    }

    private static bool IsBy(Checkpoint head, Roster roster)
    {
        try
        {
            head.CheckStation(roster);
            return true;
        }
        catch (TranscriptException)
        {
            return false;
        }
    }

    /// <summary>False if the station has the vectors no more.</summary>
    private async Task<bool> WriteVectorsAsync(byte[] roundId, CancellationToken cancellation)
    {
        await using var bundle = TemporaryFile.Create("vectors");
        await consortium.ExportBundleAsync(roundId, bundle, cancellation: cancellation);
        bundle.Position = 0;
        var any = false;
        foreach (var vector in Vectors(bundle))
        {
            Write(TilePaths.Vector(roundId, vector.Party), vector.Packed);
            any = true;
        }

        return any;
    }

    private static IEnumerable<(uint Party, byte[] Packed)> Vectors(Stream bundle)
    {
        (uint Party, MemoryStream Packed)? open = null;
        foreach (var (party, data) in BundleVectorReader.Read(bundle))
        {
            if (open is { } whole && whole.Party != party)
            {
                yield return (whole.Party, whole.Packed.ToArray());
                open = null;
            }

            open ??= (party, new MemoryStream());
            open.Value.Packed.Write(data.Span);
        }

        if (open is { } last) yield return (last.Party, last.Packed.ToArray());
    }

    private async Task<List<long>> RostersAsync(CancellationToken cancellation) =>
        await _files.ReadAsync(TilePaths.Checkpoint, cancellation) is not null && await _files.ReadAsync(TilePaths.Rosters, cancellation) is { } lines
            ? [.. TileLog.Indices(TilePaths.Rosters, lines)]
            : [];

    /// <summary>A partial tile is kept until the full one is there, for who reads under an older head.</summary>
    private void DropPartials(long size)
    {
        foreach (var tile in Tile.Of(size).Where(t => t.IsFull))
        {
            var partials = Path.Combine(folder, tile.Path + ".p");
            if (Directory.Exists(partials)) Directory.Delete(partials, recursive: true);
        }
    }

    private void Write(string path, ReadOnlySpan<byte> bytes)
    {
        AtomicFile.Write(Path.Combine(folder, path), bytes, flush: false);
        _written++;
    }

    private static byte[] Lines(IEnumerable<long> indices) =>
        Encoding.ASCII.GetBytes(string.Concat(indices.Select(i => string.Create(CultureInfo.InvariantCulture, $"{i}\n"))));
}
