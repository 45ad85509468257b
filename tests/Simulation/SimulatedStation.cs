using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>
/// The station as its host runs it: judges and applies what comes, flushes the log once for all of it before anything follows from it, and appends, flushes,
/// applies and sends its own word in this order. Its disk is the flushed log and the vectors beside it; a crash leaves nothing else.
/// </summary>
internal sealed class SimulatedStation(World world)
{
    private readonly Dictionary<string, StationRound> _rounds = [];
    private readonly List<Leaf> _log = [];
    private readonly List<(StationRound Round, Entry Entry)> _unflushed = [];
    private readonly Dictionary<uint, long> _reach = [];
    private readonly Dictionary<uint, long> _shown = [];

    /// <summary>In its next broadcast the station dies, just after (true) or just before (false) the flush.</summary>
    public bool? DiesFlushed { get; set; }

    /// <summary>Whether a turn may change anything.</summary>
    public bool IsDirty { get; set; }

    public IEnumerable<StationRound> Rounds => _rounds.Values;

    public IEnumerable<StationRound> Running => _rounds.Values.Where(r => r.Round.State == RoundState.Running);

    public IReadOnlyList<Leaf> Log => _log;

    public int Unflushed => _unflushed.Count;

    public StationRound? Find(string round) => _rounds.GetValueOrDefault(round);

    public StationRound Propose(Envelope proposal)
    {
        var round = new StationRound(world, Convert.ToHexString(Proposal.Parser.ParseFrom(proposal.Body).RoundId.Span));
        _rounds.Add(round.Id, round);
        Flush();
        Broadcast(round, proposal);
        return round;
    }

    public void Take(uint party, PartyPacket packet)
    {
        IsDirty = true;
        switch (packet)
        {
            case MessagePacket message when Find(packet.Round) is { } round:
                var envelope = Envelope.Parser.ParseFrom(message.Envelope);
                world.Liar.Heard(round, party, envelope);
                var offer = round.Round.Consider(party, envelope, world.Now);
                if (offer.Outcome == OfferOutcome.Ignore) return;
                Apply(round, round.NewEntry(party + 1, envelope, offer.Rejection), offer);
                if (offer.Outcome == OfferOutcome.Reject) world.Tally.Count("messages rejected");
                break;
            case ChunkPacket chunk:
                if (Find(packet.Round) is { } taker && !world.Liar.Ignores(party, taker.Id) && taker.Take(party, chunk) is { } fault) Apply(taker, taker.NewEntry(0, fault, RejectionCode.None));
                break;
            case CosignPacket cosign:
                _reach[party] = Math.Max(_reach.GetValueOrDefault(party), cosign.Size);
                break;
        }
    }

    /// <summary>Flushes, and broadcasts what is due.</summary>
    public void Turn()
    {
        IsDirty = false;
        Flush();
        foreach (var round in Running.ToList())
        {
            while (Due(round) is { } due)
            {
                // A station that died in it has started again, with other rounds.
                if (!Broadcast(round, due)) return;
            }
        }
    }

    /// <summary>A party says, as it opens its stream, which head it saw last.</summary>
    public void Welcome(uint party, long head) => _shown[party] = head;

    /// <summary>Tells a party that came back what each round has for it.</summary>
    public void CatchUp(uint party)
    {
        foreach (var round in _rounds.Values.Where(r => r.Round.Invited.Contains(party)))
        {
            var ended = round.Round.State != RoundState.Running;
            if (ended && _reach.GetValueOrDefault(party) > round.LastEntry) continue;
            foreach (var broadcast in ended ? round.Round.CatchUp(party).TakeLast(1) : round.Round.CatchUp(party)) world.Send(party, broadcast);
            if (round.Round.State == RoundState.Done && round.Round.Survivors.Contains(party)) Publish(round, [party]);
        }
    }

    /// <summary>Killed and started again: what was not flushed is lost but for the first entries.</summary>
    public void Crash(int kept)
    {
        world.Tally.Count("station crashes");
        foreach (var (round, entry) in _unflushed.Take(kept)) Store(round, entry);
        _unflushed.Clear();
        DiesFlushed = null;
        foreach (var outpost in world.Outposts) outpost.Link.Cut();
        Replay([.. _rounds.Values.Where(r => r.Round.State is not (RoundState.Done or RoundState.Aborted))]);
    }

    /// <summary>The last entries were never there.</summary>
    public void RollBack(int entries)
    {
        Crash(0);
        var kept = Math.Max(0, _log.Count - entries);
        var changed = _log.Skip(kept).Select(l => l.Round).Distinct().ToList();
        world.Invariants.Forked(changed);
        _log.RemoveRange(kept, _log.Count - kept);
        Replay([.. changed.Select(Find).OfType<StationRound>()]);
    }

    /// <summary>The head of the log and the tree over it.</summary>
    public (Checkpoint Head, MerkleLevels Tree) Head()
    {
        var tree = MerkleTree.Build(_log.ConvertAll(l => l.Hash));
        world.Invariants.HeadMade(tree.Root, ChainAt(_log.Count));
        return (Checkpoint.Create(world.Consortium.Roster.LogOrigin, _log.Count, tree.Root, Consortium.Station), tree);
    }

    /// <summary>Hash over the first entries of the log, whatever tree is made of them.</summary>
    public byte[] ChainAt(long size) => size == 0 ? [] : _log[(int)size - 1].Chain;

    private void Replay(IReadOnlyList<StationRound> rounds)
    {
        IsDirty = true;
        foreach (var round in rounds)
        {
            var entries = _log.Where(l => l.Round == round.Id).Select(l => Entry.Parser.ParseFrom(l.Bytes)).ToList();
            if (entries.Count == 0) _rounds.Remove(round.Id);
            else round.Restart(entries);
        }
    }

    private void Apply(StationRound round, Entry entry, Offer? offer = null)
    {
        round.Apply(entry, offer);
        _unflushed.Add((round, entry));
    }

    /// <summary>Appends, flushes, applies, sends; false if the station died in it.</summary>
    private bool Broadcast(StationRound round, Envelope envelope)
    {
        var entry = round.NewEntry(0, envelope, RejectionCode.None);
        if (DiesFlushed is { } flushed)
        {
            _unflushed.Add((round, entry));
            Crash(flushed ? 1 : 0);
            return false;
        }

        Store(round, entry);
        round.Apply(entry);
        round.Tidy(envelope.Kind);
        foreach (var (party, broadcast) in round.Round.Deliveries(envelope)) world.Send(party, broadcast);
        if (round.Round.State != RoundState.Running) Finish(round);
        return true;
    }

    private Envelope? Due(StationRound round)
    {
        try
        {
            return round.Round.Next(world.Now, Consortium.Station, round);
        }
        catch (IOException) when (world.Invariants.IsForked)
        {
            // The vectors went with an end of the round that was rolled back.
            return round.Round.Cancel(AbortReason.Storage, Consortium.Station);
        }
    }

    private void Finish(StationRound round)
    {
        world.Invariants.Ended(round);
        if (round.Round.State == RoundState.Done) Publish(round, round.Round.Survivors);
    }

    private void Flush()
    {
        foreach (var (round, entry) in _unflushed) Store(round, entry);
        _unflushed.Clear();
    }

    private void Store(StationRound round, Entry entry)
    {
        var bytes = entry.ToByteArray();
        round.LastEntry = _log.Count;
        _log.Add(new Leaf(round.Id, entry.Sender, entry.Rejection, bytes, MerkleTree.LeafHash(bytes), SHA256.HashData([.. ChainAt(_log.Count), .. bytes])));
    }

    private void Publish(StationRound round, IEnumerable<uint> parties)
    {
        var (head, tree) = Head();
        var own = _log.Index().Where(l => l.Item.Round == round.Id && l.Item is { Sender: > 0, Rejection: RejectionCode.None }).ToLookup(l => l.Item.Sender - 1);
        foreach (var party in parties)
        {
            var publication = new Publication { RoundId = ByteString.CopyFrom(Convert.FromHexString(round.Id)), Checkpoint = head.Note };
            var known = _shown.GetValueOrDefault(party);
            if (known <= head.Size)
            {
                _shown[party] = head.Size;
                publication.PreviousSize = (ulong)known;
                publication.Consistency.Add(MerkleTree.ConsistencyProof(_log.ConvertAll(l => l.Hash), known, head.Size).Select(ByteString.CopyFrom));
            }

            foreach (var (index, leaf) in own[party])
            {
                var entry = new LoggedEntry { Index = (ulong)index, Leaf = UnsafeByteOperations.UnsafeWrap(leaf.Bytes) };
                entry.Path.Add(tree.InclusionProof(index).Select(ByteString.CopyFrom));
                publication.Own.Add(entry);
            }

            world.Outposts[(int)party].Link.Send(new PublicationPacket(publication));
        }
    }
}

/// <summary>One flushed entry of the log.</summary>
/// <param name="Chain">Hash over it and all before.</param>
internal sealed record Leaf(string Round, uint Sender, RejectionCode Rejection, byte[] Bytes, byte[] Hash, byte[] Chain);
