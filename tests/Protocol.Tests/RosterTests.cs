using Google.Protobuf;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

public sealed class RosterTests
{
    private static readonly Dictionary<string, (Action<Wire.Roster> Break, string[] Says)> s_rules = new()
    {
        ["too few parties"] = (r => { while (r.Parties.Count > 2) r.Parties.RemoveAt(2); }, ["2 parties", "3 to 1024"]),
        ["too many parties"] = (r => { for (var i = 6u; i < 1030; i++) r.Parties.Add(new RosterParty { Index = i, Name = $"p{i}" }); }, ["1030 parties"]),
        ["no consortium"] = (r => r.Consortium = "", ["consortium's name", "1 to 64"]),
        ["a long consortium"] = (r => r.Consortium = new string('x', 65), ["consortium's name"]),
        ["a control character"] = (r => r.Parties[0].Name = "a\nb", ["1 to 64 characters"]),
        ["a blank at the end"] = (r => r.Auditors[0].Name = "auditor ", ["'auditor '"]),
        ["a name twice"] = (r => r.Coordinators[0].Name = "PARTY-3", ["PARTY-3", "unique"]),
        ["epoch 0"] = (r => r.Epoch = 0, ["epoch is 0", "epoch 1"]),
        ["epoch 1 with a hash before"] = (r => r.PreviousHash = ByteString.CopyFrom(new byte[32]), ["32 bytes", "none in epoch 1"]),
        ["epoch 2 without a hash before"] = (r => r.Epoch = 2, ["0 bytes", "must have 32"]),
        ["order"] = (r => r.Parties[1].Index = 0, ["ascending"]),
        ["a large index"] = (r => r.Parties[5].Index = uint.MaxValue - 1, ["below 4294967294"]),
        ["a point off the curve"] = (r => r.Parties[2].PublicKey = Off(r.Parties[2].PublicKey), ["party-2", "P-256"]),
        ["a short key of the station"] = (r => r.AggregatorKey = r.AggregatorKey.Span[..64].ToArray() is var k ? ByteString.CopyFrom(k) : null, ["the station", "65 bytes"]),
        ["a key twice"] = (r => r.Auditors[0].PublicKey = r.Parties[0].PublicKey, ["auditor", "key of its own"]),
        ["the station's key for a party"] = (r => r.Parties[0].PublicKey = r.AggregatorKey, ["the station", "key of its own"]),
        ["no coordinator"] = (r => r.Coordinators.Clear(), ["no coordinator"]),
        ["no founder"] = (r => { foreach (var p in r.Parties) p.Founder = false; }, ["no founder"]),
        ["two survivors"] = (r => r.MinSurvivors = 2, ["survivors is 2", "from 3"]),
        ["more survivors than parties"] = (r => r.MinSurvivors = 7, ["survivors is 7", "(6)"]),
        ["one honest"] = (r => r.MinHonest = 1, ["honest is 1", "at least 2"]),
        ["too many colluders"] = (r => r.MaxColluders = 5, ["c = 5", "lower c"]),
        ["absurdly many colluders"] = (r => r.MaxColluders = uint.MaxValue, ["c = 4294967295"]),
        ["dropouts"] = (r => r.DropoutPermille = 501, ["501", "at most 500"]),
        ["too few witnesses"] = (r => r.Witnesses = 3, ["w is 3", "e.g. 4"]),
        ["too many witnesses"] = (r => r.Witnesses = 7, ["w is 7", "w ≤ n"]),
        ["no origin"] = (r => r.LogOrigin = "", ["origin"]),
        ["a blank in the origin"] = (r => r.LogOrigin = "a b", ["'a b'", "without blanks"]),
        ["a plus in the origin"] = (r => r.LogOrigin = "a+b", ["'a+b'"]),
        ["no end"] = (r => r.NotAfter = 0, ["end of life"]),
        ["an end too far"] = (r => r.NotAfter = 253402300800, ["year 10000"]),
    };

    public static TheoryData<string> Rules => new(s_rules.Keys);

    [Fact]
    public void Roster_that_breaks_no_rule_opens_with_what_it_says()
    {
        var draft = Consortium.Draft(6, 1);
        var roster = Roster.Open(Roster.Sign(draft, Consortium.Founders(6)));
        Assert.Equal("Test", roster.Consortium);
        Assert.Equal(6, roster.Parties.Count);
        Assert.Equal((1, 3, 2, 4), (roster.MaxColluders, roster.MinSurvivors, roster.MinHonest, roster.Witnesses));
        Assert.Equal(12, roster.Words.Count);
        Assert.Equal("party-3", roster.FindParty(3)!.Name);
        Assert.Null(roster.FindParty(6));
        Assert.Equal(3u, roster.FindParty(Consortium.PartyKey(3).Public)!.Index);
        Assert.Null(roster.FindParty(Consortium.Coordinator.Public));
        Assert.Equal("coordinator", roster.FindCoordinator(Consortium.Coordinator.Public)!.Name);
        Assert.Equal("auditor", roster.FindAuditor(Consortium.Key("auditor").Public)!.Name);
        Assert.Equal(roster.Hash, Roster.Open(roster.Signed).Hash);
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Roster_that_breaks_a_rule_is_neither_signed_nor_opened(string rule)
    {
        var draft = Consortium.Draft(6, 1);
        var (breakIt, says) = s_rules[rule];
        breakIt(draft);
        var signing = Assert.Throws<RosterException>(() => Roster.Sign(draft, Consortium.Founders(6)));
        var opening = Assert.Throws<RosterException>(() => Roster.Open(SignAnyway(draft)));
        Assert.All(says, word => Assert.Contains(word, signing.Message, StringComparison.Ordinal));
        Assert.Equal(signing.Message, opening.Message);
    }

    [Fact]
    public void Roster_without_a_founders_signature_is_refused()
    {
        var signed = Roster.Sign(Consortium.Draft(6, 1), Consortium.Founders(6).Skip(1));
        Assert.Contains("party-0", Assert.Throws<RosterException>(() => Roster.Open(signed)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Roster_with_a_strangers_signature_is_refused()
    {
        var signed = Roster.Sign(Consortium.Draft(6, 1), [.. Consortium.Founders(6), Consortium.Key("stranger")]);
        Assert.Contains("not one of its founders", Assert.Throws<RosterException>(() => Roster.Open(signed)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Officer_who_founds_must_sign_too()
    {
        var draft = Consortium.Draft(6, 1);
        draft.Coordinators[0].Founder = true;
        Assert.Throws<RosterException>(() => Roster.Open(Roster.Sign(draft, Consortium.Founders(6))));
        Assert.True(Roster.Open(Roster.Sign(draft, [.. Consortium.Founders(6), Consortium.Coordinator])).Coordinators[0].Founder);
    }

    [Fact]
    public void Roster_changed_after_it_was_signed_is_refused()
    {
        var signed = SignedRoster.Parser.ParseFrom(Roster.Sign(Consortium.Draft(6, 1), Consortium.Founders(6)));
        var body = Wire.Roster.Parser.ParseFrom(signed.Body);
        body.MaxColluders = 0;
        signed.Body = body.ToByteString();
        Assert.Contains("does not verify", Assert.Throws<RosterException>(() => Roster.Open(signed.ToByteArray())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Roster_with_its_signatures_twice_or_out_of_order_is_refused()
    {
        var signed = SignedRoster.Parser.ParseFrom(Roster.Sign(Consortium.Draft(6, 1), Consortium.Founders(6)));
        var twice = signed.Clone();
        twice.Signatures.Insert(1, twice.Signatures[0]);
        Assert.Contains("ascending", Assert.Throws<RosterException>(() => Roster.Open(twice.ToByteArray())).Message, StringComparison.Ordinal);
        (signed.Signatures[0], signed.Signatures[1]) = (signed.Signatures[1], signed.Signatures[0]);
        Assert.Contains("ascending", Assert.Throws<RosterException>(() => Roster.Open(signed.ToByteArray())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_a_roster_are_refused_before_they_are_decoded()
    {
        Assert.Contains("not a roster", Assert.Throws<RosterException>(() => Roster.Open([1, 2, 3])).Message, StringComparison.Ordinal);
        Assert.Contains("over its limit", Assert.Throws<RosterException>(() => Roster.Open(new byte[Limits.Roster + 1])).Message, StringComparison.Ordinal);
        var signed = Roster.Sign(Consortium.Draft(6, 1), Consortium.Founders(6));
        Assert.Contains("not canonical", Assert.Throws<RosterException>(() => Roster.Open([.. signed, 0x78, 0x01])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(4, 1)]
    [InlineData(5, 1)]
    [InlineData(6, 1)]
    [InlineData(7, 2)]
    [InlineData(50, 16)]
    public void Default_of_c_is_a_third_rounded_up_less_one(int parties, int colluders)
    {
        Assert.Equal(colluders, Roster.DefaultColluders(parties));
        var w = Roster.DefaultWitnesses(parties, colluders);
        Assert.True(2 * w > parties + colluders && 2 * (w - 1) <= parties + colluders);
    }

    private static byte[] SignAnyway(Wire.Roster roster) => new SignedRoster { Body = roster.ToByteString() }.ToByteArray();

    private static ByteString Off(ByteString key)
    {
        var bytes = key.ToByteArray();
        bytes[^1] ^= 1;
        return ByteString.CopyFrom(bytes);
    }
}
