using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using DatasetSchema = SecureAggregation.Statistics.DatasetSchema;

namespace SecureAggregation.Client.Internal;

/// <summary>From a question as people write it to one that is signed.</summary>
internal static class Asking
{
    private static readonly TimeSpan s_plan = TimeSpan.FromMinutes(5);

    /// <summary>A question that may be tried so often.</summary>
    public static SignedQuery Sign(AnalysisQuery asked, DatasetSchema schema, IdentityKey coordinator, AskOptions options, ConsortiumOptions consortium) =>
        Sign(asked, schema, coordinator, options.Attempts, options.Validity, consortium, (signed, now) => Question.Open(signed, consortium.Roster, now));

    /// <summary>A question that is only planned: with no attempts, so that nobody can run it.</summary>
    public static SignedQuery SignPlan(AnalysisQuery asked, DatasetSchema schema, IdentityKey coordinator, ConsortiumOptions consortium) =>
        Sign(asked, schema, coordinator, 0, s_plan, consortium, (signed, now) => Question.OpenPlan(signed, consortium.Roster, now));

    private static SignedQuery Sign(
        AnalysisQuery asked, DatasetSchema schema, IdentityKey coordinator, int attempts, TimeSpan validity, ConsortiumOptions consortium,
        Action<SignedQuery, DateTimeOffset> check)
    {
        var now = consortium.Time.GetUtcNow();
        try
        {
            var signed = QuerySigning.Sign(asked, asked.Resolve(schema), consortium.Roster, coordinator, attempts, now + validity, consortium.Random);

            // What every outpost will check is checked here first: a refusal at home costs nobody an attempt.
            check(signed, now);
            return signed;
        }
        catch (Exception e) when (e is AnalysisException or RefusalException or OverflowException)
        {
            throw new QuestionException(e.Message, e);
        }
    }
}
