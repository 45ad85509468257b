using SecureAggregation.Party.Link;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Link;

public sealed class BackoffTests
{
    [Fact]
    public void Waits_double_up_to_the_limit_with_jitter_in_the_upper_half_and_begin_anew_after_success()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), new SeededRandom(1));
        foreach (var ceiling in new[] { 1, 2, 4, 8, 10, 10 }) Assert.InRange(backoff.Next().TotalSeconds, ceiling / 2.0, ceiling);
        backoff.Reset();
        Assert.InRange(backoff.Next().TotalSeconds, 0.5, 1);
    }

    [Fact]
    public void Outposts_do_not_come_back_together()
    {
        var waits = Enumerable.Range(0, 50)
            .Select(i => new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), new SeededRandom((ulong)i)).Next()).ToList();
        Assert.True(waits.Distinct().Count() > 40);
    }
}
