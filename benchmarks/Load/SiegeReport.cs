namespace SecureAggregation.Benchmarks;

/// <summary>One of the three times.</summary>
/// <param name="RoundSeconds">Of each round, ascending.</param>
/// <param name="StationCpu">Seconds.</param>
/// <param name="StationMemory">Resident bytes at its end.</param>
internal sealed record SiegePart(IReadOnlyList<double> RoundSeconds, double StationCpu, long StationMemory)
{
    public double Median => RoundSeconds.Count == 0 ? 0 : RoundSeconds[RoundSeconds.Count / 2];
}

/// <summary>What `siege` found.</summary>
internal sealed record SiegeReport
{
    public required int Seconds { get; init; }

    public required SiegePart Before { get; init; }

    public required SiegePart During { get; init; }

    public required SiegePart After { get; init; }

    /// <summary>What the strangers sent and heard an answer to, or gave up on.</summary>
    public required int Requests { get; init; }

    /// <summary>By kind and answer.</summary>
    public required IReadOnlyDictionary<string, int> Answers { get; init; }

    public required IReadOnlyList<string> Faults { get; init; }

    public required int Wrong { get; init; }

    /// <summary>The middle round under siege over the middle one in peace, of both times of peace.</summary>
    public double Slower
    {
        get
        {
            var peace = Before.RoundSeconds.Concat(After.RoundSeconds).Order().ToList();
            return peace.Count == 0 ? 0 : During.Median / peace[peace.Count / 2];
        }
    }

    public void Print()
    {
        Console.WriteLine($"{Requests / (double)Seconds:0} requests a second for {Seconds} s");
        foreach (var (kind, count) in Answers) Console.WriteLine($"  {count,8}  {kind}");
        foreach (var (name, part) in new[] { ("before", Before), ("under siege", During), ("after", After) })
            Console.WriteLine($"  {name,-12}{part.RoundSeconds.Count} rounds, {part.Median:0.000} s in the middle; station's CPU {part.StationCpu:0.0} s, memory {part.StationMemory >> 20} MiB");
        Console.WriteLine($"  a round takes {Slower:0.00} times as long; {Wrong} wrong totals");
        foreach (var fault in Faults) Console.WriteLine($"  {fault}");
    }
}
