using Google.Protobuf;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

public sealed class QuestionTests
{
    private static readonly Consortium s_consortium = Consortium.Of(6);

    private static readonly Dictionary<string, (Action<Query> Break, string[] Says)> s_rules = new()
    {
        ["a short id"] = (q => q.QueryId = ByteString.CopyFrom(new byte[15]), ["15 bytes", "must have 16"]),
        ["no attempts"] = (q => q.Attempts = 0, ["Attempts is 0", "1 to 10"]),
        ["eleven attempts"] = (q => q.Attempts = 11, ["Attempts is 11"]),
        ["epsilon 0"] = (q => q.EpsilonMicro = 0, ["epsilon is 0", "greater than 0", "e.g. 0.5"]),
        ["epsilon 101"] = (q => q.EpsilonMicro = 101_000_000, ["epsilon is 101", "at most 100"]),
        ["no noise mode"] = (q => q.Noise = QueryNoise.Unspecified, ["noise mode", "local, distributed or none"]),
        ["another noise mode"] = (q => q.Noise = (QueryNoise)9, ["noise mode"]),
        ["no dataset"] = (q => q.Dataset = "", ["0 characters", "1 to 128"]),
        ["a long dataset"] = (q => q.Dataset = new string('x', 129), ["129 characters"]),
        ["a long title"] = (q => q.Title = new string('x', 257), ["257 characters", "at most 256"]),
        ["no analysis"] = (q => q.Analysis = ByteString.Empty, ["asks for nothing"]),
        ["no end"] = (q => q.NotAfter = 0, ["has no end"]),
        ["an end too far"] = (q => q.NotAfter = 253402300800, ["year 10000"]),
        ["more survivors than any round has"] = (q => q.MinSurvivors = 1025, ["survivors is 1025", "at most 1024"]),
        ["survivors beyond 31 bits"] = (q => q.MinSurvivors = uint.MaxValue, ["survivors is 4294967295"]),
    };

    public static TheoryData<string> Rules => new(s_rules.Keys);

    [Fact]
    public void Query_that_breaks_no_rule_opens()
    {
        var question = Open(s_consortium.Query(1));
        Assert.Equal("coordinator", question.Coordinator.Name);
        Assert.Equal(16, question.Id.Length);
        Assert.Equal("visits", question.Query.Dataset);
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Query_that_breaks_a_rule_is_refused(string rule)
    {
        var query = s_consortium.Query(1);
        var (breakIt, says) = s_rules[rule];
        breakIt(query);
        var refusal = Assert.Throws<RefusalException>(() => Open(query));
        Assert.Equal(RefusalCode.BadMessage, refusal.Code);
        Assert.All(says, word => Assert.Contains(word, refusal.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Query_is_open_until_its_last_second_and_not_after()
    {
        var query = s_consortium.Query(1);
        var end = DateTimeOffset.FromUnixTimeSeconds((long)query.NotAfter);
        Open(query, end);
        Assert.Equal(RefusalCode.Expired, Assert.Throws<RefusalException>(() => Open(query, end.AddTicks(1))).Code);
        Open(query, null);
    }

    [Fact]
    public void Query_under_a_roster_that_has_expired_is_refused()
    {
        var query = s_consortium.Query(1);
        query.NotAfter = (ulong)s_consortium.Roster.NotAfter.AddDays(1).ToUnixTimeSeconds();
        var refusal = Assert.Throws<RefusalException>(() => Open(query, s_consortium.Roster.NotAfter.AddTicks(1)));
        Assert.Equal(RefusalCode.Expired, refusal.Code);
        Assert.Contains("new epoch", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Query_of_nobody_of_a_stranger_or_of_another_roster_is_refused()
    {
        var unsigned = Question.Sign(s_consortium.Query(1), Consortium.Coordinator);
        unsigned.Signature = ByteString.Empty;
        Assert.Equal(RefusalCode.BadSignature, Code(unsigned));
        Assert.Equal(RefusalCode.BadSignature, Code(Question.Sign(s_consortium.Query(1), Consortium.Key("stranger"))));
        var stranger = s_consortium.Query(1);
        stranger.CoordinatorKey = ByteString.CopyFrom(Consortium.Key("stranger").Public.Point);
        Assert.Equal(RefusalCode.BadSignature, Code(Question.Sign(stranger, Consortium.Key("stranger"))));
        var nobody = s_consortium.Query(1);
        nobody.CoordinatorKey = ByteString.Empty;
        Assert.Equal(RefusalCode.BadSignature, Code(Question.Sign(nobody, Consortium.Coordinator)));
        Assert.Equal(RefusalCode.WrongRoster, Code(Question.Sign(Consortium.Of(5).Query(1), Consortium.Coordinator)));
    }

    [Fact]
    public void Query_that_is_not_canonical_or_too_long_is_refused()
    {
        var signed = Question.Sign(s_consortium.Query(1), Consortium.Coordinator);
        signed.Body = ByteString.CopyFrom([.. signed.Body.Span, 0x78, 0x01]);
        Assert.Equal(RefusalCode.BadMessage, Code(signed));
        signed.Body = ByteString.CopyFrom(new byte[Limits.Query + 1]);
        Assert.Equal(RefusalCode.BadMessage, Code(signed));
    }

    [Fact]
    public void Query_may_raise_the_floor_of_survivors_and_not_lower_it()
    {
        foreach (var (wanted, threshold) in new[] { (0u, 4), (3u, 4), (5u, 5), (6u, 6) })
        {
            using var round = new RoundHarness(s_consortium, new RoundShape(16, 2), query: q => q.MinSurvivors = wanted);
            round.RunThrough(MessageKind.Advertised);
            Assert.Equal(threshold, round.Station.Round.Rules.Threshold);
        }

        using var harness = new RoundHarness(s_consortium, new RoundShape(16, 2), query: q => q.MinSurvivors = 7);
        Assert.Equal(RefusalCode.Floors, Assert.Throws<RefusalException>(() => PartyRound.Open(s_consortium.Setup(0, 1), harness.Proposal, harness.Now)).Code);
    }

    private static RefusalCode Code(SignedQuery signed) => Assert.Throws<RefusalException>(() => Question.Open(signed, s_consortium.Roster, Consortium.Start)).Code;

    private static Question Open(Query query) => Open(query, Consortium.Start);

    private static Question Open(Query query, DateTimeOffset? now) => Question.Open(Question.Sign(query, Consortium.Coordinator), s_consortium.Roster, now);
}
