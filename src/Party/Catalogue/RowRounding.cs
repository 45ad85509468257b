using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using SecureAggregation.Party.Storage;

namespace SecureAggregation.Party.Catalogue;

/// <summary>
/// How many rows a dataset has, as the catalogue knows it: a multiple of a hundred. Where the hundreds are cut is this outpost's secret for
/// each dataset, so that nobody can bring a size to the edge of a known step and see whether one more person carries it over: that one
/// person changes the number has a chance of one in a hundred, and nobody can tell that it happened.
/// </summary>
internal static class RowRounding
{
    public const int Step = 100;

    private const string Label = "secagg/v1/catalogue-rows/";

    /// <summary>A multiple of <see cref="Step"/> less than one step away.</summary>
    public static long Round(long rows, string dataset, PartySecret secret)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret.Span, Encoding.UTF8.GetBytes(Label + dataset), mac);
        var offset = (long)(BinaryPrimitives.ReadUInt64LittleEndian(mac) % Step);
        return (rows + offset) / Step * Step;
    }
}
