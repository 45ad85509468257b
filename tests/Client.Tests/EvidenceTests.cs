using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Client.Tests;

/// <summary>Single entries and whole rounds of a station's log, as an auditor looks at them.</summary>
public sealed class EvidenceTests : IAsyncLifetime
{
    private readonly Members _members = new();
    private FakeStation _station = null!;
    private IConsortium _consortium = null!;
    private RealRound _round = null!;
    private int _first;

    public async Task InitializeAsync()
    {
        _station = await FakeStation.StartAsync(_members);
        _station.Log.Play(new RealRound(_members, DateTimeOffset.UtcNow, n: 4));
        _round = new RealRound(_members, DateTimeOffset.UtcNow, n: 5);
        _first = _station.Log.Play(_round);
        _station.Rounds.Add(new RoundView { RoundId = _round.RoundId, FirstEntry = (ulong)_first });
        _consortium = Consortium.Connect(new ConsortiumOptions { Address = new Uri(_station.Address), Roster = _members.Roster, Identity = _members.Auditor, Time = TimeProvider.System });
    }

    public async Task DisposeAsync()
    {
        await _consortium.DisposeAsync();
        await _station.DisposeAsync();
        _members.Dispose();
    }

    [Fact]
    public async Task Every_entry_of_a_round_is_in_the_log_and_signed_by_its_sender()
    {
        for (var i = 0; i < _round.Log.Count; i++)
        {
            var report = await Check(_first + i);
            Assert.True(report.InLog);
            Assert.True(report.Signed, report.SignedDetail);
            Assert.Equal(_round.Log[i], report.Logged.Bytes);
            Assert.Equal(report.Logged.Entry!.Sender == 0 ? "the station" : Members.Names[report.Logged.Entry.Sender - 1], report.Sender);
            Assert.NotEmpty(report.Logged.Messages);
        }
    }

    [Fact]
    public async Task Roster_is_signed_by_its_founders_and_a_round_that_is_not_listed_is_not_looked_at()
    {
        Assert.True((await Check(0)).Signed);
        var unlisted = await Check(1);
        Assert.True(unlisted.InLog);
        Assert.Null(unlisted.Signed);
        Assert.Contains("lists no round", unlisted.SignedDetail, StringComparison.Ordinal);
        Assert.Null(await _consortium.CheckEntryAsync(_station.Log.Size).Guard());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(12)]
    public async Task Entry_that_was_changed_after_it_was_hashed_is_not_in_the_log(int at)
    {
        var forged = Entry.Parser.ParseFrom(_round.Log[at]);
        forged.Envelope.Signature = ByteString.CopyFrom([.. forged.Envelope.Signature.Span[..63], (byte)(forged.Envelope.Signature[63] ^ 1)]);
        _station.Log.Forge(_first + at, forged.ToByteArray());

        var report = await Check(_first + at);

        Assert.False(report.InLog);
        Assert.False(report.Signed);
    }

    [Fact]
    public async Task Rejected_message_is_rightly_rejected_or_not()
    {
        var wrong = Entry.Parser.ParseFrom(_round.Log[1]);
        wrong.Envelope.Signature = ByteString.CopyFrom(new byte[64]);
        wrong.Rejection = RejectionCode.BadSignature;
        _station.Log.Forge(_first + 1, wrong.ToByteArray());
        var report = await Check(_first + 1);
        Assert.True(report.RightlyRejected, report.SignedDetail);
        Assert.Null(report.Signed);

        wrong.Rejection = RejectionCode.WrongParty;
        _station.Log.Forge(_first + 1, wrong.ToByteArray());
        Assert.False((await Check(_first + 1)).Signed);
    }

    [Fact]
    public void Leaf_that_is_no_entry_is_said_and_never_thrown()
    {
        Assert.Null(LogLeaf.Read(3, [1, 2, 3]).Entry);
        Assert.Contains("no envelope", LogLeaf.Read(3, []).Problem, StringComparison.Ordinal);
        var garbled = LogLeaf.Read(3, new Entry { Envelope = new Envelope { Kind = MessageKind.Join, Body = ByteString.CopyFrom(0xff, 0xff) } }.ToByteArray());
        Assert.NotNull(garbled.Entry);
        Assert.Empty(garbled.Messages);
        Assert.NotNull(garbled.Problem);
        Assert.Contains("knows no message", LogLeaf.Read(3, new Entry { Envelope = new Envelope { Kind = (MessageKind)99 } }.ToByteArray()).Problem, StringComparison.Ordinal);
        var proposal = LogLeaf.Read(3, _round.Log[0]);
        Assert.IsType<Proposal>(proposal.Messages[0]);
        Assert.Equal("Patients", Assert.IsType<Query>(proposal.Messages[1]).Title);
    }

    [Fact]
    public async Task Report_of_a_round_has_the_values_that_each_step_looked_at_and_tells_how_far_it_is()
    {
        var told = new List<VerificationProgress>();
        var remembered = _consortium.ReadHead(_station.Log.Head.Note);
        _station.Log.Play(new RealRound(_members, DateTimeOffset.UtcNow, n: 6));

        var report = await _consortium.VerifyAsync(_round.RoundId.ToByteArray(), new VerifyWishes { Remembered = remembered, Progress = told.Add }).Guard();

        Assert.True(report.Passed, report.Failure?.Detail);
        Assert.Equal("Patients", report.Title);
        Assert.Equal(Enumerable.Range(_first, _round.Log.Count).Select(i => (long)i), report.Entries);
        Assert.All(report.Steps, step => Assert.NotEmpty(step.Facts));
        var facts = report.Steps.SelectMany(s => s.Facts).ToList();
        Assert.Contains(facts, f => f.Value.StartsWith(_station.Log.Head.Text, StringComparison.Ordinal));
        Assert.Contains(facts, f => f.Name == "Remembered head" && f.Value == $"{remembered.Size} entries");
        Assert.Equal(5, facts.Count(f => f.Name.StartsWith("Charged", StringComparison.Ordinal)));
        Assert.Contains(facts, f => f.Value == PublicBytes.Hex(report.TotalHash));
        Assert.Equal(VerificationSteps.All, told.Select(t => t.Step).Distinct());
        Assert.Contains(new VerificationProgress(VerificationSteps.Messages, _round.Log.Count, _round.Log.Count), told);
        Assert.Equal(new VerificationProgress(VerificationSteps.Total, 5, 5), told.Last(t => t.Step == VerificationSteps.Total));
        Assert.Contains(report.Manifest, f => f is { Name: "MaskedVector.data", Count: 5 } && f.Shortest == f.Longest);
        Assert.Null(report.RefusedField);
    }

    [Fact]
    public async Task Head_of_another_history_fails_the_third_step_with_both_roots()
    {
        var other = Checkpoint.Create(_members.Roster.LogOrigin, 3, new byte[32], _members.Station);
        var report = await _consortium.VerifyAsync(_round.RoundId.ToByteArray(), new VerifyWishes { Remembered = _consortium.ReadHead(other.Note) }).Guard();
        Assert.Equal(VerificationSteps.Consistency, report.Failure?.Name);
        Assert.Equal(PublicBytes.Hex(new byte[32]), report.Expected);
        Assert.Equal(64, report.Found!.Length);

        var beyond = Checkpoint.Create(_members.Roster.LogOrigin, 100_000, new byte[32], _members.Station);
        report = await _consortium.VerifyAsync(_round.RoundId.ToByteArray(), new VerifyWishes { Remembered = beyond }).Guard();
        Assert.Contains("comes with no proof", report.Failure!.Detail, StringComparison.Ordinal);
        // Neither took the place of what the client itself remembers.
        Assert.True((await _consortium.VerifyAsync(_round.RoundId.ToByteArray()).Guard()).Passed);
    }

    [Fact]
    public async Task Bundle_from_elsewhere_is_held_against_a_given_head()
    {
        var bundle = _station.Log.Bundle(_round.RoundId, remembered: 2)!;
        var known = Checkpoint.Create(_members.Roster.LogOrigin, 2, MerkleTree.Root([.. _station.Log.Read(0, 2).Select(l => MerkleTree.LeafHash(l))]), _members.Station);
        Assert.True((await _consortium.VerifyAsync(new MemoryStream(bundle), new VerifyWishes { Remembered = known }).Guard()).Passed);
        bundle[^1] ^= 1;
        var report = await _consortium.VerifyAsync(new MemoryStream(bundle), new VerifyWishes { Remembered = known }).Guard();
        Assert.Equal(VerificationSteps.Total, report.Failure?.Name);
    }

    [Fact]
    public void Note_that_the_station_did_not_sign_is_no_head()
    {
        using var other = IdentityKey.Generate(new SeededRandom(9));
        var forged = Checkpoint.Create(_members.Roster.LogOrigin, 3, new byte[32], other);
        Assert.Throws<TranscriptException>(() => _consortium.ReadHead(forged.Note));
        Assert.Throws<TranscriptException>(() => _consortium.ReadHead("station.example/log\n3\n"));
    }

    private async Task<EntryReport> Check(int index) => (await _consortium.CheckEntryAsync(index).Guard())!;
}
