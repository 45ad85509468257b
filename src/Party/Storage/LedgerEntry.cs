using System.Text;
using SecureAggregation.Crypto;

namespace SecureAggregation.Party.Storage;

/// <summary>One entry of the ledger. Its hash covers everything in it and the hash of the one before.</summary>
internal sealed record LedgerEntry
{
    /// <summary>The form that is written now.</summary>
    public const int NewestForm = 2;

    /// <summary>The columns of the table under the names of the properties.</summary>
    public const string Columns =
        "sequence AS Sequence, form AS Form, previous AS Previous, hash AS Hash, query_hash AS QueryHash, round_id AS RoundId, dataset AS Dataset, " +
        "coordinator AS Coordinator, study AS Study, cost_micro AS CostMicro, overlap AS Overlap, noise AS Noise, at_ms AS AtMs";

    /// <summary>From 1, without gaps.</summary>
    public long Sequence { get; init; }

    /// <summary>Which of its fields the hash covers: 1 has neither study nor overlap.</summary>
    public int Form { get; init; } = NewestForm;

    public byte[] Previous { get; init; } = [];

    public byte[] Hash { get; init; } = [];

    public byte[] QueryHash { get; init; } = [];

    public byte[] RoundId { get; init; } = [];

    public string Dataset { get; init; } = "";

    /// <summary>Fingerprint of the asking key.</summary>
    public string Coordinator { get; init; } = "";

    public string Study { get; init; } = "";

    /// <summary>Millionths of ε, times the overlap.</summary>
    public long CostMicro { get; init; }

    /// <summary>The overlap with which it was charged.</summary>
    public int Overlap { get; init; } = 1;

    /// <summary>The query's noise mode, by its number on the wire.</summary>
    public int Noise { get; init; }

    public long AtMs { get; init; }

    /// <summary>Whether the numbers are such as an outpost writes: others have no hash.</summary>
    public bool IsWritable => CostMicro > 0 && Overlap > 0 && Noise >= 0 && AtMs >= 0;

    public byte[] ComputeHash()
    {
        using var hash = new LabelHash("ledger");
        hash.Field((ulong)Sequence)
            .Field(Previous)
            .Field(QueryHash)
            .Field(RoundId)
            .Field(Encoding.UTF8.GetBytes(Dataset))
            .Field(Encoding.UTF8.GetBytes(Coordinator))
            .Field((ulong)CostMicro)
            .Field((uint)Noise)
            .Field((ulong)AtMs);
        if (Form > 1) hash.Field((uint)Form).Field(Encoding.UTF8.GetBytes(Study)).Field((uint)Overlap);
        return hash.Finish();
    }
}
