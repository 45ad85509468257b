using Google.Protobuf;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests.SecondVerifier;

/// <summary>What a file's holder can do: change its bytes and records. Every one must be found.</summary>
internal static class FileMutations
{
    private delegate void Change(List<BundleRecord> records, BundleHeader other, SeededRandom random);

    private static readonly (string Name, Change Change)[] s_changes =
    [
        ("entry removed", (r, _, random) => r.Remove(Entry(r, random))),
        ("entries swapped", (r, _, random) => Swap(r, r.IndexOf(Entry(r, random)), r.IndexOf(Entry(r, random)))),
        ("signature of another", (r, _, random) =>
        {
            var other = Wire.Entry.Parser.ParseFrom(Entry(r, random).Entry.Leaf).Envelope.Signature;
            ChangeLeaf(Entry(r, random), e => e.Envelope.Signature = other);
        }),
        ("total changed", (r, _, random) => ChangeLeaf(
            r.Last(x => x.Entry is not null), e => e.Envelope.Body = Flipped(e.Envelope.Body, (e.Envelope.Body.Length * 8) - 1 - random.Next(64)))),
        ("blob changed", (r, _, random) => r[Blob(r, random)].Blob.Data = Flipped(r[^1].Blob.Data, random)),
        ("blob changed before a record that cannot be read", (r, _, random) =>
        {
            r[^1].Blob.Data = Flipped(r[^1].Blob.Data, random);
            r.Add(new BundleRecord { Blob = new() { Party = 1, Data = ByteString.CopyFrom(1) } });
            r[^1].MergeFrom([0x50, 1]);
        }),
        ("blob removed", (r, _, random) => r.RemoveAt(Blob(r, random))),
        ("blob of another", (r, _, random) => r[Blob(r, random)].Blob.Party ^= 1),
        ("blob twice", (r, _, random) => r.Insert(Blob(r, random), r[Blob(r, random)].Clone())),
        ("blobs swapped", (r, _, random) => Swap(r, Blob(r, random), Blob(r, random))),
        ("blob among entries", (r, _, random) => r.Insert(r.IndexOf(Entry(r, random)), new() { Blob = new() { Party = 1, Data = ByteString.CopyFrom(1) } })),
        ("empty blob", (r, _, random) => r.Insert(r.FindLastIndex(x => x.Entry is not null) + 1 + random.Next(r.Count(x => x.Blob is not null) + 1), new() { Blob = new() { Party = 1 } })),
        ("entry inserted", (r, _, random) => r.Insert(r.IndexOf(Entry(r, random)), Entry(r, random).Clone())),
        ("entry inserted at a free place", (r, _, random) =>
        {
            var (entry, copy) = (Entry(r, random), Entry(r, random).Clone());
            copy.Entry.Index = entry.Entry.Index + 1;
            r.Insert(r.IndexOf(entry) + 1, copy);
        }),
        ("entry behind the blobs", (r, _, random) => r.Add(Entry(r, random).Clone())),
        ("empty record", (r, _, random) => r.Insert(1 + random.Next(r.Count), new BundleRecord())),
        ("second header", (r, _, random) => r.Insert(random.Next(r.Count + 1), r[0].Clone())),
        ("no header", (r, _, _) => r.RemoveAt(0)),
        ("checkpoint of another log", (r, other, _) => r[0].Header.Checkpoint = other.Checkpoint),
        ("roster of another", (r, other, _) => r[0].Header.Roster = Flipped(other.Roster, 3)),
        ("round id changed", (r, _, random) => r[0].Header.RoundId = Flipped(r[0].Header.RoundId, random)),
        ("round id cut", (r, _, _) => r[0].Header.RoundId = ByteString.CopyFrom(r[0].Header.RoundId.Span[1..])),
        ("remembered size changed", (r, _, random) => r[0].Header.RememberedSize += 1 + (ulong)random.Next(3)),
        ("remembered root changed", (r, _, random) => r[0].Header.RememberedRoot = ByteString.CopyFrom(new byte[31 + random.Next(3)])),
        ("consistency proof changed", (r, _, random) => r[0].Header.Consistency.Add(ByteString.CopyFrom(new byte[31 + random.Next(3)]))),
        ("path changed", (r, _, random) => Entry(r, random).Entry.Path.Add(ByteString.CopyFrom(new byte[31 + random.Next(3)]))),
        ("path cut", (r, _, random) => Entry(r, random).Entry.Path.RemoveAt(0)),
        ("index changed", (r, _, random) => Entry(r, random).Entry.Index ^= 1UL << random.Next(64)),
    ];

    /// <summary>One change that is one: the file differs.</summary>
    public static (string Name, byte[] Bytes) Apply(List<BundleRecord> records, BundleHeader other, SeededRandom random)
    {
        var before = Evidence.Bytes(records);
        while (true)
        {
            var copy = records.ConvertAll(r => r.Clone());
            var (name, bytes) = random.Next(3) == 0 ? Raw(before, random) : Structured(copy, other, random);
            if (!bytes.AsSpan().SequenceEqual(before)) return (name, bytes);
        }
    }

    private static (string, byte[]) Structured(List<BundleRecord> records, BundleHeader other, SeededRandom random)
    {
        var (name, change) = s_changes[random.Next(s_changes.Length)];
        if (name.Contains("blob", StringComparison.Ordinal) && name[0] == 'b' && records[^1].Blob is null) return ("", Evidence.Bytes(records));
        change(records, other, random);
        return (name, Evidence.Bytes(records));
    }

    private static (string, byte[]) Raw(byte[] bytes, SeededRandom random)
    {
        var changed = bytes.ToArray();
        switch (random.Next(8))
        {
            case 0: return ("file cut", changed[..random.Next(changed.Length)]);
            case 1: return ("file continued", [.. changed, (byte)random.Next(256)]);
            case 2: return ("byte inserted", [.. changed[..(changed.Length / 2)], 0, .. changed[(changed.Length / 2)..]]);
            default:
                changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
                return ("bit flipped", changed);
        }
    }

    internal static ByteString Flipped(ByteString bytes, SeededRandom random) => Flipped(bytes, random.Next(bytes.Length * 8));

    private static ByteString Flipped(ByteString bytes, int bit)
    {
        var changed = bytes.ToByteArray();
        changed[bit / 8] ^= (byte)(1 << (bit % 8));
        return ByteString.CopyFrom(changed);
    }

    private static BundleRecord Entry(List<BundleRecord> records, SeededRandom random) => records[1 + random.Next(records.FindLastIndex(r => r.Entry is not null))];

    private static int Blob(List<BundleRecord> records, SeededRandom random)
    {
        var from = records.FindIndex(r => r.Blob is not null);
        return from + random.Next(records.Count - from);
    }

    private static void Swap<T>(List<T> list, int i, int j) => (list[i], list[j]) = (list[j], list[i]);

    private static void ChangeLeaf(BundleRecord record, Action<Wire.Entry> change)
    {
        var entry = Wire.Entry.Parser.ParseFrom(record.Entry.Leaf);
        change(entry);
        record.Entry.Leaf = entry.ToByteString();
    }
}
