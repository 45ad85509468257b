using Google.Protobuf;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>
/// Writes the evidence of one round as a file that anybody can check offline (docs/transcript.md section 2): 8 bytes of magic, then length-delimited records: one header, the
/// entries of the round ascending by index, and the masked vectors of the survivors ascending by party, each in parts.
/// </summary>
/// <param name="stream">Where to; stays open.</param>
public sealed class BundleWriter(Stream stream)
{
    /// <summary>The first bytes of a bundle: "SECAGG", 0, version 1.</summary>
    public static ReadOnlySpan<byte> Magic => "SECAGG\0\u0001"u8;

    /// <summary>Begins the file.</summary>
    /// <param name="roster">In force when the round began.</param>
    /// <param name="checkpoint">A head of the log that has all entries of the round.</param>
    /// <param name="roundId">16 bytes.</param>
    /// <param name="remembered">The place in the log at which the asker's remembered head stands, with the root there; null if none was named.</param>
    /// <param name="consistency">Proof between that size and the checkpoint's, whichever is larger.</param>
    public void WriteHeader(Roster roster, Checkpoint checkpoint, byte[] roundId, LogPosition? remembered = null, IEnumerable<byte[]>? consistency = null)
    {
        ArgumentNullException.ThrowIfNull(roster);
        ArgumentNullException.ThrowIfNull(checkpoint);
        var header = new BundleHeader { Roster = ByteString.CopyFrom(roster.Signed), Checkpoint = checkpoint.Note, RoundId = ByteString.CopyFrom(roundId) };
        if (remembered is not null)
        {
            header.RememberedSize = checked((ulong)remembered.Size);
            header.RememberedRoot = ByteString.CopyFrom(remembered.Root);
            header.Consistency.Add((consistency ?? []).Select(ByteString.CopyFrom));
        }

        stream.Write(Magic);
        Write(new BundleRecord { Header = header });
    }

    /// <summary>Adds an entry of the round with its inclusion proof.</summary>
    public void WriteEntry(long index, ReadOnlySpan<byte> leaf, IEnumerable<byte[]> path)
    {
        var entry = new BundleEntry { Index = checked((ulong)index), Leaf = ByteString.CopyFrom(leaf) };
        entry.Path.Add(path.Select(ByteString.CopyFrom));
        Write(new BundleRecord { Entry = entry });
    }

    /// <summary>Adds the masked vector of a survivor.</summary>
    public void WriteVector(uint party, Stream packed)
    {
        ArgumentNullException.ThrowIfNull(packed);
        var buffer = new byte[Limits.Chunk];
        int read;
        while ((read = packed.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0)
        {
            Write(new BundleRecord { Blob = new BundleBlob { Party = party, Data = ByteString.CopyFrom(buffer, 0, read) } });
        }
    }

    private void Write(BundleRecord record) => record.WriteDelimitedTo(stream);
}
