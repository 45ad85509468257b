using FsCheck;
using FsCheck.Fluent;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests;

/// <summary>Rounds with any faults at all: the total is the plain sum of the survivors, or there is none and the reason is right.</summary>
public sealed class RoundPropertyTests
{
    private static readonly FaultKind[] s_kinds = Enum.GetValues<FaultKind>();

    /// <summary>A round of 3 to 9 parties with up to six faults; shrinking takes faults away.</summary>
    private static Arbitrary<Case> Cases => Arb.From(
        from parties in Gen.Choose(3, 9)
        from bits in Gen.Choose(8, 64)
        from length in Gen.Choose(1, 12)
        from seed in Gen.Choose(1, int.MaxValue)
        from restart in Gen.Frequency((4, Gen.Constant(false)), (1, Gen.Constant(true)))
        from faults in Gen.Choose(0, 6).SelectMany(n => Gen.ArrayOf(FaultIn(parties), n))
        select new Case(parties, new RoundShape(bits, length), (ulong)seed, restart, faults),
        c => c.Faults.Select((_, i) => c with { Faults = [.. c.Faults.Where((_, j) => j != i)] }));

    [Fact]
    public void Round_with_any_faults_opens_the_plain_sum_of_the_survivors_or_stops_with_the_reason() =>
        Testing.Property.Holds(
            Cases,
            c =>
            {
                RoundTests.Play(c.Parties, c.Shape, c.Faults, c.Seed, c.Restart);
                return true;
            },
            cases: 120);

    private static Gen<Fault> FaultIn(int parties) =>
        from party in Gen.Choose(0, parties - 1)
        from kind in Gen.Frequency((3, Gen.Constant(FaultKind.Silent)), (4, Gen.Elements(s_kinds)))
        from at in Gen.Elements<Wire.MessageKind>(kind == FaultKind.LostStream ? Fault.Heard : Fault.Said)
        select new Fault((uint)party, kind, kind == FaultKind.Declines ? Wire.MessageKind.Join : at);

    private sealed record Case(int Parties, RoundShape Shape, ulong Seed, bool Restart, Fault[] Faults)
    {
        public override string ToString() => $"{Parties} parties, {Shape}, seed {Seed}, restart {Restart}: {string.Join("; ", Faults.AsEnumerable())}";
    }
}
