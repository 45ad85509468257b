using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>The deck's own key in the roster. Only with a coordinator's can questions be planned and asked from here.</summary>
public sealed record DeckKey(IdentityKey? Coordinator);

/// <summary>Plans and asks, with the deck's key, what people wrote. The station and the outposts see the deck's key; the deck's log says which account asked.</summary>
public sealed partial class QueryDesk(IConsortium consortium, DeckKey key, TimeProvider time, ILogger<QueryDesk> logger)
{
    public const string NoCoordinator = "The deck's own key is an auditor's, so it can write questions but not plan or ask them. Keep the text and use secagg, or start the deck with a coordinator's key.";

    public bool CanAsk => key.Coordinator is not null;

    /// <exception cref="QuestionException">It cannot be asked; the message says why.</exception>
    public Task<QueryPlan> PlanAsync(string yaml, CancellationToken cancellation) => consortium.PlanAsync(Read(yaml), Key(), null, cancellation);

    /// <summary>The ε for a wanted half width of one measure's value.</summary>
    /// <exception cref="QuestionException">No ε does it.</exception>
    public static Task<double> EpsilonForAsync(QueryPlan plan, DatasetSchema schema, string measure, double halfWidth, CancellationToken cancellation) => Task.Run(
        () =>
        {
            try
            {
                return Precision.EpsilonFor(plan.Query, schema, measure, halfWidth, plan.Layout.InvitedParties, plan.Layout.HonestParties).Micro / 1e6;
            }
            catch (AnalysisException e)
            {
                throw new QuestionException(e.Message, e);
            }
        },
        cancellation);

    /// <summary>Asks a question of one round; the round's id.</summary>
    /// <exception cref="QuestionException">It cannot be asked; the message says why.</exception>
    public async Task<byte[]> AskAsync(string yaml, string account, TimeSpan validity, CancellationToken cancellation)
    {
        var query = Read(yaml);
        var round = await consortium.AskAsync(query, Key(), new AskOptions { Validity = validity }, cancellation);
        LogAsked(logger, account, query.Name, query.Dataset, Convert.ToHexStringLower(round.Id));
        return round.Id;
    }

    /// <summary>The question of a round, as it was signed.</summary>
    /// <exception cref="ConsortiumException">There is no such round, or what the station gave is not its question.</exception>
    public Task<AskedQuestion> QuestionAsync(byte[] roundId, CancellationToken cancellation) => consortium.GetQuestionAsync(roundId, cancellation);

    /// <summary>Submits the signed question of a round once more, as outposts whose persons approved exactly this one want it; the new round's id.</summary>
    /// <exception cref="QuestionException">Its time is over.</exception>
    public async Task<byte[]> AskAgainAsync(byte[] roundId, string account, CancellationToken cancellation)
    {
        Key();
        var question = await consortium.GetQuestionAsync(roundId, cancellation);
        if (question.NotAfter <= time.GetUtcNow())
            throw new QuestionException($"The question could be answered until {question.NotAfter:yyyy-MM-dd HH:mm} UTC. Repeat it as a new one; persons must approve that anew.");
        var round = await consortium.SubmitAsync(question.Signed, null, cancellation);
        LogAsked(logger, account, question.Query.Title, question.Query.Dataset, Convert.ToHexStringLower(round.Id));
        return round.Id;
    }

    internal static AnalysisQuery Read(string yaml)
    {
        try
        {
            return AnalysisQuery.Parse(yaml);
        }
        catch (AnalysisException e)
        {
            throw new QuestionException(e.Message, e);
        }
    }

    private IdentityKey Key() => key.Coordinator ?? throw new QuestionException(NoCoordinator);

    [LoggerMessage(7010, LogLevel.Information, "{Account} asked '{Title}' of {Dataset}: round {Round}")]
    private static partial void LogAsked(ILogger logger, string account, string title, string dataset, string round);
}
