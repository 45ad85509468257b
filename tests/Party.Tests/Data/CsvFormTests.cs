using System.IO.Compression;
using System.Text;
using SecureAggregation.Party.Data;

namespace SecureAggregation.Party.Tests.Data;

public sealed class CsvFormTests : IDisposable
{
    private const string Canary = "Zoe-Quill-4711";

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Packed_file_is_known_by_its_content_and_not_its_name()
    {
        var path = _scratch.Write("plain.csv", Gzip("name;age\nMüller;63\n"u8));
        using var table = CsvTable.Open(path);
        Assert.True(table.Read());
        Assert.Equal("Müller", table.Field(0).ToString());
        Assert.Equal("63", table.Field(1).ToString());
        Assert.False(table.Read());
        Assert.Equal(100, table.Percent);
    }

    [Fact]
    public void Packed_parts_one_after_the_other_are_one_file()
    {
        byte[] both = [.. Gzip("age\n1\n"u8), .. Gzip("2\n"u8)];
        Assert.Equal(["1", "2"], Read(both, CsvForm.Default));
    }

    [Fact]
    public void Packed_file_that_is_cut_off_is_refused_wherever_it_is_cut()
    {
        var whole = Gzip(Encoding.UTF8.GetBytes("age\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i}\n"))));
        foreach (var length in new[] { 3, 12, 19, 20, 40, whole.Length / 2, whole.Length - 9, whole.Length - 8, whole.Length - 4, whole.Length - 1 })
        {
            var error = Assert.Throws<DataSourceException>(() => Read(whole[..length], CsvForm.Default));
            Assert.Contains("cut off", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Packed_file_that_is_damaged_is_refused()
    {
        var whole = Gzip(Encoding.UTF8.GetBytes($"name,age\n{Canary},1\n"));
        whole[^6] ^= 1;
        var error = Assert.Throws<DataSourceException>(() => Read(whole, CsvForm.Default));
        Assert.Contains("gzip -t", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Quill", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Gzip_bomb_is_refused_by_the_rule_that_it_breaks_and_before_much_is_unpacked()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write("age\n"u8);
            var line = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("7\n", 32 * 1024)));
            for (var i = 0; i < 3000; i++) gzip.Write(line);
        }

        packed.Position = 0;
        using var table = CsvTable.Open(packed, "x.csv.gz", CsvForm.Default);
        var rows = 0;
        var error = Assert.Throws<DataSourceException>(() =>
        {
            while (table.Read()) rows++;
        });
        Assert.Contains($"more than {Gunzip.MostRatio} times its size", error.Message, StringComparison.Ordinal);
        Assert.Contains("gzip bomb", error.Message, StringComparison.Ordinal);
        // 98 million rows are in it.
        Assert.InRange(rows, 1, 60_000_000);
    }

    [Theory]
    [InlineData("latin1", "Müller, señor ÿ", "iso-8859-1")]
    [InlineData("ISO-8859-1", "ÀÖØßþ", "iso-8859-1")]
    [InlineData("windows-1252", "€ „Zitat“ – Ž", "windows-1252")]
    [InlineData("cp1252", "Müller", "windows-1252")]
    public void Declared_encoding_is_read(string name, string text, string dotnet)
    {
        var encoding = CodePagesEncodingProvider.Instance.GetEncoding(dotnet) ?? Encoding.GetEncoding(dotnet);
        var bytes = encoding.GetBytes($"name\n\"{text}\"\n");
        Assert.Equal([text], Read(bytes, new CsvForm(',', TextEncoding.Find(name)!)));
    }

    [Theory]
    [InlineData("latin1", 0x93)]
    [InlineData("windows-1252", 0x81)]
    public void Byte_without_a_character_is_refused_by_place_and_option(string name, byte odd)
    {
        byte[] bytes = [.. "name\nx\n"u8, .. Encoding.ASCII.GetBytes(Canary), odd];
        var error = Assert.Throws<DataSourceException>(() => Read(bytes, new CsvForm(',', TextEncoding.Find(name)!)));
        Assert.Contains($"line 3, byte {bytes.Length}: byte {odd:X2}", error.Message, StringComparison.Ordinal);
        Assert.Contains($"\"Encoding\"", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Quill", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void File_that_is_not_utf8_is_refused_with_the_option_to_set()
    {
        var error = Assert.Throws<DataSourceException>(() => Read(Encoding.Latin1.GetBytes("name\nMüller\n"), CsvForm.Default));
        Assert.Contains("\"Encoding\": \"windows-1252\" or \"latin1\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Utf8_with_its_mark_under_another_name_is_refused()
    {
        var error = Assert.Throws<DataSourceException>(() => Read([0xEF, 0xBB, 0xBF, .. "age\n"u8], new CsvForm(',', TextEncoding.Latin1)));
        Assert.Contains("take \"Encoding\" out", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_is_read_part_by_part_in_the_order_of_names()
    {
        _scratch.Write("b.csv", "age,sex\n3,1\n");
        _scratch.Write("a.csv.gz", Gzip("age,sex\n1,0\n2,1\n"u8));
        _scratch.Write("c.csv", "age,sex\n");
        _scratch.Write(".d.csv", "rubbish");
        _scratch.Write("e.txt", "rubbish");
        var source = new CsvFiles(_scratch.Folder, CsvForm.Default);
        Assert.Equal(["age", "sex"], source.ReadHeader(CancellationToken.None));
        using var table = source.Open(TestSelection.Everything, CancellationToken.None);
        Assert.Equal(["1", "2", "3"], Rows(table));
        Assert.Contains("c.csv', line", table.Place, StringComparison.Ordinal);
        Assert.Equal(100, table.Percent);
    }

    [Fact]
    public void Pattern_chooses_the_parts_and_a_part_that_appears_during_the_pass_waits_for_the_next()
    {
        _scratch.Write("2024-01.csv", "age\n1\n");
        _scratch.Write("2024-02.csv", "age\n2\n");
        _scratch.Write("2023-12.csv", "age\n9\n");
        var source = new CsvFiles(_scratch["2024-*.csv"], CsvForm.Default);
        using (var table = source.Open(TestSelection.Everything, CancellationToken.None))
        {
            Assert.True(table.Read());
            _scratch.Write("2024-03.csv", "age\n3\n");
            Assert.Equal(["2"], Rows(table));
        }

        using var next = source.Open(TestSelection.Everything, CancellationToken.None);
        Assert.Equal(["1", "2", "3"], Rows(next));
    }

    [Fact]
    public void Parts_with_other_headers_are_refused_by_name_at_the_start_already()
    {
        _scratch.Write("a.csv", "age,sex\n1,1\n");
        _scratch.Write("b.csv", "sex,age\n1,1\n");
        var source = new CsvFiles(_scratch.Folder, CsvForm.Default);
        var error = Assert.Throws<DataSourceException>(() => source.ReadHeader(CancellationToken.None));
        Assert.Contains("b.csv' has another header than", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_without_parts_is_refused()
    {
        var error = Assert.Throws<DataSourceException>(() => new CsvFiles(_scratch.Folder, CsvForm.Default).ReadHeader(CancellationToken.None));
        Assert.Contains("*.csv or *.csv.gz", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<DataSourceException>(() => new CsvFiles(_scratch["x-*.csv"], CsvForm.Default).ReadHeader(CancellationToken.None));
        Assert.Contains("no file x-*.csv", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Given_up_pass_ends_between_parts()
    {
        _scratch.Write("a.csv", "age\n");
        _scratch.Write("b.csv", "age\n");
        using var stop = new CancellationTokenSource();
        using var table = new CsvFiles(_scratch.Folder, CsvForm.Default).Open(TestSelection.Everything, stop.Token);
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => table.Read());
    }

    private static byte[] Gzip(ReadOnlySpan<byte> bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(bytes);
        return packed.ToArray();
    }

    private static List<string> Read(byte[] bytes, CsvForm form)
    {
        using var table = CsvTable.Open(new MemoryStream(bytes), "x.csv", form);
        return Rows(table);
    }

    private static List<string> Rows(ITable table)
    {
        var rows = new List<string>();
        while (table.Read()) rows.Add(table.Field(0).ToString());
        return rows;
    }
}
