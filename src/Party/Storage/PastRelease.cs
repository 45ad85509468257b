namespace SecureAggregation.Party.Storage;

/// <summary>A survivor set that this outpost has agreed to, with what was asked of it.</summary>
internal sealed record PastRelease
{
    /// <summary>16 bytes.</summary>
    public required byte[] RoundId { get; init; }

    /// <summary>Names what was asked, 32 bytes: equal for two queries that ask the same of the same dataset for the same study at the same ε and noise.</summary>
    public required byte[] Question { get; init; }

    public required string Dataset { get; init; }

    /// <summary>Hash of the filter, 32 bytes.</summary>
    public required byte[] Filter { get; init; }

    /// <summary>The noise mode, by its number on the wire.</summary>
    public required int Noise { get; init; }

    /// <summary>Version of the data, and the size that is published for it.</summary>
    public required DataVersion Version { get; init; }

    /// <summary>Roster indices, ascending.</summary>
    public IReadOnlyList<uint> Survivors { get; init; } = [];
}
