using System.Buffers.Binary;
using Dapper;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Storage;

/// <summary>
/// The survivor sets that this outpost has agreed to. Kept for two rules: the same question is answered once for each version of the data, and
/// two totals must not give a few parties away by subtraction.
/// </summary>
internal sealed class PastReleases(OutpostStore store, TimeProvider clock)
{
    private const string All =
        "SELECT round_id AS RoundId, question AS Question, dataset AS Dataset, filter AS Filter, noise AS Noise, version AS Version, size AS Size, survivors AS Survivors " +
        "FROM releases";

    /// <summary>
    /// Remembers a survivor set, before it is agreed to, if it differs from none of the earlier ones with the same dataset and filter by fewer than
    /// k parties; between two without noise whatever the filters are, since there is always another way to write one. Equal sets do not differ. What is remembered and then not agreed to after all only makes the rule stricter.
    /// </summary>
    /// <param name="release">With its survivors.</param>
    /// <param name="parties">k beside an earlier release, by that one's noise mode; 0: however little it differs.</param>
    /// <returns>False if it differs by too few, or if a set of this round was remembered before.</returns>
    /// <exception cref="StoreException">The disk failed; nothing was remembered.</exception>
    public bool TryAgree(PastRelease release, Func<int, int> parties) => store.Write((connection, transaction) =>
    {
        var set = release.Survivors.ToHashSet();
        var near = connection.Query<Row>(
            All + " WHERE dataset = @Dataset AND (filter = @Filter OR (@Noise = @Exact AND noise = @Exact))",
            new { release.Dataset, release.Filter, release.Noise, Exact = (int)QueryNoise.None },
            transaction);
        foreach (var earlier in near)
        {
            var other = Unpack(earlier.Survivors).ToHashSet();
            other.SymmetricExceptWith(set);
            if (other.Count > 0 && other.Count < parties(earlier.Noise)) return false;
        }

        return connection.Execute(
            """
            INSERT OR IGNORE INTO releases (round_id, question, dataset, filter, noise, version, size, survivors, at_ms)
            VALUES (@RoundId, @Question, @Dataset, @Filter, @Noise, @Version, @Size, @Survivors, @At)
            """,
            new
            {
                release.RoundId,
                release.Question,
                release.Dataset,
                release.Filter,
                release.Noise,
                Version = release.Version.Id,
                Size = release.Version.Rows,
                Survivors = Pack(release.Survivors),
                At = clock.GetUtcNow().ToUnixTimeMilliseconds(),
            },
            transaction) == 1;
    });

    /// <summary>Remembers that the total of a round was seen and checked: from now on it is the answer to its question.</summary>
    /// <param name="roundId">16 bytes.</param>
    /// <param name="total">Hash of the total's body, 32 bytes.</param>
    public void MarkAnswered(byte[] roundId, byte[] total) => store.Write((connection, transaction) =>
        connection.Execute("UPDATE releases SET total = @total WHERE round_id = @roundId AND total IS NULL", new { roundId, total }, transaction));

    /// <summary>The last total that was seen for a question and that at least so many parties are in, or null.</summary>
    public PastRelease? LastAnswer(byte[] question, int minSurvivors) => store.Read(connection =>
        connection.Query<Row>(
            All + " WHERE question = @question AND total IS NOT NULL AND length(survivors) >= 4 * @minSurvivors ORDER BY at_ms DESC, rowid DESC LIMIT 1",
            new { question, minSurvivors }).Select(r => r.ToRelease()).FirstOrDefault());

    /// <summary>What a dataset has given in a noise mode, oldest first.</summary>
    public IReadOnlyList<PastRelease> With(string dataset, int noise) => store.Read(connection =>
        connection.Query<Row>(
            All + " WHERE dataset = @dataset AND noise = @noise ORDER BY at_ms, rowid", new { dataset, noise }).Select(r => r.ToRelease()).ToList());

    private static byte[] Pack(IReadOnlyList<uint> parties)
    {
        var packed = new byte[parties.Count * 4];
        for (var i = 0; i < parties.Count; i++) BinaryPrimitives.WriteUInt32BigEndian(packed.AsSpan(i * 4), parties[i]);
        return packed;
    }

    private static List<uint> Unpack(byte[] packed) =>
        [.. Enumerable.Range(0, packed.Length / 4).Select(i => BinaryPrimitives.ReadUInt32BigEndian(packed.AsSpan(i * 4)))];

    private sealed class Row
    {
        public byte[] RoundId { get; set; } = [];

        public byte[] Question { get; set; } = [];

        public string Dataset { get; set; } = "";

        public byte[] Filter { get; set; } = [];

        public int Noise { get; set; }

        public string Version { get; set; } = "";

        public long Size { get; set; }

        public byte[] Survivors { get; set; } = [];

        public PastRelease ToRelease() => new()
        {
            RoundId = RoundId, Question = Question, Dataset = Dataset, Filter = Filter, Noise = Noise, Version = new DataVersion(Version, Size), Survivors = Unpack(Survivors),
        };
    }
}
