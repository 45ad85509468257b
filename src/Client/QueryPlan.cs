using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Client;

/// <summary>How a plan is made.</summary>
public sealed record PlanOptions
{
    /// <summary>Rows that each outpost may have, 1 to 1,000,000: widths of means and models depend on it, widths of counts do not.</summary>
    public long RowsPerParty { get; init; } = 1000;
}

/// <summary>What a question will give and cost, before anything is spent. Outposts' answers are their own word, passed on by the station, and bind nobody.</summary>
public sealed record QueryPlan
{
    /// <summary>What is asked.</summary>
    public required AnalysisQuery Query { get; init; }

    /// <summary>How many rounds answer it at most: one, but for regressions over several. The costs below are for one.</summary>
    public required int Rounds { get; init; }

    /// <summary>The vector that each outpost sends a round.</summary>
    public required VectorLayout Layout { get; init; }

    /// <summary>How wide intervals will be in each noise mode.</summary>
    public required IReadOnlyList<ExpectedWidth> Widths { get; init; }

    /// <summary>What each outpost would do, in the order of the roster.</summary>
    public required IReadOnlyList<OutpostPlan> Outposts { get; init; }

    /// <summary>Outposts that a round needs, by the station's word.</summary>
    public required int Quorum { get; init; }

    /// <summary>How long rounds have taken lately, in the middle; null if the station knows none.</summary>
    public required TimeSpan? Typical { get; init; }

    /// <summary>Bytes of the vector that each outpost sends a round.</summary>
    public long VectorBytes => RingVector.PackedLength(Layout.Bits, Layout.Length);

    /// <summary>Outposts that would take part now.</summary>
    public int Answering => Outposts.Count(o => o.Answer is { Code: RefusalCode.Unspecified });

    /// <summary>Whether a round would have enough outposts now.</summary>
    public bool WouldRun => Answering >= Quorum;
}
