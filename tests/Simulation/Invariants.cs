using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>What must hold in every world, whatever happens in it. Each check is made as soon as its answer can have changed.</summary>
internal sealed class Invariants(World world)
{
    private readonly Dictionary<uint, (long Size, byte[] Chain)> _heads = [];
    private readonly Dictionary<byte[], byte[]> _chains = new(PublicBytes.Comparer);
    private readonly Dictionary<string, int> _attacked = [];
    private readonly List<(string Dataset, HashSet<uint> Survivors)> _exact = [];

    /// <summary>Whether the station has gone back in its log.</summary>
    public bool IsForked { get; private set; }

    /// <summary>The log lost entries of these rounds, by the station's own doing.</summary>
    public void Forked(IEnumerable<string> rounds)
    {
        IsForked = true;
        world.Tally.Count("forks");
        foreach (var round in rounds.Concat(world.Station.Running.Select(r => r.Id))) world.Facts(round).StationLied = true;
    }

    /// <summary>After each entry: nobody honest is blamed.</summary>
    public void Applied(StationRound round)
    {
        if (round.Round.Invited.Count > World.Large && round.Round.State == RoundState.Running) return;
        foreach (var party in round.Round.Progress.Where(p => p.State == PartyState.Blamed && IsHonest(p.Index)))
        {
            throw Broken(round.Id, $"party {party.Index}, which is honest, is blamed: {party.Reason}");
        }

        if (round.Round.Abort?.Blamed.FirstOrDefault(b => IsHonest(b.Party)) is { } blamed) throw Broken(round.Id, $"the abort blames party {blamed.Party}, which is honest: {blamed.Code}");
    }

    /// <summary>After each word of an outpost.</summary>
    public void Spoken(SimulatedOutpost outpost, Incarnation open, PartyStep step)
    {
        if (!IsHonest(outpost.Index)) return;
        var facts = world.Facts(open.Id);
        if (step.Refusal != RefusalCode.Unspecified && !facts.StationLied && !facts.Excused.Contains(outpost.Index))
        {
            throw Broken(open.Id, $"party {outpost.Index} left ({step.Refusal}: {step.Detail}) although the station did not lie");
        }

        if (step.Messages.Count == 0) return;
        if (outpost.Disk.Debits(open.Query).Count == 0 && open.Said(MessageKind.Join)) throw Broken(open.Id, $"party {outpost.Index} takes part and has not paid");
        // Whoever declined has not taken part, and may decline again.
        if (world.Spoken[open.Id].Exists(o => o != open && o.Party == open.Party && o.Said(MessageKind.Join)))
        {
            throw Broken(open.Id, $"party {outpost.Index} speaks again after a restart in a round that it took part in");
        }

        if (open.Round.Sent.CountBy(e => e.Kind).FirstOrDefault(k => k.Value > 1) is { Value: > 1 } twice)
        {
            throw Broken(open.Id, $"party {outpost.Index} has signed two messages of kind {twice.Key}");
        }

        if (step.Vector is not null)
        {
            var (left, paid) = (Of(outpost.Index, open.Query).Count(o => o.Vector is not null), outpost.Disk.Debits(open.Query).Count);
            if (left > paid) throw Broken(open.Id, $"party {outpost.Index} has sent {left} vectors of a question and paid for {paid}");
        }

        if (open.Said(MessageKind.Unmask) && Of(outpost.Index, open.Query).Count(o => o.Said(MessageKind.Unmask)) > 1)
        {
            throw Broken(open.Id, $"party {outpost.Index} answers one query twice");
        }
    }

    public void ProposalRefused(SimulatedOutpost outpost, string round, RefusalException refusal)
    {
        if (world.Knows(round) && !world.Facts(round).StationLied) throw Broken(round, $"party {outpost.Index} refuses the proposal ({refusal.Code}: {refusal.Message}) although the station did not lie");
    }

    public void HeadMade(byte[] root, byte[] chain) => _chains[root] = chain;

    /// <summary>No honest outpost ever follows a fork: what it accepts extends, entry by entry, what it accepted before.</summary>
    public void HeadAccepted(SimulatedOutpost outpost, Checkpoint head, bool isWhole)
    {
        if (!isWhole && IsHonest(outpost.Index)) throw new BrokenInvariantException($"Party {outpost.Index} accepts a log that was not shown to hold all that it said.");

        if (_heads.TryGetValue(outpost.Index, out var last)
            && (last.Size > head.Size || last.Size > world.Station.Log.Count || !PublicBytes.Equal(last.Chain, world.Station.ChainAt(last.Size))))
        {
            throw new BrokenInvariantException($"Party {outpost.Index} accepts a log of {head.Size} entries that does not extend the one of {last.Size} that it knows.");
        }

        _heads[outpost.Index] = (head.Size, _chains[head.Root]);
        world.Tally.Count("heads accepted");
    }

    public void HeadRefused(SimulatedOutpost outpost, RefusalException refusal, bool isWhole)
    {
        world.Tally.Count("heads refused");
        if (!isWhole) outpost.HeadsAreDisturbed = true;
        if (isWhole && !IsForked && !outpost.HeadsAreDisturbed && IsHonest(outpost.Index)) throw new BrokenInvariantException($"Party {outpost.Index} refuses an honest log: {refusal.Message}");
    }

    /// <summary>At the end of a round: its total, its reason, its log.</summary>
    public void Ended(StationRound round)
    {
        var facts = world.Facts(round.Id);
        if (round.Round.State == RoundState.Done)
        {
            world.Tally.Count("totals");
            world.Tally.Count($"totals of mode {round.Round.Question.Query.Noise}");
            CheckTotal(round);
        }
        else
        {
            world.Tally.Count($"aborted as {round.Round.Abort!.Reason}");
            CheckAbort(round, facts);
        }

        Evidence.Check(world, round);
    }

    /// <summary>Before time is all that can bring a round on: nobody keeps the station waiting who is well.</summary>
    public void AwaitedInVain(StationRound round)
    {
        var facts = world.Facts(round.Id);
        if (facts.StationLied) return;
        var waits = Awaited(round).Where(p => IsHonest(p) && !facts.Excused.Contains(p)).ToList();
        if (waits.Count > 0) throw Broken(round.Id, $"the station waits in phase {round.Round.Phase} for parties [{string.Join(", ", waits)}], to which nothing has happened");
    }

    /// <summary>When everything has come to rest: what the coalition knows by now.</summary>
    public void Settled()
    {
        foreach (var (round, spoken) in world.Spoken)
        {
            var words = spoken.Sum(o => o.Round.Sent.Count);
            if (_attacked.GetValueOrDefault(round) == words) continue;
            _attacked[round] = words;
            CheckSecrecy(round, spoken);
        }
    }

    public bool IsHonest(uint party) => world.Outposts[(int)party].Liar is null;

    private void CheckSecrecy(string round, List<Incarnation> spoken)
    {
        var roster = world.Consortium.Roster;
        var unmasked = spoken.Where(o => IsHonest(o.Party) && o.Said(MessageKind.Unmask)).Select(o => Inside.Record(o.Round).Contexts.Survivors);
        if (unmasked.Distinct(PublicBytes.Comparer).Count() > 1) throw Broken(round, "honest parties have unmasked for two survivor sets");
        var opened = new Coalition(world, round).Open();
        foreach (var group in opened)
        {
            if (group.Count < roster.MinHonest)
            {
                throw Broken(round, $"what the station and its colluders hold opens the input of [{string.Join(", ", group)}] alone; {roster.MinHonest} honest parties at least must be in every sum");
            }
        }

        if (opened.Count > 1) throw Broken(round, $"what the station and its colluders hold opens {opened.Count} sums: {string.Join(" and ", opened.Select(g => $"[{string.Join(", ", g)}]"))}");
        world.Tally.Count("sums that the coalition opened", opened.Count);
    }

    private void CheckTotal(StationRound round)
    {
        var total = round.Round.Total!;
        using var sum = RingVector.Unpack((int)total.Bits, (int)total.Length, total.Packed.Span);
        if (Inputs.Wrong(sum, total.Survivors) is { } wrong) throw Broken(round.Id, $"the total over [{string.Join(", ", total.Survivors)}] is wrong: {wrong}");
        var spoken = world.Spoken[round.Id];
        var signed = spoken.Where(o => IsHonest(o.Party) && o.Said(MessageKind.Agree)).ToList();
        var same = signed.Where(o => Inside.Record(o.Round).Survivors.Keys.SequenceEqual(total.Survivors)).Select(o => o.Party).ToHashSet();
        if (same.Count + world.Setting.Corrupt.Count < round.Round.Rules.Threshold)
        {
            throw Broken(round.Id, $"the total is over [{string.Join(", ", total.Survivors)}], which only [{string.Join(", ", same)}] have signed; the threshold is {round.Round.Rules.Threshold}");
        }

        foreach (var party in total.Survivors.Where(IsHonest))
        {
            var open = spoken.Find(o => o.Party == party && o.Said(MessageKind.Input))!;
            var said = Input.Parser.ParseFrom(open.Round.Sent.First(e => e.Kind == MessageKind.Input).Body).ChargedMicro;
            var debits = world.Outposts[(int)party].Disk.Debits(open.Query);
            if (!debits.Contains(said) || said < round.Round.Question.ChargeMicro)
            {
                throw Broken(round.Id, $"party {party} is in the total and says that it paid {said}; its ledger says [{string.Join(", ", debits)}] and the query costs {round.Round.Question.ChargeMicro}");
            }
        }

        CheckDifferences(round, [.. total.Survivors]);
    }

    /// <summary>Two totals without noise whose survivors differ by one party give that party's rows away.</summary>
    private void CheckDifferences(StationRound round, HashSet<uint> survivors)
    {
        var query = round.Round.Question.Query;
        if (query.Noise != QueryNoise.None) return;
        if (_exact.Find(e => e.Dataset == query.Dataset && OutpostDisk.Difference(e.Survivors, survivors) == 1) is { Survivors: { } other })
        {
            throw Broken(round.Id, $"exact totals over [{string.Join(", ", other)}] and [{string.Join(", ", survivors)}] are both open");
        }

        _exact.Add((query.Dataset, survivors));
    }

    /// <summary>A round in which nobody lied and enough parties were well must have ended with a total.</summary>
    private void CheckAbort(StationRound round, RoundFacts facts)
    {
        if (round.Round.Abort!.Reason is AbortReason.Unspecified or AbortReason.Internal) throw Broken(round.Id, "the round was aborted and nobody can say why");
        if (facts.StationLied) return;
        // Of corrupt parties that lie nothing is expected, and what they dealt may be needed when others fall silent: then the abort names them.
        var well = facts.Invited.Count(p => !facts.Excused.Contains(p) && (IsHonest(p) || !facts.PartiesLied));
        if (facts.PartiesLied && round.Round.Abort.Reason == AbortReason.Unrecoverable && round.Round.Abort.Blamed.Count > 0) return;
        var query = round.Round.Question.Signed;
        // Whoever is not well may take part at first, so t is that of all; and it may not, so the rules must hold for the well alone.
        if (world.Rules(facts.Invited.Count, query, out var rules) is null && world.Rules(well, query, out _) is null
            && well >= rules.Threshold && (rules.IsComplete || well == facts.Invited.Count))
        {
            throw Broken(round.Id, $"the round was aborted ({round.Round.Abort.Reason}) although {well} of {facts.Invited.Count} parties were well and {rules.Threshold} suffice");
        }
    }

    private IEnumerable<uint> Awaited(StationRound round)
    {
        var (state, record) = (round.Round, Inside.Record(round.Round)!);
        var done = state.Progress.ToDictionary(p => p.Index, p => p.Stamps.Select(s => s.Phase).ToHashSet());
        var left = state.Progress.Where(p => p.State == PartyState.Declined).Select(p => p.Index).ToHashSet();
        return state.Phase switch
        {
            RoundPhase.Propose => Without(state.Invited, RoundPhase.Propose),
            RoundPhase.Advertise => Without(state.Invited.Where(p => done[p].Contains(RoundPhase.Propose)), RoundPhase.Advertise),
            RoundPhase.Share => Without(record.Advertised.Keys, RoundPhase.Share),
            RoundPhase.Input => record.Shared.Keys.Where(p => !left.Contains(p) && !(done[p].Contains(RoundPhase.Input) && round.HasVector(p))),
            RoundPhase.Agree or RoundPhase.Unmask => Without(record.Survivors.Keys, state.Phase),
            // On the complete graph everybody who has unmasked is asked, but for those who hold no shares of a liar.
            RoundPhase.Recover when state.Rules.IsComplete && !world.Facts(round.Id).PartiesLied => Without(record.Survivors.Keys.Where(p => done[p].Contains(RoundPhase.Unmask)), RoundPhase.Recover),
            _ => [],
        };

        IEnumerable<uint> Without(IEnumerable<uint> parties, RoundPhase phase) => parties.Where(p => !left.Contains(p) && !done[p].Contains(phase));
    }

    private IEnumerable<Incarnation> Of(uint party, string query) => world.Spoken.Values.SelectMany(s => s).Where(o => o.Party == party && o.Query == query);

    private static BrokenInvariantException Broken(string round, string what) => new($"Round {round[..8]}: {what}.");
}
