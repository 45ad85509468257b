using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests.SecondVerifier;

/// <summary>
/// The evidence of a round in a log with other entries before, between and after its own: as records that a test can change, written here without the
/// product's writer. A station that lies changes <see cref="Entries"/> and signs again; anybody else can only change the records.
/// </summary>
internal sealed class Evidence(Consortium consortium, byte[] roundId, IEnumerable<Entry> entries, IEnumerable<(uint Party, byte[] Vector)> vectors, ulong seed)
{
    public Consortium Consortium { get; } = consortium;

    public List<Entry> Entries { get; } = [.. entries.Select(e => e.Clone())];

    public List<(uint Party, byte[] Vector)> Vectors { get; } = [.. vectors];

    /// <summary>Of the finished round of a harness.</summary>
    public static Evidence Of(RoundHarness harness, ulong seed)
    {
        var station = harness.Station;
        var survivors = station.Round.State == RoundState.Done ? station.Round.Survivors : [];
        return new Evidence(harness.Consortium, harness.RoundId, station.Log, survivors.Select(p => (p, station.Blob(p))), seed);
    }

    /// <summary>
    /// Signs the end of the round again, over the entries as they now are, if <paramref name="ending"/> says so; then the log, and writes its bundle.
    /// Everything else that may vary follows from the seed: what stands between the entries, who cosigns, how vectors are cut, which head is remembered.
    /// </summary>
    public List<BundleRecord> Write(Func<Entry, Entry>? ending = null)
    {
        var random = new SeededRandom(seed);
        if (ending is not null) Entries[^1] = ending(Entries[^1]);
        var (leaves, places) = Log(random);
        var hashes = leaves.ConvertAll(l => MerkleTree.LeafHash(l));
        // The head may be older than the log: what came after the round need not be in it.
        var size = places[^1] + 1 + random.Next(hashes.Count - places[^1]);
        var records = new List<BundleRecord> { new() { Header = Header(random, hashes, size) } };
        foreach (var place in places)
        {
            var entry = new BundleEntry { Index = (ulong)place, Leaf = ByteString.CopyFrom(leaves[place]) };
            entry.Path.Add(MerkleTree.InclusionProof(hashes, place, size).Select(p => ByteString.CopyFrom(p)));
            records.Add(new() { Entry = entry });
        }

        foreach (var (party, vector) in Vectors)
        {
            for (var at = 0; at < vector.Length;)
            {
                var part = vector.AsSpan(at, Math.Min(vector.Length - at, 1 + random.Next(vector.Length)));
                records.Add(new() { Blob = new() { Party = party, Data = ByteString.CopyFrom(part) } });
                at += part.Length;
            }
        }

        return records;
    }

    public static byte[] Bytes(IEnumerable<BundleRecord> records)
    {
        using var stream = new MemoryStream();
        stream.Write("SECAGG\0\u0001"u8);
        foreach (var record in records) record.WriteDelimitedTo(stream);
        return stream.ToArray();
    }

    private (List<byte[]> Leaves, List<int> Places) Log(SeededRandom random)
    {
        List<byte[]> leaves = [.. Enumerable.Range(0, random.Next(6)).Select(Other)];
        var places = new List<int>();
        foreach (var entry in Entries)
        {
            while (random.Next(8) == 0) leaves.Add(Other(leaves.Count));
            places.Add(leaves.Count);
            leaves.Add(entry.ToByteArray());
        }

        leaves.AddRange(Enumerable.Range(0, random.Next(4)).Select(Other));
        return (leaves, places);

        static byte[] Other(int i) => new Entry { TimeMs = (ulong)i + 1 }.ToByteArray();
    }

    private BundleHeader Header(SeededRandom random, List<byte[]> hashes, int size)
    {
        var roster = Consortium.Roster;
        var checkpoint = Checkpoint.Create(roster.LogOrigin, size, MerkleTree.Root(hashes[..size]), Consortium.Station);
        foreach (var party in roster.Parties)
        {
            if (random.Next(3) == 0) checkpoint = checkpoint.TryAdd(roster, party, checkpoint.Cosign(Consortium.PartyKey(party.Index)))!;
        }

        var header = new BundleHeader { Roster = ByteString.CopyFrom(roster.Signed), Checkpoint = checkpoint.Note, RoundId = ByteString.CopyFrom(roundId) };
        if (random.Next(2) == 0)
        {
            var other = random.Next(3) == 0 ? size + random.Next(hashes.Count - size + 1) : 1 + random.Next(hashes.Count);
            header.RememberedSize = (ulong)other;
            header.RememberedRoot = ByteString.CopyFrom(MerkleTree.Root(hashes[..other]));
            header.Consistency.Add(MerkleTree.ConsistencyProof(hashes, Math.Min(size, other), Math.Max(size, other)).Select(p => ByteString.CopyFrom(p)));
        }

        return header;
    }
}
