using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Store;

using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>
/// What an older station left is taken up by this one. Fixtures/schema1 is the data folder, key and roster of a station of version 0.1.0 with two rounds; the PostgreSQL
/// one is made of the same rows and the scripts that there were then, which never change.
/// </summary>
public sealed class UpgradeTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    /// <summary>Makes the fixture anew when it is set: only by a station whose schema is not checked in yet.</summary>
    private const string WriteVariable = "SECAGG_WRITE_FIXTURE";

    private const int PostgresThen = 1;

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static string Fixture { get; } = Path.Combine(AppContext.BaseDirectory, "Fixtures", "schema1");

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Station_takes_up_what_an_older_one_left(string kind)
    {
        using var place = new TestDatabase(kind, server);
        using var folder = new TempFolder();
        var options = Take(folder, place, kind);
        // The rounds are of the day on which the fixture was made.
        options.Limits.BlobRetention = TimeSpan.FromDays(3650);
        var (before, latest) = (Version(place), Latest(kind));
        Assert.True(before <= latest);
        await using (var station = await StationHost.Start(options, new StationSurroundings(TimeProvider.System, StationStorage.Open, new SumMeaning(), _ => { })).Guard())
        {
            Assert.Equal(latest, Version(place));
            var rounds = station.Services.GetRequiredService<RoundBook>().List(RoundSearch.Of(new ListRoundsRequest { Limit = 10 }).Search!, 0, 10, brief: false).Rounds;
            Assert.Equal(2, rounds.Count);
            var blobs = station.Services.GetRequiredService<IBlobStore>();
            Assert.All(rounds, r => Assert.Equal((RoundState.Done, 3, 72L), (r.State, blobs.Parties(r.RoundId.ToByteArray()).Count, blobs.Bytes(r.RoundId.ToByteArray()))));
            Assert.All(rounds, r => Assert.Equal(new SumMeaning().Sum([0, 1, 2]), r.Statistics.Select(s => s.Value)));
        }

        // And again, now that nothing is left to be brought up to date.
        Assert.Equal(2, (await StationHost.Check(options, new StationSurroundings(TimeProvider.System, StationStorage.Open, new SumMeaning(), _ => { })).Guard()).Rounds);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Older_format_is_not_read_by_a_backup_before_a_station_has_brought_it_up_to_date(string kind)
    {
        using var place = new TestDatabase(kind, server);
        using var folder = new TempFolder();
        var options = Take(folder, place, kind);
        place.Execute(kind == TestDatabase.Sqlite ? "PRAGMA user_version = 0" : "UPDATE format SET version = 0");
        Assert.Contains("start this version of the station on it once", Assert.Throws<StoreException>(() => StationStorage.Read(options)).Message, StringComparison.Ordinal);
    }

    [WriteFact]
    public async Task Fixture_is_written()
    {
        await using var scene = await RoundScene.Open(3);
        for (byte i = 1; i <= 2; i++) await scene.Until(await scene.Ask(i), v => v.State == RoundState.Done && v.Cosignatures == 3);
        await scene.Station.Stop();
        var target = Environment.GetEnvironmentVariable(WriteVariable)!;
        Copy(scene.Station.Data, Path.Combine(target, "data"));
        File.Copy(scene.Station.Options.RosterFile, Path.Combine(target, "roster.bin"));
        File.Copy(scene.Station.Options.KeyFile, Path.Combine(target, "station.pem"));
    }

    private static StationOptions Take(TempFolder folder, TestDatabase place, string kind)
    {
        var options = new StationOptions { Listen = "127.0.0.1:0", KeyFile = folder.File("station.pem"), RosterFile = Path.Combine(Fixture, "roster.bin") };
        File.Copy(Path.Combine(Fixture, "station.pem"), options.KeyFile);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(options.KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        place.Configure(options);
        if (kind == TestDatabase.Sqlite) Copy(Path.Combine(Fixture, "data"), place.Data);
        else Fill(place);
        return options;
    }

    /// <summary>The database as it was then: its scripts, the rows of the fixture, the vectors in one piece each.</summary>
    private static void Fill(TestDatabase place)
    {
        using var target = (NpgsqlConnection)place.Connect();
        target.Execute($"CREATE TABLE format (id integer PRIMARY KEY CHECK (id = 1), version integer NOT NULL); INSERT INTO format VALUES (1, {PostgresThen})");
        for (var number = 1; number <= PostgresThen; number++) target.Execute(Script("Postgres", number));
        using var source = new SqliteConnection($"Data Source={Path.Combine(Fixture, "data", "transcript.db")};Mode=ReadOnly;Pooling=False");
        foreach (var table in (string[])["entries", "head", "checkpoints", "cosignatures", "views"])
        {
            foreach (IDictionary<string, object> row in source.Query($"SELECT * FROM {table}"))
                target.Execute($"INSERT INTO {table} ({string.Join(", ", row.Keys)}) VALUES ({string.Join(", ", row.Keys.Select(c => "@" + c))})", new DynamicParameters(row));
        }

        var upload = 0;
        foreach (var file in Directory.GetFiles(Path.Combine(Fixture, "data", "vectors"), "*.vector", SearchOption.AllDirectories))
        {
            target.Execute(
                "INSERT INTO vector_pieces VALUES (@upload, 0, @data); INSERT INTO vectors VALUES (@round, @party, @upload, 1)",
                new { upload = ++upload, data = File.ReadAllBytes(file), round = Convert.FromHexString(Path.GetFileName(Path.GetDirectoryName(file)!)), party = long.Parse(Path.GetFileNameWithoutExtension(file)) });
        }

        target.Execute($"SELECT setval('uploads', {upload})");
    }

    private static string Script(string kind, int number)
    {
        using var reader = new StreamReader(typeof(StationHost).Assembly.GetManifestResourceStream(Scripts(kind).Single(name => name.Contains($".{number:D3}_", StringComparison.Ordinal)))!);
        return reader.ReadToEnd();
    }

    private static IEnumerable<string> Scripts(string kind) => typeof(StationHost).Assembly.GetManifestResourceNames().Where(name => name.Contains($".Sql.{kind}.", StringComparison.Ordinal));

    private static int Latest(string kind) => Scripts(kind == TestDatabase.Postgres ? "Postgres" : "Sqlite").Count();

    private static int Version(TestDatabase place)
    {
        using var connection = place.Connect();
        return connection.QuerySingle<int>(place.ConnectionString.Length == 0 ? "PRAGMA user_version" : "SELECT version FROM format");
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) != "station.lock"))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class WriteFactAttribute : FactAttribute
    {
        public WriteFactAttribute()
        {
            if (Environment.GetEnvironmentVariable(WriteVariable) is null) Skip = $"writes the fixture; set {WriteVariable} to a folder";
        }
    }
}
