using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Net.Client;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Keys and a roster: some parties, one coordinator, one auditor, one station.</summary>
internal sealed class TestConsortium : IDisposable
{
    public const string Dataset = "patients";

    public TestConsortium(DateTimeOffset now, int parties = 5, int colluders = 1)
    {
        Now = now;
        Parties = [.. Enumerable.Range(0, parties).Select(_ => IdentityKey.Generate())];
        Roster = Sign(parties, colluders, 1, []);
    }

    public DateTimeOffset Now { get; }

    public IReadOnlyList<IdentityKey> Parties { get; }

    public IdentityKey Coordinator { get; } = IdentityKey.Generate();

    public IdentityKey Auditor { get; } = IdentityKey.Generate();

    public IdentityKey Station { get; } = IdentityKey.Generate();

    public Roster Roster { get; }

    /// <summary>The key that whoever connects knows the station by.</summary>
    public IdentityPublicKey Pinned { get => field ?? Station.Public; set; }

    public Roster NextEpoch(Action<Protocol.Wire.Roster>? change = null, IEnumerable<IdentityKey>? signers = null, Roster? after = null) =>
        Sign(Parties.Count, Roster.MaxColluders, (after ?? Roster).Epoch + 1, (after ?? Roster).Hash, change, signers);

    public void WriteFiles(TempFolder folder)
    {
        File.WriteAllText(folder.File("station.pem"), Station.ToPem());
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder.File("station.pem"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(folder.File("roster.bin"), Roster.Signed);
    }

    public SignedQuery Query(byte id = 1, Action<Query>? change = null, IdentityKey? signer = null)
    {
        var query = new Query
        {
            RosterHash = ByteString.CopyFrom(Roster.Hash),
            QueryId = ByteString.CopyFrom([.. Enumerable.Repeat(id, 16)]),
            NotAfter = (ulong)(Now + TimeSpan.FromDays(1)).ToUnixTimeSeconds(),
            Attempts = 3,
            Title = "how many",
            Dataset = Dataset,
            EpsilonMicro = 1_000_000,
            Noise = QueryNoise.Local,
            Analysis = ByteString.CopyFromUtf8("anything"),
            CoordinatorKey = ByteString.CopyFrom(Coordinator.Public.Point),
        };
        change?.Invoke(query);
        return Question.Sign(query, signer ?? Coordinator);
    }

    /// <summary>A channel that shows the certificate of a key, or none.</summary>
    public GrpcChannel Channel(StationHost station, IdentityKey? key, TimeSpan? validFrom = null, TimeSpan? validTo = null) => Channel(station.Address, key, validFrom, validTo);

    /// <summary>The same to an address.</summary>
    public GrpcChannel Channel(string address, IdentityKey? key, TimeSpan? validFrom = null, TimeSpan? validTo = null)
    {
        var now = Now;
        var certificate = key?.CreateCertificate("test", now + (validFrom ?? TimeSpan.FromDays(-1)), now + (validTo ?? TimeSpan.FromDays(1)));
        return GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = Handler(certificate), DisposeHttpClient = true, MaxReceiveMessageSize = null });
    }

    public SocketsHttpHandler Handler(X509Certificate2? certificate, SslProtocols protocols = SslProtocols.Tls13) => new()
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = protocols,
            ClientCertificates = certificate is null ? [] : [certificate],
            LocalCertificateSelectionCallback = certificate is null ? null : (_, _, _, _, _) => certificate,
            RemoteCertificateValidationCallback = (_, shown, _, _) => IdentityPublicKey.FromCertificate((X509Certificate2)shown!).Equals(Pinned),
        },
    };

    public void Dispose()
    {
        foreach (var key in Parties.Append(Coordinator).Append(Auditor).Append(Station)) key.Dispose();
    }

    private Roster Sign(int parties, int colluders, ulong epoch, byte[] previous, Action<Protocol.Wire.Roster>? change = null, IEnumerable<IdentityKey>? signers = null)
    {
        var roster = new Protocol.Wire.Roster
        {
            Consortium = "Test",
            Epoch = epoch,
            PreviousHash = ByteString.CopyFrom(previous),
            NotAfter = (ulong)(Now + TimeSpan.FromDays(30)).ToUnixTimeSeconds(),
            AggregatorKey = ByteString.CopyFrom(Station.Public.Point),
            LogOrigin = "test.example/log",
            MaxColluders = (uint)colluders,
            MinSurvivors = 3,
            MinHonest = 2,
            DropoutPermille = 100,
            Witnesses = (uint)Roster.DefaultWitnesses(parties, colluders),
        };
        roster.Parties.Add(Parties.Select((key, i) => new RosterParty { Index = (uint)i, Name = $"Clinic {i}", PublicKey = ByteString.CopyFrom(key.Public.Point), Founder = true }));
        roster.Coordinators.Add(new RosterOfficer { Name = "Coordinator", PublicKey = ByteString.CopyFrom(Coordinator.Public.Point) });
        roster.Auditors.Add(new RosterOfficer { Name = "Auditor", PublicKey = ByteString.CopyFrom(Auditor.Public.Point) });
        change?.Invoke(roster);
        return Roster.Open(Roster.Sign(roster, signers ?? Parties));
    }
}
