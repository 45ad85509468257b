using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Tests.Link;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Attacks;

/// <summary>A station that offers rosters that this outpost's operator has never signed. The outpost says why it takes none (event 2101), and stays with its own.</summary>
public sealed class SuccessionAttackTests : OutpostScene
{
    private const string Rows = "full_name,age,sex\nx,63,1\ny,37,0\nz,11,1\n";

    private static readonly IdentityKey[] s_strangers = [.. Enumerable.Range(0, 3).Select(i => IdentityKey.Generate(new SeededRandom(500 + (ulong)i)))];

    /// <summary>The control: one that it has signed is taken, so the others are refused for what is wrong with them.</summary>
    [Fact]
    public async Task Roster_that_the_outpost_has_signed_is_taken()
    {
        var next = _consortium.Next();
        await OfferAsync(next);
        await _recorder.Saw("2104 Roster epoch 2").Guard();
        Assert.Equal(next, File.ReadAllBytes(_scratch["roster.bin"]));
        Assert.Equal(PublicBytes.Hex(Protocol.Roster.Open(next).Hash), File.ReadAllText(_scratch["roster.pin"]).Trim());
    }

    [Fact]
    public async Task Roster_that_the_station_made_up_is_not_taken() => await RefusedAsync("it must be more than half", _consortium.Next(
        roster =>
        {
            for (var i = 1; i < 3; i++) roster.Parties[i].PublicKey = ByteString.CopyFrom(s_strangers[i].Public.Point);
            // A member who is no founder signs nothing.
            roster.Parties[0].Founder = false;
        },
        s_strangers[1..]));

    [Fact]
    public async Task Roster_with_another_key_in_the_outposts_place_is_not_taken() => await RefusedAsync("bears no signature of this key", _consortium.Next(
        roster => roster.Parties[0].PublicKey = ByteString.CopyFrom(s_strangers[0].Public.Point), [s_strangers[0], .. _consortium.Keys.Skip(1)]));

    [Fact]
    public async Task Roster_without_the_outpost_is_not_taken() => await RefusedAsync("bears no signature of this key", _consortium.Next(
        roster => roster.Parties[0] = new RosterParty { Index = 0, Name = "another", PublicKey = ByteString.CopyFrom(s_strangers[0].Public.Point), Founder = true },
        [s_strangers[0], .. _consortium.Keys.Skip(1)]));

    /// <summary>Who has stolen the outpost's key can sign for it. In a consortium of made-up members its own answers would be the only unknown.</summary>
    [Fact]
    public async Task Roster_of_made_up_members_that_a_thief_signed_with_the_outposts_key_is_not_taken() =>
        await RefusedAsync("it must be more than half", _consortium.Next(AmongStrangers, [_consortium.Keys[0], .. s_strangers[1..]]));

    [Fact]
    public async Task Roster_that_a_thief_signed_behind_one_of_strangers_alone_is_not_taken()
    {
        var strange = _consortium.Next(
            roster =>
            {
                AmongStrangers(roster);
                roster.Parties[0].PublicKey = ByteString.CopyFrom(s_strangers[0].Public.Point);
            },
            s_strangers);
        await RefusedAsync("it must be more than half", strange, _consortium.Next(AmongStrangers, [_consortium.Keys[0], .. s_strangers[1..]], after: strange));
    }

    [Fact]
    public async Task Roster_that_lacks_anothers_signature_is_not_taken()
    {
        var signed = SignedRoster.Parser.ParseFrom(_consortium.Next());
        signed.Signatures.RemoveAt(1);
        await RefusedAsync("every founder must sign it", signed.ToByteArray());
    }

    [Fact]
    public async Task Roster_with_anothers_signature_under_other_words_is_not_taken()
    {
        var (signed, other) = (SignedRoster.Parser.ParseFrom(_consortium.Next(r => r.MinHonest = 2)), SignedRoster.Parser.ParseFrom(_consortium.Next(r => r.DropoutPermille = 200)));
        (signed.Body, _) = (other.Body, signed.Body);
        await RefusedAsync("does not verify", signed.ToByteArray());
    }

    [Fact]
    public async Task Roster_of_an_older_epoch_is_not_taken() =>
        await RefusedAsync("a consortium only goes forward", _consortium.Next(roster => (roster.Epoch, roster.PreviousHash, roster.DropoutPermille) = (1, ByteString.Empty, 200)));

    [Fact]
    public async Task Roster_that_leaves_an_epoch_out_is_not_taken() => await RefusedAsync("after epoch 1 comes 2", _consortium.Next(roster => roster.Epoch = 3));

    [Fact]
    public async Task Roster_that_follows_another_of_the_same_epoch_is_not_taken() => await RefusedAsync("another roster of epoch 1", _consortium.Next(roster => roster.PreviousHash = ByteString.CopyFrom(new byte[32])));

    [Fact]
    public async Task Roster_of_another_log_is_not_taken() => await RefusedAsync("is of the log", _consortium.Next(roster => roster.LogOrigin = "station.other/log"));

    [Fact]
    public async Task Roster_that_has_expired_is_not_taken() => await RefusedAsync("expired at", _consortium.Next(roster => roster.NotAfter = 1));

    [Fact]
    public async Task Roster_behind_one_that_follows_nothing_is_not_taken()
    {
        var fork = _consortium.Next(roster => roster.PreviousHash = ByteString.CopyFrom(new byte[32]));
        await RefusedAsync("another roster of epoch 1", fork, _consortium.Next(after: fork));
    }

    [Fact]
    public async Task More_rosters_than_are_taken_at_once_are_not_read() => await RefusedAsync("at most 16 are taken", [.. Enumerable.Repeat(_consortium.Next(), 17)]);

    [Fact]
    public async Task Bytes_that_are_no_roster_are_not_taken() => await RefusedAsync("not a roster", [7]);

    [Fact]
    public async Task Roster_in_place_of_the_welcome_is_held_to_the_same_rule()
    {
        _station.Lie = (_, frame) => [frame.Welcome is null ? frame : Succession(_consortium.Next(roster => roster.Epoch = 3))];
        await _outpost.StartAsync(_station.Address, Rows);
        await _recorder.Saw("after epoch 1 comes 2").Guard();
        Unchanged();
    }

    private static void AmongStrangers(Protocol.Wire.Roster roster)
    {
        for (var i = 1; i < roster.Parties.Count; i++) roster.Parties[i].PublicKey = ByteString.CopyFrom(s_strangers[i].Public.Point);
    }

    /// <summary>The control: a station with the key that a roster names which this outpost's operator has signed.</summary>
    [Fact]
    public async Task Station_with_another_key_is_believed_by_a_signed_roster_that_names_it()
    {
        using var replaced = IdentityKey.Generate();
        var next = await OfferByAsync(replaced, replaced);
        await _recorder.Saw("2104 Roster epoch 2").Guard();
        Assert.Equal(next, File.ReadAllBytes(_scratch["roster.bin"]));
    }

    [Fact]
    public async Task Station_with_a_key_that_no_roster_names_is_refused_whatever_signed_roster_it_offers()
    {
        using var impostor = IdentityKey.Generate();
        await OfferByAsync(impostor, _consortium.Station);
        await _recorder.Saw("It offers a roster, which is not taken: Roster epoch 2 gives the station the key").Guard();
        Unchanged();
    }

    [Fact]
    public async Task Station_with_a_key_of_a_roster_that_it_made_up_is_refused()
    {
        using var impostor = IdentityKey.Generate();
        var made = _consortium.Next(
            roster =>
            {
                roster.AggregatorKey = ByteString.CopyFrom(impostor.Public.Point);
                roster.Parties[0].PublicKey = ByteString.CopyFrom(s_strangers[0].Public.Point);
            },
            [s_strangers[0], .. _consortium.Keys.Skip(1)]);
        await OfferByAsync(impostor, impostor, made);
        await _recorder.Saw("bears no signature of this key").Guard();
        Unchanged();
    }

    /// <summary>Who has any key at all may be anybody on the way: of the frames that a station may send he gets none but a short chain of rosters taken.</summary>
    [Fact]
    public async Task Stranger_in_the_stations_place_gets_no_large_frame_read()
    {
        using var impostor = IdentityKey.Generate();
        await OfferByAsync(impostor, impostor, new byte[8 << 20]);
        await _recorder.Saw("2101 Not connected").Guard();
        Assert.DoesNotContain("It offers a roster", _recorder.Text, StringComparison.Ordinal);
        Unchanged();
    }

    [Fact]
    public async Task Station_that_goes_on_with_its_old_key_is_refused_by_who_has_the_new_roster()
    {
        using var replaced = IdentityKey.Generate();
        await OfferByAsync(replaced, replaced);
        await _recorder.Saw("2104 Roster epoch 2").Guard();
        await _outpost.StopAsync();
        await using var old = await TestStation.StartAsync(_consortium);
        await _outpost.StartAgainAsync(old.Address);
        await _recorder.Saw($"the key {_consortium.Station.Public.Fingerprint} of the station is not the roster's {replaced.Public.Fingerprint}").Guard();
        await old.Hellos.Reader.ReadAsync().AsTask().Guard();
        Assert.All(old.Frames, f => Assert.Equal(new Hello { RosterHash = f.Frame.Hello.RosterHash }, f.Frame.Hello));
    }

    /// <summary>The outpost meets a station with a key that offers, in place of the welcome, a roster that names a key.</summary>
    private async Task<byte[]> OfferByAsync(IdentityKey station, IdentityKey named, byte[]? roster = null)
    {
        roster ??= _consortium.Next(r => r.AggregatorKey = ByteString.CopyFrom(named.Public.Point));
        await _station.DisposeAsync();
        _station = await TestStation.StartAsync(_consortium, station);
        _station.Lie = (_, frame) => [frame.Welcome is null ? frame : Succession(roster)];
        await _outpost.StartAsync(_station.Address, Rows);
        return roster;
    }

    private static StationFrame Succession(params byte[][] rosters) => new() { Succession = new RosterChain { Rosters = { rosters.Select(r => ByteString.CopyFrom(r)) } } };

    private async Task OfferAsync(params byte[][] rosters)
    {
        _station.Lie = (_, frame) => frame.Welcome is null ? [frame] : [frame, Succession(rosters)];
        await _outpost.StartAsync(_station.Address, Rows);
    }

    private async Task RefusedAsync(string why, params byte[][] rosters)
    {
        await OfferAsync(rosters);
        await _recorder.Saw(why).Guard();
        Assert.Contains("2101 Not connected", _recorder.Text, StringComparison.Ordinal);
        Unchanged();
    }

    private void Unchanged()
    {
        Assert.Equal(_consortium.Signed, File.ReadAllBytes(_scratch["roster.bin"]));
        Assert.Equal(PublicBytes.Hex(_consortium.Roster.Hash), File.ReadAllText(_scratch["roster.pin"]).Trim());
        Assert.DoesNotContain("2104 ", _recorder.Text, StringComparison.Ordinal);
    }
}
