using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

public sealed class AuditTests
{
    [Fact]
    public async Task Bundle_verifies_and_gives_the_total_again_and_a_flipped_byte_is_found()
    {
        await using var scene = await RoundScene.Open(change: s => s.Meaning = new SumMeaning(40, 1000));
        scene.Outposts[1].VanishBefore = MessageKind.Input;
        foreach (var outpost in scene.Outposts) outpost.ChunkSize = 2048;
        var round = await scene.Ask();
        await scene.PassDeadline(round, RoundPhase.Input, 1);
        await scene.Until(round, v => v.State == RoundState.Done && v.Cosignatures == 4);
        var bundle = await Export(scene, scene.Station.Consortium.Auditor, round);
        var report = Verify(scene, bundle);
        Assert.All(report.Steps, s => Assert.True(s.Passed, $"{s.Name}: {s.Detail}"));
        Assert.Equal(scene.Station.Meaning.Sum([0, 2, 3, 4]), Enumerable.Range(0, 1000).Select(i => (double)report.Total![i]));
        foreach (var place in new[] { 20, bundle.Length / 3, bundle.Length / 2, bundle.Length - 5 })
        {
            var flipped = (byte[])bundle.Clone();
            flipped[place] ^= 4;
            Assert.False(Verify(scene, flipped).Passed);
        }

        var bare = await Export(scene, scene.Station.Consortium.Parties[0], round, withoutBlobs: true);
        Assert.True(bare.Length < bundle.Length - (4 * 5000));
    }

    [Fact]
    public async Task Checkpoints_extend_each_other_and_entries_hash_to_the_root()
    {
        await using var scene = await RoundScene.Open(3);
        using var channel = scene.Station.Consortium.Channel(scene.Station.Host!, scene.Station.Consortium.Parties[0]);
        var audit = new Audit.AuditClient(channel);
        var first = Checkpoint.Parse((await audit.GetCheckpointAsync(new GetCheckpointRequest())).Checkpoint);
        await scene.Until(await scene.Ask(), v => v.State == RoundState.Done && v.Cosignatures == 3);
        var second = Checkpoint.Parse((await audit.GetCheckpointAsync(new GetCheckpointRequest())).Checkpoint);
        Assert.Equal(3, second.Cosigners(scene.Station.Consortium.Roster).Count);
        var path = (await audit.GetConsistencyAsync(new GetConsistencyRequest { OldSize = (ulong)first.Size, NewSize = (ulong)second.Size })).Path;
        Assert.True(MerkleTree.VerifyConsistency(first.Size, first.Root, second.Size, second.Root, [.. path.Select(p => p.ToByteArray())]));

        var leaves = new List<byte[]>();
        while (leaves.Count < second.Size)
        {
            var page = await audit.ListEntriesAsync(new ListEntriesRequest { Start = (ulong)leaves.Count, Limit = 7 });
            Assert.InRange(page.Leaves.Count, 1, 7);
            leaves.AddRange(page.Leaves.Select(l => MerkleTree.LeafHash(l.Span)));
        }

        Assert.Equal(second.Root, MerkleTree.Root(leaves));
        foreach (var (index, size) in new[] { (0L, first.Size), (leaves.Count - 1L, second.Size), (2L, second.Size) })
        {
            var inclusion = (await audit.GetInclusionAsync(new GetInclusionRequest { Index = (ulong)index, Size = (ulong)size })).Path;
            Assert.True(MerkleTree.VerifyInclusion(leaves[(int)index], index, size, [.. inclusion.Select(p => p.ToByteArray())], size == first.Size ? first.Root : second.Root));
        }

        var outside = await Assert.ThrowsAsync<RpcException>(async () => await audit.GetInclusionAsync(new GetInclusionRequest { Index = 2, Size = 2 }));
        Assert.Equal(StatusCode.OutOfRange, outside.StatusCode);
        var beyond = await Assert.ThrowsAsync<RpcException>(async () => await audit.GetConsistencyAsync(new GetConsistencyRequest { OldSize = 1, NewSize = 10_000 }));
        Assert.Equal(StatusCode.OutOfRange, beyond.StatusCode);
        var many = await Assert.ThrowsAsync<RpcException>(async () => await audit.ListEntriesAsync(new ListEntriesRequest { Limit = 1001 }));
        Assert.Equal(StatusCode.InvalidArgument, many.StatusCode);
    }

    [Fact]
    public async Task Vectors_go_when_they_have_reached_their_age_and_the_log_stays()
    {
        await using var scene = await RoundScene.Open(3, change: s => s.Options.Limits.BlobRetention = TimeSpan.FromHours(3));
        var round = await scene.Ask();
        await scene.Until(round, v => v.State == RoundState.Done);
        foreach (var outpost in scene.Outposts) await outpost.Disconnect();
        scene.Station.Clock.Advance(TimeSpan.FromHours(2.5));
        Assert.False(scene.Station.Logs.Has(1302));
        scene.Station.Clock.Advance(TimeSpan.FromHours(2));
        Assert.True(scene.Station.Logs.Has(1302));
        Assert.Empty(Directory.EnumerateFiles(scene.Station.Data, "*.vector", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Watch_tells_of_rounds_outposts_log_lines_and_heads_in_order()
    {
        await using var scene = await RoundScene.Open(3);
        using var watch = scene.Coordinator.Watch(new WatchRequest());
        await watch.ResponseHeadersAsync.Guard();
        var round = await scene.Ask();
        var seen = new List<Event>();
        while (!seen.Any(e => e.Round is { State: RoundState.Done } r && r.RoundId.Equals(round)) || !seen.Any(e => e.Head?.Cosignatures == 3))
        {
            Assert.True(await watch.ResponseStream.MoveNext().Guard());
            seen.Add(watch.ResponseStream.Current);
        }

        Assert.Equal(seen.Select(e => e.Sequence).Order(), seen.Select(e => e.Sequence));
        Assert.Equal(seen.Count, seen.Select(e => e.Sequence).Distinct().Count());
        Assert.Contains(seen, e => e.Log is { EventId: 1206 } line && line.RoundId.Equals(round));
        Assert.Contains(seen, e => e.Log is { EventId: 1202 } line && line.Outpost == "Clinic 1");
        await scene.Outposts[0].Disconnect();
        while (seen[^1].Outpost is not { Online: false, Name: "Clinic 0", RoundsJoined: 1 })
        {
            Assert.True(await watch.ResponseStream.MoveNext().Guard());
            seen.Add(watch.ResponseStream.Current);
        }

        // Whoever comes back gets what it missed.
        using var again = scene.Coordinator.Watch(new WatchRequest { After = seen[3].Sequence });
        Assert.True(await again.ResponseStream.MoveNext().Guard());
        Assert.Equal(seen[4], again.ResponseStream.Current);
    }

    internal static async Task<byte[]> Export(RoundScene scene, IdentityKey key, ByteString round, bool withoutBlobs = false)
    {
        using var channel = scene.Station.Consortium.Channel(scene.Station.Host!, key);
        using var call = new Audit.AuditClient(channel).ExportBundle(new ExportBundleRequest { RoundId = round, WithoutBlobs = withoutBlobs });
        using var bundle = new MemoryStream();
        while (await call.ResponseStream.MoveNext().Guard()) bundle.Write(call.ResponseStream.Current.Data.Span);
        return bundle.ToArray();
    }

    internal static VerificationReport Verify(RoundScene scene, byte[] bundle)
    {
        using var stream = new MemoryStream(bundle);
        return TranscriptVerifier.Verify(stream, new VerifyOptions { RosterHash = scene.Station.Consortium.Roster.Hash, ShapeOf = scene.Station.Meaning.Shape });
    }
}
