using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using CsvHelper;
using CsvHelper.Configuration;
using Npgsql;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Privacy;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// `rows`: an outpost's pass over a CSV file of ten columns for a query of three, beside CsvHelper that only reads the same file; and over a table of PostgreSQL,
/// beside COPY that is only drained. Best of several interleaved trials, on one thread.
/// </summary>
internal static class RowFigures
{
    private const string Table = "secagg_benchmark_rows";

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static Command Command()
    {
        var rows = NumberOption.Of("--rows", 1_000_000, 1, 100_000_000, "Rows.");
        var trials = NumberOption.Of("--trials", 7, 1, 100, "Trials; the best counts.");
        var postgres = new Option<string?>("--postgres")
        {
            Description = $"Connection string of a PostgreSQL server in which a table {Table} may be made and dropped; without it there are no figures of one.",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        var command = new Command("rows", "An outpost's pass over rows, MB/s of a CSV file and rows/s of PostgreSQL, beside the bare reader.") { rows, trials, postgres, json };
        command.SetAction(parsed =>
        {
            var folder = Directory.CreateTempSubdirectory("secagg-rows-").FullName;
            try
            {
                var figures = Measure(folder, parsed.GetValue(rows), parsed.GetValue(trials), parsed.GetValue(postgres));
                Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(figures, s_json) : figures.Text());
                return figures.SameCells ? 0 : 1;
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    private static Figures Measure(string folder, int rows, int trials, string? postgres)
    {
        var (csv, schema) = (Path.Combine(folder, "rows.csv"), Path.Combine(folder, "rows.yaml"));
        WriteRows(csv, rows);
        File.WriteAllText(schema, """
            name: rows
            one_row_per_person: true
            columns:
              age: { type: integer, low: 0, high: 110, missing: [ "-9" ] }
              sex: { type: category, codes: { "0": female, "1": male } }
              chol: { type: number, low: 80, high: 620, resolution: 0.1 }
            """);
        var megabytes = new FileInfo(csv).Length / 1e6;
        var file = Dataset.Open("rows", new DatasetOptions { Csv = csv, Schema = schema });
        var table = postgres is null
            ? null
            : Dataset.Open("rows", new DatasetOptions { Postgres = new PostgresOptions { Connection = postgres, Table = Table }, Schema = schema });
        var (pass, bare, query, copy) = (double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue);
        Int128[] cells = [], others = [];
        try
        {
            if (postgres is not null) MakeTable(postgres, csv);
            for (var trial = 0; trial < trials; trial++)
            {
                pass = Math.Min(pass, Seconds(() => cells = Sum(file)));
                bare = Math.Min(bare, Seconds(() => ReadAlone(csv)));
                if (table is null) continue;
                query = Math.Min(query, Seconds(() => others = Sum(table)));
                copy = Math.Min(copy, Seconds(() => CopyAlone(postgres!)));
            }
        }
        finally
        {
            if (postgres is not null) Run(postgres, $"DROP TABLE IF EXISTS {Table}");
        }

        using var process = Process.GetCurrentProcess();
        return new Figures
        {
            Rows = rows,
            Megabytes = Math.Round(megabytes, 1),
            PassMegabytesPerSecond = Math.Round(megabytes / pass, 1),
            CsvHelperMegabytesPerSecond = Math.Round(megabytes / bare, 1),
            Ratio = Math.Round(bare / pass, 3),
            PeakMemoryBytes = process.PeakWorkingSet64,
            PostgresPassSeconds = table is null ? null : Math.Round(query, 4),
            PostgresCopySeconds = table is null ? null : Math.Round(copy, 4),
            PostgresRatio = table is null ? null : Math.Round(query / copy, 3),
            SameCells = table is null || cells.AsSpan().SequenceEqual(others),
        };
    }

    /// <summary>Rows as a clinic's export has them: ten columns, three of which are asked for.</summary>
    private static void WriteRows(string path, int rows)
    {
        using var random = new SeededRandom(Data.Seed);
        var tape = new byte[8];
        using var writer = new StreamWriter(path, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 1 << 16);
        writer.Write("patient_id,full_name,age,sex,chol,trestbps,thalach,site,visit_date,note\n");
        for (var i = 0; i < rows; i++)
        {
            random.GetBytes(tape);
            writer.Write(string.Create(
                CultureInfo.InvariantCulture,
                $"{1_000_000 + i},Person Name{i % 9973},{20 + (tape[0] % 60)},{tape[1] & 1},{100 + (tape[2] % 300)}.{tape[3] % 10},{90 + (tape[4] % 100)},{80 + (tape[5] % 120)}," +
                $"clinic-{tape[6] % 5},2024-{1 + (tape[6] % 12):00}-{1 + (tape[7] % 28):00},follow-up {tape[7] % 100}\n"));
        }
    }

    private static Int128[] Sum(Dataset dataset)
    {
        var query = AnalysisQuery.Parse("name: q\ndataset: rows\nepsilon: 1\nmeasures: [ count, { mean: age }, { variance: chol }, { histogram: sex } ]\n");
        var layout = VectorLayout.Create(query.Resolve(dataset.Schema.Schema), new MicroEpsilon(1_000_000), NoiseMode.Local, 3);
        using var noise = VectorNoise.Draw(layout, new SeededRandom(1));
        using var vector = dataset.Sum(layout, noise, new byte[32], new byte[32], _ => { }, _ => { }, CancellationToken.None);
        return vector.Values.ToArray();
    }

    private static void ReadAlone(string path)
    {
        using var reader = new StreamReader(path, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, 1 << 16);
        using var parser = new CsvParser(reader, new CsvConfiguration(CultureInfo.InvariantCulture) { BufferSize = 1 << 16 });
        while (parser.Read())
        {
        }
    }

    private static void CopyAlone(string postgres)
    {
        using var connection = new NpgsqlConnection(postgres);
        connection.Open();
        using var copy = ((StreamReader)connection.BeginTextExport($"COPY (SELECT age, sex, chol FROM {Table}) TO STDOUT")).BaseStream;
        var buffer = new byte[1 << 16];
        while (copy.Read(buffer) > 0)
        {
        }
    }

    private static void MakeTable(string postgres, string csv)
    {
        Run(postgres, $"""
            DROP TABLE IF EXISTS {Table};
            CREATE TABLE {Table} (patient_id int, full_name text, age int, sex int, chol float8, trestbps int, thalach int, site text, visit_date date, note text)
            """);
        using var connection = new NpgsqlConnection(postgres);
        connection.Open();
        using (var to = connection.BeginTextImport($"COPY {Table} FROM STDIN (FORMAT csv, HEADER)"))
        {
            using var from = new StreamReader(csv);
            var buffer = new char[1 << 16];
            for (int read; (read = from.Read(buffer)) > 0;) to.Write(buffer.AsSpan(0, read));
        }

        Run(postgres, $"VACUUM ANALYZE {Table}");
    }

    private static void Run(string postgres, string sql)
    {
        using var connection = new NpgsqlConnection(postgres);
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    private static double Seconds(Action work)
    {
        var began = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private sealed record Figures
    {
        public required int Rows { get; init; }

        public required double Megabytes { get; init; }

        public required double PassMegabytesPerSecond { get; init; }

        [JsonPropertyName("csvhelper_megabytes_per_second")]
        public required double CsvHelperMegabytesPerSecond { get; init; }

        public required double Ratio { get; init; }

        public required long PeakMemoryBytes { get; init; }

        public double? PostgresPassSeconds { get; init; }

        public double? PostgresCopySeconds { get; init; }

        public double? PostgresRatio { get; init; }

        /// <summary>Whether file and table gave the same vector.</summary>
        public required bool SameCells { get; init; }

        public string Text()
        {
            var text = string.Create(
                CultureInfo.InvariantCulture,
                $"{Rows} rows, {Megabytes:0.0} MB of CSV: pass {PassMegabytesPerSecond:0} MB/s, CsvHelper alone {CsvHelperMegabytesPerSecond:0} MB/s, ratio {Ratio:0.00}, peak memory {PeakMemoryBytes / 1e6:0} MB");
            return PostgresRatio is null ? text : text + Environment.NewLine + string.Create(
                CultureInfo.InvariantCulture,
                $"PostgreSQL: pass {PostgresPassSeconds:0.000} s, COPY (SELECT ...) TO STDOUT drained {PostgresCopySeconds:0.000} s, {PostgresRatio:0.00} x; same cells: {SameCells}");
        }
    }
}
