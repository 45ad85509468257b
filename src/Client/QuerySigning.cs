using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Client;

/// <summary>From a query as people write it to the question that outposts decide on.</summary>
public static class QuerySigning
{
    /// <summary>Makes the question and signs it. Whether it may be asked is not checked here.</summary>
    /// <param name="asked">The query.</param>
    /// <param name="analysis">What it asks of the dataset: <see cref="AnalysisQuery.Resolve"/>.</param>
    /// <param name="roster">The consortium that is asked.</param>
    /// <param name="coordinator">Who asks; a coordinator of the roster.</param>
    /// <param name="attempts">Rounds that may be tried for it, 1 to 10; 0 for one that is only planned.</param>
    /// <param name="notAfter">Until when it may be answered.</param>
    /// <param name="random">Names the question.</param>
    public static SignedQuery Sign(
        AnalysisQuery asked, Analysis analysis, Roster roster, IdentityKey coordinator, int attempts, DateTimeOffset notAfter, RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(asked);
        ArgumentNullException.ThrowIfNull(analysis);
        ArgumentNullException.ThrowIfNull(roster);
        ArgumentNullException.ThrowIfNull(coordinator);
        ArgumentNullException.ThrowIfNull(random);
        var id = new byte[16];
        random.GetBytes(id);
        var query = new Query
        {
            RosterHash = ByteString.CopyFrom(roster.Hash),
            QueryId = ByteString.CopyFrom(id),
            NotAfter = (ulong)notAfter.ToUnixTimeSeconds(),
            Attempts = (uint)attempts,
            Title = asked.Name,
            Dataset = asked.Dataset,
            EpsilonMicro = (ulong)asked.Epsilon.Micro,
            Noise = (QueryNoise)asked.Noise,
            MinSurvivors = (uint)Math.Max(asked.MinSurvivors ?? 0, roster.MinSurvivors),
            Analysis = ByteString.CopyFrom(analysis.Encode()),
            Study = asked.Study,
            CoordinatorKey = ByteString.CopyFrom(coordinator.Public.Point),
        };
        return Question.Sign(query, coordinator);
    }
}
