using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Simulation;

/// <summary>
/// What the outposts put in: each a power of two of its own, so that a sum says who is in it, and how often. The last element is for those that lie
/// about their data.
/// </summary>
internal static class Inputs
{
    /// <summary>A party has one bit; the highest of an element stays free, so that one counted twice does not fall out of the ring.</summary>
    public static RoundShape Shape(int parties, int bits) => new(bits, ((parties - 1) / (bits - 1)) + 2);

    public static RingVector Of(uint party, RoundShape shape)
    {
        var input = new RingVector(shape.Bits, shape.Length);
        Put(input, party);
        return input;
    }

    public static RingVector Sum(IEnumerable<uint> parties, RoundShape shape)
    {
        var sum = new RingVector(shape.Bits, shape.Length);
        foreach (var party in parties) Put(sum, party);
        return sum;
    }

    /// <summary>Null if the sum is that of exactly these parties, else what is wrong with it, in words.</summary>
    public static string? Wrong(RingVector sum, IEnumerable<uint> parties)
    {
        var expected = parties.ToHashSet();
        for (var i = 0; i < sum.Length - 1; i++)
        {
            var wanted = 0UL;
            for (var bit = 0; bit < sum.Bits - 1; bit++)
            {
                if (expected.Contains((uint)((i * (sum.Bits - 1)) + bit))) wanted |= 1UL << bit;
            }

            if (sum[i] == wanted) continue;
            var (missing, extra) = (Parties(wanted & ~sum[i], i), Parties(sum[i] & ~wanted, i));
            return $"element {i} is {sum[i]:x} instead of {wanted:x}: without parties [{missing}], with [{extra}] (or one of them twice)";
        }

        return null;

        string Parties(ulong set, int element) =>
            string.Join(", ", Enumerable.Range(0, sum.Bits).Where(bit => (set >> bit & 1) == 1).Select(bit => (element * (sum.Bits - 1)) + bit));
    }

    private static void Put(RingVector vector, uint party)
    {
        var (element, bit) = ((int)party / (vector.Bits - 1), (int)party % (vector.Bits - 1));
        vector[element] |= 1UL << bit;
    }
}
