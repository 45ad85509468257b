using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>Real rows with several tests a person: the bound on rows a person keeps as many as another implementation counts.</summary>
public sealed class CovidTests(ITestOutputHelper output)
{
    private static readonly SchemaFile s_schema = SchemaFile.Parse("""
        name: covid
        columns:
          subject_id: person_key
          fake_first_name: drop
          fake_last_name: drop
          result: { type: category, categories: [negative, positive, invalid] }
        """);

    [Theory]
    [InlineData(1, 12_344)]
    [InlineData(2, 14_088)]
    [InlineData(3, 14_701)]
    [InlineData(5, 15_206)]
    public void Rows_kept_a_person(int rows, int kept)
    {
        if (RealData.Folder("covid", output) is not { } folder) return;
        var query = AnalysisQuery.Parse($"dataset: covid\nepsilon: 1\nmeasures: [count, histogram: result]\nrows_per_person: {rows}");
        var layout = VectorLayout.Create(query.Resolve(s_schema.Schema), query.Epsilon, query.Noise, 6);
        Assert.All(layout.Cells, c => Assert.Equal(rows, c.Cell.Sensitivity));
        using var encoder = new RowEncoder(layout, new byte[32], new byte[32]);
        foreach (var row in Directory.GetFiles(folder, "*.csv").SelectMany(f => PlainCsv.Read(f, s_schema, layout.Analysis))) encoder.Add(row);
        Assert.Equal(15_524, encoder.Rows);
        var totals = encoder.Totals().ToArray();
        Assert.Equal(kept, totals[0]);
        Assert.Equal(kept, totals[1] + totals[2] + totals[3]);
    }
}
