using SecureAggregation.Crypto;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Client.Internal;

/// <summary>Between the protocol, which moves integers, and the statistics, which say what they mean.</summary>
internal static class Numbers
{
    /// <summary>The shape that the signed question prescribes.</summary>
    /// <exception cref="AnalysisException">The question's analysis is not one.</exception>
    public static RoundShape ShapeOf(Question question, int invited)
    {
        var layout = LayoutOf(question, invited);
        return new RoundShape(layout.Bits, layout.Length);
    }

    /// <summary>The total in numbers for people.</summary>
    public static IReadOnlyList<StatisticView> Read(Question question, int invited, int survivors, RingVector total)
    {
        var layout = LayoutOf(question, invited);
        var cells = new Int128[total.Length];
        for (var i = 0; i < cells.Length; i++) cells[i] = total.Centered(i);
        return [.. Release.Decode(layout, cells, survivors).Select(View)];
    }

    private static VectorLayout LayoutOf(Question question, int invited)
    {
        var query = question.Query;
        return VectorLayout.Create(
            Analysis.Decode(query.Analysis.Span), new MicroEpsilon(checked((long)query.EpsilonMicro)), (NoiseMode)query.Noise, invited);
    }

    private static StatisticView View(ReleasedStatistic released) => new()
    {
        Name = released.Name,
        Kind = released.Kind.ToString().ToLowerInvariant(),
        Column = released.Column,
        Group = released.Group,
        Bin = released.Bin,
        Unit = released.Unit,
        Value = released.Value ?? 0,
        Low = released.Low ?? 0,
        High = released.High ?? 0,
        Confidence = released.Confidence,
        EpsilonMicro = (ulong)released.EpsilonMicro,
        Contributors = (uint)released.Contributors,
        Withheld = released.Withheld,
        Method = released.Method,
    };
}
