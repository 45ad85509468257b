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

/// <summary>What rounds over the network took. MB are 10^6 bytes; ratios are to the bare upload of the same bytes.</summary>
internal sealed record NetworkReport
{
    public required int Parties { get; init; }

    public required int Length { get; init; }

    /// <summary>Bits a cell of the query really has.</summary>
    public required int Bits { get; init; }

    public required long UploadBytes { get; init; }

    /// <summary>The round with the shortest upload.</summary>
    public required RoundTimes Best { get; init; }

    /// <summary>All rounds; in the first one both programs still compile their code.</summary>
    public required IReadOnlyList<RoundTimes> Rounds { get; init; }

    /// <summary>The shortest bare upload.</summary>
    public required double BareSeconds { get; init; }

    /// <summary>CPU seconds of both ends in the bare upload. On a machine that is busy with other things, CPU compares better than time.</summary>
    public required double BareCpu { get; init; }

    public required double StationCpu { get; init; }

    public required long StationMemoryIdle { get; init; }

    public required long StationMemoryPeak { get; init; }

    public bool Correct => Rounds.All(r => r.Correct);

    public double UploadMegabytesPerSecond => UploadBytes / Best.UploadSeconds / 1e6;

    public double BareMegabytesPerSecond => UploadBytes / BareSeconds / 1e6;

    public double UploadRatio => BareSeconds / Best.UploadSeconds;

    public double UploadCpuRatio => BareCpu / (Best.PartiesCpuUpload + Best.StationCpuUpload);

    public double RoundRatio => BareSeconds / Best.Seconds;

    public void Print()
    {
        Console.WriteLine($"{Parties} parties, {Length} cells of {Bits} bits: {UploadBytes / 1e6:0.0} MB of vectors; totals {(Correct ? "correct" : "WRONG")}");
        Console.WriteLine($"  upload        {Best.UploadSeconds,8:0.000} s {UploadMegabytesPerSecond,8:0} MB/s   (of {Rounds.Count} rounds: {string.Join(", ", Rounds.Select(r => $"{r.UploadSeconds:0.000}"))})");
        Console.WriteLine($"  bare upload   {BareSeconds,8:0.000} s {BareMegabytesPerSecond,8:0} MB/s   ratio {UploadRatio:0.00}");
        Console.WriteLine($"  CPU           parties {Best.PartiesCpuUpload:0.00} s, station {Best.StationCpuUpload:0.00} s; bare upload, both ends {BareCpu:0.00} s   ratio {UploadCpuRatio:0.00}");
        Console.WriteLine($"  whole round   {Best.Seconds,8:0.000} s   (masked {Best.MaskedSeconds:0.000}, upload {Best.UploadSeconds:0.000}, to the total {Best.FinishSeconds:0.000})   ratio {RoundRatio:0.00}");
        Console.WriteLine($"  station (own process)   peak {Mebibytes(StationMemoryPeak)} MiB (after the first round {Mebibytes(Rounds[0].StationMemoryPeak)}), before the rounds {Mebibytes(StationMemoryIdle)} MiB; CPU {StationCpu:0.0} s in all");
    }

    private static string Mebibytes(long bytes) => $"{bytes / 1048576.0:0}";
}
