using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace SecureAggregation.EndToEnd;

/// <summary>
/// Nothing that tells of a person leaves an outpost: every byte that crossed the wire (recorded before TLS by both sides), the station's database and
/// masked vectors, bundles and every log are searched for what stands in the outposts' rows.
/// </summary>
[Collection(nameof(MadeDemo))]
public class CanaryTests(MadeDemo demo)
{
    [Fact]
    public void No_name_or_citizen_id_of_any_made_patient_leaves_an_outpost()
    {
        var rows = Directory.EnumerateFiles(Path.Combine(demo.Folder, "made"), "*.csv").SelectMany(f => File.ReadLines(f).Skip(1)).ToList();
        var ids = rows.Select(r => r.Split(',')[0]).ToHashSet();
        var names = rows.Where(r => !r.Contains('"', StringComparison.Ordinal)).Select(r => r.Split(',')[1]).ToHashSet();
        Assert.InRange(ids.Count, 5000, 50_000);

        foreach (var file in Outside(demo.Folder))
        {
            // Latin-1 keeps every byte as one character.
            var text = Encoding.Latin1.GetString(File.ReadAllBytes(file));
            Assert.DoesNotMatch("C[1-5]-[0-9]{4}-[0-9]{5}", text);
            Assert.True(names.All(name => !text.Contains(name, StringComparison.Ordinal)), $"a patient's name is in {file}");
        }
    }

    [Fact]
    public async Task No_row_value_leaves_an_outpost_in_any_usual_form()
    {
        using var folder = new TemporaryFolder();
        const double Value = 48151.62342;
        const int Whole = 316_227_766;
        Directory.CreateDirectory(folder["data"]);
        foreach (var party in (string[])["north", "south", "west"])
        {
            var rows = Enumerable.Range(0, 40).Select(i => $"CANARY-{party}-{i:D4},Zebulon {party} Quatermass,{Value.ToString(CultureInfo.InvariantCulture)},{Whole},plain");
            folder.Write($"data/{party}.csv", $"citizen_id,full_name,dose,serial,kind\n{string.Join('\n', rows)}\n");
        }

        folder.Write("data/schema.yaml", """
            name: canaries
            columns:
              citizen_id: person_key
              full_name: drop
              dose: { type: number, low: 0, high: 100000, resolution: 0.00001 }
              serial: { type: integer, low: 0, high: 1000000000, not_identifying: all rows have the same }
              kind: { type: category, categories: [plain, odd] }
            """);
        var query = folder.Write("query.yaml", """
            dataset: canaries
            epsilon: 1
            measures: [count, { mean: dose }, { sum: serial }]
            group_by: { kind: [plain, odd] }
            """);

        var run = await Programs.Secagg("demo", "--once", "--json", "--trace-wire", "--data", folder["data"], "--query", query, "--folder", folder["run"]);

        Assert.True(run.Code == 0, run.ToString());
        var eight = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(eight, Value);
        var forms = new List<byte[]> { "CANARY-"u8.ToArray(), "Quatermass"u8.ToArray(), "Zebulon"u8.ToArray(), "48151.6"u8.ToArray(), "316227766"u8.ToArray(), eight.ToArray() };
        BinaryPrimitives.WriteInt64LittleEndian(eight, Whole);
        forms.Add(eight.ToArray());
        forms.AddRange(forms.Take(5).Select(f => Encoding.Unicode.GetBytes(Encoding.ASCII.GetString(f))).ToList());
        var searched = Outside(folder["run"]).ToList();
        // Both ends of each stream, the database, three vectors, and the logs: a search that finds nothing must have had something to look at.
        Assert.Contains(searched, f => f.Contains("wire", StringComparison.Ordinal) && new FileInfo(f).Length > 1000);
        Assert.Contains(searched, f => f.Contains("station/data", StringComparison.Ordinal));
        Assert.Contains(searched, f => f.EndsWith("outpost.log", StringComparison.Ordinal) && new FileInfo(f).Length > 100);
        Assert.Contains(searched, f => f.EndsWith(".secagg", StringComparison.Ordinal));
        foreach (var file in searched)
        {
            var bytes = File.ReadAllBytes(file);
            Assert.All(forms, form => Assert.True(bytes.AsSpan().IndexOf(form) < 0, $"{Encoding.ASCII.GetString(form)} is in {file}"));
        }
    }

    /// <summary>Everything of a run that is not an outpost's own: traffic of both sides, storage of the station, bundles, logs of all programs.</summary>
    private static IEnumerable<string> Outside(string run) => Directory.EnumerateFiles(run, "*", SearchOption.AllDirectories)
        .Where(f => !f.StartsWith(Path.Combine(run, "made"), StringComparison.Ordinal))
        .Where(f => !f.Contains("/state/", StringComparison.Ordinal));
}
