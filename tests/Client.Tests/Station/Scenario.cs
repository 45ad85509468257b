using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Testing;

/// <summary>Views as a station would show them: the contract's messages, made up.</summary>
public sealed class Scenario(Members members, DateTimeOffset now)
{
    public Members Members => members;

    public ulong Ago(double seconds) => (ulong)now.AddSeconds(-seconds).ToUnixTimeMilliseconds();

    public ConsortiumView Consortium(params string[] offline)
    {
        var view = new ConsortiumView
        {
            Name = members.Roster.Consortium, Epoch = 1, Roster = ByteString.CopyFrom(members.Roster.Signed), Quorum = 4, StationSoftware = "station 0.1.0",
            TimeMs = Ago(0), StartedMs = Ago(7_900), Head = Head(412, 5),
        };
        view.Outposts.Add(SecureAggregation.Testing.Members.Names.Select((name, i) => Outpost((uint)i, !offline.Contains(name))));
        view.Alerts.Add(Alert($"offline/{Convert.ToHexStringLower(Id(3).Span)}/Callisto", Severity.Warning, "Callisto vanished after it had shared its keys; the round went on without it.", 260, "Callisto", Id(3)));
        view.Alerts.Add(Alert($"aborted/{Convert.ToHexStringLower(Id(2).Span)}", Severity.Warning, "\"Resting blood pressure\" was aborted: only 3 of 5 outposts shared their keys; the round needs 4.", 900, round: Id(2)));
        return view;
    }

    private static readonly ByteString s_schema = ByteString.CopyFrom(new DatasetSchema("patients", "Visits since 2020", RowRule.OneRowPerPerson,
    [
        new("age", ColumnType.Integer) { Unit = "years", Low = 0, High = 90 },
        new("cholesterol", ColumnType.Integer) { Unit = "mg/dl", Low = 80, High = 620 },
        new("sex", ColumnType.Category) { Categories = ["female", "male"] },
    ]).Encode());

    public OutpostView Outpost(uint index, bool online) => new()
    {
        Index = index, Name = SecureAggregation.Testing.Members.Names[index], Online = online, LastSeenMs = Ago(online ? 1 + index : 340), ConnectedSinceMs = online ? Ago(7_000) : 0,
        Software = "outpost 0.1.0", KeyFingerprint = members.Parties[(int)index].Public.Fingerprint, RoundsJoined = 11 - (index / 2), RoundsDropped = index == 4 ? 2u : 0,
        Datasets = { new DatasetView { Name = "patients", Schema = s_schema } },
        Spans = { Spans(index, online) }, ClockAheadMs = index == 3 ? -2_400 : 35 * (int)index, Budgets = { Budgets(index) }, BudgetsAtMs = Ago(index == 1 ? 3_600 : 90),
    };

    /// <summary>Connected for most of a day; the later an outpost in the roster, the more often it was gone.</summary>
    private IEnumerable<OnlineSpan> Spans(uint index, bool online)
    {
        const double from = 86_000, until = 7_000, gap = 600;
        var each = (from - until) / (index + 1);
        for (var i = 0; i <= index; i++) yield return new OnlineSpan { FromMs = Ago(from - (each * i)), ToMs = Ago(from - (each * (i + 1)) + gap) };
        yield return new OnlineSpan { FromMs = Ago(until), ToMs = online ? 0 : Ago(340) };
    }

    /// <summary>As its outpost would tell, and no less spent than the history's rounds charge: much is left at Mars, nothing at the last of the roster.</summary>
    private IEnumerable<BudgetLine> Budgets(uint index)
    {
        ulong[] left = [19_500_000, 16_000_000, 9_500_000, 3_000_000, 0];
        yield return new BudgetLine { Dataset = "patients", Scope = BudgetScope.Dataset, CapMicro = 40_000_000, LeftMicro = left[index] };
        yield return new BudgetLine
        {
            Dataset = "patients", Scope = BudgetScope.Coordinator, Subject = members.Coordinator.Public.Fingerprint, CapMicro = 30_000_000, LeftMicro = left[index] - Math.Min(left[index], 10_000_000),
        };
        if (index < 2) yield return new BudgetLine { Dataset = "patients", Scope = BudgetScope.Study, Subject = "Heart 2026", CapMicro = 5_000_000, LeftMicro = 3_500_000 };
    }

    public LogHead Head(ulong size, uint cosignatures) => new()
    {
        Size = size, Root = ByteString.CopyFrom([.. Enumerable.Range(0, 32).Select(i => (byte)(((i * 37) + (int)size) % 256))]), TimeMs = Ago(4), Cosignatures = cosignatures,
    };

    public AlertView Alert(string id, Severity severity, string text, double ago, string outpost = "", ByteString? round = null) =>
        new() { Id = id, Severity = severity, Text = text, TimeMs = Ago(ago), FirstMs = Ago(ago + 1_800), Count = 3, Outpost = outpost, RoundId = round ?? ByteString.Empty };

    public static ByteString Id(int n) => ByteString.CopyFrom([.. Enumerable.Range(0, 16).Select(i => (byte)(((n * 41) + (i * 17) + (n * i)) % 256))]);

    public RoundView Running(int n = 9, RoundPhase phase = RoundPhase.Input, double phaseAge = 4, double phaseLength = 20)
    {
        var round = Base(n, "Blood pressure by decade", 12);
        (round.State, round.Phase, round.PhaseStartedMs, round.PhaseDeadlineMs) = (RoundState.Running, phase, Ago(phaseAge), Ago(phaseAge - phaseLength));
        round.FinishedMs = 0;
        Mark(round, phase, round.PhaseStartedMs, slow: 2);
        foreach (var party in round.Parties) party.State = PartyState.Active;
        return round;
    }

    public RoundView Done(int n, string title, double ago, params StatisticView[] statistics)
    {
        var round = Base(n, title, ago);
        (round.State, round.Phase, round.FinishedMs) = (RoundState.Done, RoundPhase.Publish, Ago(ago - 3.4));
        Mark(round, RoundPhase.Unspecified, round.FinishedMs, slow: -1);
        foreach (var party in round.Parties) (party.State, party.ChargedMicro) = (PartyState.Done, round.EpsilonMicro);
        round.Statistics.Add(statistics);
        (round.FirstEntry, round.LastEntry, round.Cosignatures) = (370, 411, 5);
        return round;
    }

    public RoundView DoneWithout(int n, string title, double ago, uint lost, params StatisticView[] statistics)
    {
        var round = Done(n, title, ago, statistics);
        var party = round.Parties[(int)lost];
        (party.State, party.Reason) = (PartyState.Dropped, "the stream was lost");
        party.ChargedMicro = 0;
        while (party.Marks.Count > 3) party.Marks.RemoveAt(party.Marks.Count - 1);
        return round;
    }

    /// <summary>A round that an outpost had no budget left for.</summary>
    public RoundView DoneUnlessDeclined(int n, string title, double ago, uint declined, RefusalCode refusal = RefusalCode.Budget, params StatisticView[] statistics)
    {
        var round = Done(n, title, ago, statistics);
        var party = round.Parties[(int)declined];
        (party.State, party.Refusal, party.Reason, party.ChargedMicro) = (PartyState.Declined, refusal, refusal.ToString(), 0);
        while (party.Marks.Count > 1) party.Marks.RemoveAt(1);
        return round;
    }

    public RoundView Aborted(int n, string title, double ago)
    {
        var round = Base(n, title, ago);
        (round.State, round.Phase, round.FinishedMs) = (RoundState.Aborted, RoundPhase.Share, Ago(ago - 21));
        round.Failure = "Only 3 of 5 outposts shared their keys; the round needs 4. Titan and Europa did not answer within 20 s.";
        Mark(round, RoundPhase.Share, round.FinishedMs, slow: 0);
        foreach (var party in round.Parties) party.State = PartyState.Active;
        foreach (var i in new[] { 1, 2 })
        {
            (round.Parties[i].State, round.Parties[i].Reason) = (PartyState.Dropped, "no answer within 20 s");
            while (round.Parties[i].Marks.Count > 2) round.Parties[i].Marks.RemoveAt(2);
        }

        return round;
    }

    public static StatisticView Number(string kind, string column, double value, double half, string unit = "", string group = "", string bin = "", string withheld = "") => new()
    {
        Name = (column.Length == 0 ? kind : $"{kind}({column})") + bin + (group.Length == 0 ? "" : $"{{{group}}}"), Kind = kind, Column = column, Value = value, Low = value - half, High = value + half, Unit = unit, Group = group, Bin = bin,
        Confidence = 0.95, EpsilonMicro = 250_000, Contributors = 5, Withheld = withheld, Method = "exact quantiles of the summed discrete Laplace noise",
    };

    public static StatisticView[] Ages() =>
    [
        Number("count", "", 920.0, 9.4),
        Number("mean", "age", 53.5109, 0.4123, "years"),
        Number("count", "", 726, 9.4, group: "sex=male"),
        Number("count", "", 194, 9.4, group: "sex=female"),
        .. new[] { 4, 42, 154, 285, 301, 112, 22 }.Select((n, i) => Number("histogram", "age", n, 11.2, bin: $"[{20 + (i * 10)},{30 + (i * 10)})")),
    ];

    public IReadOnlyList<RoundView> History()
    {
        var rounds = new List<RoundView>
        {
            Done(1, "Patients, age and sex", 200, Ages()),
            DoneWithout(3, "Cholesterol by sex", 300, 4,
                Number("mean", "cholesterol", 246.6, 5.9, "mg/dl", "sex=male"), Number("mean", "cholesterol", 264.8, 14.2, "mg/dl", "sex=female")),
            Aborted(2, "Resting blood pressure", 700),
            DoneUnlessDeclined(4, "Patients by outcome", 1_100, 4, RefusalCode.Budget, Number("count", "", 409, 9.4)),
        };
        for (var i = 0; i < 17; i++)
        {
            rounds.Add(i % 7 == 5 ? Aborted(20 + i, "Smokers by decade", 1500 + (i * 900)) : Done(20 + i, i % 2 == 0 ? "Patients by outcome" : "Maximum heart rate", 1500 + (i * 900), Number("count", "", 411 + i, 9.4)));
            rounds[^1].FinishedMs = rounds[^1].StartedMs + (ulong)(900 * ((i * 7 % 11) + 1));
        }

        return rounds;
    }

    public static Event Log(string text, Severity severity = Severity.Info, ByteString? round = null) =>
        new() { Log = new LogLine { EventId = 1, Severity = severity, Text = text, RoundId = round ?? ByteString.Empty } };

    private RoundView Base(int n, string title, double ago)
    {
        var round = new RoundView
        {
            RoundId = Id(n), QueryId = Id(n + 100), Title = title, Dataset = "patients", Coordinator = "Dr. Vega", EpsilonMicro = 1_000_000, Noise = QueryNoise.Local,
            StartedMs = Ago(ago), Threshold = 4, MaxColluders = 1, MinSurvivors = 3, Bits = 33, Length = 14,
            Content = ByteString.CopyFrom(SHA256.HashData(Encoding.UTF8.GetBytes(title))),
        };
        round.Parties.Add(SecureAggregation.Testing.Members.Names.Select((name, i) => new RoundPartyView { Index = (uint)i, Name = name }));
        return round;
    }

    /// <summary>Gives every party its marks up to a phase; in that phase the last <paramref name="slow"/> have not answered (all answered if negative).</summary>
    private static void Mark(RoundView round, RoundPhase until, ulong at, int slow)
    {
        RoundPhase[] order = [RoundPhase.Propose, RoundPhase.Advertise, RoundPhase.Share, RoundPhase.Input, RoundPhase.Agree, RoundPhase.Unmask, RoundPhase.Publish];
        var known = until == RoundPhase.Unspecified ? order.Length : Array.IndexOf(order, until);
        var step = (at - round.StartedMs) / (ulong)Math.Max(1, known);
        ulong[] bytes = [212, 388, 1460, 918, 240, 306, 140];
        for (var p = 0; p < round.Parties.Count; p++)
        {
            for (var k = 0; k < known; k++)
                round.Parties[p].Marks.Add(new PhaseMark { Phase = order[k], AtMs = round.StartedMs + (step * (ulong)k) + (step * (ulong)(((p * 3) + k) % 5 + 1) / 5), Bytes = bytes[k] });
            if (until != RoundPhase.Unspecified && p < round.Parties.Count - slow && slow > 0)
                round.Parties[p].Marks.Add(new PhaseMark { Phase = until, AtMs = at + (ulong)(310 * (p + 1)), Bytes = bytes[known] });
        }
    }
}
