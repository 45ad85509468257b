using SecureAggregation.Privacy;
using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>Intervals of what tables and comparisons tell, over many noisy releases.</summary>
public sealed class TableCoverageTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("1", 600)]
    [InlineData("0.1", 3000)]
    [InlineData("0.1", 600)]
    public void Intervals_cover_the_truth(string epsilon, int people)
    {
        var columns = new SchemaColumn[]
        {
            new("age", ColumnType.Integer) { Low = 20, High = 90 },
            new("arm", ColumnType.Category) { Categories = ["drug", "placebo"] },
            new("stage", ColumnType.Category) { Categories = ["one", "two", "three"] },
            new("ill", ColumnType.Category) { Categories = ["no", "yes"] },
        };
        Analysis[] all =
        [
            new(columns[2..], [new ContingencyMeasure(new("ill", ["no", "yes"]), new("stage", ["one", "two", "three"]))], null, [], RowRule.OneRowPerPerson),
            new([columns[1], columns[3]], [new ContingencyMeasure(new("arm", ["drug", "placebo"]), new("ill", ["yes", "no"]))], null, [], RowRule.OneRowPerPerson),
            new([columns[1], columns[2]], [new ColumnMeasure(MeasureKind.Compare, "stage")], null, [new("arm", ["drug", "placebo"])], RowRule.OneRowPerPerson),
            new([columns[0], columns[1]], [new ColumnMeasure(MeasureKind.Compare, "age")], null, [new("arm", ["drug", "placebo"])], RowRule.OneRowPerPerson),
            new([columns[0], columns[2]], [new ColumnMeasure(MeasureKind.Compare, "age")], null, [new("stage", ["one", "two", "three"])], RowRule.OneRowPerPerson),
            new([columns[0], columns[3]], [new RocMeasure("age", "ill", [20, 30, 40, 50, 60, 70, 80, 90])], null, [], RowRule.OneRowPerPerson),
            new([columns[2]], [new ColumnMeasure(MeasureKind.Distinct, "stage"), new TopMeasure("stage", 3)], null, [], RowRule.OneRowPerPerson),
        ];
        const int Parties = 3;
        foreach (var analysis in all)
        {
            var layout = VectorLayout.Create(analysis, MicroEpsilon.Parse(epsilon), NoiseMode.Local, Parties);
            using var encoder = new RowEncoder(layout);
            var random = new SeededRandom(11);
            for (var i = 0; i < people; i++)
            {
                var (arm, ill) = (random.Next(2), random.Next(10) < 3 ? 1 : 0);
                double[] values = [30 + random.Next(25) + random.Next(25) + (4 * ill) + (2 * arm), arm, random.Next(3 - ill), ill];
                encoder.Add(new Row([.. analysis.Columns.Select(c => values[Array.FindIndex(columns, o => o.Name == c.Name)])]));
            }

            // Moments take longer. Of 30 releases 1.5 miss on average; seven or more do by chance in one of two thousand.
            var times = analysis.Columns[0].Name == "age" && analysis.GroupBy.Count > 0 ? 6 : 30;
            foreach (var result in Coverage.Of(layout, encoder.Totals().ToArray(), Parties, times, output))
                Assert.True(result.Share * result.Shown >= result.Shown - 6, $"{result}");
        }
    }
}
