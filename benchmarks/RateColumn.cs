using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace SecureAggregation.Benchmarks;

/// <summary>Bytes, of keystream if nothing else is said, in GB (10^9) a second, from the mean time of a case.</summary>
internal sealed class RateColumn(Func<BenchmarkCase, long> bytes, string legend = "Keystream, 10^9 bytes a second") : IColumn
{
    public string Id => nameof(RateColumn);

    public string ColumnName => "GB/s";

    public string Legend => legend;

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    // Bytes a nanosecond are GB a second.
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) =>
        summary[benchmarkCase]?.ResultStatistics is { } statistics ? $"{bytes(benchmarkCase) / statistics.Mean:0.000}" : "?";

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public override string ToString() => ColumnName;
}
