using System.CommandLine;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg log`: the station's whole log: publish it as files, check every entry of it, see and remember its head.</summary>
internal static class LogCommands
{
    private const int Page = 1000;

    private static readonly Option<string?> s_to = new("--tiles") { Description = "The folder to write to; what is there is kept and added to" };
    private static readonly Option<bool> s_vectors = new("--vectors") { Description = "Masked vectors too, so that totals can be recomputed from the files. For auditors' own use: do not publish them" };
    private static readonly Option<bool> s_rounds = new("--rounds") { Description = "Check every round in its six steps as well (needs an export with --vectors to recompute totals)" };

    public static Command Create() => new("log", "The station's log: publish it as files, check all of it, see and remember its head")
    {
        new Command("export", "Write the log as static files (C2SP tlog-tiles) that any web server can publish; run again to add what is new")
        {
            s_to, s_vectors, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key,
        }.Does(Export),
        new Command("verify", "Check every entry, the tree and the signed head; of the station, or of --tiles")
        {
            PublishedLog.Tiles, s_rounds, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key, RememberedHeads.Folder,
        }.Does(Verify),
        new Command("head", "Print the newest head as a signed note, held against the one that is remembered; then remember it")
        {
            PublishedLog.Tiles, StationAccess.Station, StationAccess.RosterFile, StationAccess.Key, RememberedHeads.Folder,
        }.Does(Head),
    };

    private static async Task<ExitCode> Export(Arguments arguments, CancellationToken stop)
    {
        var terminal = arguments.Terminal;
        var folder = arguments.Find(s_to) is { Length: > 0 } to ? to : throw new CliException(ExitCode.BadInput, "--tiles is missing; name the folder to write to");
        var roster = RosterFiles.Read(StationAccess.Required(arguments, StationAccess.RosterFile));
        await using var consortium = StationAccess.Connect(arguments);
        var done = await new TileExport(consortium, roster, folder).RunAsync(arguments.Get(s_vectors), entries => terminal.Note($"{entries} entries"), stop);
        if (terminal.Json)
        {
            terminal.WriteJson(new { Folder = Path.GetFullPath(folder), Head = Document(done.Head), done.Before, done.Files, done.Rounds, done.WithoutVectors });
        }
        else
        {
            terminal.Line($"{done.Head.Size} entries, of which {done.Head.Size - done.Before} are new; {done.Rounds} rounds ended among them; {done.Files} files written to {folder}");
            if (done.WithoutVectors > 0) terminal.Warn($"the station has the masked vectors of {done.WithoutVectors} of these rounds no more: their totals cannot be recomputed");
        }

        return ExitCode.Ok;
    }

    private static async Task<ExitCode> Verify(Arguments arguments, CancellationToken stop)
    {
        var (terminal, heads) = (arguments.Terminal, RememberedHeads.Of(arguments));
        var roster = arguments.Find(StationAccess.RosterFile) is { Length: > 0 } path ? RosterFiles.Read(path) : null;
        var remembered = roster is null ? null : heads.Find(roster);
        if (arguments.Find(PublishedLog.Tiles) is not { } tiles)
        {
            if (arguments.Get(s_rounds)) throw new CliException(ExitCode.BadInput, "--rounds goes with --tiles; a round of the station is checked by its id: secagg verify ROUND");
            return await VerifyStation(arguments, heads, stop);
        }

        var files = PublishedLog.Open(tiles);
        var log = await TileLog.OpenAsync(files, stop);
        var summary = await log.VerifyAsync(roster, remembered, entries => terminal.Note($"{entries} of {log.Head.Size} entries"), stop);
        var rounds = new List<(string Id, BundleCheck Check)>();
        if (arguments.Get(s_rounds))
        {
            foreach (var round in summary.Rounds) rounds.Add((Convert.ToHexStringLower(round), await RoundAsync(round)));
        }

        var failed = rounds.Where(r => !r.Check.Report.Passed).ToList();
        if (roster is not null && failed.Count == 0) heads.Keep(roster, summary.Head);
        if (terminal.Json)
        {
            terminal.WriteJson(new
            {
                Verified = failed.Count == 0,
                Head = Document(summary.Head),
                Cosigned = summary.Cosigners.Select(c => c.Name),
                RosterHash = Convert.ToHexStringLower(summary.Roster.Hash),
                summary.Entries,
                summary.Tiles,
                Rounds = summary.Rounds.Select(r => Convert.ToHexStringLower(r)),
                RostersWithoutAct = summary.Unsaid,
                Checked = rounds.Select(r => new { Round = r.Id, Verified = r.Check.Report.Passed, Failure = r.Check.Report.Passed ? null : r.Check.Failure, r.Check.Report.FailedFile }),
            });
        }
        else
        {
            terminal.Line($"{summary.Entries} entries at their places, {summary.Tiles} tiles, {summary.Rounds.Count} rounds; head signed by the station of {summary.Roster.Consortium}, epoch {summary.Roster.Epoch}, cosigned by "
                + (summary.Cosigners.Count == 0 ? "nobody" : string.Join(", ", summary.Cosigners.Select(c => c.Name))));
            foreach (var index in summary.Unsaid) terminal.Line($"No act says who put the roster of entry {index} in force: the station was started with it, by a version that wrote none.");
            terminal.Line(remembered is null ? "No head of this log is remembered." : $"The log extends the remembered head of {remembered.Size} entries.");
            foreach (var (id, check) in rounds) terminal.Line(check.Report.Passed ? $"{id}  verified" : $"{id}  {check.Failure}");
            if (roster is null) terminal.Line($"The roster was taken from the log; compare its words with the ones you know: {string.Join(' ', summary.Roster.Words)}");
        }

        return failed.Count == 0 ? ExitCode.Ok : ExitCode.Failed;

        async Task<BundleCheck> RoundAsync(byte[] round)
        {
            await using var bundle = EvidenceFile.Create(null);
            return await BundleCheck.OfTilesAsync(files, round, bundle.Stream, new BundleExpectation(), stop);
        }
    }

    /// <summary>Every entry that the station gives out, hashed here: they must give its head, and on the way the remembered one.</summary>
    private static async Task<ExitCode> VerifyStation(Arguments arguments, HeadMemory heads, CancellationToken stop)
    {
        var roster = RosterFiles.Read(StationAccess.Required(arguments, StationAccess.RosterFile));
        await using var consortium = StationAccess.Connect(arguments);
        var (remembered, head) = (heads.Find(roster), await consortium.GetCheckpointAsync(stop));
        var tree = new MerkleFrontier();
        byte[]? then = null;
        while (tree.Size < head.Size)
        {
            var page = await consortium.ListEntriesAsync(tree.Size, (int)Math.Min(Page, head.Size - tree.Size), stop);
            if (page.Count == 0) throw new TileException("entries", $"The station gives no entry {tree.Size}, though its head has {head.Size}.");
            foreach (var leaf in page)
            {
                tree.Append(MerkleTree.LeafHash(leaf));
                if (tree.Size == remembered?.Size) then = tree.Root();
            }

            arguments.Terminal.Note($"{tree.Size} of {head.Size} entries");
        }

        MustBe(head, tree.Root(), "The station's head");
        if (remembered is not null) MustBe(remembered, then ?? throw Shorter(remembered, head), "The remembered head");
        heads.Keep(roster, head);
        return Say(arguments, roster, head, remembered, $"{head.Size} entries give the head's root");
    }

    private static async Task<ExitCode> Head(Arguments arguments, CancellationToken stop)
    {
        var heads = RememberedHeads.Of(arguments);
        var roster = RosterFiles.Read(StationAccess.Required(arguments, StationAccess.RosterFile));
        var remembered = heads.Find(roster);
        Checkpoint head;
        if (arguments.Find(PublishedLog.Tiles) is { } tiles)
        {
            var log = await TileLog.OpenAsync(PublishedLog.Open(tiles), stop);
            head = log.Head;
            head.CheckStation(roster);
            if (remembered is not null && remembered.Size <= head.Size) MustBe(remembered, await log.RootAsync(remembered.Size), "The remembered head");
        }
        else
        {
            await using var consortium = StationAccess.Connect(arguments);
            head = await consortium.GetCheckpointAsync(stop);
            if (remembered is not null && remembered.Size <= head.Size) MustExtend(remembered, head, await consortium.GetConsistencyAsync(remembered.Size, head.Size, stop));
        }

        if (remembered?.Size > head.Size) throw Shorter(remembered, head);
        heads.Keep(roster, head);
        return Say(arguments, roster, head, remembered, "signed by the station");
    }

    private static ExitCode Say(Arguments arguments, Roster roster, Checkpoint head, Checkpoint? remembered, string what)
    {
        var (terminal, cosigners) = (arguments.Terminal, head.Cosigners(roster));
        if (terminal.Json)
        {
            terminal.WriteJson(new { Verified = true, Head = Document(head), Cosigned = cosigners.Select(c => c.Name), roster.Witnesses, Remembered = remembered is null ? null : Document(remembered), head.Note });
            return ExitCode.Ok;
        }

        terminal.Note($"{what}; cosigned by {cosigners.Count} outposts ({roster.Witnesses} make it witnessed); "
            + (remembered is null ? "no head of this log was remembered" : $"extends the remembered head of {remembered.Size} entries"));
        terminal.Stream().Write(head.Note);
        return ExitCode.Ok;
    }

    private static void MustBe(Checkpoint head, byte[] root, string which)
    {
        if (!PublicBytes.Equal(head.Root, root))
        {
            throw new TileException(
                TilePaths.Checkpoint, $"{which} of {head.Size} entries has root {PublicBytes.Hex(head.Root)}; the entries give {PublicBytes.Hex(root)}: the station has shown two histories. Keep what you have of both.");
        }
    }

    private static void MustExtend(Checkpoint remembered, Checkpoint head, IReadOnlyList<byte[]> proof)
    {
        if (!MerkleTree.VerifyConsistency(remembered.Size, remembered.Root, head.Size, head.Root, proof))
        {
            throw new TileException(
                TilePaths.Checkpoint,
                $"The log of {head.Size} entries with root {PublicBytes.Hex(head.Root)} does not extend the remembered one of {remembered.Size} with root {PublicBytes.Hex(remembered.Root)}: the station has shown two histories. Keep both heads.");
        }
    }

    private static TileException Shorter(Checkpoint remembered, Checkpoint head) => new(
        TilePaths.Checkpoint,
        $"The remembered head has {remembered.Size} entries, root {PublicBytes.Hex(remembered.Root)}; this log has {head.Size}, root {PublicBytes.Hex(head.Root)}: it is an old copy, or the station's log was cut.");

    private static object Document(Checkpoint head) => new { head.Origin, head.Size, Root = Convert.ToHexStringLower(head.Root) };
}
