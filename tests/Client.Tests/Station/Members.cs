using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Testing;

/// <summary>Five outposts, a coordinator, an auditor and a station, with keys that are the same in every run.</summary>
public sealed class Members : IDisposable
{
    public static readonly string[] Names = ["Mars", "Titan", "Europa", "Ganymede", "Callisto"];

    private readonly SecureAggregation.Protocol.Wire.Roster _body;

    public Members(DateTimeOffset? notAfter = null)
    {
        var random = new SeededRandom(7);
        (Station, Coordinator, Auditor) = (IdentityKey.Generate(random), IdentityKey.Generate(random), IdentityKey.Generate(random));
        Parties = [.. Names.Select(_ => IdentityKey.Generate(random))];
        var roster = new SecureAggregation.Protocol.Wire.Roster
        {
            Consortium = "Outer Clinics", Epoch = 1, NotAfter = (ulong)(notAfter ?? new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero)).ToUnixTimeSeconds(),
            AggregatorKey = Bytes(Station), LogOrigin = "station.example/log", MaxColluders = 1, MinSurvivors = 3, MinHonest = 2, DropoutPermille = 200, Witnesses = 4,
        };
        roster.Parties.Add(Names.Select((name, i) => new RosterParty { Index = (uint)i, Name = name, PublicKey = Bytes(Parties[i]), Founder = true }));
        roster.Coordinators.Add(new RosterOfficer { Name = "Dr. Vega", PublicKey = Bytes(Coordinator) });
        roster.Auditors.Add(new RosterOfficer { Name = "Deck", PublicKey = Bytes(Auditor) });
        Roster = Roster.Open(Roster.Sign(roster, Parties));
        _body = roster;
    }

    private Members(Members before, IdentityKey station, IReadOnlyList<IdentityKey> parties)
    {
        (Station, Coordinator, Auditor, Parties) = (station, before.Coordinator, before.Auditor, parties);
        _body = before._body.Clone();
        (_body.Epoch, _body.PreviousHash, _body.AggregatorKey) = (before.Roster.Epoch + 1, ByteString.CopyFrom(before.Roster.Hash), Bytes(station));
        for (var i = 0; i < parties.Count; i++) _body.Parties[i].PublicKey = Bytes(parties[i]);
        Roster = Roster.Open(Roster.Sign(_body, parties));
    }

    public Roster Roster { get; }

    /// <summary>The same members under the next roster, in which the station, or the first outpost, has another key.</summary>
    public Members Changed(IdentityKey? station = null, IdentityKey? outpost = null) => new(this, station ?? Station, [outpost ?? Parties[0], .. Parties.Skip(1)]);

    /// <summary>A roster after this one, or after another.</summary>
    public byte[] Next(Action<SecureAggregation.Protocol.Wire.Roster>? change = null, IEnumerable<IdentityKey>? signers = null, Roster? after = null)
    {
        var next = _body.Clone();
        (next.Epoch, next.PreviousHash) = ((after ?? Roster).Epoch + 1, ByteString.CopyFrom((after ?? Roster).Hash));
        change?.Invoke(next);
        return Roster.Sign(next, signers ?? Parties);
    }

    public IdentityKey Station { get; }

    public IdentityKey Coordinator { get; }

    public IdentityKey Auditor { get; }

    public IReadOnlyList<IdentityKey> Parties { get; }

    public void Dispose()
    {
        foreach (var key in Parties.Append(Station).Append(Coordinator).Append(Auditor)) key.Dispose();
    }

    private static ByteString Bytes(IdentityKey key) => ByteString.CopyFrom(key.Public.Point);
}
