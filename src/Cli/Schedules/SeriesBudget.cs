using SecureAggregation.Client;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli.Schedules;

/// <summary>What a whole series costs at one outpost, and how far what is left there reaches.</summary>
/// <param name="Outpost">Its name.</param>
/// <param name="EachMicro">What one run is charged at most, in millionths of ε.</param>
/// <param name="LeftMicro">The least that is left of its budgets, by its word; null if it did not say.</param>
/// <param name="Enough">For how many runs that is enough; null if it did not say.</param>
internal sealed record OutpostSeries(string Outpost, long EachMicro, long? LeftMicro, int? Enough);

/// <summary>The budget plan of a whole series. Outposts' answers are their own word; all runs are counted in full, though an answer that has not changed costs nothing.</summary>
internal sealed class SeriesBudget
{
    private static readonly Int128 s_mostEach = long.MaxValue / Series.MaxRuns;

    public SeriesBudget(Series series, QueryPlan plan)
    {
        Series = series;
        Quorum = plan.Quorum;
        EachMicro = EachOf(plan.Query);
        Outposts = [.. plan.Outposts.Select(o => Of(o, plan.Rounds))];
        // The outpost after which too few are left decides how long the series goes on.
        var reach = Outposts.Select(o => o.Enough ?? 0).OrderDescending().ElementAtOrDefault(Math.Max(0, Quorum - 1));
        Affordable = Math.Min(Outposts.Count < Quorum ? 0 : reach, series.Runs.Count);
    }

    public Series Series { get; }

    /// <summary>Outposts that a round needs.</summary>
    public int Quorum { get; }

    /// <summary>What one run may spend by its query, in millionths of ε.</summary>
    public long EachMicro { get; }

    /// <summary>What the whole series may spend by its query, in millionths of ε.</summary>
    public long TotalMicro => EachMicro * Series.Runs.Count;

    /// <summary>Every outpost, in the order of the roster.</summary>
    public IReadOnlyList<OutpostSeries> Outposts { get; }

    /// <summary>How many runs have enough outposts with enough budget.</summary>
    public int Affordable { get; }

    /// <summary>Whether every run has.</summary>
    public bool Fits => Affordable == Series.Runs.Count;

    /// <summary>What one run of a query may spend: its ε is for all its rounds, and without noise there is none.</summary>
    public static long EachOf(AnalysisQuery query) => query.Noise == NoiseMode.None ? 0 : query.Epsilon.Micro;

    private OutpostSeries Of(OutpostPlan outpost, int rounds)
    {
        if (outpost.Answer is not { } answer) return new OutpostSeries(outpost.Name, EachMicro, null, null);
        // An outpost that has answered this before says 0 now, and will not once its data have changed.
        // What it says may be any number.
        var each = Int128.Max((Int128)EachMicro * Math.Max(1, answer.Overlap), (Int128)answer.CostMicro * rounds);
        var refuses = answer.Code is not (RefusalCode.Unspecified or RefusalCode.AlreadyAnswered or RefusalCode.PendingApproval);
        long? left = answer.Budgets.Count == 0 ? null : (long)Math.Min(answer.Budgets.Min(b => b.LeftMicro), long.MaxValue);
        var enough = refuses ? 0 : each == 0 ? Series.MaxRuns : left is { } l ? (int)Int128.Min(l / each, Series.MaxRuns) : (int?)null;
        return new OutpostSeries(outpost.Name, (long)Int128.Min(each, s_mostEach), left, enough);
    }
}
