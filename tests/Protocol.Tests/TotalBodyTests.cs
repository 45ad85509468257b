using FsCheck.Fluent;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests;

/// <summary>The reader that leaves the vector where it lies accepts exactly what the strict decoder accepts.</summary>
public sealed class TotalBodyTests
{
    private const int Limit = 1000;

    private static readonly byte[] s_good = Encoded(Enumerable.Repeat((byte)7, 300).ToArray());

    [Fact]
    public void Total_is_read_as_the_strict_decoder_reads_it()
    {
        Assert.Equal(Total.Parser.ParseFrom(s_good), Read(s_good));
        Assert.Equal(Total.Parser.ParseFrom(Encoded([])), Read(Encoded([])));
        Assert.Equal(new Total(), Read([]));
        Assert.Equal(Convert.FromHexString("0102"), Read(Convert.FromHexString("3a020102"))!.Packed.ToByteArray());
    }

    [Theory]
    [InlineData(8, 1, 0)]
    [InlineData(20, 13, 3)]
    [InlineData(32, 5_000, 2)]
    [InlineData(64, 100_000, 300)]
    public void Total_is_written_as_the_generated_encoder_writes_it(int bits, int length, int survivors)
    {
        using var sum = new RingVector(bits, length);
        sum.FillRandom(new SeededRandom(7));
        var total = new Total { Bits = (uint)bits, Length = (uint)length, Packed = ByteString.CopyFrom(sum.Pack()) };
        total.Survivors.Add(Enumerable.Range(0, survivors).Select(i => (uint)i));
        (total.Entries, total.EntriesRoot) = (7, ByteString.CopyFrom(new byte[32]));
        total.Blamed.Add(new Blame { Party = 2, Code = BlameCode.BadShare });
        var fields = total.Clone();
        fields.Packed = ByteString.Empty;

        Assert.Equal(total.ToByteString(), TotalBody.Encode(fields, sum));
    }

    [Theory]
    [InlineData("0a02010310081802" + "ba000401020304", "the vector's tag in a longer way")]
    [InlineData("0a02010310081802" + "3a840001020304", "the vector's length in a longer way")]
    [InlineData("0a02010310081802" + "3a020102" + "3a020102", "the vector twice")]
    [InlineData("0a02010310081802" + "3a00" + "3a020102", "an empty vector first")]
    [InlineData("0a02010310081802" + "3a00", "an empty vector that is written")]
    [InlineData("0a02010310081802" + "3a020102" + "4001", "an unknown field behind")]
    [InlineData("0a02010310081802" + "4001" + "3a020102", "an unknown field before")]
    [InlineData("3a020102" + "0a02010310081802", "the vector first")]
    [InlineData("0a02010310081802" + "3a020102" + "1802", "a field behind the vector")]
    [InlineData("0a020103" + "1802" + "1008" + "3a020102", "fields before the vector out of order")]
    [InlineData("0a0201031008" + "188200" + "3a020102", "a number before the vector in a longer way")]
    [InlineData("0801" + "0803" + "3a020102", "survivors not packed")]
    [InlineData("0a02010310081802" + "3a050102", "a vector that is cut off")]
    [InlineData("0a02010310081802" + "3affffffff0f0102", "a negative length")]
    [InlineData("0a02010310081802" + "3affffffffffffffffff01", "a length beyond 32 bits")]
    [InlineData("0b3a0101", "a group that does not end")]
    [InlineData("00" + "3a020102", "a tag of no field")]
    public void Second_spelling_is_refused(string hex, string what)
    {
        var bytes = Convert.FromHexString(hex);
        Assert.Throws<WireException>(() => Canonical.Decode(Total.Parser, bytes, Limit));
        Assert.True(Read(bytes) is null, what);
    }

    [Fact]
    public void Length_is_checked_first()
    {
        var error = Assert.Throws<RefusalException>(() => TotalBody.Decode(ByteString.CopyFrom(s_good), s_good.Length - 1));
        Assert.Equal(RefusalCode.BadMessage, error.Code);
        Assert.Contains($"over its limit of {s_good.Length - 1} bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_change_is_judged_as_by_the_strict_decoder() => Testing.Property.Holds(
        Gen.Choose(0, int.MaxValue),
        seed =>
        {
            var random = new SeededRandom((ulong)seed);
            var bytes = Encoded(new byte[random.Next(200)]).ToList();
            for (var changes = 1 + random.Next(3); changes > 0; changes--)
            {
                var at = random.Next(Math.Min(bytes.Count, 16));
                switch (random.Next(4))
                {
                    case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                    case 1: bytes.RemoveAt(at); break;
                    case 2: bytes.Insert(at, (byte)random.Next(256)); break;
                    default: bytes.AddRange(bytes[..at]); break;
                }
            }

            Total? strict = null;
            try
            {
                strict = Canonical.Decode(Total.Parser, bytes.ToArray(), Limit);
            }
            catch (WireException)
            {
                // Both must refuse.
            }

            Assert.Equal(strict, Read([.. bytes]));
            return true;
        },
        cases: 2000);

    private static byte[] Encoded(byte[] packed) =>
        new Total { Survivors = { 1, 3, 300 }, Bits = 8, Length = (uint)packed.Length, Packed = ByteString.CopyFrom(packed) }.ToByteArray();

    private static Total? Read(byte[] bytes)
    {
        try
        {
            return TotalBody.Decode(ByteString.CopyFrom(bytes), Limit);
        }
        catch (RefusalException e)
        {
            Assert.Equal(RefusalCode.BadMessage, e.Code);
            return null;
        }
    }
}
