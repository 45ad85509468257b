using System.Security.Cryptography;
using FsCheck.Fluent;
using SecureAggregation.Party.Storage;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Storage;

public sealed class PastReleasesTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly OutpostStore _store;
    private readonly PastReleases _releases;

    public PastReleasesTests()
    {
        _store = OutpostStore.Open(_scratch.Folder);
        _releases = new PastReleases(_store, _clock);
    }

    public void Dispose()
    {
        _store.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void Survivors_that_differ_by_too_few_from_an_earlier_set_are_objected_to_and_not_remembered()
    {
        Assert.True(_releases.TryAgree(Release(1, [0, 1, 2, 3]), _ => 3));
        Assert.False(_releases.TryAgree(Release(2, [0, 1, 2]), _ => 3));
        Assert.False(_releases.TryAgree(Release(3, [0, 1, 2, 4]), _ => 3));
        Assert.True(_releases.TryAgree(Release(4, [0, 1, 2, 3]), _ => 3));
        Assert.True(_releases.TryAgree(Release(5, [0, 4, 5, 6, 7]), _ => 3));
        Assert.False(_releases.TryAgree(Release(5, [0, 4, 5, 6, 7]), _ => 3));
        Assert.Equal(3, _releases.With("heart", 1).Count);
    }

    [Fact]
    public void Other_filter_other_dataset_and_other_noise_are_compared_only_as_the_rule_says()
    {
        _releases.TryAgree(Release(1, [0, 1, 2, 3]), _ => 0);
        Assert.True(_releases.TryAgree(Release(2, [0, 1, 2]) with { Filter = Hash(9) }, _ => 3));
        Assert.True(_releases.TryAgree(Release(3, [0, 1, 2]) with { Dataset = "lung" }, _ => 3));
        Assert.True(_releases.TryAgree(Release(4, [0, 1, 2]) with { Noise = 3 }, noise => noise == 3 ? 3 : 0));
        Assert.False(_releases.TryAgree(Release(5, [0, 1, 3]) with { Noise = 3 }, noise => noise == 3 ? 3 : 0));
        // Without noise no filter is another: "from 18 on" and "above 17" are the same rows.
        Assert.False(_releases.TryAgree(Release(6, [0, 1, 3]) with { Noise = 3, Filter = Hash(9) }, noise => noise == 3 ? 3 : 0));
        Assert.True(_releases.TryAgree(Release(7, [0, 1, 2]) with { Noise = 3, Filter = Hash(9) }, noise => noise == 3 ? 3 : 0));
    }

    [Fact]
    public void Agreed_sets_are_pairwise_equal_or_far_apart_whatever_is_asked()
    {
        var sets = Gen.Choose(0, 255).ListOf(30).Select(masks => masks.ToArray());
        Property.Holds(
            sets,
            masks =>
            {
                using var scratch = new Scratch();
                using var store = OutpostStore.Open(scratch.Folder);
                var releases = new PastReleases(store, _clock);
                for (var i = 0; i < masks.Length; i++) releases.TryAgree(Release(i + 1, Members(masks[i])), _ => 3);
                var agreed = releases.With("heart", 1).Select(r => r.Survivors.Sum(p => 1 << (int)p)).ToList();
                return agreed.Count > 0 && agreed.All(a => agreed.All(b => a == b || int.PopCount(a ^ b) >= 3));
            },
            cases: 15);

        static uint[] Members(int mask) => [.. Enumerable.Range(0, 8).Where(p => (mask & (1 << p)) != 0).Select(p => (uint)p)];
    }

    [Fact]
    public void Answer_is_the_last_round_whose_total_was_seen_with_enough_survivors()
    {
        Assert.Null(_releases.LastAnswer(Hash(7), 3));
        _releases.TryAgree(Release(1, [0, 1, 2, 3]), _ => 0);
        Assert.Null(_releases.LastAnswer(Hash(7), 3));
        _releases.MarkAnswered(Round(1), Hash(1));
        Assert.Equal(Round(1), _releases.LastAnswer(Hash(7), 4)!.RoundId);
        Assert.Null(_releases.LastAnswer(Hash(7), 5));
        Assert.Null(_releases.LastAnswer(Hash(8), 3));
        _releases.TryAgree(Release(2, [0, 1, 2]) with { Version = new DataVersion("2", 200) }, _ => 0);
        _releases.MarkAnswered(Round(2), Hash(2));
        Assert.Equal(new DataVersion("2", 200), _releases.LastAnswer(Hash(7), 3)!.Version);
        Assert.Equal(Round(1), _releases.LastAnswer(Hash(7), 4)!.RoundId);
    }

    private static byte[] Hash(int n) => SHA256.HashData(BitConverter.GetBytes(n));

    private static byte[] Round(int n) => Hash(n)[..16];

    private static PastRelease Release(int round, IReadOnlyList<uint> survivors) => new()
    {
        RoundId = Round(round), Question = Hash(7), Dataset = "heart", Filter = Hash(8), Noise = 1, Version = new DataVersion("1", 100), Survivors = survivors,
    };
}
