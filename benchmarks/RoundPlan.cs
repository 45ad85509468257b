namespace SecureAggregation.Benchmarks;

/// <summary>What a round of <see cref="RoundWorld"/> is like.</summary>
internal sealed record RoundPlan(int Parties, int Length, int Bits, int Neighbours, int Dropouts, int Threads, int Colluders);

/// <summary>Seconds of one phase; CPU of all threads together.</summary>
internal sealed record PhaseTime(double Wall, double Cpu);

/// <summary>
/// What a round took. Wall and CPU are those of the phases: what the benchmark does itself (making inputs, adding them up to check the total) is not in them.
/// </summary>
internal sealed record RoundReport
{
    public required bool Correct { get; init; }

    public required double Wall { get; init; }

    public required double Cpu { get; init; }

    public required IReadOnlyDictionary<string, PhaseTime> Client { get; init; }

    public required IReadOnlyDictionary<string, PhaseTime> Server { get; init; }

    /// <summary>The station's work for the vectors: server.sum and server.unmask together, CPU seconds.</summary>
    public double ServerVectorsCpu => Server["sum"].Cpu + Server["unmask"].Cpu;

    /// <summary>Messages and vector of a party that stays to the end.</summary>
    public required long BytesUpPerParty { get; init; }

    public required long BytesDownPerParty { get; init; }

    /// <summary>Key stream that parties and station made.</summary>
    public required long KeystreamBytes { get; init; }

    public required long ServerKeystreamBytes { get; init; }

    /// <summary>Key stream on one core of this machine, before and after the rounds; GB/s, the better of the two.</summary>
    public double KernelRate { get; init; }

    /// <summary>The station's work for the vectors over the least that its key stream takes.</summary>
    public double ServerVectorsRatio => ServerVectorsCpu / (ServerKeystreamBytes / 1e9 / KernelRate);

    /// <summary>Largest resident memory of the process so far: the station and all parties.</summary>
    public required long PeakMemoryBytes { get; init; }

    public required int Parties { get; init; }

    public required int Length { get; init; }

    public required int Bits { get; init; }

    public required int Neighbours { get; init; }

    /// <summary>c of the roster.</summary>
    public required int Colluders { get; init; }

    public required int Dropouts { get; init; }

    public required int Threads { get; init; }

    public required string Path { get; init; }

    public RoundReport? SecondRound { get; init; }
}
