using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Contribution bounding: of each person the rows with the least keyed hash, at most so many for each block and group, in at most so many groups.
/// Persons are held as keyed hashes, never as the keys of the file.
/// </summary>
internal sealed class PersonBound : IDisposable
{
    private const int MinKeyLength = 16;
    private readonly byte[] _key;
    private readonly int _rows;
    private readonly Dictionary<UInt128, int> _ordinals = [];
    private readonly int _groups;
    private readonly bool _single;
    private readonly IReadOnlyList<LayoutBlock> _blocks;
    private readonly Dictionary<UInt128, List<Bucket>>[] _kept;
    private UInt128 _person;
    private UInt128 _rank;

    public PersonBound(VectorLayout layout, ReadOnlySpan<byte> partySecret, ReadOnlySpan<byte> queryHash)
    {
        if (partySecret.Length < MinKeyLength)
        {
            throw new ArgumentException(
                $"The party's secret has {partySecret.Length} bytes; it needs at least {MinKeyLength}.", nameof(partySecret));
        }

        if (queryHash.Length < MinKeyLength)
        {
            throw new ArgumentException(
                $"The query's hash has {queryHash.Length} bytes; it needs at least {MinKeyLength}.", nameof(queryHash));
        }

        // One key a query, so that each row costs short inputs only.
        _key = HMACSHA256.HashData(partySecret, queryHash);
        _rows = layout.Analysis.RowsPerPerson;
        _groups = Math.Min(layout.Analysis.GroupsPerPerson, layout.Groups.Count);
        _single = layout.Groups.Count == 1;
        _blocks = layout.Blocks;
        _kept = [.. layout.Blocks.Select(_ => new Dictionary<UInt128, List<Bucket>>())];
    }

    /// <summary>
    /// The next row is this person's; false if the key is empty. Such a row does not count: taken as one person's, the rows of several people would
    /// crowd each other out, and each of these people would move a cell by more than its noise is made for.
    /// </summary>
    public bool TryBegin(ReadOnlySpan<char> personKey)
    {
        var text = personKey.Trim();
        if (text.IsEmpty) return false;
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Span<byte> input = stackalloc byte[20];
        var bytes = Encoding.UTF8.GetByteCount(text) is var count && count <= 256 ? stackalloc byte[count] : new byte[count];
        Encoding.UTF8.GetBytes(text, bytes);
        HMACSHA256.HashData(_key, bytes, hash);
        CryptographicOperations.ZeroMemory(bytes);
        _person = BinaryPrimitives.ReadUInt128BigEndian(hash);

        ref var ordinal = ref CollectionsMarshal.GetValueRefOrAddDefault(_ordinals, _person, out _);
        hash[..16].CopyTo(input);
        BinaryPrimitives.WriteInt32BigEndian(input[16..], ordinal++);
        HMACSHA256.HashData(_key, input, hash);
        _rank = BinaryPrimitives.ReadUInt128BigEndian(hash);
        return true;
    }

    /// <summary>The row counts for a block in a group, unless the person has enough there.</summary>
    /// <param name="block">Index of the block.</param>
    /// <param name="group">The group.</param>
    /// <param name="key">What the block needs of the row.</param>
    public void Keep(int block, int group, ReadOnlySpan<long> key)
    {
        // Occurrences count once a key, so each key is a place of its own there.
        var perKey = _blocks[block].CountsKeys;
        var bucket = perKey ? (group, key[0]) : (group, 0);
        var (rows, buckets) = perKey ? (1, _rows * _groups) : (_rows, _groups);
        ref var kept = ref CollectionsMarshal.GetValueRefOrAddDefault(_kept[block], _person, out _);
        kept ??= [];
        var list = kept.FirstOrDefault(b => b.Id == bucket);
        if (list is null)
        {
            list = new Bucket(bucket, buckets == 1 && !perKey && _single ? default : Rank(bucket));
            if (kept.Count == buckets)
            {
                var last = kept.MaxBy(b => b.Rank)!;
                if (list.Rank >= last.Rank) return;
                kept.Remove(last);
            }

            kept.Add(list);
        }

        list.Offer(new Kept(_rank, key.ToArray()), rows);
    }

    /// <summary>Hands out everything that was kept, once: block, group and key of each row.</summary>
    public void Flush(RowAction add)
    {
        for (var block = 0; block < _kept.Length; block++)
        {
            foreach (var kept in _kept[block].Values)
            {
                foreach (var bucket in kept)
                {
                    foreach (var row in bucket.Rows) add(block, bucket.Id.Group, row.Key);
                }
            }

            _kept[block].Clear();
        }
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_key);
        foreach (var block in _kept) block.Clear();
        _ordinals.Clear();
    }

    private UInt128 Rank((int Group, long Key) bucket)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Span<byte> input = stackalloc byte[28];
        BinaryPrimitives.WriteUInt128BigEndian(input, _person);
        BinaryPrimitives.WriteInt32BigEndian(input[16..], bucket.Group);
        BinaryPrimitives.WriteInt64BigEndian(input[20..], bucket.Key);
        HMACSHA256.HashData(_key, input, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    private readonly record struct Kept(UInt128 Rank, long[] Key);

    /// <summary>The rows of one person that are kept in one group, or for one key.</summary>
    private sealed class Bucket((int Group, long Key) id, UInt128 rank)
    {
        public (int Group, long Key) Id => id;

        public UInt128 Rank => rank;

        public List<Kept> Rows { get; } = new(1);

        /// <summary>Keeps a row, in place of the one with the greatest rank if there are enough.</summary>
        public void Offer(Kept row, int most)
        {
            if (Rows.Count < most)
            {
                Rows.Add(row);
                return;
            }

            var worst = 0;
            for (var i = 1; i < Rows.Count; i++)
            {
                if (Rows[i].Rank > Rows[worst].Rank) worst = i;
            }

            if (row.Rank < Rows[worst].Rank) Rows[worst] = row;
        }
    }
}

/// <summary>Takes one kept row.</summary>
internal delegate void RowAction(int block, int group, ReadOnlySpan<long> key);
