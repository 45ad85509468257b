using SecureAggregation.Privacy;
using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>What simulated intervals cover where there is nothing to find: lengths of vectors, which noise only makes longer.</summary>
public sealed class SimulatedCoverageTests(ITestOutputHelper output)
{
    private const int Parties = 4;

    [Theory]
    [InlineData("4", "[ { linear: { outcome: a, predictors: [b, c, d, e, f] } } ]", "", new[] { " r2", " adjusted_r2", ") f", ") p" })]
    [InlineData("4", "[ { pca: [a, b, c, d, e, f] } ]", "", new[] { "[PC1]", "[PC1] share", "[PC6]", "[PC6] share" })]
    [InlineData("0.3", "[ { survival: { time: a, event: died }, from: 0, to: 100, step: 20 } ]", "group_by: { g: [0, 1, 2, 3, 4, 5] }", new[] { "log-rank chi2", "log-rank p" })]
    public void Intervals_hold_what_is_not_there_as_often_as_stated(string epsilon, string measures, string groups, string[] names)
    {
        SchemaColumn[] columns =
        [
            .. "abcdef".Select(c => new SchemaColumn($"{c}", ColumnType.Integer) { Low = 0, High = 100 }),
            new("died", ColumnType.Integer) { Low = 0, High = 1 },
            new("g", ColumnType.Integer) { Low = 0, High = 5 },
        ];
        var query = AnalysisQuery.Parse($"dataset: d\nepsilon: {epsilon}\nmeasures: {measures}\n{groups}\n");
        var layout = VectorLayout.Create(query.Resolve(new DatasetSchema("d", "", RowRule.OneRowPerPerson, columns)), query.Epsilon, NoiseMode.Local, Parties);
        var random = new SeededRandom(7);
        using var encoder = new RowEncoder(layout);
        for (var i = 0; i < 5000; i++)
            encoder.Add(new Row([.. layout.Analysis.Columns.Select(c => (double)Next(c.High == 100 ? 101 : c.High == 1 ? 2 : 6))]));
        var results = Coverage.Of(layout, encoder.Totals().ToArray(), Parties, 100, output).Where(r => names.Any(n => r.Name.EndsWith(n, StringComparison.Ordinal))).ToArray();
        Assert.Equal(names.Length, results.Length);
        // Three standard errors of 100 repetitions below 95 %.
        Assert.All(results, r => Assert.True(r.Share >= 0.88 && r.Shown > 50, $"{r.Name}: {r.Share:P1} of {r.Shown}"));

        int Next(int below)
        {
            Span<byte> bytes = stackalloc byte[4];
            random.GetBytes(bytes);
            return (int)(BitConverter.ToUInt32(bytes) % (uint)below);
        }
    }
}
