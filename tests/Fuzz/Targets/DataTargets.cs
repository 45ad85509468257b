using System.IO.Compression;
using System.Text;
using SecureAggregation.Fuzz.Engine;
using SecureAggregation.Party.Data;
using SecureAggregation.Statistics;
using static SecureAggregation.Fuzz.Engine.Outcome;

namespace SecureAggregation.Fuzz.Targets;

/// <summary>Rows, in every form in which an outpost takes them.</summary>
internal static class DataTargets
{
    private const string Rows =
        """
        full_name,age,weight,sex,smoker,Datum
        Ada,41,60.5,0,1,01.02.2020
        "Bob ""the"" Man", 92 ,?,1,0,31.12.2029
        Cé,,0,female,-9,
        """;

    private static readonly byte[][] s_words =
        [.. new[] { "\"", "\"\"", ",", ";", "\t", "\n", "\r\n", "\r", "\0", "\uFEFF", "1e308", "-1e-308", "NaN", "Infinity", "0x1F", "1.000,5", "٣", "29.02.2021", "01.01.0001", "?", "-9", "female", "age", "\u00e9", "\ud83d\ude42", " ", "\u00a0" }.Select(Encoding.UTF8.GetBytes),
            [0xFF, 0xFE], [0xFE, 0xFF], [0x1F, 0x8B], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x81], [0x85]];

    private static readonly CsvForm[] s_forms =
        [CsvForm.Default, new(';', TextEncoding.Utf8), new(null, TextEncoding.Latin1), new('\t', TextEncoding.Windows1252), new(',', TextEncoding.Latin1)];

    public static IEnumerable<Target> All =>
    [
        new("csv", 24_000, Tables, () => AsTable) { Make = Made, Words = s_words, Allowance = 2 * 1024 * 1024, PerByte = 600 },
        new("dataset", 10_000, () => [[0, .. Encoding.UTF8.GetBytes(Rows)], [0, .. Packed(Rows)]], () => AsDataset) { Make = Made, Words = s_words, Allowance = 4 * 1024 * 1024, PerByte = 1000 },
    ];

    private static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }

    /// <summary>The form's number, then the file.</summary>
    private static byte[][] Tables() =>
    [
        [0, .. Encoding.UTF8.GetBytes(Rows)],
        [0, .. Packed(Rows)],
        [0, .. Encoding.UTF8.GetBytes("\uFEFF" + Rows.Replace("\n", "\r\n", StringComparison.Ordinal))],
        [1, .. Encoding.UTF8.GetBytes(Rows.Replace(',', ';'))],
        [2, .. Encoding.Latin1.GetBytes(Rows)],
        [3, .. Encoding.Latin1.GetBytes(Rows.Replace(',', '\t'))],
    ];

    /// <summary>Changed, and then maybe packed: what a packed file holds is as foreign as the file.</summary>
    private static byte[] Made(Draw draw)
    {
        var seed = draw.Seed;
        var form = draw.OneIn(10) ? (byte)draw.Below(8) : seed[0];
        var text = draw.OneIn(2) ? Mutation.Changed(draw, seed[1..]) : Mutation.OfText(new Draw(new Testing.SeededRandom((ulong)draw.Below(int.MaxValue)), [seed[1..]], s_words));
        return [form, .. draw.OneIn(6) ? Mutation.Changed(draw, Packed(Encoding.Latin1.GetString(text))) : text];
    }

    private static bool AsTable(byte[] input)
    {
        if (input.Length == 0 || input[0] >= s_forms.Length) return false;
        return Or<DataSourceException>(() =>
        {
            using var table = CsvTable.Open(new Piped(input[1..]), "table", s_forms[input[0]]);
            while (table.Read())
            {
                for (var i = 0; i < table.Header.Count; i++) Must(table.Field(i).Length <= CsvTable.MaxField, "a field is too long");
            }
        });
    }

    /// <summary>All that an outpost does with its data: the check of its rows, the proposal of a schema, and a pass for a query.</summary>
    private static bool AsDataset(byte[] input)
    {
        if (input.Length == 0 || input[0] >= s_forms.Length) return false;
        var source = new BytesSource(input[1..], s_forms[input[0]]);
        _ = Or<DataSourceException>(() => SchemaInference.Infer(source, "clinic"));
        return Or<DataSourceException>(() =>
        {
            using var table = source.Open(Selection.All(TextTargets.ClinicSchema), CancellationToken.None);
            var record = new TableRecord(table, source.Name, TextTargets.ClinicSchema, TextTargets.ClinicSchema.Schema.Columns, needsPerson: false);
            while (record.Read(_ => { }))
            {
                for (var i = 0; i < TextTargets.ClinicSchema.Schema.Columns.Count; i++)
                {
                    if (TextTargets.ClinicSchema.Schema.Columns[i].Type == ColumnType.Category) Must(record.GetCategory(i) is >= -1 and < 100, "a category that there is not");
                    else if (record.TryGetNumber(i, out var value)) Must(double.IsFinite(value), "a number that is none");
                }
            }
        });
    }

    private sealed class BytesSource(byte[] bytes, CsvForm form) : IDataSource
    {
        public string Name => "table";

        public IReadOnlyList<string> ReadHeader(CancellationToken cancellationToken)
        {
            using var table = CsvTable.Open(new Piped(bytes), Name, form);
            return table.Header;
        }

        public ITable Open(Selection selection, CancellationToken cancellationToken) => CsvTable.Open(new Piped(bytes), Name, form);
    }
}
