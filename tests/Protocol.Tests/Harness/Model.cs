using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>What a round must come to, from its faults alone: a dozen lines that know nothing of keys, masks or shares.</summary>
internal sealed record Outcome(IReadOnlyList<uint> Survivors, AbortReason Reason)
{
    public static Outcome Of(Roster roster, IReadOnlyList<Fault> faults)
    {
        var all = roster.Parties.Select(p => p.Index).ToList();
        var joined = all.Where(p => Says(p, MessageKind.Join) && !Any(p, FaultKind.Declines)).ToList();
        var u1 = joined.Where(p => Says(p, MessageKind.Advertise)).ToList();
        if (Broken(u1.Count)) return Aborted(Broken(joined.Count) ? AbortReason.TooFewJoined : AbortReason.TooFewKeys);
        var t = Threshold(u1.Count);
        var u2 = u1.Where(p => Says(p, MessageKind.Share)).ToList();
        if (u2.Count < t) return Aborted(AbortReason.TooFewShares);
        var u3 = u2.Where(p => Says(p, MessageKind.Input) && !Any(p, FaultKind.NoVector, FaultKind.LateVector, FaultKind.HalfVector)).ToList();
        if (u3.Count < t) return Aborted(AbortReason.TooFewInputs);
        if (u3.Count(p => Says(p, MessageKind.Agree)) < t) return Aborted(AbortReason.TooFewAgreements);
        var unmasked = u3.Where(p => Says(p, MessageKind.Unmask)).ToList();
        if (unmasked.Count < u3.Count && unmasked.Count(p => Says(p, MessageKind.Recover)) < Math.Max(2, t - 1)) return Aborted(AbortReason.Unrecoverable);
        return new Outcome(u3, AbortReason.Unspecified);

        int Threshold(int n) => Math.Max(((n + roster.MaxColluders) / 2) + 1, roster.MinSurvivors);
        bool Broken(int n) => Threshold(n) > n || Threshold(n) - roster.MaxColluders < roster.MinHonest;
        bool Any(uint party, params FaultKind[] kinds) => faults.Any(f => f.Party == party && kinds.Contains(f.Kind));
        bool Says(uint party, MessageKind kind) => !faults.Any(f =>
            f.Party == party && f.Kind == FaultKind.Silent && Fault.Said.ToList().IndexOf(f.At) <= Fault.Said.ToList().IndexOf(kind));
    }

    /// <summary>Holds a round that has been played against what it must have come to.</summary>
    /// <param name="harness">The round.</param>
    /// <param name="refusals">Codes with which parties may have left, besides that of those who declined or came too late.</param>
    public void Check(RoundHarness harness, IEnumerable<RefusalCode>? refusals = null)
    {
        var round = harness.Station.Round;
        if (Reason != AbortReason.Unspecified)
        {
            Assert.Equal(RoundState.Aborted, round.State);
            Assert.Equal(Reason, round.Abort!.Reason);
            Assert.Null(round.Total);
            return;
        }

        Assert.True(round.State == RoundState.Done, $"The round was aborted: {round.Abort}");
        Assert.Equal(Survivors, round.Total!.Survivors);
        using var expected = harness.Expected(Survivors);
        Assert.Equal(expected.Pack(), round.Total.Packed.ToByteArray());
        foreach (var party in harness.Parties.Values.Where(p => p.Refusal != RefusalCode.Unspecified))
        {
            Assert.Contains(party.Refusal, refusals ?? [RefusalCode.Policy, RefusalCode.SurvivorSet]);
        }
    }

    private static Outcome Aborted(AbortReason reason) => new([], reason);
}
