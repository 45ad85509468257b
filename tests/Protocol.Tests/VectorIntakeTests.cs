using Google.Protobuf;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

public sealed class VectorIntakeTests : IDisposable
{
    private readonly RoundHarness _round = new(Consortium.Of(3), new RoundShape(13, 7), faults: [new Fault(0, FaultKind.NoVector, MessageKind.Input)]);

    public VectorIntakeTests()
    {
        // The header of party 0 is there, its vector is not.
        _round.RunThrough(MessageKind.Shared);
    }

    private byte[] Vector => _round.Parties[0].SentVector!.ToArray();

    public void Dispose() => _round.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(12)]
    [InlineData(100)]
    public void Vector_in_parts_of_any_size_is_complete_at_its_last_byte(int part)
    {
        using var intake = Begin();
        Assert.Equal((0u, 12L), (intake.Party, intake.Length));
        foreach (var chunk in Vector.Chunk(part)) Assert.True(intake.TryAppend(chunk));
        Assert.True(intake.TryAppend([]));
        Assert.Equal(12, intake.Received);
        Assert.True(intake.Complete());
    }

    [Fact]
    public void Vector_that_is_short_is_not_complete()
    {
        using var intake = Begin();
        Assert.True(intake.TryAppend(Vector.AsSpan(0, 11)));
        Assert.False(intake.Complete());
    }

    [Fact]
    public void Part_that_is_too_much_is_not_taken()
    {
        using var intake = Begin();
        Assert.False(intake.TryAppend(new byte[13]));
        Assert.True(intake.TryAppend(Vector));
        Assert.False(intake.TryAppend([0]));
        Assert.True(intake.Complete());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    [InlineData(95)]
    public void Vector_with_one_bit_flipped_is_not_the_signed_one(int bit)
    {
        var wrong = Vector;
        wrong[bit / 8] ^= (byte)(1 << (bit % 8));
        using var intake = Begin();
        Assert.True(intake.TryAppend(wrong));
        Assert.False(intake.Complete());
    }

    [Fact]
    public void Padding_must_be_zero_though_the_digest_fits()
    {
        var padded = Vector;
        padded[^1] |= 0x80;
        using var digest = Digests.BeginVector(_round.Station.Record.Contexts.Context2, 0, _round.Shape);
        using var intake = new VectorIntake(_round.Station.Record, _round.Shape, 0, digest.Append(padded).Finish());
        Assert.True(intake.TryAppend(padded));
        Assert.False(intake.Complete());
    }

    [Fact]
    public void Vector_counts_once_it_is_stored_and_is_not_asked_for_again()
    {
        Assert.True(_round.Station.Vector(0, Vector));
        Assert.Null(_round.Station.Round.BeginVector(0));
        Assert.Null(_round.Station.Round.BeginVector(99));
        Assert.False(_round.Station.Round.MarkVectorStored(99));
        _round.Run();
        Assert.Equal([0u, 1u, 2u], _round.Station.Round.Survivors);
    }

    [Fact]
    public void Vector_before_its_header_is_not_taken()
    {
        using var round = new RoundHarness(Consortium.Of(3), new RoundShape(13, 7), faults: [new Fault(0, FaultKind.Silent, MessageKind.Input)]);
        round.RunThrough(MessageKind.Shared);
        Assert.Null(round.Station.Round.BeginVector(0));
        Assert.False(round.Station.Round.MarkVectorStored(0));
    }

    private VectorIntake Begin() => _round.Station.Round.BeginVector(0)!;
}
