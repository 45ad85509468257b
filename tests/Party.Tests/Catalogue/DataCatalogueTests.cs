using SecureAggregation.Party.Catalogue;
using SecureAggregation.Party.Storage;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Catalogue;

public sealed class DataCatalogueTests : IDisposable
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly Scratch _scratch = new();
    private readonly ManualTimeProvider _clock = new(s_start);
    private readonly SeededRandom _random = new(7);
    private OutpostStore _store;
    private PartySecret _secret;
    private DataCatalogue _catalogue;

    public DataCatalogueTests() => Reopen();

    public void Dispose()
    {
        _secret.Dispose();
        _store.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void States_are_numbered_in_the_order_in_which_they_are_seen_also_after_a_restart()
    {
        Assert.Null(_catalogue.Current("heart"));
        Assert.Equal(1, _catalogue.Observe("heart", new(Hash(1), 920)).Number);
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(2, _catalogue.Observe("heart", new(Hash(2), 1000)).Number);
        Assert.Equal(1, _catalogue.Observe("colon", new(Hash(1), 5)).Number);
        Reopen();
        Assert.Equal(2, _catalogue.Current("heart")!.Number);
        Assert.Equal(Hash(2), _catalogue.Current("heart")!.Hash);
        Assert.Equal([s_start, s_start.AddDays(1)], _catalogue.Versions("heart").Select(v => v.At));
        // The file of yesterday again: yesterday's number, so that yesterday's answers are still this state's.
        Assert.Equal(1, _catalogue.Observe("heart", new(Hash(1), 920)).Number);
        Assert.Equal(3, _catalogue.Observe("heart", new(Hash(3), 920)).Number);
        Assert.Equal([1, 2, 3], _catalogue.Versions("heart").Select(v => v.Number));
    }

    [Fact]
    public void Sizes_are_rounded_and_so_are_new_rows()
    {
        var sizes = Enumerable.Range(0, 400).Select(rows => RowRounding.Round(rows, "heart", _secret)).ToList();
        Assert.All(sizes.Select((rounded, rows) => Math.Abs(rounded - rows)), error => Assert.InRange(error, 0, RowRounding.Step - 1));
        Assert.All(sizes, rounded => Assert.Equal(0, rounded % RowRounding.Step));
        // Where the hundreds are cut differs from dataset to dataset, and only this outpost knows.
        var cuts = Enumerable.Range(0, 50).Select(d => Enumerable.Range(0, 101).First(rows => RowRounding.Round(rows, $"d{d}", _secret) == 100)).ToList();
        Assert.True(cuts.Distinct().Count() > 20);

        _catalogue.Observe("heart", new(Hash(1), 1000));
        _catalogue.Observe("heart", new(Hash(2), 1350));
        var known = _catalogue.Versions("heart");
        Assert.InRange(known[1].RoundedRows - known[0].RoundedRows, 300, 400);
        Assert.Equal(known[1].RoundedRows, _catalogue.Of("heart").Rows);
        Assert.Equal(0, _catalogue.Of("unknown").Rows);
    }

    [Fact]
    public void Hash_is_of_what_is_read_and_how()
    {
        const string Text = "name: d\none_row_per_person: true\ncolumns: { note: drop, a: { type: integer, missing: [0] }, s: { type: category, codes: { 1: x } } }";
        var hash = Of(Text, ["1", "1"], ["2", "1"]);
        Assert.Equal(hash.Hash, Of(Text + " # a remark", ["1", "1"], ["2", "1"]).Hash);
        Assert.Equal(2, hash.Rows);
        foreach (var other in (DataContent[])[
            Of(Text, ["1", "1"]), Of(Text, ["2", "1"], ["1", "1"]), Of(Text, ["11", ""], ["2", "1"]), Of(Text, ["1", "1"], ["2", "2"]),
            Of(Text.Replace("[0]", "[9]", StringComparison.Ordinal), ["1", "1"], ["2", "1"]),
            Of(Text.Replace("1: x", "2: x", StringComparison.Ordinal), ["1", "1"], ["2", "1"]),
            Of(Text.Replace("a: {", "a: { from: b,", StringComparison.Ordinal), ["1", "1"], ["2", "1"])])
        {
            Assert.NotEqual(hash.Hash, other.Hash);
        }

        // Longer than the buffer, in one field and in many.
        var long1 = Of(Text, [new string('x', 100_000), "1"]);
        Assert.NotEqual(long1.Hash, Of(Text, [new string('x', 99_999) + "y", "1"]).Hash);
    }

    private static DataContent Of(string schema, params string[][] rows)
    {
        using var hash = new ContentHash(SchemaFile.Parse(schema));
        foreach (var row in rows)
        {
            foreach (var field in row) hash.AddField(field);
            hash.EndRow();
        }

        return hash.Finish();
    }

    private static byte[] Hash(byte value) => [.. Enumerable.Repeat(value, 32)];

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_store), nameof(_secret), nameof(_catalogue))]
    private void Reopen()
    {
        _secret?.Dispose();
        _store?.Dispose();
        _store = OutpostStore.Open(_scratch["state"]);
        _secret = PartySecret.Open(_scratch["state"], _random);
        _catalogue = new DataCatalogue(_store, _secret, _clock);
    }
}
