using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Rounds of plain sums: the results are the elements of the total.</summary>
internal class SumMeaning(int bits = 32, int length = 6) : IRoundMeaning
{
    public virtual RoundShape Shape(Question question, int invited) =>
        question.Query.Title == "nonsense" ? throw new MeaningException("nonsense cannot be laid out") : new RoundShape(bits, length);

    public virtual IReadOnlyList<StatisticView> Results(AggregatorRound round)
    {
        using var total = RingVector.Unpack(bits, length, round.Total!.Packed.Span);
        return [.. Enumerable.Range(0, length).Select(i => new StatisticView { Name = $"{i}", Value = total[i], Contributors = (uint)round.Survivors.Count })];
    }

    /// <summary>The input of a party.</summary>
    public virtual RingVector Input(uint party)
    {
        var input = new RingVector(bits, length);
        for (var i = 0; i < length; i++) input.SetCentered(i, ((party + 1) * 1000) + (ulong)i);
        return input;
    }

    /// <summary>What the sum of some parties must be.</summary>
    public double[] Sum(IEnumerable<uint> parties)
    {
        var all = parties.ToList();
        return [.. Enumerable.Range(0, length).Select(i => all.Sum(p => ((p + 1) * 1000.0) + i))];
    }
}
