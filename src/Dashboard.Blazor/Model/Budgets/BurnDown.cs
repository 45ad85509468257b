namespace SecureAggregation.Dashboard.Blazor.Model.Budgets;

/// <summary>What was left from a moment on.</summary>
public readonly record struct BurnPoint(DateTimeOffset At, Int128 Left);

/// <summary>How one budget went down: steps back from what is left now, by the charges that the outpost signed, and when it ends at the present pace.</summary>
/// <param name="Account">Whose budget.</param>
/// <param name="Points">Oldest first; each holds until the next.</param>
/// <param name="Charged">Millionths of ε charged in the rounds known.</param>
/// <param name="Over">The time in which that was charged, up to now.</param>
/// <param name="Exhausted">When nothing is left if it goes on so; null if nothing is spent or too little is known.</param>
/// <param name="Fits">Whether the log's charges are no more than the outpost says it spent.</param>
public sealed record BurnDown(BudgetAccount Account, IReadOnlyList<BurnPoint> Points, Int128 Charged, TimeSpan Over, DateTimeOffset? Exhausted, bool Fits)
{
    /// <summary>The pace is that of this time at most: what was long ago says little of what comes.</summary>
    public static readonly TimeSpan PaceWindow = TimeSpan.FromDays(30);

    private const long TicksOfADay = TimeSpan.TicksPerDay;
    private static readonly TimeSpan s_farthest = TimeSpan.FromDays(36_500);

    /// <summary>Millionths of ε a day.</summary>
    public Int128 PerDay => Over.Ticks <= 0 ? 0 : Charged * TicksOfADay / Over.Ticks;

    /// <summary>"in about 3 d, 2026-11-25", or why that cannot be said.</summary>
    public string When(DateTimeOffset now) => this switch
    {
        { Account.Left: var left } when left <= 0 => "used up",
        { Exhausted: { } end } => $"in about {Text.Span(end - now)}, {(end - now < TimeSpan.FromDays(2) ? Text.Utc(end)[..16] + " UTC" : Text.Utc(end)[..10])}",
        { Charged: var charged } when charged == 0 => $"nothing charged in {Text.Span(PaceWindow)}",
        _ => "too few charges to tell",
    };

    /// <summary>Which ends first, at what pace, and what has ended already.</summary>
    public static string Finding(IReadOnlyList<BurnDown> lines, DateTimeOffset now)
    {
        var over = lines.Where(line => line.Account.Left <= 0).Select(line => Of(line.Account)).ToArray();
        var next = lines.Where(line => line.Exhausted is not null).MinBy(line => line.Exhausted);
        var text = next is null
            ? "Nothing more is being spent that would end a budget."
            : $"At the pace of the last {Text.Span(next.Over)} (ε {Micro.Words(next.Charged)} charged), {Of(next.Account)} is used up {next.When(now)}.";
        return over.Length == 0 ? text : $"{text} Nothing is left at {string.Join(", ", over)}.";

        string Of(BudgetAccount account) => lines.Select(line => line.Account.Dataset).Distinct().Skip(1).Any() ? $"{account.Name} ({account.Dataset})" : account.Name;
    }

    /// <param name="account">A dataset's.</param>
    /// <param name="rounds">Newest first.</param>
    /// <param name="now">The present.</param>
    public static BurnDown Of(BudgetAccount account, IReadOnlyList<LedgerRound> rounds, DateTimeOffset now)
    {
        var points = new List<BurnPoint> { new(now, account.Left) };
        var (left, all, recent, charges) = (account.Left, (Int128)0, (Int128)0, 0);
        var first = now;
        foreach (var round in rounds)
        {
            var micro = round.Dataset == account.Dataset ? round.ChargeOf(account.Outpost) : 0;
            if (micro == 0) continue;
            points.Add(new BurnPoint(round.Started, left));
            left += micro;
            all += micro;
            if (now - round.Started > PaceWindow) continue;
            recent += micro;
            charges++;
            first = round.Started;
        }

        // A line begins where the oldest charge that is known fell.
        if (points.Count > 1) points.Add(new BurnPoint(points[^1].At, left));
        points.Reverse();
        var over = now - first;

        // One charge is no pace.
        var exhausted = charges < 2 || over <= TimeSpan.Zero || account.Left <= 0 ? null : After(now, account.Left, recent, over);
        return new BurnDown(account, points, recent, over, exhausted, all <= account.Cap - account.Stated + account.Since);
    }

    /// <summary>The left millionths over the charged ones, times the time they took, in whole ticks.</summary>
    private static DateTimeOffset? After(DateTimeOffset now, Int128 left, Int128 charged, TimeSpan over)
    {
        if (left > long.MaxValue || charged > long.MaxValue) return null;
        var ticks = left * over.Ticks / charged;
        return ticks > s_farthest.Ticks ? null : now.AddTicks((long)ticks);
    }
}
