using System.Text;
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

    /// <summary>A clinic knows of no other: whoever was tested in two has as many rows in each.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void Rows_kept_a_person_in_each_clinic(int rows)
    {
        if (RealData.Folder("covid", output) is not { } folder) return;
        var persons = Federated.Reference("covid").GetProperty("persons");
        var at = persons.GetProperty("rows_per_person").EnumerateArray().Select(r => r.GetInt32()).ToList().IndexOf(rows);
        var kept = persons.GetProperty("rows_kept_in_each_clinic").EnumerateObject().ToDictionary(c => c.Name, c => c.Value[at].GetInt32());
        var query = AnalysisQuery.Parse($"dataset: covid\nepsilon: 1\nmeasures: [count, histogram: result]\nrows_per_person: {rows}");
        var layout = VectorLayout.Create(query.Resolve(s_schema.Schema), query.Epsilon, query.Noise, 6);
        Assert.Equal(6, kept.Count);
        foreach (var (clinic, expected) in kept)
        {
            // Each clinic draws by a secret of its own, which changes the rows that are kept and not how many.
            using var encoder = new RowEncoder(layout, Encoding.UTF8.GetBytes(clinic.PadRight(32)), new byte[32]);
            foreach (var row in PlainCsv.Read(Path.Combine(folder, clinic + ".csv"), s_schema, layout.Analysis)) encoder.Add(row);
            var totals = encoder.Totals().ToArray();
            Assert.Equal(expected, totals[0]);
            Assert.Equal(expected, totals[1] + totals[2] + totals[3]);
        }
    }
}
