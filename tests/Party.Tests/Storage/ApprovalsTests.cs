using System.Security.Cryptography;
using SecureAggregation.Party.Storage;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Storage;

public sealed class ApprovalsTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly OutpostStore _store;
    private readonly Approvals _approvals;

    public ApprovalsTests()
    {
        _store = OutpostStore.Open(_scratch.Folder);
        _approvals = new Approvals(_store, _clock);
    }

    public void Dispose()
    {
        _store.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void Question_waits_until_as_many_different_persons_have_agreed_as_it_needs()
    {
        Assert.Null(_approvals.Find(Id(1)));
        Assert.True(_approvals.TryStore(Asked(1, needed: 2)));
        Assert.Equal(ApprovalState.Waiting, State(1));
        Assert.Null(_approvals.Vote(Id(1), Yes("Ada")));
        Assert.Equal(ApprovalState.Waiting, State(1));
        Assert.Contains("2 different persons", _approvals.Vote(Id(1), Yes("ada")), StringComparison.Ordinal);
        Assert.Equal(ApprovalState.Waiting, State(1));
        Assert.Null(_approvals.Vote(Id(1), Yes("Grace")));
        Assert.Equal(ApprovalState.Accepted, State(1));
        Assert.Contains("all the approvals", _approvals.Vote(Id(1), Yes("Joan")), StringComparison.Ordinal);
        Assert.Equal(["Ada", "Grace"], _approvals.Votes(Id(1)).Select(v => v.Approver));
        Assert.All(_approvals.Votes(Id(1)), v => Assert.True(v.Accepted));
    }

    [Fact]
    public void One_person_who_says_no_ends_it_also_after_a_yes()
    {
        _approvals.TryStore(Asked(1, needed: 2));
        _approvals.Vote(Id(1), Yes("Ada"));
        Assert.Null(_approvals.Vote(Id(1), Yes("Ada") with { Accepted = false, Reason = "too much" }));
        Assert.Equal(ApprovalState.Rejected, State(1));
        Assert.Contains("rejected before", _approvals.Vote(Id(1), Yes("Grace")), StringComparison.Ordinal);
        Assert.Equal("too much", _approvals.Votes(Id(1)).Single().Reason);
    }

    [Fact]
    public void Question_whose_time_is_over_cannot_be_approved_and_makes_room()
    {
        for (byte i = 1; i <= Approvals.MostWaiting; i++) Assert.True(_approvals.TryStore(Asked(i)));
        Assert.False(_approvals.TryStore(Asked(200)));
        Assert.True(_approvals.TryStore(Asked(1)));
        Assert.True(_approvals.TryStore(Asked(201) with { Coordinator = "Moon" }));
        _approvals.Vote(Id(2), Yes("Ada"));
        Assert.True(_approvals.TryStore(Asked(202)));
        _clock.Advance(TimeSpan.FromHours(2));
        Assert.Contains("time is over", _approvals.Vote(Id(3), Yes("Ada")), StringComparison.Ordinal);
        Assert.True(_approvals.TryStore(Asked(203) with { NotAfterMs = Now + 1000 }));
        // What a person has looked at is kept.
        Assert.Equal([PublicHex(2), PublicHex(203)], _approvals.List().Select(a => Convert.ToHexStringLower(a.QueryHash)));
    }

    [Fact]
    public void Command_writes_while_the_outpost_has_the_state_open()
    {
        _approvals.TryStore(Asked(1));
        using (var beside = OutpostStore.OpenBeside(_scratch.Folder))
        {
            Assert.Null(new Approvals(beside, _clock).Vote(Id(1), Yes("Ada")));
            Assert.Equal("there is no such question", new Approvals(beside, _clock).Vote(Id(9), Yes("Ada")));
        }

        Assert.Equal(ApprovalState.Accepted, State(1));
    }

    private static byte[] Id(byte n) => SHA256.HashData([n]);

    private static string PublicHex(byte n) => Convert.ToHexStringLower(Id(n));

    private static ApprovalVote Yes(string name) => new() { Approver = name, Account = "outpost", Accepted = true };

    private long Now => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    private ApprovalState State(byte n) => _approvals.Find(Id(n))!.StateAt(Now);

    private Approval Asked(byte n, int needed = 1) => new()
    {
        QueryHash = Id(n), Body = [n], Signature = [n], Coordinator = "Earth", CostMicro = 1, Needed = needed, NotAfterMs = Now + 3_600_000,
    };
}
