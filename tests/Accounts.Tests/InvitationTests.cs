using System.Security.Cryptography;
using SecureAggregation.Testing;

namespace SecureAggregation.Accounts.Tests;

public sealed class InvitationTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly RandomNumberGenerator _random = new SeededRandom(11);

    public void Dispose() => _random.Dispose();

    [Fact]
    public void Code_is_good_once_and_for_a_day()
    {
        var invitations = new Invitations(_random, _time);
        var used = invitations.Issue([Role.Auditor], "test");
        var old = invitations.Issue([Role.Admin], "test");
        Assert.Equal([Role.Auditor], invitations.Find(used)!.Roles);
        Assert.True(invitations.TryUse(used));
        Assert.False(invitations.TryUse(used));
        Assert.Null(invitations.Find(used));
        _time.Advance(Invitations.Life);
        Assert.Null(invitations.Find(old));
        Assert.False(invitations.TryUse(old));
    }

    [Fact]
    public void Only_the_whole_code_is_good()
    {
        var invitations = new Invitations(_random, _time);
        var code = invitations.Issue([Role.Admin], "test");
        Assert.Equal(43, code.Length);
        foreach (var wrong in new[] { "", code[..42], code + "A", code[..42] + "~", new string('A', 43), new string('A', 10_000) })
            Assert.Null(invitations.Find(wrong));
        Assert.NotNull(invitations.Find(code));
    }

    [Fact]
    public void Codes_do_not_pile_up()
    {
        var invitations = new Invitations(_random, _time);
        for (var i = 0; i < 1000; i++) invitations.Issue([Role.Auditor], "test");
        Assert.Throws<AccountException>(() => invitations.Issue([Role.Auditor], "test"));
        _time.Advance(Invitations.Life);
        invitations.Issue([Role.Auditor], "test");
    }
}
