using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Attacks;

/// <summary>A station that lies in phase 0: about the question, the roster, the rules, or what came before.</summary>
public sealed class ProposalAttackTests
{
    private const int Victim = 1;

    [Theory]
    [InlineData("epsilon")]
    [InlineData("minimum survivors")]
    [InlineData("dataset")]
    [InlineData("analysis")]
    [InlineData("attempts")]
    [InlineData("end")]
    public void Query_altered_by_the_station_is_refused(string what) => RefusedByAll(RefusalCode.BadSignature, Altered(query =>
    {
        switch (what)
        {
            case "epsilon": query.EpsilonMicro *= 2; break;
            case "minimum survivors": query.MinSurvivors = 2; break;
            case "dataset": query.Dataset = "salaries"; break;
            case "analysis": query.Analysis = ByteString.CopyFromUtf8("sum"); break;
            case "attempts": query.Attempts++; break;
            default: query.NotAfter++; break;
        }
    }));

    [Theory]
    [InlineData(QueryNoise.None)]
    [InlineData(QueryNoise.Distributed)]
    public void Noise_mode_changed_by_the_station_is_refused(QueryNoise noise) => RefusedByAll(RefusalCode.BadSignature, Altered(query => query.Noise = noise));

    [Fact]
    public void Query_that_the_station_signs_itself_is_refused() => RefusedByAll(RefusalCode.BadSignature, Lie.Change<Proposal>(MessageKind.Propose, proposal =>
    {
        var query = Query.Parser.ParseFrom(proposal.Query);
        query.CoordinatorKey = ByteString.CopyFrom(Consortium.Station.Public.Point);
        Put(proposal, Question.Sign(query, Consortium.Station));
    }));

    [Fact]
    public void Query_of_an_older_epochs_roster_is_refused() =>
        RefusedByAll(RefusalCode.WrongRoster, Asked(query => query.RosterHash = ByteString.CopyFrom(Consortium.Of(6, colluders: 0).Roster.Hash)));

    [Fact]
    public void Query_past_its_end_is_refused() =>
        RefusedByAll(RefusalCode.Expired, Asked(query => query.NotAfter = (ulong)Consortium.Start.ToUnixTimeSeconds() - 1));

    [Theory]
    [InlineData("suite")]
    [InlineData("round id")]
    [InlineData("no deadline")]
    [InlineData("six deadlines")]
    [InlineData("nobody")]
    [InlineData("order")]
    [InlineData("somebody twice")]
    public void Proposal_that_breaks_a_rule_is_refused(string what) => RefusedByAll(RefusalCode.BadMessage, Lie.Change<Proposal>(MessageKind.Propose, proposal =>
    {
        switch (what)
        {
            case "suite": proposal.Suite = 2; break;
            case "round id": proposal.RoundId = ByteString.CopyFrom(new byte[15]); break;
            case "no deadline": proposal.DeadlinesMs.Clear(); break;
            case "six deadlines": proposal.DeadlinesMs.RemoveAt(6); break;
            case "nobody": proposal.Invited.Clear(); break;
            case "order": (proposal.Invited[1], proposal.Invited[2]) = (proposal.Invited[2], proposal.Invited[1]); break;
            default: proposal.Invited.Insert(2, 2); break;
        }
    }));

    [Theory]
    [InlineData(0u)]
    [InlineData(600_001u)]
    [InlineData(uint.MaxValue)]
    public void Deadline_that_leaves_no_time_or_keeps_secrets_for_long_is_refused(uint milliseconds) =>
        RefusedByAll(RefusalCode.BadMessage, Lie.Change<Proposal>(MessageKind.Propose, proposal => proposal.DeadlinesMs[3] = milliseconds));

    [Fact]
    public void Proposal_to_a_stranger_is_refused() =>
        RefusedByAll(RefusalCode.WrongRoster, Lie.Change<Proposal>(MessageKind.Propose, proposal => proposal.Invited.Add(99)));

    [Fact]
    public void Proposal_to_fewer_than_the_floors_is_refused() => RefusedByAll(RefusalCode.Floors, Lie.Change<Proposal>(MessageKind.Propose, (_, party, proposal) =>
    {
        proposal.Invited.Clear();
        proposal.Invited.Add(party == 0 ? [0, 5] : [0, party]);
    }));

    [Fact]
    public void Another_query_for_one_outpost_gets_no_vector() => ToldAnotherProposal(Asked(query => query.Analysis = ByteString.CopyFromUtf8("sum")));

    [Fact]
    public void Other_deadlines_for_one_outpost_get_no_vector() =>
        ToldAnotherProposal(Lie.Change<Proposal>(MessageKind.Propose, proposal => proposal.DeadlinesMs[3]++));

    [Fact]
    public void Other_invited_parties_for_one_outpost_get_no_vector() =>
        ToldAnotherProposal(Lie.Change<Proposal>(MessageKind.Propose, proposal => proposal.Invited.Remove(0)), without: 0);

    [Fact]
    public void Round_that_was_seen_gets_no_word()
    {
        using var first = Station();
        first.RunThrough(MessageKind.Shared);
        using var again = new LyingStation(Remembering(first), []);
        again.Run().AllRefused(RefusalCode.RoundSeen);
        Assert.All(again.Harness.Parties.Values, party => Assert.Empty(party.Sent));
        again.Stops(AbortReason.TooFewJoined);
    }

    [Fact]
    public void Query_that_was_released_is_refused_in_a_new_round()
    {
        using var first = Station();
        first.Run();
        using var again = new LyingStation(Remembering(first), [AnotherRound(7)]);
        again.Run().AllRefused(RefusalCode.AlreadyReleased).Stops(AbortReason.TooFewJoined);
    }

    [Fact]
    public void Query_is_refused_when_its_attempts_are_used()
    {
        var memories = new Dictionary<uint, MemoryParty>();
        RefusalCode[] codes = [.. Enumerable.Range(10, 4).Select(id =>
        {
            using var attempt = new LyingStation(Remembering(memories), [AnotherRound((byte)id)]);
            attempt.RunThrough(MessageKind.Propose).OpensNothing();
            foreach (var (party, memory) in attempt.Harness.Memories) memories[party] = memory;
            return attempt.Harness.Refusals.GetValueOrDefault(1u);
        })];
        Assert.Equal([RefusalCode.Unspecified, RefusalCode.Unspecified, RefusalCode.Unspecified, RefusalCode.AttemptsUsed], codes);
    }

    private static LyingStation Station(params Lie[] lies) => new(lies);

    private static RoundHarness Remembering(LyingStation earlier) => Remembering(earlier.Harness.Memories);

    /// <summary>The same parties in a new process, with the disk of the old.</summary>
    private static RoundHarness Remembering(Dictionary<uint, MemoryParty> memories)
    {
        var harness = new RoundHarness(Consortium.Of(6), new RoundShape(32, 4)) { CheckReplay = false };
        foreach (var (party, memory) in memories) harness.Memories.Add(party, memory);
        return harness;
    }

    private static Lie AnotherRound(byte id) =>
        Lie.Change<Proposal>(MessageKind.Propose, proposal => proposal.RoundId = ByteString.CopyFrom([.. Enumerable.Repeat(id, 16)]));

    /// <summary>A query that the coordinator signed, in the place of the one that is asked.</summary>
    private static Lie Asked(Action<Query> change) => Lie.Change<Proposal>(MessageKind.Propose, proposal =>
    {
        var query = Query.Parser.ParseFrom(proposal.Query);
        change(query);
        Put(proposal, Question.Sign(query, Consortium.Coordinator));
    });

    private static Lie Altered(Action<Query> change) => Lie.Change<Proposal>(MessageKind.Propose, proposal =>
    {
        var query = Query.Parser.ParseFrom(proposal.Query);
        change(query);
        proposal.Query = query.ToByteString();
    });

    private static void Put(Proposal proposal, SignedQuery query) => (proposal.Query, proposal.QuerySignature) = (query.Body, query.Signature);

    private static void RefusedByAll(RefusalCode code, Lie lie)
    {
        using var station = Station(lie);
        station.Run().AllRefused(code);
        Assert.Empty(station.Harness.Parties);
        station.Stops(AbortReason.TooFewJoined);
    }

    /// <summary>One party joins another round than all others: its context is another from the first message on, and nobody's share verifies there.</summary>
    private static void ToldAnotherProposal(Lie lie, uint? without = null)
    {
        using var station = Station(lie.To(Victim));
        station.RunThrough(MessageKind.Propose);
        Assert.Contains(station.Harness.Station.Rejected, r => r is { Party: Victim, Kind: MessageKind.Join, Code: RejectionCode.BadSignature });
        var keys = new Advertised();
        var parties = station.Harness.Parties.Keys.Where(p => p != without).ToList();
        keys.Advertisements.Add(parties.Select(p => station.SignedBy(p, MessageKind.Advertise)));
        Assert.Equal([MessageKind.Share], station.Tell(Victim, MessageKind.Advertised, keys).Messages.Select(m => m.Kind));
        station.RunThrough(MessageKind.Advertised);
        var shares = new Shared();
        shares.Shares.Add(parties.Select(p => station.SignedBy(p, MessageKind.Share)));
        Assert.Null(station.Tell(Victim, MessageKind.Shared, shares).Vector);
        station.Refused(RefusalCode.BadSignature, Victim).Run().GoesOnWithout(Victim);
    }
}
