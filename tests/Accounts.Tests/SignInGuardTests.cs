using SecureAggregation.Testing;

namespace SecureAggregation.Accounts.Tests;

public class SignInGuardTests
{
    [Fact]
    public void Waits_double_after_the_fifth_failure_up_to_a_quarter_of_an_hour()
    {
        var time = new ManualTimeProvider();
        var guard = new SignInGuard(time);
        for (var i = 0; i < 4; i++) guard.Failed("ada");
        Assert.Equal(TimeSpan.Zero, guard.Wait("ada"));
        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900 })
        {
            guard.Failed("ADA");
            Assert.Equal(TimeSpan.FromSeconds(seconds), guard.Wait("ada"));
            Assert.Equal(TimeSpan.Zero, guard.Wait("bob"));
            time.Advance(TimeSpan.FromSeconds(seconds));
            Assert.Equal(TimeSpan.Zero, guard.Wait("ada"));
        }
    }

    [Fact]
    public void Success_and_an_hour_forget()
    {
        var time = new ManualTimeProvider();
        var guard = new SignInGuard(time);
        for (var i = 0; i < 5; i++) guard.Failed("ada");
        guard.Passed("ada");
        guard.Failed("ada");
        Assert.Equal(TimeSpan.Zero, guard.Wait("ada"));
        for (var i = 0; i < 4; i++) guard.Failed("ada");
        Assert.NotEqual(TimeSpan.Zero, guard.Wait("ada"));
        time.Advance(TimeSpan.FromMinutes(61));
        guard.Failed("ada");
        Assert.Equal(TimeSpan.Zero, guard.Wait("ada"));
    }

    [Fact]
    public void Flood_of_names_is_bounded()
    {
        var time = new ManualTimeProvider();
        var guard = new SignInGuard(time);
        for (var i = 0; i < 10_050; i++)
        {
            guard.Failed("name" + i);
            if (i % 100 == 0) time.Advance(TimeSpan.FromSeconds(1));
        }

        for (var i = 0; i < 5; i++) guard.Failed("ada");
        Assert.NotEqual(TimeSpan.Zero, guard.Wait("ada"));
    }

    [Fact]
    public void Flood_of_other_names_does_not_wash_away_a_name_that_is_guessed_at()
    {
        var time = new ManualTimeProvider();
        var guard = new SignInGuard(time);
        for (var i = 0; i < 12; i++) guard.Failed("ada");
        for (var i = 0; i < 10_050; i++)
        {
            guard.Failed("name" + i);
            if (i % 100 == 0) time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.NotEqual(TimeSpan.Zero, guard.Wait("ada"));
    }

    [Fact]
    public void Name_that_nobody_can_have_takes_no_memory()
    {
        var guard = new SignInGuard(new ManualTimeProvider());
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 200; i++) guard.Failed(new string('a', 500_000) + i);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 20_000_000);
    }
}
