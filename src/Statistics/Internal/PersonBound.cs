using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Contribution bounding: of each person the rows with the least keyed hash, at most so many for each block. Persons are held as keyed
/// hashes,
/// never as the keys of the file.
/// </summary>
internal sealed class PersonBound : IDisposable
{
    private const int MinKeyLength = 16;
    private readonly byte[] _key;
    private readonly int _rows;
    private readonly Dictionary<UInt128, int> _ordinals = [];
    private readonly Dictionary<UInt128, List<Kept>>[] _kept;
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
        _kept = [.. layout.Blocks.Select(_ => new Dictionary<UInt128, List<Kept>>())];
    }

    /// <summary>The next row is this person's. An empty key is a person too: such rows cannot be told apart.</summary>
    public void Begin(ReadOnlySpan<char> personKey)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Span<byte> input = stackalloc byte[20];
        var text = personKey.Trim();
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
    }

    /// <summary>The row counts for a block, unless the person has enough rows of a lower rank there.</summary>
    public void Keep(int block, int index, long z)
    {
        ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(_kept[block], _person, out _);
        list ??= new List<Kept>(1);
        if (list.Count < _rows)
        {
            list.Add(new Kept(_rank, index, z));
            return;
        }

        var worst = 0;
        for (var i = 1; i < list.Count; i++)
        {
            if (list[i].Rank > list[worst].Rank) worst = i;
        }

        if (_rank < list[worst].Rank) list[worst] = new Kept(_rank, index, z);
    }

    /// <summary>Hands out everything that was kept, once.</summary>
    public void Flush(Action<int, int, long> add)
    {
        for (var block = 0; block < _kept.Length; block++)
        {
            foreach (var list in _kept[block].Values)
            {
                foreach (var kept in list) add(block, kept.Index, kept.Z);
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

    private readonly record struct Kept(UInt128 Rank, int Index, long Z);
}
