using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

public sealed class AdditiveSharingTests
{
    [Fact]
    public void Shares_sum_to_the_value_and_the_value_stays_as_it_was() => Property.Holds(TestData.Randoms, random =>
    {
        using var value = new RingVector(8 + random.Next(57), 1 + random.Next(50));
        value.FillRandom(random);
        using var before = value.Clone();
        var shares = AdditiveSharing.Split(value, 2 + random.Next(6), random);
        using var sum = AdditiveSharing.Combine(shares);
        return sum.FixedTimeEquals(value) && value.FixedTimeEquals(before);
    });

    [Fact]
    public void Shares_but_one_do_not_depend_on_the_value()
    {
        using var zero = new RingVector(20, 10);
        using var other = new RingVector(20, 10);
        other.FillRandom(new SeededRandom(1));
        var ofZero = AdditiveSharing.Split(zero, 3, new SeededRandom(2));
        var ofOther = AdditiveSharing.Split(other, 3, new SeededRandom(2));
        Assert.True(ofZero[0].FixedTimeEquals(ofOther[0]));
        Assert.True(ofZero[1].FixedTimeEquals(ofOther[1]));
        Assert.False(ofZero[2].FixedTimeEquals(ofOther[2]));
    }

    [Fact]
    public void Too_few_shares_are_refused()
    {
        using var value = new RingVector(20, 10);
        Assert.Throws<ArgumentOutOfRangeException>(() => AdditiveSharing.Split(value, 1, new SeededRandom(1)));
        Assert.Throws<ArgumentException>(() => AdditiveSharing.Combine([]));
    }
}
