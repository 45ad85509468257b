using SecureAggregation.Crypto;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>Queries are analyses of rows: their layout is the shape of the round, their release its results.</summary>
internal sealed class SurveyMeaning : IRoundMeaning
{
    /// <summary>Cells of which the statistics are shown: of more, the views alone would take more memory than all vectors, and no reader takes such a message.</summary>
    private const int MostShown = 50_000;

    public RoundShape Shape(Question question, int invited)
    {
        var layout = Layout(question, invited);
        return new RoundShape(layout.Bits, layout.Length);
    }

    public IReadOnlyList<StatisticView> Results(AggregatorRound round)
    {
        var layout = Layout(round.Question, round.Invited.Count);
        if (layout.Length > MostShown)
            throw new MeaningException($"its vector has {layout.Length} cells, and the station shows the statistics of {MostShown} at most. `secagg verify` reads all of them from the round's evidence.");
        using var total = RingVector.Unpack(round.Shape.Bits, round.Shape.Length, round.Total!.Packed.Span);
        var totals = Enumerable.Range(0, total.Length).Select(total.Centered).ToArray();
        return [.. Release.Decode(layout, totals, round.Survivors.Count).Select(View)];
    }

    private static VectorLayout Layout(Question question, int invited)
    {
        try
        {
            var analysis = Analysis.Decode(question.Query.Analysis.Span);
            return VectorLayout.Create(analysis, new MicroEpsilon((long)question.Query.EpsilonMicro), (NoiseMode)question.Query.Noise, invited, question.HonestFloor);
        }
        catch (Exception e) when (e is AnalysisException or ArgumentOutOfRangeException)
        {
            throw new MeaningException(e.Message, e);
        }
    }

    private static StatisticView View(ReleasedStatistic statistic)
    {
        var view = new StatisticView
        {
            Name = statistic.Name,
            Measure = statistic.Measure,
            Kind = statistic.Kind.Word(),
            Column = statistic.Column,
            Group = statistic.Group,
            Bin = statistic.Bin,
            Quantity = statistic.Quantity,
            Unit = statistic.Unit,
            Value = statistic.Value ?? 0,
            Low = statistic.Low ?? 0,
            High = statistic.High ?? 0,
            Confidence = statistic.Confidence,
            EpsilonMicro = (ulong)statistic.EpsilonMicro,
            Contributors = (uint)statistic.Contributors,
            Withheld = statistic.Withheld,
            Method = statistic.Method,
        };
        if (statistic.BoundLow is { } low) view.BoundLow = low;
        if (statistic.BoundHigh is { } high) view.BoundHigh = high;
        return view;
    }
}
