using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>A party, coordinator or auditor of a roster.</summary>
/// <param name="Index">Roster index of a party; 0 and without meaning for coordinators and auditors.</param>
/// <param name="Name">Name, unique within the roster.</param>
/// <param name="Key">Identity key.</param>
/// <param name="Founder">Whether its signature stands under the roster.</param>
public sealed record RosterMember(uint Index, string Name, IdentityPublicKey Key, bool Founder);

/// <summary>
/// Who belongs to a consortium and the floors below which no round may run. An instance has been checked: every rule holds and every founder
/// has signed. Whether it is the roster that its reader has in mind is for people to compare (<see cref="Words"/>) and for hosts to pin (<see cref="Hash"/>).
/// </summary>
public sealed class Roster
{
    private readonly Dictionary<uint, RosterMember> _byIndex;

    private Roster(Wire.Roster wire, byte[] signed, byte[] hash)
    {
        Signed = signed;
        Hash = hash;
        Consortium = wire.Consortium;
        Epoch = wire.Epoch;
        PreviousHash = wire.PreviousHash.ToByteArray();
        NotAfter = DateTimeOffset.FromUnixTimeSeconds(checked((long)wire.NotAfter));
        Parties = [.. wire.Parties.Select(p => new RosterMember(p.Index, p.Name, Key(p.PublicKey, p.Name), p.Founder))];
        Coordinators = [.. wire.Coordinators.Select(o => new RosterMember(0, o.Name, Key(o.PublicKey, o.Name), o.Founder))];
        Auditors = [.. wire.Auditors.Select(o => new RosterMember(0, o.Name, Key(o.PublicKey, o.Name), o.Founder))];
        Aggregator = Key(wire.AggregatorKey, "the station");
        LogOrigin = wire.LogOrigin;
        MaxColluders = checked((int)wire.MaxColluders);
        MinSurvivors = checked((int)wire.MinSurvivors);
        MinHonest = checked((int)wire.MinHonest);
        DropoutPermille = checked((int)wire.DropoutPermille);
        Witnesses = checked((int)wire.Witnesses);
        SparseGraph = wire.SparseGraph;
        Words = Fingerprint.Words(hash, Fingerprint.DefaultCount);
        _byIndex = Parties.ToDictionary(p => p.Index);
    }

    /// <summary>Name of the consortium.</summary>
    public string Consortium { get; }

    /// <summary>Number of this roster; a later one is higher.</summary>
    public ulong Epoch { get; }

    /// <summary>Hash of the roster before, empty in the first.</summary>
    public byte[] PreviousHash { get; }

    /// <summary>End of life.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>Parties, ascending by index.</summary>
    public IReadOnlyList<RosterMember> Parties { get; }

    /// <summary>Who may ask.</summary>
    public IReadOnlyList<RosterMember> Coordinators { get; }

    /// <summary>Who may read transcripts.</summary>
    public IReadOnlyList<RosterMember> Auditors { get; }

    /// <summary>The station's identity key.</summary>
    public IdentityPublicKey Aggregator { get; }

    /// <summary>Origin line of the station's log.</summary>
    public string LogOrigin { get; }

    /// <summary>c: how many parties may collude with the station.</summary>
    public int MaxColluders { get; }

    /// <summary>Fewest parties in a total, at least 3.</summary>
    public int MinSurvivors { get; }

    /// <summary>Fewest honest parties in a total, at least 2.</summary>
    public int MinHonest { get; }

    /// <summary>How many of a thousand parties are expected to vanish during a round, at most 500.</summary>
    public int DropoutPermille { get; }

    /// <summary>Whether rounds above <see cref="GraphParameters.CompleteUpTo"/> parties may use the sparse graph.</summary>
    public bool SparseGraph { get; }

    /// <summary>Cosignatures under a checkpoint that make it witnessed.</summary>
    public int Witnesses { get; }

    /// <summary>The hash that everything is bound to, 32 bytes.</summary>
    public byte[] Hash { get; }

    /// <summary>The encoding with its signatures, as it was read.</summary>
    public byte[] Signed { get; }

    /// <summary>Twelve words by which people compare rosters.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>Reads a signed roster.</summary>
    /// <param name="signed">Encoding of a SignedRoster.</param>
    /// <exception cref="RosterException">A rule is broken or a founder's signature is missing or wrong.</exception>
    public static Roster Open(ReadOnlySpan<byte> signed)
    {
        try
        {
            var outer = Canonical.Decode(SignedRoster.Parser, signed, Limits.Roster);
            var wire = Canonical.Decode(Wire.Roster.Parser, outer.Body.Span, Limits.Roster);
            if (RosterRules.Broken(wire) is { } rule) throw new RosterException(rule);
            CheckSignatures(wire, outer);
            return new Roster(wire, signed.ToArray(), Digests.Roster(outer.Body.Span));
        }
        catch (WireException e)
        {
            throw new RosterException($"This is not a roster: {e.Message}");
        }
        catch (Exception e) when (e is OverflowException or ArgumentOutOfRangeException)
        {
            throw new RosterException("A number in the roster is out of range.");
        }
    }

    /// <summary>Signs a roster body with the keys of its founders.</summary>
    /// <returns>Encoding of the SignedRoster.</returns>
    /// <exception cref="RosterException">The body breaks a rule.</exception>
    public static byte[] Sign(Wire.Roster roster, IEnumerable<IdentityKey> founders)
    {
        if (RosterRules.Broken(roster) is { } rule) throw new RosterException(rule);
        var body = roster.ToByteArray();
        var digest = Digests.RosterSignature(body);
        var signed = new SignedRoster { Body = ByteString.CopyFrom(body) };
        signed.Signatures.Add(founders
            .Select(k => new RosterSignature { PublicKey = ByteString.CopyFrom(k.Public.Point), Signature = ByteString.CopyFrom(k.Sign(digest)) })
            .OrderBy(s => PublicBytes.Hex(s.PublicKey.Span), StringComparer.Ordinal));
        return signed.ToByteArray();
    }

    /// <summary>The default of c for so many parties: ⌈n/3⌉ − 1.</summary>
    public static int DefaultColluders(int parties) => ((parties + 2) / 3) - 1;

    /// <summary>The default of w: the fewest cosignatures of which two sets must share an honest party, 2w &gt; n + c.</summary>
    public static int DefaultWitnesses(int parties, int colluders) => ((parties + colluders) / 2) + 1;

    /// <summary>Those whose signatures stand under it.</summary>
    public IEnumerable<RosterMember> Founders => Parties.Concat(Coordinators).Concat(Auditors).Where(m => m.Founder);

    /// <summary>Whether a key's signature stands under it.</summary>
    public bool IsSignedBy(IdentityPublicKey key) => Founders.Any(f => f.Key.Equals(key));

    /// <summary>The party with an index, or null.</summary>
    public RosterMember? FindParty(uint index) => _byIndex.GetValueOrDefault(index);

    /// <summary>The party with a key, or null.</summary>
    public RosterMember? FindParty(IdentityPublicKey key) => Parties.FirstOrDefault(m => m.Key.Equals(key));

    /// <summary>The coordinator with a key, or null.</summary>
    public RosterMember? FindCoordinator(IdentityPublicKey key) => Coordinators.FirstOrDefault(m => m.Key.Equals(key));

    /// <summary>The auditor with a key, or null.</summary>
    public RosterMember? FindAuditor(IdentityPublicKey key) => Auditors.FirstOrDefault(m => m.Key.Equals(key));

    private static IdentityPublicKey Key(ByteString point, string owner)
    {
        try
        {
            return new IdentityPublicKey(point.Span);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new RosterException($"The public key of {owner} is not a point on P-256 in 65 bytes.");
        }
    }

    private static void CheckSignatures(Wire.Roster wire, SignedRoster outer)
    {
        var digest = Digests.RosterSignature(outer.Body.Span);
        var signed = new HashSet<IdentityPublicKey>();
        string? before = null;
        foreach (var signature in outer.Signatures)
        {
            var hex = PublicBytes.Hex(signature.PublicKey.Span);
            if (before is not null && string.CompareOrdinal(before, hex) >= 0) throw new RosterException("The roster's signatures are not in ascending order of their keys.");
            before = hex;
            var key = Key(signature.PublicKey, "a signer");
            if (!key.Verify(digest, signature.Signature.Span)) throw new RosterException($"The roster's signature by key {key.Fingerprint} does not verify.");
            signed.Add(key);
        }

        var founders = wire.Parties.Where(p => p.Founder).Select(p => (p.Name, p.PublicKey))
            .Concat(wire.Coordinators.Concat(wire.Auditors).Where(o => o.Founder).Select(o => (o.Name, o.PublicKey))).ToList();
        foreach (var (name, point) in founders)
        {
            if (!signed.Remove(Key(point, name))) throw new RosterException($"The roster lacks the signature of its founder {name}; every founder must sign it.");
        }

        if (signed.Count != 0) throw new RosterException("The roster bears a signature of somebody who is not one of its founders.");
    }
}
