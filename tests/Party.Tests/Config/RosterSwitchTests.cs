using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Tests.Link;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Config;

/// <summary>How an outpost goes from one roster to the next: on its disk, with its own key replaced, and as a process that goes on.</summary>
public sealed class RosterSwitchTests : IDisposable
{
    private static readonly IdentityKey s_replaced = IdentityKey.Generate(new SeededRandom(700));

    private readonly Scratch _scratch = new();
    private readonly TestConsortium _consortium = TestConsortium.Shared;

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Rosters_between_need_not_bear_the_signature_if_the_last_one_does()
    {
        // The outpost was left out, and is back: its operator has signed the roster that names the one in which it was not.
        var without = _consortium.Next(
            r => (r.Parties[0].PublicKey, r.Parties[0].Name) = (ByteString.CopyFrom(s_replaced.Public.Point), "another"), [s_replaced, .. _consortium.Keys.Skip(1)]);
        var back = _consortium.Next(after: without);
        var options = Options();
        using var identity = Identity.Load(options, TimeProvider.System.GetUtcNow());
        var taking = new RosterSwitch(options, identity, TimeProvider.System);
        Assert.Contains("bears no signature", taking.Offer([without]), StringComparison.Ordinal);
        Assert.Null(taking.Offer([without, back]));
        Assert.Equal(3ul, taking.Taken!.Epoch);
        using var after = Identity.Load(options, TimeProvider.System.GetUtcNow());
        Assert.Equal(taking.Taken.Hash, after.Roster.Hash);
    }

    [Fact]
    public void Furthest_roster_that_bears_the_signature_is_taken_and_the_one_behind_it_is_not()
    {
        var second = _consortium.Next();
        var third = _consortium.Next(r => r.Parties[0].PublicKey = ByteString.CopyFrom(s_replaced.Public.Point), [s_replaced, .. _consortium.Keys.Skip(1)], after: second);
        var options = Options();
        using var identity = Identity.Load(options, TimeProvider.System.GetUtcNow());
        var taking = new RosterSwitch(options, identity, TimeProvider.System);
        Assert.Null(taking.Offer([second, third]));
        Assert.Equal(2ul, taking.Taken!.Epoch);
    }

    [Fact]
    public void Own_key_that_is_replaced_is_known_before_and_counts_from_the_switch_on()
    {
        var options = Options();
        var rotated = _consortium.Next(r => r.Parties[0].PublicKey = ByteString.CopyFrom(s_replaced.Public.Point), [s_replaced, .. _consortium.Keys.Skip(1)]);
        using (var identity = Identity.Load(options, TimeProvider.System.GetUtcNow()))
        {
            Assert.Equal(_consortium.Keys[0].Public, identity.Key.Public);
            Assert.Null(identity.NextKey);
            // Made while the outpost runs.
            _scratch.Write("key.pem.next", s_replaced.ToPem());
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(_scratch["key.pem.next"], UnixFileMode.UserRead | UnixFileMode.OtherRead);
                Assert.Contains("chmod 600", new RosterSwitch(options, identity, TimeProvider.System).Offer([rotated]), StringComparison.Ordinal);
                File.SetUnixFileMode(_scratch["key.pem.next"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            Assert.Null(new RosterSwitch(options, identity, TimeProvider.System).Offer([rotated]));
        }

        using var after = Identity.Load(options, TimeProvider.System.GetUtcNow());
        Assert.Equal(s_replaced.Public, after.Key.Public);
        Assert.Null(after.NextKey);
        Assert.Equal(s_replaced.ToPem(), File.ReadAllText(_scratch["key.pem"]));
        Assert.Equal(_consortium.Keys[0].ToPem(), File.ReadAllText(_scratch["key.pem.old"]));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_scratch["key.pem.old"]));
    }

    [Fact]
    public void Switch_that_was_cut_short_after_the_pin_is_finished_at_the_next_start_and_before_it_forgotten()
    {
        var options = Options();
        var next = _consortium.Next();
        _scratch.Write("roster.bin.next", next);
        using (var before = Identity.Load(options, TimeProvider.System.GetUtcNow())) Assert.Equal(1ul, before.Roster.Epoch);
        _scratch.Write("roster.pin", PublicBytes.Hex(Protocol.Roster.Open(next).Hash));
        using (var after = Identity.Load(options, TimeProvider.System.GetUtcNow())) Assert.Equal(2ul, after.Roster.Epoch);
        Assert.Equal(next, File.ReadAllBytes(_scratch["roster.bin"]));
        Assert.False(File.Exists(_scratch["roster.bin.next"]));
    }

    [Fact]
    public void What_the_configuration_does_not_go_with_is_not_taken()
    {
        var options = Options();
        using var identity = Identity.Load(options, TimeProvider.System.GetUtcNow());
        options.RosterPin = PublicBytes.Hex(_consortium.Roster.Hash);
        Assert.Contains("Outpost:RosterPin", new RosterSwitch(options, identity, TimeProvider.System).Offer([_consortium.Next()]), StringComparison.Ordinal);
        options.RosterPin = "";
        options.PreSharedKeys["party-2"] = _scratch.Write("psk", new string('0', 64));
        var renamed = _consortium.Next(r => r.Parties[2].Name = "renamed");
        Assert.Contains("party-2", new RosterSwitch(options, identity, TimeProvider.System).Offer([renamed]), StringComparison.Ordinal);
        Assert.Equal(_consortium.Signed, File.ReadAllBytes(_scratch["roster.bin"]));
    }

    [Fact]
    public async Task Running_outpost_begins_anew_with_the_roster_that_it_took()
    {
        await using var station = await TestStation.StartAsync(_consortium);
        var next = _consortium.Next();
        station.Lie = (stream, frame) => stream > 1 || frame.Welcome is null
            ? [frame]
            : [frame, new StationFrame { Succession = new RosterChain { Rosters = { ByteString.CopyFrom(next) } } }];
        var config = _consortium.WriteOutpost(_scratch, station.Address, "full_name,age,sex\nx,63,1\n");
        await using var outpost = OutpostProcess.Start(config);
        Assert.Equal(_consortium.Roster.Hash, (await station.Hellos.Reader.ReadAsync().AsTask().Guard()).RosterHash);
        Assert.Equal(Protocol.Roster.Open(next).Hash, (await station.Hellos.Reader.ReadAsync().AsTask().Guard()).RosterHash);
        Assert.Contains("epoch 2, key", outpost.Log, StringComparison.Ordinal);
        Assert.Contains("[2104]", outpost.Log, StringComparison.Ordinal);
    }

    private OutpostOptions Options()
    {
        var command = CommandLine.Parse(["--config", _consortium.WriteOutpost(_scratch, "https://station.example:7443", "full_name,age,sex\nx,1,1\n")]);
        var options = Settings.Bind(Settings.Read(command), command);
        return options;
    }
}
