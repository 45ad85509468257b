using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>A set of faults with a name, for theories.</summary>
public sealed record FaultCase
{
    internal FaultCase(string name, IReadOnlyList<Fault> faults)
    {
        Name = name;
        Faults = faults;
    }

    public string Name { get; }

    internal IReadOnlyList<Fault> Faults { get; }

    public override string ToString() => Name;

    internal static FaultCase Silent(MessageKind from, uint party) => new($"silent from {from}", [new Fault(party, FaultKind.Silent, from)]);
}
