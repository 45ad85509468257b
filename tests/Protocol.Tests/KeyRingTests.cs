using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

public sealed class KeyRingTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Key_is_used_again_until_it_is_as_old_as_it_may_be()
    {
        using var ring = new KeyRing(TimeSpan.FromMinutes(30));
        using var first = ring.Take(s_start);
        using var second = ring.Take(s_start.AddMinutes(30).AddTicks(-1));
        using var third = ring.Take(s_start.AddMinutes(30));
        Assert.Equal(first.PublicKey, second.PublicKey);
        Assert.NotEqual(first.PublicKey, third.PublicKey);
        Assert.Equal(s_start + Limits.KeyLife, first.NotAfter);
        Assert.Equal(s_start.AddMinutes(30) + Limits.KeyLife, third.NotAfter);
    }

    [Fact]
    public void Key_of_no_life_is_new_in_every_round()
    {
        using var ring = new KeyRing(TimeSpan.Zero);
        using var first = ring.Take(s_start);
        using var second = ring.Take(s_start);
        Assert.NotEqual(first.PublicKey, second.PublicKey);
    }

    [Fact]
    public void Key_may_not_live_longer_than_an_hour() =>
        Assert.Contains("hour", Assert.Throws<ArgumentOutOfRangeException>(() => new KeyRing(Limits.KeyLife + TimeSpan.FromTicks(1))).Message, StringComparison.Ordinal);

    [Fact]
    public void Agreement_is_made_once_for_a_peer_and_is_that_of_both()
    {
        using var ring = new KeyRing(Limits.KeyLife);
        using var peer = AgreementKey.Generate();
        using var first = ring.Take(s_start);
        using var second = ring.Take(s_start);
        var secret = first.Agree(peer.PublicKey);
        Assert.Same(secret, second.Agree([.. peer.PublicKey]));
        using var theirs = peer.Agree(first.PublicKey);
        Assert.True(secret.FixedTimeEquals(theirs.Span));
    }

    [Fact]
    public void Agreement_that_many_threads_ask_for_is_made_once()
    {
        using var ring = new KeyRing(Limits.KeyLife);
        using var peer = AgreementKey.Generate();
        using var lease = ring.Take(s_start);
        var secrets = new SecretBytes[32];
        Parallel.For(0, secrets.Length, i => secrets[i] = lease.Agree([.. peer.PublicKey]));
        Assert.All(secrets, s => Assert.Same(secrets[0], s));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Agreements_of_a_new_key_are_prepared_with_the_keys_that_others_still_have(int cores)
    {
        using var ring = new KeyRing(TimeSpan.FromMinutes(30));
        using var key1 = AgreementKey.Generate();
        using var key2 = AgreementKey.Generate();
        using var key3 = AgreementKey.Generate();
        Assert.Equal(0, ring.Prepare(s_start, cores));
        ring.Saw(1, key1.PublicKey, s_start.AddHours(2));
        ring.Saw(2, key1.PublicKey, s_start.AddHours(2));
        ring.Saw(2, key2.PublicKey, s_start.AddHours(2));
        ring.Saw(3, key3.PublicKey, s_start.AddMinutes(10));
        using var lease = ring.Take(s_start.AddMinutes(40));
        Assert.Equal(2, ring.Prepare(s_start.AddMinutes(40), cores));
        using var theirs = key2.Agree(lease.PublicKey);
        Assert.True(lease.Agree(key2.PublicKey).FixedTimeEquals(theirs.Span));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Round_remembers_the_keys_of_all_others(int cores)
    {
        using var ring = new KeyRing(Limits.KeyLife);
        using var round = new RoundHarness(Consortium.Of(5), new RoundShape(16, 8))
        {
            OnSetup = s => s.Index == 2 ? s with { Keys = ring, Cores = cores } : s,
        };
        round.Run();
        Assert.Equal(RoundState.Done, round.Station.Round.State);
        Assert.Equal(4, ring.Prepare(round.Now));
    }

    [Fact]
    public void Key_lives_while_a_round_holds_it_and_is_erased_with_its_agreements_after_the_last()
    {
        var ring = new KeyRing(TimeSpan.Zero);
        using var peer = AgreementKey.Generate();
        var held = ring.Take(s_start);
        var secret = held.Agree(peer.PublicKey);
        using var newer = ring.Take(s_start.AddMinutes(1));
        Assert.Equal(32, secret.Span.Length);
        held.Dispose();
        Assert.Throws<ObjectDisposedException>(() => secret.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => held.PublicKey);
        held.Dispose();

        var current = newer.Agree(peer.PublicKey);
        ring.Dispose();
        Assert.Equal(32, current.Span.Length);
        newer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => current.Span.Length);
    }
}
