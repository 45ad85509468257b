using FsCheck;
using FsCheck.Fluent;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests;

/// <summary>The sum that is built while vectors arrive is the sum of the stored vectors, or it is not given out.</summary>
public sealed class RunningSumTests
{
    private static readonly RoundShape s_shape = new(21, (2 * RunningSum.BlockElements) + 77);

    private static Gen<(RoundShape Shape, int Parties, ulong Seed)> Cases =>
        from bits in Gen.Choose(8, 64)
        from length in Gen.Frequency((1, Gen.Choose(1, 40)), (3, Gen.Choose(RunningSum.BlockElements - 9, (3 * RunningSum.BlockElements) + 9)))
        from parties in Gen.Choose(1, 5)
        from seed in Gen.Choose(1, int.MaxValue)
        select (new RoundShape(bits, length), parties, (ulong)seed);

    /// <summary>Parts of any size of all vectors in any order; vectors break off at any place, are withdrawn and begin again, or never come back.</summary>
    [Fact]
    public void Sum_after_any_arrivals_is_that_of_the_whole_vectors() => Testing.Property.Holds(
        Cases,
        c =>
        {
            var random = new SeededRandom(c.Seed);
            var vectors = Vectors(c.Shape, c.Parties, random);
            var sum = new RunningSum(c.Shape);
            var arriving = vectors.Keys.ToDictionary(p => p, p => (Part: sum.Begin(p), At: 0));
            var (whole, gone) = (new HashSet<uint>(), new HashSet<uint>());
            while (whole.Count + gone.Count < c.Parties)
            {
                var party = (uint)random.Next(c.Parties);
                if (whole.Contains(party) || gone.Contains(party)) continue;
                var (part, at) = arriving[party];
                if (random.Next(8) == 0)
                {
                    sum.Withdraw(party, new MemoryStream(vectors[party], 0, at));
                    if (random.Next(2) == 0) gone.Add(party);
                    else arriving[party] = (sum.Begin(party), 0);
                    continue;
                }

                var size = Math.Min(vectors[party].Length - at, 1 + random.Next(random.Next(2) == 0 ? 100_000 : 3000));
                part.Append(vectors[party].AsSpan(at, size));
                arriving[party] = (part, at + size);
                if (at + size < vectors[party].Length) continue;
                part.Finish();
                whole.Add(party);
            }

            // A whole vector, too, may have to go.
            if (whole.Count > 1 && random.Next(2) == 0)
            {
                var left = whole.First();
                sum.Withdraw(left, new MemoryStream(vectors[left]));
                whole.Remove(left);
            }

            if (whole.Count == 0) return sum.Take(whole) is null or { Length: > 0 };
            using var taken = sum.Take(whole);
            return Plain(c.Shape, whole.Select(p => vectors[p])).AsSpan().SequenceCompareTo(taken!.Pack()) == 0;
        },
        cases: 60);

    [Fact]
    public void Vectors_that_arrive_on_many_threads_add_up()
    {
        var vectors = Vectors(s_shape, 12, new SeededRandom(3));
        var sum = new RunningSum(s_shape);
        Parallel.ForEach(vectors, new ParallelOptions { MaxDegreeOfParallelism = 8 }, v =>
        {
            if (v.Key % 3 == 0)
            {
                sum.Begin(v.Key).Append(v.Value.AsSpan(0, v.Value.Length / 2));
                sum.Withdraw(v.Key, new MemoryStream(v.Value));
            }

            var part = sum.Begin(v.Key);
            foreach (var chunk in v.Value.Chunk(1001)) part.Append(chunk);
            part.Finish();
        });
        using var taken = sum.Take(vectors.Keys);
        Assert.Equal(Plain(s_shape, vectors.Values), taken!.Pack());
    }

    [Fact]
    public void Sum_is_not_given_out_while_half_a_vector_is_in_it() => Assert.Null(With(2, sum =>
        sum.Begin(7).Append(new byte[RingVector.PackedLength(s_shape.Bits, RunningSum.BlockElements)])).Take([0, 1]));

    [Fact]
    public void Sum_is_not_given_out_with_a_vector_too_many() => Assert.Null(With(3).Take([0, 1]));

    [Fact]
    public void Sum_is_not_given_out_with_a_vector_too_few() => Assert.Null(With(2).Take([0, 1, 2]));

    [Fact]
    public void Sum_is_not_given_out_twice()
    {
        var sum = With(2);
        using var first = sum.Take([0, 1]);
        Assert.NotNull(first);
        Assert.Null(sum.Take([0, 1]));
    }

    [Fact]
    public void Sum_is_not_given_out_when_a_vector_began_again_without_being_withdrawn() =>
        Assert.Null(With(2, sum => Arrive(sum, 1, new byte[s_shape.PackedLength])).Take([0, 1]));

    /// <summary>A host that does not stop the thread of an earlier stream must not get the party's vector counted twice.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_comes_by_an_earlier_beginning_of_a_vector_is_not_added(bool withdrawn)
    {
        var vectors = Vectors(s_shape, 2, new SeededRandom(8));
        var sum = new RunningSum(s_shape);
        Arrive(sum, 0, vectors[0]);
        var earlier = sum.Begin(1);
        if (withdrawn) sum.Withdraw(1, new MemoryStream());
        Arrive(sum, 1, vectors[1]);
        earlier.Append(vectors[1]);
        earlier.Finish();
        using var taken = sum.Take([0, 1]);
        Assert.Equal(Plain(s_shape, vectors.Values), taken!.Pack());
    }

    [Fact]
    public void Sum_is_not_given_out_when_what_arrived_cannot_be_read_again() =>
        Assert.Null(With(3, sum => sum.Withdraw(2, new MemoryStream(new byte[100]))).Take([0, 1]));

    /// <summary>Subtracting other bytes than were added would leave a wrong sum that nothing else shows.</summary>
    [Theory]
    [InlineData(-1, true)]
    [InlineData(5, false)]
    [InlineData(40_000, false)]
    public void Sum_is_not_given_out_when_what_is_read_again_is_not_what_arrived(int flipped, bool given)
    {
        var vectors = Vectors(s_shape, 3, new SeededRandom(4));
        var sum = new RunningSum(s_shape);
        Arrive(sum, 0, vectors[0]);
        Arrive(sum, 1, vectors[1]);
        var arrived = vectors[2].AsSpan(0, vectors[2].Length - 9).ToArray();
        using var digest = Begin();
        sum.Begin(2, () => new ReceivedBytes(Begin(), arrived.Length, s_shape.PackedLength, ReceivedBytes.Finish(digest.Append(arrived), 9))).Append(arrived);
        var stored = (byte[])arrived.Clone();
        if (flipped >= 0) stored[flipped] ^= 1;
        sum.Withdraw(2, new MemoryStream(stored));
        using var taken = sum.Take([0, 1]);
        Assert.Equal(given, taken is not null);
        if (given) Assert.Equal(Plain(s_shape, [vectors[0], vectors[1]]), taken!.Pack());

        static LabelHash Begin() => new LabelHash("test/vector").BeginField(s_shape.PackedLength);
    }

    [Fact]
    public void Round_whose_storage_changed_half_a_vector_makes_the_sum_from_the_stored_vectors()
    {
        using var round = Played([new Fault(1, FaultKind.HalfVector, MessageKind.Input)], spoils: true);
        Assert.Equal(5, round.Station.Opened);
    }

    [Fact]
    public void Party_of_which_no_block_came_is_not_in_the_way()
    {
        using var taken = With(2, sum => sum.Begin(9).Append(new byte[10])).Take([0, 1]);
        Assert.NotNull(taken);
    }

    [Fact]
    public void What_arrives_after_the_close_changes_nothing()
    {
        var vectors = Vectors(s_shape, 3, new SeededRandom(9));
        var sum = new RunningSum(s_shape);
        Arrive(sum, 0, vectors[0]);
        Arrive(sum, 1, vectors[1]);
        var late = sum.Begin(2);
        sum.Close();
        late.Append(vectors[2]);
        sum.Begin(3).Append(vectors[2]);
        sum.Withdraw(2, new MemoryStream());
        using var taken = sum.Take([0, 1]);
        Assert.Equal(Plain(s_shape, [vectors[0], vectors[1]]), taken!.Pack());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Round_with_half_a_vector_opens_the_sum_and_reads_the_stored_vectors_only_when_it_must(bool withdraws)
    {
        using var round = Played([new Fault(1, FaultKind.HalfVector, MessageKind.Input), new Fault(3, FaultKind.LateVector, MessageKind.Input)], withdraws: withdraws);
        Assert.Equal(withdraws ? 0 : 4, round.Station.Opened);
    }

    [Fact]
    public void Round_whose_station_starts_again_makes_the_sum_from_the_stored_vectors()
    {
        using var round = Played([new Fault(1, FaultKind.HalfVector, MessageKind.Input)], restart: true);
        Assert.NotEqual(0, round.Station.Opened);
    }

    [Fact]
    public void Stored_vector_that_was_changed_opens_no_total()
    {
        using var round = new RoundHarness(Consortium.Of(4), s_shape) { CheckReplay = false };
        round.RunThrough(MessageKind.Agreed);
        round.Station.Restart();
        round.Station.Blob(2)[5] ^= 1;
        var e = Assert.Throws<IOException>(() => round.Station.Round.Next(round.Now, Consortium.Station, round.Station));
        Assert.Contains("party-2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Masked_vector_is_the_same_in_whatever_parts_it_is_read()
    {
        using var round = new RoundHarness(Consortium.Of(3), s_shape);
        round.RunThrough(MessageKind.Shared);
        var vector = round.Parties[0].SentVector!;
        var parts = new MemoryStream();
        for (long at = 0; at < vector.Length; at += vector.ChunkLength)
        {
            var part = new byte[Math.Min(vector.ChunkLength, vector.Length - at)];
            vector.Read(at, part);
            parts.Write(part);
        }

        Assert.Equal(vector.ToArray(), parts.ToArray());
        Assert.InRange(vector.ChunkLength, 1, Limits.Chunk);
        var inside = new byte[s_shape.Bits * 3];
        vector.Read(s_shape.Bits * 1000, inside);
        Assert.Equal(vector.ToArray()[(s_shape.Bits * 1000)..(s_shape.Bits * 1003)], inside);
        Assert.Throws<ArgumentException>(() => vector.Read(1, inside));
        Assert.Throws<ArgumentException>(() => vector.Read(0, new byte[s_shape.Bits + 1]));
        Assert.Throws<ArgumentException>(() => vector.Read(vector.Length, new byte[s_shape.Bits]));
    }

    [Fact]
    public void Masked_vector_is_erased_when_the_survivors_are_named()
    {
        using var round = new RoundHarness(Consortium.Of(3), s_shape);
        round.RunThrough(MessageKind.Shared);
        var vector = round.Parties[0].SentVector!;
        round.RunThrough(MessageKind.Survivors);
        Assert.Null(round.Parties[0].SentVector);
        Assert.Throws<ObjectDisposedException>(vector.ToArray);
    }

    private static RoundHarness Played(IReadOnlyList<Fault> faults, bool withdraws = true, bool restart = false, bool spoils = false)
    {
        var round = new RoundHarness(Consortium.Of(6), s_shape, faults: faults) { RestartAlways = restart };
        (round.Station.Withdraws, round.Station.Spoils) = (withdraws, spoils);
        round.Run();
        Harness.Outcome.Of(round.Consortium.Roster, faults).Check(round);
        return round;
    }

    private static RunningSum With(int parties, Action<RunningSum>? then = null)
    {
        var sum = new RunningSum(s_shape);
        foreach (var (party, vector) in Vectors(s_shape, parties, new SeededRandom(1))) Arrive(sum, party, vector);
        then?.Invoke(sum);
        return sum;
    }

    private static void Arrive(RunningSum sum, uint party, byte[] vector)
    {
        var part = sum.Begin(party);
        part.Append(vector);
        part.Finish();
    }

    private static SortedDictionary<uint, byte[]> Vectors(RoundShape shape, int parties, SeededRandom random)
    {
        var vectors = new SortedDictionary<uint, byte[]>();
        for (var party = 0u; party < parties; party++)
        {
            using var vector = new RingVector(shape.Bits, shape.Length);
            vector.FillRandom(random);
            vectors.Add(party, vector.Pack());
        }

        return vectors;
    }

    private static byte[] Plain(RoundShape shape, IEnumerable<byte[]> vectors)
    {
        using var sum = new RingVector(shape.Bits, shape.Length);
        foreach (var packed in vectors)
        {
            using var vector = RingVector.Unpack(shape.Bits, shape.Length, packed);
            sum.Add(vector);
        }

        return sum.Pack();
    }
}
