using Google.Protobuf;
using Microsoft.Extensions.Logging;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Rounds;

/// <summary>
/// Says what this outpost would do with a question that is only planned. Nothing is spent, recorded or computed; the answer follows from the question,
/// the roster, the policy, the state and the clock.
/// </summary>
internal sealed class Planning(Answering answering, Protocol.Roster roster, TimeProvider clock, ILogger<Planning> logger)
{
    public PlanReply Reply(PlanRequest request) => new() { PlanId = request.PlanId, Answer = Answer(request) };

    private PlanAnswer Answer(PlanRequest request)
    {
        Question question;
        try
        {
            question = Question.OpenPlan(request.Query ?? new SignedQuery(), roster, clock.GetUtcNow());
        }
        catch (RefusalException e)
        {
            return new PlanAnswer { Code = e.Code };
        }

        Assessment assessed;
        try
        {
            assessed = answering.Assess(question, (int)Math.Min(request.Invited, Limits.Parties));
        }
        catch (StoreException e)
        {
            // As a round would be declined.
            Log.StateFailed(logger, "(planned)", e.Message);
            return new PlanAnswer { Code = RefusalCode.Budget };
        }

        var answer = new PlanAnswer
        {
            Code = assessed.Code,
            CostMicro = (ulong)assessed.CostMicro,
            Overlap = (uint)assessed.Overlap,
            ApprovalsNeeded = (uint)assessed.ApprovalsNeeded,
            ApprovalsGiven = (uint)assessed.ApprovalsGiven,
            EarlierRound = ByteString.CopyFrom(assessed.EarlierRound ?? []),
        };
        if (assessed is not { Plan.Grant.Caps: { } caps, Left: { } left }) return answer;
        Add(BudgetScope.Dataset, left.TotalMicro, caps.TotalMicro);
        Add(BudgetScope.Coordinator, left.CoordinatorMicro, caps.CoordinatorMicro);
        Add(BudgetScope.Study, left.StudyMicro, caps.StudyMicro);
        return answer;

        void Add(BudgetScope scope, long? leftMicro, long? capMicro)
        {
            if (leftMicro is { } some && capMicro is { } cap) answer.Budgets.Add(new BudgetLeft { Scope = scope, LeftMicro = (ulong)some, CapMicro = (ulong)cap });
        }
    }
}
