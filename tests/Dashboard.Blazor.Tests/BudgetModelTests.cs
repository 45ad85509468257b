using FsCheck.Fluent;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Model.Budgets;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class BudgetModelTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly Dictionary<string, string> s_coordinators = new() { ["aa"] = "Dr. Vega" };

    private static OutpostView Mars(ulong left, double statedHoursAgo, ulong cap = 10_000_000) => new()
    {
        Index = 1, Name = "Mars", BudgetsAtMs = (ulong)s_now.AddHours(-statedHoursAgo).ToUnixTimeMilliseconds(),
        Budgets =
        {
            new BudgetLine { Dataset = "patients", Scope = BudgetScope.Study, Subject = "Heart", CapMicro = 4_000_000, LeftMicro = 1_000_000 },
            new BudgetLine { Dataset = "patients", Scope = BudgetScope.Dataset, CapMicro = cap, LeftMicro = left },
            new BudgetLine { Dataset = "patients", Scope = BudgetScope.Coordinator, Subject = "aa", CapMicro = 5_000_000, LeftMicro = 2_000_000 },
        },
    };

    /// <summary>A round of hours ago that charged Mars so much.</summary>
    private static LedgerRound Round(double hoursAgo, ulong micro, string coordinator = "Dr. Vega", string dataset = "patients", RefusalCode refusal = RefusalCode.Unspecified) => new(
        $"{hoursAgo:00.00}", "Question", dataset, coordinator, RoundState.Done, s_now.AddHours(-hoursAgo), 10, 20, [new Charge(1, "Mars", micro, refusal != RefusalCode.Unspecified, refusal, "")]);

    private static BudgetAccount Account(ulong left, IReadOnlyList<LedgerRound> rounds, ulong cap = 10_000_000, double stated = 0) =>
        Assert.Single(BudgetBook.Of([Mars(left, stated, cap)], rounds, s_coordinators)).Whole;

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "0.000001")]
    [InlineData(2_750_000, "2.75")]
    [InlineData(-500_000, "−0.5")]
    [InlineData(1_234_000_000, "1,234")]
    public void Millionths_are_written_exactly(long micro, string words) => Assert.Equal(words, Micro.Words(micro));

    [Fact]
    public void Sums_of_what_a_station_could_say_neither_round_nor_overflow()
    {
        Int128 sum = 0;
        for (var i = 0; i < 1_000; i++) sum += ulong.MaxValue;
        Assert.Equal("18,446,744,073,709,551.615", Micro.Words(sum));
        var tenth = Enumerable.Repeat(Round(1, 100_000), 30).Aggregate((Int128)0, (total, round) => total + round.ChargeOf(1));
        Assert.Equal("3", Micro.Words(tenth));
    }

    [Fact]
    public void Charges_of_rounds_that_began_after_the_statement_are_taken_off_what_it_says()
    {
        LedgerRound[] rounds = [Round(1, 500_000), Round(2, 250_000, coordinator: "Dr. Ride"), Round(5, 1_000_000)];
        var book = Assert.Single(BudgetBook.Of([Mars(7_000_000, statedHoursAgo: 3)], rounds, s_coordinators));

        Assert.Equal(((Int128)6_250_000, (Int128)3_000_000, (Int128)750_000), (book.Whole.Left, book.Whole.Spent, book.Whole.Since));
        Assert.Equal([("Dr. Vega", (Int128)1_500_000), ("Heart", (Int128)1_000_000)], book.Within.Select(account => (account.Subject, account.Left)));
        Assert.Equal("ε 6.25 of 10 left", book.Whole.Words);
    }

    [Fact]
    public void Tightest_budget_comes_first_and_who_said_nothing_is_named()
    {
        var full = Mars(10_000_000, 0);
        (full.Index, full.Name) = (2, "Titan");
        var silent = new OutpostView { Index = 3, Name = "Europa" };

        Assert.Equal(["Mars", "Titan"], BudgetBook.Of([full, silent, Mars(1, 0)], [], s_coordinators).Select(book => book.Whole.Name));
        Assert.Equal(["Europa"], BudgetBook.Silent([full, silent]).Select(outpost => outpost.Name));
    }

    [Fact]
    public void Tightest_budget_has_the_smallest_part_left_after_what_was_signed_since_and_a_limit_of_zero_is_none()
    {
        Assert.Null(TightestBudget.In(DeckState.Empty));
        var titan = Mars(2_500_000, statedHoursAgo: 3);
        (titan.Index, titan.Name) = (2, "Titan");
        titan.Budgets[0].CapMicro = titan.Budgets[0].LeftMicro = 0;
        LedgerRound[] since = [Round(1, 1_600_000)];

        TightestBudget Of(IReadOnlyList<LedgerRound> rounds) => TightestBudget.In(BudgetBook.Of([titan, Mars(10_000_000, statedHoursAgo: 3)], rounds, s_coordinators))!;
        Assert.Equal(("Titan", "patients", "25 %", 5), (Of([]).Account.Name, Of([]).Of, Of([]).Percent, Of([]).Accounts));
        Assert.Equal(("Mars", "patients, coordinator Dr. Vega", "8 %", Tone.Warn), (Of(since).Account.Name, Of(since).Of, Of(since).Percent, Of(since).Account.Status.Tone));
        Assert.Equal("100 %", TightestBudget.In(BudgetBook.Of([new OutpostView { BudgetsAtMs = 1, Budgets = { new BudgetLine { Scope = BudgetScope.Dataset, CapMicro = 1, LeftMicro = ulong.MaxValue } } }], [], s_coordinators))!.Percent);
    }

    [Theory]
    [InlineData(0, "Used up")]
    [InlineData(1_999_999, "Tight")]
    [InlineData(2_000_000, "Open")]
    public void State_follows_what_is_left(ulong left, string word) => Assert.Equal(word, Account(left, []).Status.Word);

    [Fact]
    public void Burn_down_walks_back_from_what_is_left_and_ends_where_the_pace_leads()
    {
        LedgerRound[] rounds = [Round(2, 1_000_000), Round(3, 9_000_000, dataset: "labs"), Round(10, 1_000_000)];
        var burn = BurnDown.Of(Account(4_000_000, rounds), rounds, s_now);

        Assert.Equal([(10, 6_000_000), (10, 5_000_000), (2, 4_000_000), (0, 4_000_000)], burn.Points.Select(p => ((int)(s_now - p.At).TotalHours, (int)p.Left)));
        // 2 in 10 hours: the 4 that are left last 20 more.
        Assert.Equal(s_now.AddHours(20), burn.Exhausted);
        Assert.Equal((Int128)4_800_000, burn.PerDay);
        Assert.True(burn.Fits);
        Assert.Equal("in about 20 h, 2026-11-23 08:00 UTC", burn.When(s_now));
    }

    [Fact]
    public void Pace_is_that_of_a_month_and_one_charge_is_none()
    {
        LedgerRound[] old = [Round(24, 1_000_000), Round(24 * 40, 5_000_000)];
        var burn = BurnDown.Of(Account(4_000_000, old), old, s_now);
        Assert.Null(burn.Exhausted);
        Assert.Equal(((Int128)1_000_000, "too few charges to tell"), (burn.Charged, burn.When(s_now)));
        Assert.Equal("nothing charged in 30 d", BurnDown.Of(Account(4_000_000, []), [], s_now).When(s_now));
        Assert.Equal("used up", BurnDown.Of(Account(0, old), old, s_now).When(s_now));
    }

    [Fact]
    public void Refusals_for_the_same_reason_are_one_line()
    {
        Charge Refused(uint index, RefusalCode code, string reason = "") => new(index, $"Clinic {index}", 0, Declined: true, code, reason);
        Assert.Equal(
            ["Clinic 1, Clinic 2, Clinic 3 and 1 more declined: its policy names no such dataset", "Clinic 5 declined: closed today"],
            LedgerLine.Refusals([.. Enumerable.Range(1, 4).Select(i => Refused((uint)i, RefusalCode.UnknownDataset)), Refused(5, RefusalCode.Unspecified, "closed today")]));
    }

    [Fact]
    public void A_log_with_more_charges_than_the_outpost_says_it_spent_is_noticed()
    {
        LedgerRound[] rounds = [Round(1, 3_000_000), Round(2, 3_000_000)];
        Assert.False(BurnDown.Of(Account(5_000_000, rounds), rounds, s_now).Fits);
        Assert.True(BurnDown.Of(Account(4_000_000, rounds), rounds, s_now).Fits);
    }

    [Fact]
    public void Burn_down_never_throws_whatever_is_left_or_charged() => Property.Holds(ArbMap.Default.ArbFor<Tuple<ulong, ulong, ushort>>(), t =>
    {
        LedgerRound[] rounds = [Round(t.Item3 / 3600.0, t.Item2), Round((t.Item3 / 3600.0) + 1, t.Item2)];
        var burn = BurnDown.Of(Account(t.Item1, rounds, ulong.MaxValue, 1), rounds, s_now);
        Assert.True(burn.Exhausted is null || burn.Exhausted >= s_now);
        Assert.NotEmpty(burn.When(s_now));
        Assert.EndsWith(".", BurnDown.Finding([burn], s_now), StringComparison.Ordinal);
        return true;
    });

    [Fact]
    public void Finding_names_the_next_to_end_and_those_that_have_ended()
    {
        LedgerRound[] rounds = [Round(1, 1_000_000), Round(2, 1_000_000)];
        var (open, over) = (BurnDown.Of(Account(3_000_000, rounds), rounds, s_now), BurnDown.Of(Account(0, rounds) with { Name = "Titan" }, rounds, s_now));
        Assert.Equal("At the pace of the last 2 h (ε 2 charged), Mars is used up in about 3 h, 2026-11-22 15:00 UTC. Nothing is left at Titan.", BurnDown.Finding([over, open], s_now));
    }

    [Fact]
    public void Ledger_walks_the_running_total_back_and_lists_refusals_in_words()
    {
        LedgerRound[] rounds = [Round(1, 500_000), Round(2, 0, refusal: RefusalCode.Budget), Round(3, 250_000), Round(4, 0)];
        var lines = LedgerLine.Of(rounds, BudgetBook.Of([Mars(9_000_000, 0)], rounds, s_coordinators), 1, "");

        Assert.Equal(["1", "–", "0.5", "–"], lines.Select(line => line.After is { } after ? Micro.Words(after.Spent) : "–").Append("–").Take(4));
        Assert.Equal("Mars declined: the query costs more than one may, or than is left; lower epsilon", Assert.Single(LedgerLine.Refusals(lines[1].Refused)));
        Assert.Equal("0.5", lines[0].Each);
    }

    [Fact]
    public void Round_keeps_who_was_charged_and_who_refused_and_nobody_else()
    {
        using var members = new Members();
        var round = LedgerRound.Of(new Scenario(members, s_now).DoneUnlessDeclined(4, "x", 70, 2));
        Assert.Equal([0u, 1u, 2u, 3u, 4u], round.Charges.Select(charge => charge.Outpost));
        Assert.Equal((1_000_000UL, 0UL, 0UL), (round.ChargeOf(4), round.ChargeOf(2), round.ChargeOf(9)));
        Assert.True(round.Charges[2] is { Declined: true, Refusal: RefusalCode.Budget });
    }

    [Theory]
    [InlineData(4.4, 7, "15:00 16:00 17:00 18:00")]
    [InlineData(0.01, 7, "12:")]
    [InlineData(24 * 9, 9, "22 Nov")]
    public void Time_axis_has_round_ticks(double hours, int ticks, string expected)
    {
        var end = new DateTimeOffset(2026, 11, 22, 18, 30, 0, TimeSpan.Zero);
        var axis = hours < 1 ? TimeAxis.Holding(s_now, s_now.AddHours(hours), ticks) : TimeAxis.Holding(end.AddHours(-hours), end, ticks);
        Assert.Contains(expected, string.Join(' ', axis.Ticks.Select(axis.Label)), StringComparison.Ordinal);
        Assert.InRange(axis.Ticks.Count(), 1, ticks + 1);
        Assert.All(axis.Ticks, tick => Assert.InRange(axis.At(tick), 0, 1));
    }
}
