using SecureAggregation.Crypto;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Party.Storage;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Rounds;

/// <summary>What a query means here: checked against schema and policy, priced, and laid out. Nothing of it comes from data.</summary>
internal sealed record Plan(Dataset Dataset, VectorLayout Layout, PolicyGrant Grant, Question Question, DataVersion Version)
{
    public byte[] QueryHash => Question.Hash;

    public MicroEpsilon Epsilon => Layout.Epsilon;

    public QueryNoise Noise => Question.Query.Noise;

    /// <summary>What the ledger says for an answer that has an ε: decided by policy and question, never by data.</summary>
    public ulong ChargedMicro => Noise == QueryNoise.None ? 0 : (ulong)Grant.CostMicro;

    public RoundShape Shape => new(Layout.Bits, Layout.Length);

    /// <summary>
    /// Names the answer that belongs to this plan. The number of invited parties is part of it: elements are laid out for so many.
    /// </summary>
    public byte[] AnswerKey => [.. QueryHash, .. BitConverter.GetBytes(Layout.InvitedParties)];

    /// <summary>Names the rows that are counted.</summary>
    public byte[] FilterKey
    {
        get
        {
            using var hash = new LabelHash("outpost/filter");
            return hash.Field(Layout.Analysis.EncodeWhere()).Finish();
        }
    }

    /// <summary>What is remembered of it when its survivors are known.</summary>
    public PastRelease ReleaseOf(byte[] roundId, IReadOnlyList<uint> survivors) => new()
    {
        RoundId = roundId,
        Question = Protocol.Question.ContentOf(Question.Query),
        Dataset = Dataset.Name,
        Filter = FilterKey,
        Noise = (int)Noise,
        Version = Version,
        Survivors = survivors,
    };

    /// <summary>The vector in the form that is masked; the caller owns it.</summary>
    public RingVector ToRing(NoisedVector vector)
    {
        var elements = new ulong[Layout.Length];
        vector.WriteRing(elements);
        var ring = new RingVector(Layout.Bits, Layout.Length);
        for (var i = 0; i < elements.Length; i++) ring[i] = elements[i];
        Array.Clear(elements);
        return ring;
    }
}
