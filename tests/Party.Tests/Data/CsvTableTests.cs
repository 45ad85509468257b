using System.Text;
using SecureAggregation.Party.Data;

namespace SecureAggregation.Party.Tests.Data;

public sealed class CsvTableTests
{
    private const string Canary = "Zoe-Quill-4711";

    [Fact]
    public void Rows_are_read_with_quotes_line_breaks_and_both_line_ends()
    {
        using var table = Open("id,note,age\r\n1,\"a, \"\"b\"\"\nc\",63\r\n\r\n2,x, 64 \n");
        Assert.Equal(["id", "note", "age"], table.Header);
        Assert.True(table.Read());
        Assert.Equal(2, table.Line);
        Assert.Equal("a, \"b\"\nc", table.Field(1).ToString());
        Assert.True(table.Read());
        Assert.Equal(5, table.Line);
        Assert.Equal("64", table.Field(2).ToString());
        Assert.False(table.Read());
    }

    [Theory]
    [InlineData("a;b\n1,5;2\n", ';', "1,5")]
    [InlineData("a\tb\n1\t2\n", '\t', "1")]
    [InlineData("a,b\n1,2\n", ',', "1")]
    [InlineData("a\n1\n", ',', "1")]
    [InlineData("\"a;b\"\n1\n", ',', "1")]
    public void Delimiter_is_found_in_the_header(string text, char delimiter, string first)
    {
        using var table = Open(text);
        Assert.True(table.Read());
        Assert.Equal(first, table.Field(0).ToString());
        if (table.Header.Count > 1) Assert.Equal(delimiter, table.Delimiter);
    }

    [Fact]
    public void Byte_order_mark_is_no_part_of_the_first_name()
    {
        using var table = CsvTable.Open(new MemoryStream([0xEF, 0xBB, 0xBF, .. "age\n5\n"u8]), "x.csv", CsvForm.Default);
        Assert.Equal(["age"], table.Header);
    }

    [Fact]
    public void Characters_survive_where_a_buffer_ends()
    {
        // 3-byte characters, so that the 64 KiB buffer ends inside one.
        var text = new StringBuilder("a,b\n");
        for (var i = 0; i < 20_000; i++) text.Append("€€€,ß\n");
        using var table = Open(text.ToString());
        var rows = 0;
        while (table.Read())
        {
            rows++;
            Assert.Equal("€€€", table.Field(0).ToString());
            Assert.Equal(rows + 1, table.Line);
        }

        Assert.Equal(20_000, rows);
    }

    public static TheoryData<string, byte[], string[]> Broken { get; } = new()
    {
        { "too few fields", Bytes($"name,age\nx,1\n{Canary}\n"), ["x.csv", "line 3", "1 field where", "header has 2", "quoted"] },
        { "too many fields", Bytes($"name,age\n{Canary},1,2\n"), ["line 2", "3 fields", "header has 2"] },
        { "line after a field with line breaks", Bytes($"name,age\n\"a\nb\",1\n\n{Canary}\n"), ["line 5"] },
        { "empty file", [], ["x.csv", "empty", "header"] },
        { "only blank lines", Bytes("\n\n"), ["empty"] },
        { "Latin-1", [.. "name,age\n"u8, .. "x,1\n"u8, .. Encoding.Latin1.GetBytes($"{Canary} Müller,2\n")], ["line 3", "byte " +
            "30", "not UTF-8", "iconv -f LATIN1"] },
        { "UTF-8 cut off at the end", [.. Bytes($"name\n{Canary}"), 0xE2, 0x82], ["line 2", "not UTF-8"] },
        { "UTF-16", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes($"name\n{Canary}\n")], ["UTF-16", "iconv"] },
        { "UTF-16 without a mark", Encoding.Unicode.GetBytes($"name\n{Canary}\n"), ["NUL", "UTF-8"] },
        { "quote never closed", Bytes($"name,age\n{Canary},1\n\"{Canary},1\nx,2\n"), ["quote", "close"] },
        { "quote never closed, long", Bytes($"name,age\n\"{Canary}{new string('z', 200_000)}\n"), ["line 2", "never closed"] },
        { "quote inside a bare field", Bytes($"name,age\n{Canary} \"Z\" Q,1\n"), ["line 2", "quote"] },
        { "name twice", Bytes($"{Canary},age,{Canary}\n"), ["columns 1 and 3", "same name", "header line missing"] },
        { "no name", Bytes($"{Canary},,age\n"), ["column 2", "no name"] },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Broken_file_is_refused_by_place_and_rule_and_never_quoted(string why, byte[] bytes, string[] expected)
    {
        var error = Assert.Throws<DataSourceException>(() =>
        {
            using var table = CsvTable.Open(new MemoryStream(bytes), "x.csv", CsvForm.Default);
            while (table.Read())
            {
                for (var i = 0; i < table.Header.Count; i++) _ = table.Field(i);
            }
        });
        foreach (var part in expected) Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Quill", error.ToString(), StringComparison.Ordinal);
        Assert.NotNull(why);
    }

    [Fact]
    public void Missing_file_and_folder_are_named()
    {
        using var scratch = new Scratch();
        var missing = Assert.Throws<DataSourceException>(() => CsvTable.Open(scratch["no.csv"]));
        Assert.Contains("does not exist", missing.Message, StringComparison.Ordinal);
        var folder = Assert.Throws<DataSourceException>(() => CsvTable.Open(scratch.Folder));
        Assert.Contains("is a folder", folder.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_that_were_read_are_not_kept()
    {
        const int Rows = 2_000_000;
        using var table = CsvTable.Open(new RowStream("name,age\n", "Somebody With A Name,63\n", Rows), "x.csv", CsvForm.Default);
        for (var i = 0; i < 1000; i++) Assert.True(table.Read());
        GC.Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var sum = 0L;
        var rows = 1000;
        while (table.Read())
        {
            sum += table.Field(1).Length;
            rows++;
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Assert.Equal(Rows, rows);
        // Other tests run beside this one; the file is 54 MB.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 16 * 1024 * 1024);
        // The name is never made into a string: what is allocated is the age alone.
        Assert.InRange(allocated / Rows, 0, 48);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static CsvTable Open(string text) => CsvTable.Open(new MemoryStream(Bytes(text)), "x.csv", CsvForm.Default);

    /// <summary>A header and then one row over and over, without a file of that size.</summary>
    private sealed class RowStream(string header, string row, int rows) : Stream
    {
        private readonly byte[] _header = Bytes(header);
        private readonly byte[] _row = Bytes(row);
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => _header.Length + ((long)_row.Length * rows);

        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var n = (int)Math.Min(count, Length - _position);
            for (var i = 0; i < n; i++, _position++)
                buffer[offset + i] = _position < _header.Length ? _header[_position] : _row[(_position - _header.Length) % _row.Length];
            return n;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
