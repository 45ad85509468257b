namespace SecureAggregation.Benchmarks;

/// <summary>What a round over the network took. MB are 10^6 bytes; ratios are to the bare upload of the same bytes.</summary>
internal sealed record NetworkReport
{
    public required int Parties { get; init; }

    public required int Length { get; init; }

    /// <summary>Bits a cell of the query really has.</summary>
    public required int Bits { get; init; }

    public required bool Correct { get; init; }

    /// <summary>From the submission of the query to the last party that has the total.</summary>
    public required double RoundSeconds { get; init; }

    /// <summary>Of these, until every party has masked its vector.</summary>
    public required double MaskedSeconds { get; init; }

    /// <summary>Then, until the station says that every vector is stored.</summary>
    public required double UploadSeconds { get; init; }

    /// <summary>Then, until the last party has the total, which goes out to each.</summary>
    public required double FinishSeconds { get; init; }

    public required long UploadBytes { get; init; }

    public required double BareSeconds { get; init; }

    public double UploadMegabytesPerSecond => UploadBytes / UploadSeconds / 1e6;

    public double BareMegabytesPerSecond => UploadBytes / BareSeconds / 1e6;

    public double UploadRatio => BareSeconds / UploadSeconds;

    public double RoundRatio => BareSeconds / RoundSeconds;

    /// <summary>CPU seconds of both ends in the bare upload. On a machine that is busy with other things, CPU compares better than time.</summary>
    public required double BareCpu { get; init; }

    /// <summary>CPU seconds of all parties in the upload phase.</summary>
    public required double PartiesCpuUpload { get; init; }

    public required double StationCpuUpload { get; init; }

    public double CpuRatio => BareCpu / (PartiesCpuUpload + StationCpuUpload);

    public required double StationCpu { get; init; }

    public required long StationMemoryIdle { get; init; }

    public required long StationMemoryPeak { get; init; }

    public void Print()
    {
        Console.WriteLine($"{Parties} parties, {Length} cells of {Bits} bits: {UploadBytes / 1e6:0.0} MB of vectors; total {(Correct ? "correct" : "WRONG")}");
        Console.WriteLine($"  upload        {UploadSeconds,8:0.000} s {UploadMegabytesPerSecond,8:0} MB/s");
        Console.WriteLine($"  bare upload   {BareSeconds,8:0.000} s {BareMegabytesPerSecond,8:0} MB/s   ratio {UploadRatio:0.00}");
        Console.WriteLine($"  whole round   {RoundSeconds,8:0.000} s   (masked {MaskedSeconds:0.000}, upload {UploadSeconds:0.000}, to the total {FinishSeconds:0.000})   ratio {RoundRatio:0.00}");
        Console.WriteLine($"  CPU in the upload: parties {PartiesCpuUpload:0.00} s, station {StationCpuUpload:0.00} s; bare upload, both ends {BareCpu:0.00} s   ratio {CpuRatio:0.00}");
        Console.WriteLine($"  station (own process)   peak {StationMemoryPeak / 1048576.0:0} MiB, before the round {StationMemoryIdle / 1048576.0:0} MiB; CPU {StationCpu:0.0} s in all");
    }
}
