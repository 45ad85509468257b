using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>The budget of which the smallest part is left: the one that ends questions first. All of it the outposts' own word.</summary>
internal sealed record TightestBudget(OutpostView Outpost, BudgetLine Line, int Lines)
{
    private const double FewLeft = 0.25;
    private const double AlmostNone = 0.1;

    /// <summary>From 0 to 1, whatever the outpost said.</summary>
    public double Part => Share(Line);

    public string Percent => $"{Math.Floor(Part * 100):0} %";

    public Tone Tone => Part < AlmostNone ? Tone.Bad : Part < FewLeft ? Tone.Warn : Tone.Good;

    /// <summary>Whose budget it is, if it is not the whole dataset's.</summary>
    public string Scope => Line.Scope switch
    {
        BudgetScope.Coordinator => "one coordinator's",
        BudgetScope.Study => $"study {Line.Subject}",
        _ => "",
    };

    /// <summary>Null while no outpost has told a budget with a limit.</summary>
    public static TightestBudget? Of(DeckState state)
    {
        var all = state.Outposts.Values.SelectMany(outpost => outpost.Budgets.Where(line => line.CapMicro > 0).Select(line => (Outpost: outpost, Line: line))).ToArray();
        if (all.Length == 0) return null;
        var (tightest, its) = all.MinBy(one => Share(one.Line));
        return new TightestBudget(tightest, its, all.Length);
    }

    private static double Share(BudgetLine line) => Math.Min(1, line.LeftMicro / (double)line.CapMicro);
}
