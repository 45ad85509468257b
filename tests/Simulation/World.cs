using Google.Protobuf;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Simulation;

/// <summary>
/// A station and its outposts in one process, with streams that break and a clock that moves only when it is told to. Everything that happens follows from
/// the operations; only keys and the nonces of signatures are the operating system's, and nothing but the graph of a sparse round follows from those.
/// </summary>
internal sealed class World : IDisposable
{
    /// <summary>Above so many parties the state after each entry is compared without every party's own.</summary>
    public const int Large = 64;

    /// <summary>The station takes a turn with each so many events, so that several messages wait for one flush.</summary>
    private const int TurnEvery = 8;

    private readonly Dictionary<string, RoundFacts> _facts = [];
    private readonly Dictionary<int, SignedQuery> _questions = [];
    private int _rounds;

    public World(Setting setting)
    {
        Setting = setting;
        Consortium = Consortium.Of(
            setting.Parties, setting.Colluders < 0 ? null : setting.Colluders, setting.MinSurvivors, sparse: setting.SparsePermille < 0 ? null : setting.SparsePermille);
        Shape = Inputs.Shape(setting.Parties, setting.Bits);
        Invariants = new Invariants(this);
        Station = new SimulatedStation(this);
        Liar = new LyingStation(this);
        Outposts = [.. Enumerable.Range(0, setting.Parties).Select(i => new SimulatedOutpost(this, (uint)i, setting.Corrupt.Contains(i)))];
    }

    public Setting Setting { get; }

    public Consortium Consortium { get; }

    public RoundShape Shape { get; }

    public DateTimeOffset Now { get; private set; } = Consortium.Start;

    public SimulatedStation Station { get; }

    /// <summary>What the station says instead of what it should.</summary>
    public LyingStation Liar { get; }

    public IReadOnlyList<SimulatedOutpost> Outposts { get; }

    public Invariants Invariants { get; }

    public Tally Tally { get; } = new();

    /// <summary>Everything that was said in the rounds, by every run of every outpost.</summary>
    public Dictionary<string, List<Incarnation>> Spoken { get; } = [];

    public RoundFacts Facts(string round) => _facts[round];

    public bool Knows(string round) => _facts.ContainsKey(round);

    public void Remember(Incarnation incarnation)
    {
        if (!Spoken.TryGetValue(incarnation.Id, out var all)) Spoken.Add(incarnation.Id, all = []);
        all.Add(incarnation);
    }

    /// <summary>Something happened to a party that may keep it out of the rounds that run, or out of one: nothing is promised about it there.</summary>
    public void Excuse(uint party, string? round = null)
    {
        foreach (var facts in round is null ? Station.Running.Select(r => Facts(r.Id)) : [_facts[round]]) facts.Excused.Add(party);
    }

    public void Send(uint party, Broadcast broadcast) => Outposts[(int)party].Link.Send(new BroadcastPacket(broadcast.ToByteArray()));

    public void Do(Operation operation)
    {
        switch (operation)
        {
            case Ask ask: Propose(ask); break;
            case Run run: RunSome(run.Events, new SeededRandom((ulong)run.Seed)); break;
            case Finish finish: RunToEnd(new SeededRandom((ulong)finish.Seed)); break;
            case LoseRequest(var p): Outposts[p].Link.Cut(); break;
            case LoseAnswer(var p): LoseAnswerOf(Outposts[p]); break;
            case Duplicate(var p, var up): Disturb(Outposts[p], Outposts[p].Link.Repeat(up), excused: false); break;
            case Reorder(var p, var up): Disturb(Outposts[p], Outposts[p].Link.Swap(up), excused: true); break;
            case Delay(var p): Outposts[p].Link.Stalled = true; break;
            case GoDark(var p): Darken(Outposts[p]); break;
            case Return(var p): Outposts[p].Link.Dark = false; break;
            case Vanish(var p, var at, var arrives): Outposts[p].Link.Vanishes = (at, arrives); break;
            case CrashStation(var kept): Station.Crash(kept); break;
            case StationDies(var flushed): Station.DiesFlushed = flushed; break;
            case CrashOutpost(var p): Outposts[p].Crash(); break;
            case OutpostDies(var p, var written): Outposts[p].Disk.DiesWritten = written; break;
            case DeclineNext(var p): Outposts[p].DeclinesNext = true; break;
            case SlowData(var p): Outposts[p].DataIsSlow = true; break;
            case Pass(var seconds): PassTime(TimeSpan.FromSeconds(seconds)); break;
            case LieOf(var p, var lie, var about): Outposts[p].Liar?.Arm(lie, (uint)about); break;
            case LieTo(var p, var lie, var about): Liar.Arm((uint)p, lie, (uint)about); break;
            case Isolate(var p, var with): Liar.Isolate((uint)p, with); break;
            case RollBack(var entries): Station.RollBack(entries); break;
            default: throw new NotSupportedException($"{operation} is not known.");
        }
    }

    public void Dispose()
    {
        foreach (var outpost in Outposts)
        {
            outpost.Dispose();
            outpost.Liar?.Dispose();
        }
    }

    private void Propose(Ask ask)
    {
        var roster = Consortium.Roster;
        var invited = Outposts.Where(o => !o.Link.Dark).Select(o => o.Index).ToList();
        if (!_questions.TryGetValue(ask.Question, out var signed)) _questions.Add(ask.Question, signed = Sign(ask));
        if (Rules(invited.Count, signed, out _) is not null)
        {
            Tally.Count("proposals that too few were there for");
            return;
        }

        var id = new byte[16];
        new SeededRandom((ulong)++_rounds).GetBytes(id);
        _facts.Add(Convert.ToHexString(id), new RoundFacts(invited));
        Tally.Count("rounds");
        Station.Propose(AggregatorRound.Propose(roster, signed, id, invited, Enumerable.Repeat(TimeSpan.FromMinutes(1), 7), Consortium.Station));
    }

    /// <summary>The rules of a round of a query with so many parties, or why there are none.</summary>
    public string? Rules(int parties, SignedQuery query, out RoundRules rules)
    {
        var roster = Consortium.Roster;
        var minimum = Math.Max(roster.MinSurvivors, (int)Query.Parser.ParseFrom(query.Body).MinSurvivors);
        return RoundRules.TryFor(parties, roster.MaxColluders, minimum, roster.MinHonest, out rules, roster.SparseGraph ? roster.DropoutPermille : null);
    }

    private SignedQuery Sign(Ask ask)
    {
        var query = Consortium.Query((ulong)ask.Question);
        (query.Noise, query.MinSurvivors) = (ask.Noise, (uint)ask.MinSurvivors);
        return Question.Sign(query, Consortium.Coordinator);
    }


    private void LoseAnswerOf(SimulatedOutpost outpost)
    {
        while (outpost.Link.Up.Count > 0) DeliverUp(outpost);
        Station.Turn();
        outpost.Link.Cut();
    }

    private void Disturb(SimulatedOutpost outpost, bool happened, bool excused)
    {
        if (!happened) return;
        outpost.HeadsAreDisturbed = true;
        if (excused) Excuse(outpost.Index);
    }

    private void Darken(SimulatedOutpost outpost)
    {
        Excuse(outpost.Index);
        outpost.Link.Dark = true;
        outpost.Link.Cut();
    }

    private void PassTime(TimeSpan time)
    {
        var then = Now + time;
        foreach (var round in Station.Running.Where(r => r.Round.Deadline <= then))
        {
            foreach (var outpost in Outposts.Where(o => !o.Link.IsQuiet || o.Link.Stalled || o.DataIsSlow)) Excuse(outpost.Index, round.Id);
        }

        Now = then;
        Station.IsDirty = true;
    }

    private void RunToEnd(SeededRandom random)
    {
        while (true)
        {
            RunSome(int.MaxValue, random);
            var more = Outposts.Aggregate(false, (any, outpost) => Release(outpost) || any) || Liar.Strike();
            if (more) continue;
            if (!Station.Running.Any()) break;
            foreach (var round in Station.Running) Invariants.AwaitedInVain(round);
            Now = Station.Running.Min(r => r.Round.Deadline!.Value);
            Station.IsDirty = true;
        }

        Invariants.Settled();
    }

    /// <summary>Lets go of what was held up; whether anything was.</summary>
    private static bool Release(SimulatedOutpost outpost)
    {
        var stalled = outpost.Link.Stalled;
        outpost.Link.Stalled = false;
        return outpost.FinishData() || stalled;
    }

    /// <summary>So many events, or all until nothing can happen without time passing.</summary>
    private void RunSome(int events, SeededRandom random)
    {
        for (; events > 0; events--)
        {
            if (Station.IsDirty && random.Next(TurnEvery) == 0) Station.Turn();
            else if (!StepOne(random.Next(Outposts.Count), random))
            {
                if (!Station.IsDirty) return;
                Station.Turn();
            }
        }
    }

    /// <summary>One event of the first stream, from some place on, that has one; false if none has.</summary>
    private bool StepOne(int start, SeededRandom random)
    {
        for (var i = 0; i < Outposts.Count; i++)
        {
            var outpost = Outposts[(start + i) % Outposts.Count];
            var link = outpost.Link;
            if (link is { Connected: false, Dark: false })
            {
                Reconnect(outpost);
                return true;
            }

            if (link.Stalled || link is { Up.Count: 0, Down.Count: 0 }) continue;
            if (link.Down.Count == 0 || (link.Up.Count > 0 && random.Next(2) == 0)) DeliverUp(outpost);
            else DeliverDown(outpost);
            return true;
        }

        return false;
    }

    private void Reconnect(SimulatedOutpost outpost)
    {
        outpost.Link.Open();
        Station.Welcome(outpost.Index, outpost.Disk.LastHead?.Size ?? 0);
        Station.CatchUp(outpost.Index);
        outpost.Repeat();
    }

    private void DeliverUp(SimulatedOutpost outpost)
    {
        var packet = outpost.Link.Up[0];
        outpost.Link.Up.RemoveAt(0);
        Arrive(outpost, packet is MessagePacket message ? Envelope.Parser.ParseFrom(message.Envelope).Kind : null, () => Station.Take(outpost.Index, packet));
    }

    private void DeliverDown(SimulatedOutpost outpost)
    {
        var packet = outpost.Link.Down[0];
        outpost.Link.Down.RemoveAt(0);
        if (packet is PublicationPacket(var publication))
        {
            publication = publication.Clone();
            outpost.Receive(publication, isWhole: !Liar.Twist(outpost, publication));
            return;
        }

        var (frame, final) = (BroadcastPacket)packet;
        var broadcast = Broadcast.Parser.ParseFrom(frame);
        Arrive(outpost, broadcast.Envelope.Kind, () =>
        {
            foreach (var told in final ? [broadcast] : Liar.Twist(outpost, broadcast)) outpost.Receive(told);
        });
    }

    /// <summary>A frame arrives, unless its outpost vanishes at it.</summary>
    private void Arrive(SimulatedOutpost outpost, MessageKind? kind, Action take)
    {
        if (outpost.Link.Vanishes is not var (at, arrives) || at != kind)
        {
            take();
            return;
        }

        outpost.Link.Vanishes = null;
        if (arrives) take();
        Darken(outpost);
    }
}

/// <summary>What is known of a round from outside.</summary>
internal sealed class RoundFacts(IReadOnlyList<uint> invited)
{
    public IReadOnlyList<uint> Invited => invited;

    /// <summary>Parties of whom nothing is promised, for what has happened to them.</summary>
    public HashSet<uint> Excused { get; } = [];

    /// <summary>Whether the station has lied in the round, or about it.</summary>
    public bool StationLied { get; set; }

    /// <summary>Whether a corrupt outpost has lied in it.</summary>
    public bool PartiesLied { get; set; }
}
