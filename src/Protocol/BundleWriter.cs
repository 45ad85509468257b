using Google.Protobuf;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>
/// Writes the evidence of one round as a file that anybody can check offline: 8 bytes of magic, then length-delimited records: one header, the
/// entries of the round ascending by index, and the masked vectors of the survivors ascending by party, each in parts.
/// </summary>
/// <param name="stream">Where to; stays open.</param>
public sealed class BundleWriter(Stream stream)
{
    /// <summary>The first bytes of a bundle: "SECAGG", 0, version 1.</summary>
    public static ReadOnlySpan<byte> Magic => "SECAGG\0\u0001"u8;

    /// <summary>Begins the file.</summary>
    public void WriteHeader(Roster roster, Checkpoint checkpoint, byte[] roundId)
    {
        ArgumentNullException.ThrowIfNull(roster);
        ArgumentNullException.ThrowIfNull(checkpoint);
        stream.Write(Magic);
        Write(new BundleRecord
        {
            Header = new BundleHeader
            {
                Roster = ByteString.CopyFrom(roster.Signed), Checkpoint = checkpoint.Note, RoundId = ByteString.CopyFrom(roundId),
            },
        });
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
