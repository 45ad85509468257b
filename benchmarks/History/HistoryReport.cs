using System.Globalization;

namespace SecureAggregation.Benchmarks;

/// <summary>One way to list rounds, over TLS.</summary>
/// <param name="Name">What was asked for.</param>
/// <param name="Count">Rounds in the reply.</param>
/// <param name="Total">Rounds that match.</param>
/// <param name="Bytes">Of the reply.</param>
/// <param name="Milliseconds">In the middle.</param>
/// <param name="Slowest">The slowest, which is the first most often: the program compiles its code then.</param>
internal sealed record ListTimes(string Name, int Count, int Total, int Bytes, double Milliseconds, double Slowest);

/// <summary>A station with a long log.</summary>
internal sealed record HistoryReport
{
    public required int Parties { get; init; }

    public required int Rounds { get; init; }

    public required int Length { get; init; }

    public required long Entries { get; init; }

    public required double PlaySeconds { get; init; }

    /// <summary>Whether all rounds were listed.</summary>
    public required bool Correct { get; init; }

    public required long TranscriptBytes { get; init; }

    /// <summary>From the start of the process until it listens.</summary>
    public required double StartSeconds { get; init; }

    public required double StartCpuSeconds { get; init; }

    /// <summary>Resident when it has started.</summary>
    public required long Memory { get; init; }

    public required long MemoryPeak { get; init; }

    /// <summary>Resident after all lists.</summary>
    public required long MemoryAfter { get; init; }

    public required IReadOnlyList<ListTimes> Lists { get; init; }

    public void Print()
    {
        var culture = CultureInfo.InvariantCulture;
        Console.WriteLine(string.Create(culture, $"{Rounds} rounds of {Parties} outposts and {Length} cells, {Entries} entries, {TranscriptBytes / 1e6:0} MB of transcript (played in {PlaySeconds:0} s)"));
        Console.WriteLine(string.Create(culture, $"start {StartSeconds:0.0} s, CPU {StartCpuSeconds:0.0} s; memory {Memory / 1e6:0} MB, at the most {MemoryPeak / 1e6:0} MB, after the lists {MemoryAfter / 1e6:0} MB"));
        foreach (var list in Lists)
            Console.WriteLine(string.Create(culture, $"  {list.Name,-30}{list.Count,5} of {list.Total,6}{list.Bytes / 1000.0,10:0} kB{list.Milliseconds,9:0.0} ms{list.Slowest,9:0.0} ms at the most"));
    }
}
