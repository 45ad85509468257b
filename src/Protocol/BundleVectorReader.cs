using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>Takes the masked vectors out of a bundle, unchecked.</summary>
public static class BundleVectorReader
{
    /// <summary>The parts of the vectors, in the order of the file: of each party those of one vector follow each other.</summary>
    /// <exception cref="TranscriptException">The file is no bundle, or is damaged.</exception>
    public static IEnumerable<(uint Party, ReadOnlyMemory<byte> Data)> Read(Stream bundle)
    {
        var reader = new BundleReader(bundle);
        reader.ReadMagic();
        while (Take(reader) is { } record)
        {
            if (record.Blob is { } blob) yield return (blob.Party, blob.Data.Memory);
        }
    }

    private static BundleRecord? Take(BundleReader reader)
    {
        try
        {
            return reader.Take();
        }
        catch (RecordException e)
        {
            throw new TranscriptException(e.Message);
        }
    }
}
