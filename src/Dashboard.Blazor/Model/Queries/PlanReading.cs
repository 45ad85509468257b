using SecureAggregation.Client;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Queries;

/// <summary>What a plan means for whoever is about to ask.</summary>
internal static class PlanReading
{
    /// <summary>Outposts where a person must agree before it is answered.</summary>
    public static int Waiting(this QueryPlan plan) => plan.Outposts.Count(o => o.Answer is { Code: RefusalCode.PendingApproval });

    /// <summary>Whether somebody must agree anywhere.</summary>
    public static bool NeedsApproval(this QueryPlan plan) => plan.Outposts.Any(o => o.Answer is { ApprovalsNeeded: > 0 });

    /// <summary>Whether asking leads anywhere: to a total at once, or to persons who may agree. Rounds of a fit are questions of their own, for which nobody could agree in time.</summary>
    public static bool MayBeAsked(this QueryPlan plan) =>
        plan.WouldRun || (plan.Rounds == 1 && plan.Waiting() > 0 && plan.Answering + plan.Waiting() >= plan.Quorum);

    /// <summary>Whether the round that is asked now will only bring the question before persons.</summary>
    public static bool AsksForApproval(this QueryPlan plan) => !plan.WouldRun && plan.MayBeAsked();

    /// <summary>What is left under the tightest cap once it is charged for all rounds, and whose cap that is; null without a cap.</summary>
    public static (double Left, string Scope)? LeftAfter(this QueryPlan plan, PlanAnswer answer)
    {
        if (answer.Budgets.Count == 0) return null;
        var tightest = answer.Budgets.MinBy(b => b.LeftMicro)!;
        var cost = answer.CostMicro * (ulong)Math.Max(1, plan.Rounds);
        return ((tightest.LeftMicro - Math.Min(tightest.LeftMicro, cost)) / 1e6, Scope(tightest.Scope));
    }

    /// <summary>"1 of 2 persons must still approve"; empty where nobody must.</summary>
    public static string Approvals(PlanAnswer answer) =>
        answer.ApprovalsNeeded == 0 ? ""
        : answer.ApprovalsGiven >= answer.ApprovalsNeeded ? "approved"
        : answer.ApprovalsNeeded == 1 ? "a person there must approve"
        : $"{answer.ApprovalsNeeded - answer.ApprovalsGiven} of {answer.ApprovalsNeeded} persons there must still approve";

    /// <summary>Why an outpost would not answer.</summary>
    public static string Refusal(OutpostPlan outpost) =>
        outpost.Answer is not { } no ? (outpost.Online ? "did not answer" : "offline")
        : RefusalWords.Of(no.Code) is { Length: > 0 } why ? why : no.Code.ToString();

    /// <summary>Whether a question is a regression over several rounds.</summary>
    public static bool IsFit(this QueryPlan plan) => ModelFit.IsAsked(plan.Query);

    private static string Scope(BudgetScope scope) => scope switch
    {
        BudgetScope.Dataset => "dataset",
        BudgetScope.Coordinator => "coordinator",
        BudgetScope.Study => "study",
        _ => "",
    };
}
