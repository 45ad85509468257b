using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Cli;

/// <summary>Changes of who belongs, made to the body of a roster: of a draft, or of the draft of the epoch that follows a signed one.</summary>
internal sealed class RosterChange
{
    private readonly Protocol.Wire.Roster _body;
    private readonly bool _usualColluders;

    private RosterChange(Protocol.Wire.Roster body) =>
        (_body, _usualColluders) = (body, body.MaxColluders == Roster.DefaultColluders(body.Parties.Count));

    /// <summary>The draft of the epoch after a signed roster.</summary>
    public static RosterChange After(Roster signed)
    {
        var body = RosterFiles.Body(signed);
        body.Epoch = signed.Epoch + 1;
        body.PreviousHash = ByteString.CopyFrom(signed.Hash);
        return new RosterChange(body);
    }

    /// <summary>The same draft, to be changed further.</summary>
    public static RosterChange Of(Protocol.Wire.Roster draft) => new(draft.Clone());

    public void AddParty(string name, IdentityPublicKey key)
    {
        // Never an index that the epoch before had: its entries in the log are another's.
        var index = _body.Parties.Max(p => p.Index) + 1;
        _body.Parties.Add(new RosterParty { Index = index, Name = name, PublicKey = Point(key), Founder = true });
    }

    public void AddCoordinator(string name, IdentityPublicKey key) => _body.Coordinators.Add(new RosterOfficer { Name = name, PublicKey = Point(key), Founder = true });

    public void AddAuditor(string name, IdentityPublicKey key) => _body.Auditors.Add(new RosterOfficer { Name = name, PublicKey = Point(key) });

    public void Remove(string name)
    {
        if (_body.Parties.FirstOrDefault(p => p.Name == name) is { } party) _body.Parties.Remove(party);
        else if (_body.Coordinators.FirstOrDefault(o => o.Name == name) is { } coordinator) _body.Coordinators.Remove(coordinator);
        else if (_body.Auditors.FirstOrDefault(o => o.Name == name) is { } auditor) _body.Auditors.Remove(auditor);
        else throw Nobody(name);
    }

    public void Rotate(string name, IdentityPublicKey key)
    {
        if (_body.Parties.FirstOrDefault(p => p.Name == name) is { } party) party.PublicKey = Point(key);
        else if (_body.Coordinators.Concat(_body.Auditors).FirstOrDefault(o => o.Name == name) is { } officer) officer.PublicKey = Point(key);
        else throw Nobody(name);
    }

    public void RotateStation(IdentityPublicKey key) => _body.AggregatorKey = Point(key);

    /// <summary>The changed body, checked against every rule. What was left at its default follows the number of parties.</summary>
    /// <param name="notAfter">Its end of life.</param>
    /// <param name="colluders">Null: as it was.</param>
    public Protocol.Wire.Roster Finish(DateTimeOffset notAfter, uint? colluders)
    {
        var n = _body.Parties.Count;
        _body.NotAfter = (ulong)notAfter.ToUnixTimeSeconds();
        _body.MaxColluders = colluders ?? (_usualColluders ? (uint)Math.Max(0, Roster.DefaultColluders(n)) : _body.MaxColluders);
        _body.Witnesses = (uint)Roster.DefaultWitnesses(n, (int)Math.Min(_body.MaxColluders, int.MaxValue / 2));
        Roster.Sign(_body, []);
        return _body;
    }

    private static ByteString Point(IdentityPublicKey key) => ByteString.CopyFrom(key.Point);

    private CliException Nobody(string name) => new(
        ExitCode.BadInput,
        $"the roster has nobody called '{name}'; it has {string.Join(", ", _body.Parties.Select(p => p.Name).Concat(_body.Coordinators.Concat(_body.Auditors).Select(o => o.Name)))}");
}
