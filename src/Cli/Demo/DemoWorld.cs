using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Cli.Demo;

/// <summary>One outpost of a demo: its name and the file with its rows.</summary>
internal sealed record DemoClinic(string Name, string CsvPath);

/// <summary>
/// Everything that a consortium has before its programs start: keys, a roster signed by all, and for each outpost a folder with its data,
/// schema, policy and configuration. On a real machine each of these lies with its owner; here they are side by side in one folder.
/// </summary>
internal sealed class DemoWorld
{
    private const string Coordinator = "Mission control";
    private const string Auditor = "Deck";

    private DemoWorld(string folder, string dataset, IReadOnlyList<DemoClinic> clinics, Roster roster)
    {
        Folder = folder;
        Dataset = dataset;
        Clinics = clinics;
        Roster = roster;
    }

    public string Folder { get; }

    public string Dataset { get; }

    /// <summary>In the order of their roster indices.</summary>
    public IReadOnlyList<DemoClinic> Clinics { get; }

    public Roster Roster { get; }

    public string RosterFile => Path.Combine(Folder, "roster.bin");

    public string StationKey => Path.Combine(Folder, "station", "station.pem");

    public string StationData => Path.Combine(Folder, "station", "data");

    public string CoordinatorKey => Path.Combine(Folder, "coordinator", "coordinator.pem");

    public string AuditorKey => Path.Combine(Folder, "dashboard", "auditor.pem");

    public static DemoWorld Create(string folder, string consortium, string dataset, string schemaFile, string? policy, IReadOnlyList<DemoClinic> clinics)
    {
        var world = new DemoWorld(folder, dataset, clinics, MakeRoster(folder, consortium, clinics));
        Directory.CreateDirectory(world.StationData);
        foreach (var clinic in clinics) world.WriteOutpost(clinic, schemaFile, policy);
        return world;
    }

    public string OutpostFolder(string name) => OutpostFolder(Folder, Clinics.TakeWhile(c => c.Name != name).Count(), name);

    public string OutpostConfig(string name) => Path.Combine(OutpostFolder(name), "outpost.json");

    /// <summary>Writes the outposts' configurations, once the station's address is known.</summary>
    public void Configure(string station, TimeSpan pause)
    {
        foreach (var clinic in Clinics) WriteConfig(clinic, station, pause);
    }

    private static Roster MakeRoster(string folder, string consortium, IReadOnlyList<DemoClinic> clinics)
    {
        var founders = new List<IdentityKey>();
        IdentityKey Key(params string[] path)
        {
            var key = IdentityKey.Generate();
            KeyFiles.Write(Path.Combine([folder, .. path]), key, overwrite: false);
            return key;
        }

        var colluders = Math.Max(Roster.DefaultColluders(clinics.Count), 0);
        using var station = Key("station", "station.pem");
        using var auditor = Key("dashboard", "auditor.pem");
        var coordinator = Key("coordinator", "coordinator.pem");
        founders.Add(coordinator);
        var roster = new Protocol.Wire.Roster
        {
            Consortium = consortium,
            Epoch = 1,
            NotAfter = (ulong)TimeProvider.System.GetUtcNow().AddDays(30).ToUnixTimeSeconds(),
            AggregatorKey = ByteString.CopyFrom(station.Public.Point),
            LogOrigin = RosterFiles.Origin(consortium),
            MaxColluders = (uint)colluders,
            MinSurvivors = 3,
            MinHonest = 2,
            DropoutPermille = 100,
            Witnesses = (uint)Roster.DefaultWitnesses(clinics.Count, colluders),
            Coordinators = { new RosterOfficer { Name = Coordinator, PublicKey = ByteString.CopyFrom(coordinator.Public.Point), Founder = true } },
            Auditors = { new RosterOfficer { Name = Auditor, PublicKey = ByteString.CopyFrom(auditor.Public.Point) } },
        };
        for (var i = 0; i < clinics.Count; i++)
        {
            var key = Key(Path.GetRelativePath(folder, OutpostFolder(folder, i, clinics[i].Name)), "key.pem");
            founders.Add(key);
            roster.Parties.Add(new RosterParty { Index = (uint)i, Name = clinics[i].Name, PublicKey = ByteString.CopyFrom(key.Public.Point), Founder = true });
        }

        try
        {
            var signed = Roster.Sign(roster, founders);
            File.WriteAllBytes(Path.Combine(folder, "roster.bin"), signed);
            return Roster.Open(signed);
        }
        catch (RosterException e)
        {
            throw new CliException(ExitCode.BadInput, e.Message, e);
        }
        finally
        {
            founders.ForEach(k => k.Dispose());
        }
    }

    private void WriteOutpost(DemoClinic clinic, string schemaFile, string? policy)
    {
        var home = OutpostFolder(clinic.Name);
        Directory.CreateDirectory(Path.Combine(home, "state"));
        File.WriteAllText(Path.Combine(home, "roster.pin"), Convert.ToHexStringLower(Roster.Hash) + "\n");
        File.Copy(schemaFile, Path.Combine(home, "schema.yaml"), overwrite: true);
        File.WriteAllText(Path.Combine(home, "policy.yaml"), policy is not null ? File.ReadAllText(policy) : string.Create(CultureInfo.InvariantCulture, $"""
            # What this outpost answers. Decided here, by its operator, and by nobody else.
            policy: 1
            coordinators: [ {Coordinator} ]
            noise: [ local, distributed ]
            floors: {"{"} parties: 3, survivors: 3 {"}"}
            datasets:
              {Dataset}:
                operations: [ "*" ]
                columns: [ "*" ]
                epsilon_per_query: 10
                epsilon_total: 100

            """));
    }

    private void WriteConfig(DemoClinic clinic, string station, TimeSpan pause)
    {
        var home = OutpostFolder(clinic.Name);
        var configuration = new
        {
            Outpost = new
            {
                Station = station,
                Roster = RosterFile,
                Key = Path.Combine(home, "key.pem"),
                State = Path.Combine(home, "state"),
                Policy = Path.Combine(home, "policy.yaml"),
                Pause = pause,
                // Who ends a demonstration does not wait for its rounds.
                ShutdownSeconds = 0,
                Datasets = new Dictionary<string, object> { [Dataset] = new { Csv = clinic.CsvPath, Schema = Path.Combine(home, "schema.yaml") } },
            },
        };
        File.WriteAllText(OutpostConfig(clinic.Name), JsonSerializer.Serialize(configuration));
    }

    // Names come from people or from file names: what is not plain becomes a hyphen, and the index keeps folders apart.
    private static string OutpostFolder(string folder, int index, string name) =>
        Path.Combine(folder, "outposts", $"{index}-{new string([.. name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')])}");
}
