using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Simulation;

/// <summary>One run of the state machine of a party in a round, and what it has said. It outlives the process, for the adversary has kept the words.</summary>
internal sealed class Incarnation(string id, uint party, PartyRound round)
{
    public string Id => id;

    public uint Party => party;

    public PartyRound Round => round;

    public string Query { get; } = Convert.ToHexString(round.Question.Id);

    public string AnswerKey => $"{Query}/{round.Invited.Count}";

    /// <summary>The masked vector that left, packed.</summary>
    public byte[]? Vector { get; set; }

    /// <summary>What goes over the wire in its place.</summary>
    public byte[]? Sent { get; set; }

    public bool Waits { get; set; }

    /// <summary>Tells lies about its data.</summary>
    public bool Falsified { get; set; }

    public bool Said(MessageKind kind) => round.Sent.Any(e => e.Kind == kind);
}

/// <summary>
/// An outpost as its host runs it: rounds before their disk writes, payment before data, an answer that has left is never sent again, and after a restart
/// not a word in a round that was seen before.
/// </summary>
internal sealed class SimulatedOutpost : IDisposable
{
    private const int ChunksOfVector = 2;

    private readonly World _world;
    private readonly Dictionary<string, Incarnation> _rounds = [];
    private readonly HashSet<string> _answers = [];
    private KeyRing _keys = new(Limits.KeyLife);
    private int _life;

    public SimulatedOutpost(World world, uint index, bool corrupt)
    {
        _world = world;
        Index = index;
        Disk = new OutpostDisk(world.Setting.ForgetfulDisks);
        Liar = corrupt ? new LyingOutpost(world, index) : null;
    }

    public uint Index { get; }

    public OutpostDisk Disk { get; }

    public Link Link { get; } = new();

    /// <summary>What makes it lie, if it is corrupt.</summary>
    public LyingOutpost? Liar { get; }

    public bool DeclinesNext { get; set; }

    public bool DataIsSlow { get; set; }

    /// <summary>Frames came twice or in another order, so that heads may have, too.</summary>
    public bool HeadsAreDisturbed { get; set; }

    public Incarnation? In(string round) => _rounds.GetValueOrDefault(round);

    public void Receive(Broadcast broadcast)
    {
        var id = Convert.ToHexString(broadcast.RoundId.Span);
        if (_rounds.TryGetValue(id, out var known))
        {
            Step(known, round => round.Receive(broadcast, _world.Now));
        }
        else if (broadcast.Envelope is { Kind: MessageKind.Propose } proposal && !Disk.HasSeen(id))
        {
            Consider(id, proposal);
        }
    }

    /// <param name="publication">What the station shows.</param>
    /// <param name="isWhole">Whether it shows all that it must.</param>
    public void Receive(Publication publication, bool isWhole)
    {
        var id = Convert.ToHexString(publication.RoundId.Span);
        var round = In(id)?.Round;
        try
        {
            var head = PublicationCheck.Check(publication, _world.Consortium.Roster, Index, round?.Sent ?? [], round?.Confirmed ?? new HashSet<MessageKind>(), Disk.LastHead);
            Disk.StoreHead(new LogPosition(head.Size, head.Root));
            _world.Invariants.HeadAccepted(this, head, isWhole || round is null);
            Link.Send(new CosignPacket(id, head.Size));
        }
        catch (RefusalException e)
        {
            _world.Invariants.HeadRefused(this, e, isWhole);
        }
        catch (OutpostDiedException)
        {
            Crash();
        }
    }

    /// <summary>The stream is open again: everything is said once more, with identical bytes.</summary>
    public void Repeat()
    {
        foreach (var open in _rounds.Values.Where(o => o.Round.State != PartyRoundState.Ended))
        {
            foreach (var message in open.Round.Sent)
            {
                Send(open, message);
                if (message.Kind == MessageKind.Input && open.Round.SentVector is not null) SendVector(open);
            }
        }
    }

    /// <summary>The passes over the data are done.</summary>
    /// <returns>Whether one was waited for.</returns>
    public bool FinishData()
    {
        DataIsSlow = false;
        var waiting = _rounds.Values.Where(o => o.Waits).ToList();
        foreach (var open in waiting) Provide(open);
        return waiting.Count > 0;
    }

    public void Crash()
    {
        _world.Excuse(Index);
        _world.Tally.Count("outpost crashes");
        Link.Cut();
        Dispose();
        _rounds.Clear();
        _answers.Clear();
        (DeclinesNext, DataIsSlow) = (false, false);
        Disk.Restart();
        _keys = new KeyRing(Limits.KeyLife);
        _life++;
    }

    public void Dispose()
    {
        foreach (var open in _rounds.Values) open.Round.Dispose();
        _keys.Dispose();
    }

    private void Consider(string id, Envelope proposal)
    {
        Incarnation? open = null;
        var setup = new PartySetup
        {
            Roster = _world.Consortium.Roster, Index = Index, Identity = Consortium.PartyKey(Index), Memory = Disk, Keys = _keys,
            Random = new SeededRandom(((ulong)_rounds.Count << 40) + ((ulong)_life << 20) + Index + 1),
            SurvivorGuard = survivors => MayAgree(open!, survivors),
        };
        try
        {
            open = new Incarnation(id, Index, PartyRound.Open(setup, proposal, _world.Now));
            if (Convert.ToHexString(open.Round.RoundId) != id) throw new RefusalException(RefusalCode.BadMessage, "The proposal is for another round than its frame says.");
        }
        catch (RefusalException e)
        {
            _world.Invariants.ProposalRefused(this, id, e);
            return;
        }

        _rounds.Add(id, open);
        _world.Remember(open);
        Liar?.Hold(_keys.Take(_world.Now));
        Step(open, round => Admit(open) is var code and not RefusalCode.Unspecified ? Declined(open, code) : round.Join(_world.Shape, _world.Now));
        if (open.Round.State != PartyRoundState.Joined || In(id) != open) return;
        open.Waits = true;
        if (!DataIsSlow) Provide(open);
    }

    private void Provide(Incarnation open)
    {
        open.Waits = false;
        Step(open, round => round.ProvideInput(Liar?.Input(open) ?? Inputs.Of(Index, _world.Shape), Disk.Debits(open.Query)[^1]));
    }

    private PartyStep Declined(Incarnation open, RefusalCode code)
    {
        _world.Excuse(Index, open.Id);
        return open.Round.Decline(code);
    }

    /// <summary>Whether to take part; when this returns it has been paid for.</summary>
    private RefusalCode Admit(Incarnation open)
    {
        var code = Disk.MayBegin(open.Id, open.Query, open.Round.Question.Query.Attempts);
        if (code != RefusalCode.Unspecified) return code;
        if (DeclinesNext)
        {
            DeclinesNext = false;
            return RefusalCode.Policy;
        }

        // Two attempts at one query with different survivors would be two totals over nearly the same rows: only the newest goes on.
        foreach (var older in _rounds.Values.Where(o => o != open && o.Query == open.Query && o.Round.State != PartyRoundState.Ended))
        {
            _world.Excuse(Index, older.Id);
            older.Waits = false;
            older.Round.Dispose();
        }

        if (_answers.Contains(open.AnswerKey)) return RefusalCode.Unspecified;
        Disk.Debit(open.Query, open.Round.Question.ChargeMicro);
        _answers.Add(open.AnswerKey);
        return RefusalCode.Unspecified;
    }

    private bool MayAgree(Incarnation open, IReadOnlyList<uint> survivors)
    {
        var query = open.Round.Question.Query;
        if (Disk.MayAgree(query.Dataset, query.Noise, survivors)) return true;
        _world.Tally.Count("survivor sets that the guard objected to");
        _world.Excuse(Index, open.Id);
        return false;
    }

    private void Step(Incarnation open, Func<PartyRound, PartyStep> act)
    {
        PartyStep step;
        try
        {
            step = act(open.Round);
        }
        catch (OutpostDiedException)
        {
            Crash();
            return;
        }

        if (step.Vector is { } vector)
        {
            _answers.Remove(open.AnswerKey);
            open.Vector = vector.ToArray();
            open.Sent = Liar?.Vector(open) ?? open.Vector;
        }

        foreach (var message in step.Messages.SelectMany(m => Liar?.Twist(open, m) ?? [m])) Send(open, message);
        if (step.Vector is not null) SendVector(open);
        _world.Invariants.Spoken(this, open, step);
    }

    private void Send(Incarnation open, Envelope message) => Link.Send(new MessagePacket(open.Id, message.ToByteArray()));

    private void SendVector(Incarnation open)
    {
        var vector = open.Sent!;
        var part = (vector.Length + ChunksOfVector - 1) / ChunksOfVector;
        for (var offset = 0; offset < vector.Length; offset += part)
        {
            Link.Send(new ChunkPacket(open.Id, offset, vector.AsSpan(offset, Math.Min(part, vector.Length - offset)).ToArray()));
        }
    }
}
