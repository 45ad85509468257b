using Google.Protobuf;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Fuzz.Targets;

/// <summary>Messages of the services, with something in every field that a reader looks at.</summary>
internal static class Views
{
    private static readonly ByteString s_id = ByteString.CopyFrom(new byte[16]);

    public static IEnumerable<IMessage> All()
    {
        var query = new SignedQuery { Body = Round.Consortium.Query(1).ToByteString(), Signature = ByteString.CopyFrom(new byte[64]) };
        return
        [
            .. Frames(), query, new SubmitQueryRequest { Query = query, DeadlineMs = 1000 }, new PlanQueryRequest { Query = query }, new GetRoundRequest { RoundId = s_id },
            new StationFrame { Plan = new PlanRequest { PlanId = s_id, Query = query, Invited = 4 } },
            new StationFrame { Welcome = new Welcome { RosterHash = ByteString.CopyFrom(Round.Consortium.Roster.Hash), Software = "secagg/0.1", TimeMs = 1, Cosigned = "secagg\n1\n" } },
            new StationFrame { Publication = Round.All[0].Publication(1) },
            .. Round.All[0].Broadcasts.Take(12).Select(b => new StationFrame { Broadcast = b.Broadcast }),
            new RoundView
            {
                RoundId = s_id, QueryId = s_id, Title = "A question", Dataset = "visits", Coordinator = "coordinator", EpsilonMicro = 500_000, Noise = QueryNoise.Local,
                State = RoundState.Done, Phase = RoundPhase.Publish, StartedMs = 1, FinishedMs = 2, FirstEntry = 3, LastEntry = 40, Bits = 19, Length = 9,
                Parties = { new RoundPartyView { Index = 1, Name = "party-1", State = PartyState.Done, Marks = { new PhaseMark { Phase = RoundPhase.Input, AtMs = 5, Bytes = 9 } } } },
                Statistics = { new StatisticView { Name = "mean(age)", Kind = "mean", Column = "age", Value = 41.5, Low = 40, High = double.NaN, Confidence = 0.95, BoundLow = -0.0 } },
            },
            new ConsortiumView
            {
                Name = "Test", Epoch = 1, Roster = ByteString.CopyFrom(Round.Consortium.Roster.Signed), Quorum = 3, Head = new LogHead { Size = 4, Root = s_id },
                Outposts = { new OutpostView { Index = 1, Name = "party-1", Online = true, Datasets = { new DatasetView { Name = "visits", Schema = s_id, Version = 1 } } } },
            },
        ];
    }

    public static IEnumerable<PartyFrame> Frames() =>
    [
        new() { Hello = new Hello { RosterHash = ByteString.CopyFrom(Round.Consortium.Roster.Hash), Software = "secagg/0.1", HeadSize = 12, Datasets = { new DatasetOffer { Name = "visits", Schema = s_id, Version = 2 } } } },
        new() { Heartbeat = new Heartbeat { TimeMs = 1_767_225_600_000 } },
        new() { Cosign = new Cosign { RoundId = s_id, Size = 12, Root = ByteString.CopyFrom(new byte[32]), Signature = ByteString.CopyFrom(Consortium.PartyKey(1).Sign(new byte[32])) } },
        new() { Plan = new PlanReply { PlanId = s_id, Answer = new PlanAnswer { CostMicro = 5, Overlap = 1, Budgets = { new BudgetLeft { Scope = BudgetScope.Dataset, LeftMicro = 4, CapMicro = 9 } } } } },
    ];
}
