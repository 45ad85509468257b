namespace SecureAggregation.Benchmarks;

/// <summary>One round over the network.</summary>
internal sealed record RoundTimes
{
    public required bool Correct { get; init; }

    /// <summary>From the submission of the query to the last party that has the total.</summary>
    public required double Seconds { get; init; }

    /// <summary>Of these, until every party has masked its vector.</summary>
    public required double MaskedSeconds { get; init; }

    /// <summary>Then, until the station says that every vector is stored.</summary>
    public required double UploadSeconds { get; init; }

    /// <summary>Then, until the last party has the total, which goes out to each.</summary>
    public required double FinishSeconds { get; init; }

    /// <summary>CPU seconds of all parties in the upload phase.</summary>
    public required double PartiesCpuUpload { get; init; }

    public required double StationCpuUpload { get; init; }

    /// <summary>Largest resident memory of the station by the end of the round.</summary>
    public required long StationMemoryPeak { get; init; }
}

/// <summary>One bare upload.</summary>
/// <param name="Seconds">From the first byte to the last answer.</param>
/// <param name="Cpu">CPU seconds of both ends.</param>
internal sealed record BareTimes(double Seconds, double Cpu);

/// <summary>
/// What rounds over the network took. MB are 10^6 bytes; ratios are to the bare upload of the same bytes. In the first round and the first bare upload all
/// programs still compile their code, so these two are held against each other; the others count by their median.
/// </summary>
internal sealed record NetworkReport
{
    public required int Parties { get; init; }

    public required int Length { get; init; }

    /// <summary>Bits a cell of the query really has.</summary>
    public required int Bits { get; init; }

    public required long UploadBytes { get; init; }

    /// <summary>All rounds, in order.</summary>
    public required IReadOnlyList<RoundTimes> Rounds { get; init; }

    /// <summary>All bare uploads, each before the round of its place.</summary>
    public required IReadOnlyList<BareTimes> Bare { get; init; }

    public required double StationCpu { get; init; }

    public required long StationMemoryIdle { get; init; }

    public required long StationMemoryPeak { get; init; }

    public bool Correct => Rounds.All(r => r.Correct);

    public double UploadSeconds => Median(Rounds, r => r.UploadSeconds);

    public double BareSeconds => Median(Bare, b => b.Seconds);

    public double RoundSeconds => Median(Rounds, r => r.Seconds);

    public double UploadMegabytesPerSecond => UploadBytes / UploadSeconds / 1e6;

    public double BareMegabytesPerSecond => UploadBytes / BareSeconds / 1e6;

    public double UploadRatio => BareSeconds / UploadSeconds;

    /// <summary>Of the first of each, when all code is new.</summary>
    public double FirstUploadRatio => Bare[0].Seconds / Rounds[0].UploadSeconds;

    /// <summary>On a machine that is busy with other things, CPU compares better than time.</summary>
    public double UploadCpuRatio => Median(Bare, b => b.Cpu) / Median(Rounds, r => r.PartiesCpuUpload + r.StationCpuUpload);

    public double RoundRatio => BareSeconds / RoundSeconds;

    public void Print()
    {
        Console.WriteLine($"{Parties} parties, {Length} cells of {Bits} bits: {UploadBytes / 1e6:0.0} MB of vectors; totals {(Correct ? "correct" : "WRONG")}");
        Console.WriteLine($"  upload        {UploadSeconds,8:0.000} s {UploadMegabytesPerSecond,8:0} MB/s   ({List(Rounds, r => r.UploadSeconds)})");
        Console.WriteLine($"  bare upload   {BareSeconds,8:0.000} s {BareMegabytesPerSecond,8:0} MB/s   ({List(Bare, b => b.Seconds)})   ratio {UploadRatio:0.00}; of the first ones {FirstUploadRatio:0.00}");
        Console.WriteLine($"  CPU           parties {Median(Rounds, r => r.PartiesCpuUpload):0.00} s, station {Median(Rounds, r => r.StationCpuUpload):0.00} s; bare upload, both ends {Median(Bare, b => b.Cpu):0.00} s   ratio {UploadCpuRatio:0.00}");
        Console.WriteLine($"  whole round   {RoundSeconds,8:0.000} s   (masked {Median(Rounds, r => r.MaskedSeconds):0.000}, to the total after the upload {Median(Rounds, r => r.FinishSeconds):0.000})   ratio {RoundRatio:0.00}");
        Console.WriteLine($"  station (own process)   peak {Mebibytes(StationMemoryPeak)} MiB (after the first round {Mebibytes(Rounds[0].StationMemoryPeak)}), before the rounds {Mebibytes(StationMemoryIdle)} MiB; CPU {StationCpu:0.0} s in all");
    }

    /// <summary>The median without the first, unless it is the only one.</summary>
    private static double Median<T>(IReadOnlyList<T> all, Func<T, double> figure)
    {
        var sorted = all.Skip(all.Count > 1 ? 1 : 0).Select(figure).Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private static string List<T>(IEnumerable<T> all, Func<T, double> seconds) => string.Join(", ", all.Select(one => $"{seconds(one):0.000}"));

    private static string Mebibytes(long bytes) => $"{bytes / 1048576.0:0}";
}
