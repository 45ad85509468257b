using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Data.Sqlite;
using SecureAggregation.Party.Data;
using SecureAggregation.Privacy;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;
using Property = SecureAggregation.Testing.Property;

namespace SecureAggregation.Party.Tests.Data;

/// <summary>
/// What a database leaves out, the outpost would have left out: on values as awkward as can be, every filter gives the same cells whether the database
/// applies it first or not.
/// </summary>
public sealed class SqlFilterTests(PostgresServer server) : IClassFixture<PostgresServer>, IDisposable
{
    private static readonly string[] s_numbers = ["age", "size", "weight", "exact", "score"];
    private static readonly string[] s_categories = ["sex", "site", "flag"];
    private static readonly double[] s_limits = [-9, -1, 0, 0.1, 1, 2.5, 63, 89, 90, 95, 0.10000000149011612, 9007199254740992, 1e300];

    private static readonly SchemaFile s_schema = SchemaFile.Parse(
        """
        name: awkward
        one_row_per_person: true
        missing: [ "-9", "?" ]
        columns:
          age: { type: integer, low: 0, high: 90, top_code: 89 }
          size: { type: number, low: 0, high: 200, missing: [ "0.1", "n/a" ] }
          weight: { type: number, low: 0, high: 200 }
          exact: { type: integer, low: 0, high: 200 }
          score: { type: number, low: 0, high: 1 }
          sex: { type: category, codes: { "0": female, "1": male, "1.5": other }, missing: [ "9" ] }
          site: { type: category, categories: [ a, "b c", "63", ä ] }
          flag: { type: category, categories: [ "yes", "no" ], codes: { "true": "yes", "false": "no", "1": "yes" } }
        """);

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Sqlite_and_the_outpost_agree_on_every_filter()
    {
        // Any value in any column: SQLite does not mind.
        object?[] values =
        [
            null, -9L, -1L, 0L, 1L, 63L, 89L, 90L, 95L, 9L, 9007199254740993L, long.MaxValue, -9.0, 0.0, -0.0, 0.1, 0.30000000000000004, 1.0, 1.5, 2.5, 63.0,
            1e300, double.PositiveInfinity, "", " ", "?", "-9", "-9.0", "0.1", "1", " 1", "1.0", "1.5", "63", "6.3e1", "NaN", "Infinity", "n/a", "female",
            "Female", "a", "b c", "b  c", "ä", "yes", "true", "x'y", "\0", new byte[] { 0x31 }, new byte[] { 0xFF },
        ];
        var file = _scratch["awkward.db"];
        using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString()))
        {
            connection.Open();
            Run(connection, "CREATE TABLE rows (age INTEGER, size, weight REAL COLLATE NOCASE, exact NUMERIC, score TEXT, sex, site TEXT COLLATE NOCASE, flag BLOB)");
            using var transaction = connection.BeginTransaction();
            for (var i = 0; i < 600; i++)
            {
                // Each column goes through the values in a step of its own, so that they meet.
                var row = Enumerable.Range(0, 8).Select(c => values[((i * (c + 1)) + (i / values.Length * c)) % values.Length] ?? DBNull.Value).ToArray();
                using var command = connection.CreateCommand();
                (command.CommandText, command.Transaction) = ("INSERT INTO rows VALUES ($0, $1, $2, $3, $4, $5, $6, $7)", transaction);
                for (var c = 0; c < row.Length; c++) command.Parameters.AddWithValue(string.Create(CultureInfo.InvariantCulture, $"${c}"), row[c]);
                command.ExecuteNonQuery();
            }

            transaction.Commit();
        }

        Agree(new SqliteSource(file, "rows"), cases: 400);
    }

    [PostgresFact]
    public void Postgres_and_the_outpost_agree_on_every_filter()
    {
        server.Execute(
            """
            CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            CREATE TABLE awkward (age int, size float8, weight real, exact numeric(30,2), score numeric, sex text, site char(4) COLLATE nocase, flag boolean);
            INSERT INTO awkward SELECT
              (ARRAY[NULL, -9, -1, 0, 1, 63, 89, 90, 95, 2147483647])[1 + g % 10],
              (ARRAY[NULL, -9, 0, '-0', 0.1, 0.30000000000000004, 1, 2.5, 90, 1e300, 'NaN', 'Infinity', '-Infinity', 5e-324])[1 + g % 14],
              (ARRAY[NULL, -9, 0, 0.1, 2.5, 63, 3e38, 'NaN', 'Infinity'])[1 + (g / 3) % 9],
              (ARRAY[NULL, -9, 0, 0.10, 1, 63, 89.00, 9007199254740993, 1e27, 'NaN'])[1 + (g / 7) % 10],
              (ARRAY[NULL, -9, 0, 0.1, 0.10000000000000000001, 1e400, -1e400, 1e-400, 'NaN'])[1 + (g / 2) % 9],
              (ARRAY[NULL, '', ' ', '0', '1', ' 1', '1.0', '01', '1.5', '9', '9.0', '-9', '?', 'female', 'Female', 'MALE', 'x''y', 'other'])[1 + g % 18],
              (ARRAY[NULL, '', 'a', 'A', 'b c', 'B C', '63', '63.0', 'ä', 'Ä', '?', '-9'])[1 + (g / 5) % 12],
              (ARRAY[NULL, TRUE, FALSE])[1 + (g / 11) % 3]
            FROM generate_series(0, 1999) g;
            """);
        Agree(new PostgresSource(() => server.ConnectionString, "awkward"), cases: 120);
    }

    [Fact]
    public void Dataset_with_a_person_key_is_never_filtered_at_the_source()
    {
        var schema = SchemaFile.Parse("name: awkward\ncolumns:\n  mrn: person_key\n  age: { type: integer, low: 0, high: 90 }\n");
        var query = AnalysisQuery.Parse("name: q\ndataset: awkward\nepsilon: 1\nmeasures: [ count ]\n") with { Where = new IsNullFilter("age") };
        var selection = Selection.For(query.Resolve(schema.Schema), schema);
        Assert.Null(selection.Filter);
        Assert.True(selection.Ordered);
        Assert.Equal(["age", "mrn"], selection.Columns.Select(c => c.Header));
    }

    private static void Agree(IDataSource source, int cases)
    {
        var (left, all) = (0L, 0L);
        Property.Holds(Filters(3), filter =>
        {
            var query = AnalysisQuery.Parse("name: q\ndataset: awkward\nepsilon: 1\nmeasures: [ count, { sum: age }, { histogram: sex } ]\n") with { Where = filter };
            var analysis = query.Resolve(s_schema.Schema);
            var selection = Selection.For(analysis, s_schema);
            Assert.NotNull(selection.Filter);
            var (pushed, some) = Cells(source, analysis, selection);
            var (local, every) = Cells(source, analysis, selection with { Filter = null });
            (left, all) = (left + every - some, all + every);
            return pushed.SequenceEqual(local);
        }, cases);
        // It is no proof if nothing was left out.
        Assert.InRange(left, all / 5, all);
    }

    /// <summary>The same noise on both sides, so that vectors are equal where cells are.</summary>
    private static (Int128[] Vector, long Rows) Cells(IDataSource source, Analysis analysis, Selection selection)
    {
        var layout = VectorLayout.Create(analysis, new MicroEpsilon(1_000_000), NoiseMode.Local, 3);
        using var table = source.Open(selection, CancellationToken.None);
        var record = new TableRecord(table, source.Name, s_schema, analysis.Columns, needsPerson: false);
        using var encoder = new RowEncoder(layout);
        while (record.Read(_ => { })) encoder.Add(record);
        var rows = encoder.Rows;
        using var noise = VectorNoise.Draw(layout, new SeededRandom(1));
        using var vector = encoder.Finish(noise);
        return (vector.Values.ToArray(), rows);
    }

    private static Gen<Filter> Filters(int depth)
    {
        var number = Gen.Elements(s_numbers);
        var limit = Gen.Elements(s_limits);
        var label = Gen.Elements(s_categories).SelectMany(c => Gen.Elements(s_schema.Schema.Column(c).Categories.ToArray()).Select(l => (Column: c, Label: l)));
        Gen<Filter>[] leaves =
        [
            number.SelectMany(c => limit.SelectMany(v => Gen.Elements(Enum.GetValues<ComparisonOperator>()).Select(
                o => (Filter)new CompareFilter(c, o, new FilterValue(v, null))))),
            number.SelectMany(c => limit.ListOf(3).Select(v => (Filter)new InFilter(c, [.. v.Distinct().Select(n => new FilterValue(n, null))]))),
            number.SelectMany(c => limit.SelectMany(a => limit.Select(b => (Filter)new BetweenFilter(c, Math.Min(a, b), Math.Max(a, b))))),
            Gen.Elements(s_numbers.Concat(s_categories).ToArray()).Select(c => (Filter)new IsNullFilter(c)),
            label.SelectMany(l => Gen.Elements(ComparisonOperator.Eq, ComparisonOperator.Ne).Select(
                o => (Filter)new CompareFilter(l.Column, o, new FilterValue(null, l.Label)))),
            label.Select(l => (Filter)new InFilter(l.Column, [new FilterValue(null, l.Label), new FilterValue(null, s_schema.Schema.Column(l.Column).Categories[0])])),
        ];
        var leaf = Gen.OneOf(leaves);
        if (depth == 0) return leaf;
        var items = Filters(depth - 1).SelectMany(a => Filters(depth - 1).Select(b => new[] { a, b }));
        return Gen.Frequency(
            (3, leaf),
            (2, Filters(depth - 1).Select(f => (Filter)new NotFilter(f))),
            (2, items.Select(i => (Filter)new AndFilter(i))),
            (2, items.Select(i => (Filter)new OrFilter(i))));
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
