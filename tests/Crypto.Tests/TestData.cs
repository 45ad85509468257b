using System.Security.Cryptography;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

/// <summary>Vectors made by tools/vectors, seeds for properties, and small conveniences.</summary>
internal static class TestData
{
    /// <summary>Cases of a property are seeds: the property draws what it needs, and a failure prints the seed.</summary>
    public static Gen<SeededRandom> Randoms => Gen.Choose(0, int.MaxValue).Select(seed => new SeededRandom((ulong)seed));

    public static JsonElement Vectors(string name)
    {
        using var stream = typeof(TestData).Assembly.GetManifestResourceStream(name)!;
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    public static int Number(this JsonElement element, string name) => element.GetProperty(name).GetInt32();

    public static byte[] Bytes(this JsonElement element, string name) => Convert.FromHexString(element.Text(name));

    public static byte[] Bytes(this RandomNumberGenerator random, int count)
    {
        var bytes = new byte[count];
        random.GetBytes(bytes);
        return bytes;
    }

    public static byte[] FromHex(string hex) => Convert.FromHexString(hex);

    /// <summary>One mask, over the whole vector or a block of it.</summary>
    public static void AddMask(this RingVector vector, byte[] key, MaskSign sign, int firstElement = 0, int? count = null)
    {
        using var mask = new MaskBatch();
        mask.Add(key, sign);
        mask.ApplyTo(vector, firstElement, count ?? vector.Length - firstElement);
    }

    /// <summary>A copy with one bit flipped.</summary>
    public static byte[] Flip(byte[] bytes, int bit)
    {
        var copy = bytes.ToArray();
        copy[bit / 8] ^= (byte)(1 << (bit % 8));
        return copy;
    }
}
