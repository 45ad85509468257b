using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Dashboard.Blazor.Components.Layout;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>The deck goes on under the roster that its operator has put in place, and under no other.</summary>
public sealed class RosterFollowerTests : IDisposable
{
    private readonly Members _members = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("secagg-deck-").FullName;
    private DateTime _written = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private string File => Path.Combine(_folder, "roster.bin");

    public void Dispose()
    {
        _members.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task File_that_was_replaced_is_followed_by_pages_that_are_open()
    {
        await using var host = new ComponentHost();
        Write(_members.Roster.Signed);
        var follower = Follower(host);
        follower.Look();
        Assert.Equal(1ul, host.Consortium.Roster.Epoch);
        host.Store.Update(state => state.WithView(new ConsortiumView { Name = "Outer Clinics", Epoch = 2 }, new ListRoundsReply(), host.Time.GetUtcNow()));
        Assert.Contains("secagg roster follow", (await (await host.DrawAsync<StateBanner>()).NowAsync()).Body!.TextContent, StringComparison.Ordinal);

        var drawn = 0;
        using var page = host.View.Changed.Add(() => drawn++);
        Write(_members.Next());
        follower.Look();
        Assert.Equal(2ul, host.Consortium.Roster.Epoch);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotEqual(0, drawn);
        Assert.DoesNotContain("secagg roster follow", (await (await host.DrawAsync<StateBanner>()).NowAsync()).Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_that_is_no_roster_or_lacks_a_signature_changes_nothing()
    {
        await using var host = new ComponentHost();
        Write(_members.Roster.Signed);
        var follower = Follower(host);
        var lacking = SignedRoster.Parser.ParseFrom(_members.Next());
        lacking.Signatures.RemoveAt(0);
        foreach (var wrong in new byte[][] { [1, 2, 3], lacking.ToByteArray(), new byte[(1 << 20) + 1] })
        {
            Write(wrong);
            follower.Look();
            Assert.Equal(_members.Roster.Hash, host.Consortium.Roster.Hash);
        }

        System.IO.File.Delete(File);
        follower.Look();
        Assert.Equal(_members.Roster.Hash, host.Consortium.Roster.Hash);
    }

    [Fact]
    public void Rosters_that_were_kept_beside_the_file_are_read_as_far_as_each_names_the_one_before()
    {
        var second = Roster.Open(_members.Next());
        var third = Roster.Open(_members.Next(after: second));
        Write(third.Signed);
        System.IO.File.WriteAllBytes(File + ".epoch-2", second.Signed);
        System.IO.File.WriteAllBytes(File + ".epoch-1", _members.Roster.Signed);
        var (roster, earlier) = RosterFollower.Read(File);
        Assert.Equal(third.Hash, roster.Hash);
        Assert.Equal([second.Hash, _members.Roster.Hash], earlier.Select(r => r.Hash));

        // Another roster of that epoch is not the one that the second names.
        System.IO.File.WriteAllBytes(File + ".epoch-1", Roster.Sign(Other(), _members.Parties));
        Assert.Equal([second.Hash], RosterFollower.Read(File).Earlier.Select(r => r.Hash));
    }

    /// <summary>The whole of it, over TLS: the station comes back with another key, and is nobody until the operator has replaced the file.</summary>
    [Fact]
    public async Task Deck_goes_on_with_a_station_of_another_key_when_its_roster_file_names_it_and_not_before()
    {
        using var key = IdentityKey.Generate(new SeededRandom(21));
        await using var station = await FakeStation.StartAsync(_members);
        station.View = new ConsortiumView { Name = "Outer Clinics", Epoch = 1 };
        await using var consortium = Consortium.Connect(new ConsortiumOptions
        {
            Address = new Uri(station.Address), Roster = _members.Roster, Identity = _members.Auditor, Time = TimeProvider.System,
        });
        var store = new DeckStore();
        using var desk = new VerificationDesk(consortium, store, TimeProvider.System, NullLogger<VerificationDesk>.Instance);
        using var feed = new StationFeed(consortium, store, desk, TimeProvider.System, NullLogger<StationFeed>.Instance);
        using var follower = new RosterFollower(consortium, store, File, TimeProvider.System, NullLogger<RosterFollower>.Instance);
        await feed.StartAsync(default);
        await UntilAsync(store, state => state.Link == StationLink.Live);

        await station.DownAsync();
        station.Key = key;
        station.View = new ConsortiumView { Name = "Outer Clinics", Epoch = 2 };
        await station.UpAsync();
        await UntilAsync(store, state => state.LinkProblem?.Contains("secagg roster follow", StringComparison.Ordinal) is true);
        Assert.Equal(1ul, store.Current.Consortium!.Epoch);

        Write(_members.Next(roster => roster.AggregatorKey = ByteString.CopyFrom(key.Public.Point)));
        follower.Look();
        await UntilAsync(store, state => state is { Link: StationLink.Live, Consortium.Epoch: 2 });
        await feed.StopAsync(default);
    }

    private RosterFollower Follower(ComponentHost host) => new(host.Consortium, host.Store, File, host.Time, NullLogger<RosterFollower>.Instance);

    private void Write(byte[] content)
    {
        System.IO.File.WriteAllBytes(File, content);
        // Written within one tick of the disk's clock otherwise.
        System.IO.File.SetLastWriteTimeUtc(File, _written += TimeSpan.FromSeconds(1));
    }

    private Protocol.Wire.Roster Other()
    {
        var body = Protocol.Wire.Roster.Parser.ParseFrom(SignedRoster.Parser.ParseFrom(_members.Roster.Signed).Body);
        body.DropoutPermille = 300;
        return body;
    }

    private static async Task UntilAsync(DeckStore store, Func<DeckState, bool> holds)
    {
        var came = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watching = store.Changed.Add(() => { if (holds(store.Current)) came.TrySetResult(); });
        if (holds(store.Current)) return;
        await came.Task.Guard();
    }
}
