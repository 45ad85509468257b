namespace SecureAggregation.Benchmarks;

/// <summary>What `load` found.</summary>
internal sealed record LoadReport
{
    public required int Parties { get; init; }

    public required int AtOnce { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Rounds that ended with a total.</summary>
    public required int Done { get; init; }

    /// <summary>Rounds that were aborted, streams that were lost, messages that were refused.</summary>
    public required int Failed { get; init; }

    /// <summary>The first of them, in words.</summary>
    public required IReadOnlyList<string> Faults { get; init; }

    /// <summary>Totals that are not the sum of all inputs.</summary>
    public required int Wrong { get; init; }

    /// <summary>From the question to the total, each round, ascending.</summary>
    public required IReadOnlyList<double> RoundSeconds { get; init; }

    public required double StationCpu { get; init; }

    /// <summary>Resident memory of the station in bytes, before the first round and then once a second.</summary>
    public required IReadOnlyList<long> StationMemory { get; init; }

    public void Print()
    {
        Console.WriteLine($"{Parties} outposts, {AtOnce} rounds at a time, {Seconds:0} s");
        Console.WriteLine($"  rounds           {Done} done, {Failed} faults, {Wrong} wrong totals; {Done / Seconds * 60:0.0} a minute");
        foreach (var fault in Faults) Console.WriteLine($"                   {fault}");
        if (RoundSeconds.Count > 0) Console.WriteLine($"  a round          {RoundSeconds[RoundSeconds.Count / 2]:0.0} s in the middle, {RoundSeconds[^1]:0.0} s at most");
        Console.WriteLine($"  station's CPU    {StationCpu:0.0} s, {StationCpu / Seconds:0.00} cores; {StationCpu / Math.Max(1, Done):0.00} s a round");
        Console.WriteLine($"  station's memory {StationMemory[0] >> 20} MiB before; in tenths of the time at most {string.Join(", ", Tenths().Select(bytes => bytes >> 20))} MiB");
    }

    private IEnumerable<long> Tenths() => StationMemory.Chunk(Math.Max(1, (StationMemory.Count + 9) / 10)).Select(part => part.Max());
}
