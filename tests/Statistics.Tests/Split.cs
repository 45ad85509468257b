using FsCheck;
using FsCheck.Fluent;
using SecureAggregation.Testing;

namespace SecureAggregation.Statistics.Tests;

/// <summary>How many persons a party has.</summary>
internal enum Holding
{
    None,
    One,
    Many,
}

/// <summary>One way to split persons into parties: who has nobody, who one person, and who how many of the others.</summary>
internal sealed record Split(IReadOnlyList<Holding> Parties, ulong Seed)
{
    /// <summary>The most parties.</summary>
    public const int Most = 12;

    /// <summary>1 to 12 parties, at least one with many.</summary>
    public static Gen<Split> Any { get; } =
        from before in Gen.Choose(0, Most - 1)
        from after in Gen.Choose(0, Most - 1 - before)
        from others in Gen.Elements(Holding.None, Holding.One, Holding.Many).ArrayOf(before + after)
        from seed in Gen.Choose(0, int.MaxValue)
        select new Split([.. others[..before], Holding.Many, .. others[before..]], (ulong)seed);

    /// <summary>The rows of each party. Those of a person stay together, as they do where they were collected.</summary>
    public IReadOnlyList<Row>[] Of(IReadOnlyList<Row> rows)
    {
        var random = new SeededRandom(Seed);
        var persons = rows.Select((row, i) => (Row: row, Person: row.PersonKey.IsEmpty ? $"{i}" : row.PersonKey.ToString())).ToLookup(r => r.Person, r => r.Row);
        var dealt = Parties.Select(_ => new List<Row>()).ToArray();
        int[] one = [.. Enumerable.Range(0, Parties.Count).Where(p => Parties[p] == Holding.One)];
        int[] many = [.. Enumerable.Range(0, Parties.Count).Where(p => Parties[p] == Holding.Many)];
        // A few of all persons, anywhere, are alone.
        var alone = new Dictionary<int, int>();
        foreach (var party in one)
        {
            while (!alone.TryAdd(random.Next(persons.Count), party)) continue;
        }

        foreach (var (person, i) in persons.Select((p, i) => (p, i)))
        {
            dealt[alone.TryGetValue(i, out var party) ? party : many[random.Next(many.Length)]].AddRange(person);
        }

        return dealt;
    }

    public override string ToString() => $"{string.Join(' ', Parties)}, seed {Seed}";
}
