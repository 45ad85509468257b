using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>What the integers of a round mean. The round itself does not know.</summary>
internal interface IRoundMeaning
{
    /// <summary>The shape of the vectors of a question when so many parties are invited.</summary>
    /// <exception cref="MeaningException">What is asked cannot be laid out.</exception>
    RoundShape Shape(Question question, int invited);

    /// <summary>The statistics of a finished round.</summary>
    IReadOnlyList<StatisticView> Results(AggregatorRound round);
}

/// <summary>What is asked cannot be understood or laid out; the message names the rule and the fix.</summary>
internal sealed class MeaningException(string message, Exception? inner = null) : Exception(message, inner);
