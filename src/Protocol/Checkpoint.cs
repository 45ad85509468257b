using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol;

/// <summary>
/// The head of the station's log: a signed note in the form of C2SP tlog-checkpoint and signed-note, signed by the station and cosigned by parties
/// that have checked it (docs/protocol.md section 7). Immutable.
/// </summary>
public sealed class Checkpoint
{
    /// <summary>Most characters of a note.</summary>
    internal const int LongestNote = 1024 * 1024;

    private const int KeyIdSize = 4;
    private static readonly byte[] s_signatureType = [0xff, .. "secagg-p256"u8];

    private readonly IReadOnlyList<(string Name, byte[] KeyId, byte[] Signature)> _signatures;

    private Checkpoint(string origin, long size, byte[] root, IReadOnlyList<(string Name, byte[] KeyId, byte[] Signature)> signatures)
    {
        Origin = origin;
        Size = size;
        Root = root;
        Text = $"{origin}\n{size.ToString(CultureInfo.InvariantCulture)}\n{Convert.ToBase64String(root)}\n";
        _signatures = signatures;
    }

    /// <summary>Name of the log.</summary>
    public string Origin { get; }

    /// <summary>Entries in the log.</summary>
    public long Size { get; }

    /// <summary>Root of the tree over them, 32 bytes.</summary>
    public byte[] Root { get; }

    /// <summary>The three lines that are signed, each with its line feed.</summary>
    public string Text { get; }

    /// <summary>The whole note: text, empty line, signatures.</summary>
    public string Note => $"{Text}\n{string.Concat(_signatures.Select(s => $"— {s.Name} {Convert.ToBase64String([.. s.KeyId, .. s.Signature])}\n"))}";

    /// <summary>Makes and signs the head of a log.</summary>
    public static Checkpoint Create(string origin, long size, byte[] root, IdentityKey station)
    {
        ArgumentNullException.ThrowIfNull(station);
        var bare = new Checkpoint(origin, size, root, []);
        return new Checkpoint(origin, size, root, [(origin, KeyId(origin, station.Public), station.Sign(bare.Digest("checkpoint")))]);
    }

    /// <summary>Reads a note; only exactly what <see cref="Note"/> would write again is accepted. Signatures are not checked here.</summary>
    /// <exception cref="TranscriptException">It is not such a note.</exception>
    public static Checkpoint Parse(string note)
    {
        ArgumentNullException.ThrowIfNull(note);
        if (note.Length > LongestNote) throw new TranscriptException($"A checkpoint of {note.Length} characters is over the limit of {LongestNote}.");
        try
        {
            var lines = note.Split('\n');
            if (lines.Length < 6 || lines[3].Length != 0 || lines[^1].Length != 0) throw new FormatException();
            var signatures = lines[4..^1].Select(ParseSignature).ToList();
            var checkpoint = new Checkpoint(
                lines[0], long.Parse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture), Convert.FromBase64String(lines[2]), signatures);
            if (checkpoint.Note != note || checkpoint.Root.Length != MerkleTree.HashSize) throw new FormatException();
            return checkpoint;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new TranscriptException("The checkpoint is not a signed note of origin, size and root.");
        }
    }

    /// <summary>Checks that this is a head of the roster's log, signed by the roster's station.</summary>
    /// <exception cref="TranscriptException">It is not.</exception>
    public void CheckStation(Roster roster)
    {
        ArgumentNullException.ThrowIfNull(roster);
        if (Origin != roster.LogOrigin) throw new TranscriptException($"The checkpoint is of the log '{Origin}'; the roster's log is '{roster.LogOrigin}'.");
        if (!IsSigned(Origin, roster.Aggregator, Digest("checkpoint"))) throw new TranscriptException("The station's signature under the checkpoint does not verify.");
    }

    /// <summary>A party's signature over this head, 64 bytes; made only after the party has checked it.</summary>
    public byte[] Cosign(IdentityKey party)
    {
        ArgumentNullException.ThrowIfNull(party);
        return party.Sign(Digest("cosign"));
    }

    /// <summary>This head with a party's signature added; null if the signature does not verify.</summary>
    public Checkpoint? TryAdd(Roster roster, RosterMember party, byte[] signature)
    {
        ArgumentNullException.ThrowIfNull(roster);
        ArgumentNullException.ThrowIfNull(party);
        if (!party.Key.Verify(Digest("cosign"), signature)) return null;
        var name = CosignerName(party);
        return _signatures.Any(s => s.Name == name)
            ? this
            : new Checkpoint(Origin, Size, Root, [.. _signatures, (name, KeyId(name, party.Key), signature)]);
    }

    /// <summary>Parties whose signature over this head verifies.</summary>
    /// <exception cref="TranscriptException">A signature is not by the station or a party of the roster, or does not verify.</exception>
    public IReadOnlyList<RosterMember> Cosigners(Roster roster)
    {
        ArgumentNullException.ThrowIfNull(roster);
        var digest = Digest("cosign");
        var cosigners = roster.Parties.Where(p => IsSigned(CosignerName(p), p.Key, digest)).ToList();
        return cosigners.Count + 1 == _signatures.Count
            ? cosigners
            : throw new TranscriptException("A signature under the checkpoint is by nobody in the roster, is there twice, or does not verify.");
    }

    /// <summary>This head without the lines of whoever is not in a roster: members of another one have signed it too. What is left is not checked.</summary>
    public Checkpoint Under(Roster roster)
    {
        ArgumentNullException.ThrowIfNull(roster);
        var known = roster.Parties.ToDictionary(CosignerName, p => KeyId(CosignerName(p), p.Key), StringComparer.Ordinal);
        known.Add(Origin, KeyId(Origin, roster.Aggregator));
        return new Checkpoint(Origin, Size, Root, [.. _signatures.Where(s => known.TryGetValue(s.Name, out var id) && PublicBytes.Equal(s.KeyId, id))]);
    }

    /// <summary>Whether a party's signature over this head is among its signatures and verifies; the others are not looked at.</summary>
    public bool IsCosignedBy(RosterMember party)
    {
        ArgumentNullException.ThrowIfNull(party);
        return IsSigned(CosignerName(party), party.Key, Digest("cosign"));
    }

    private string CosignerName(RosterMember party) => $"{Origin}/party/{party.Index}";

    private bool IsSigned(string name, IdentityPublicKey key, byte[] digest)
    {
        var keyId = KeyId(name, key);
        return _signatures.Any(s => s.Name == name && PublicBytes.Equal(s.KeyId, keyId) && key.Verify(digest, s.Signature));
    }

    private byte[] Digest(string purpose)
    {
        using var hash = new LabelHash(purpose);
        return hash.Field(Encoding.UTF8.GetBytes(Text)).Finish();
    }

    private static byte[] KeyId(string name, IdentityPublicKey key) =>
        SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', .. s_signatureType, .. key.Point])[..KeyIdSize];

    private static (string Name, byte[] KeyId, byte[] Signature) ParseSignature(string line)
    {
        var parts = line.Split(' ');
        if (parts.Length != 3 || parts[0] != "—" || parts[1].Length == 0) throw new FormatException();
        var bytes = Convert.FromBase64String(parts[2]);
        return bytes.Length == KeyIdSize + IdentityKey.SignatureSize ? (parts[1], bytes[..KeyIdSize], bytes[KeyIdSize..]) : throw new FormatException();
    }
}
