using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Attacks;

/// <summary>
/// A corrupt party that deals badly or complains falsely, the station listening: it is named with what convicts it in the log, the round goes on without it, and
/// the keys that complaints show open nothing of anybody honest.
/// </summary>
public sealed class ComplaintAttackTests
{
    private const uint Corrupt = 5;
    private static readonly uint[] s_honest = [0, 1, 2, 3, 4];

    [Theory]
    [InlineData(10, 2u)] // does not open
    [InlineData(4 + ShareEntry.SealedSize, 2u)] // opens, and is not what was committed to
    [InlineData(10, 0u)]
    public void Dealer_whose_shares_are_bad_is_convicted_and_the_round_goes_on(int flipped, uint holder)
    {
        using var station = Station();
        station.Harness.CorruptEntries(Corrupt, (v, entry) => entry[flipped] ^= (byte)(v == holder ? 1 : 0));
        station.Run();
        Convicted(station, BlameCode.BadDealing);
        Assert.Equal([holder], Complaints(station).Select(c => c.Holder));
        station.GoesOnWithout(Corrupt);
    }

    [Fact]
    public void Dealer_who_deals_badly_to_all_gets_their_sealing_keys_and_nothing_else()
    {
        using var station = Station();
        station.Harness.CorruptEntries(Corrupt, (_, entry) => entry[10] ^= 1);
        station.Run();
        Convicted(station, BlameCode.BadDealing);
        Assert.Equal(s_honest, Complaints(station).Select(c => c.Holder));
        station.GoesOnWithout(Corrupt);
    }

    [Fact]
    public void Dealer_who_is_convicted_is_undone_with_a_silent_survivor()
    {
        using var station = Station(new Fault(4, FaultKind.Silent, MessageKind.Unmask));
        station.Harness.CorruptEntries(Corrupt, (holder, entry) => entry[10] ^= (byte)(holder == 2 ? 1 : 0));
        station.Run();
        Convicted(station, BlameCode.BadDealing);
        station.GoesOnWithout(Corrupt);
    }

    [Theory]
    [InlineData("with the right key")]
    [InlineData("with a made-up key")]
    [InlineData("with another sibling")]
    public void Complaint_about_an_honest_dealer_convicts_who_complains(string how)
    {
        using var station = Station();
        Complain(station, truth => how switch
        {
            "with the right key" => truth,
            "with a made-up key" => Complaint.Create(truth.Dealer, new byte[Aead.KeySize], truth.Sibling),
            _ => Complaint.Create(truth.Dealer, truth.SealKey, new byte[32]),
        });
        station.Run();
        Convicted(station, BlameCode.FalseComplaint);
        station.GoesOnWithout(Corrupt);
    }

    [Fact]
    public void More_bad_dealers_than_can_be_corrupt_end_the_round_for_their_holder()
    {
        using var station = Station();
        foreach (var dealer in new uint[] { 4, Corrupt }) station.Harness.CorruptEntries(dealer, (holder, entry) => entry[10] ^= (byte)(holder == 0 ? 1 : 0));
        station.Run().Refused(RefusalCode.Disputes, 0);
        Assert.Empty(Complaints(station));
        station.GoesOnWithout(0);
    }

    /// <summary>The station would keep the colluder in the total by denying that anybody complained.</summary>
    [Fact]
    public void Complaint_that_the_station_takes_out_of_the_log_is_missed()
    {
        using var station = Station();
        station.Harness.CorruptEntries(Corrupt, (holder, entry) => entry[10] ^= (byte)(holder == 2 ? 1 : 0));
        station.Run();
        var replayed = new AggregatorRound(station.Harness.Consortium.Roster, (_, _) => station.Harness.Shape);
        var log = station.Harness.Station.Log.ConvertAll(e => e.Clone());
        log.Single(e => e.Envelope.Kind == MessageKind.Input && e.Envelope.Detached.Count > 0).Envelope.Detached.Clear();
        Assert.Throws<TranscriptException>(() => log.ForEach(entry => replayed.Apply(entry)));
    }

    private static LyingStation Station(params Fault[] faults) => new(new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), faults: faults), []);

    private static IEnumerable<(uint Holder, ByteString Complaint)> Complaints(LyingStation station) =>
        from entry in station.Harness.Station.Log
        where entry.Envelope.Kind == MessageKind.Input
        from complaint in entry.Envelope.Detached
        select (entry.Sender - 1, complaint);

    /// <summary>The total names the corrupt party and nobody else, and whoever replays the log finds the same.</summary>
    private static void Convicted(LyingStation station, BlameCode code)
    {
        var round = station.Harness.Station.Round;
        Assert.Equal(RoundState.Done, round.State);
        Assert.Equal([new Blame { Party = Corrupt, Code = code }], round.Total!.Blamed);
        station.Harness.Station.CheckReplay();
    }

    /// <summary>The corrupt party complains of party 0, though all that it was dealt opens.</summary>
    private static void Complain(LyingStation station, Func<Complaint, Complaint> change)
    {
        var harness = station.Harness;
        var before = harness.OnSend;
        harness.OnSend = (party, envelope) =>
        {
            if (party == Corrupt && envelope.Kind == MessageKind.Input)
            {
                var complaint = change(harness.Parties[Corrupt].Dealt().Complain(0));
                var input = Input.Parser.ParseFrom(envelope.Body);
                input.ComplaintsRoot = Complaint.Root([complaint.Wire]);
                var signed = harness.SignAs(Corrupt, MessageKind.Input, input);
                (envelope.Body, envelope.Signature) = (signed.Body, signed.Signature);
                envelope.Detached.Add(complaint.Wire);
            }

            return before(party, envelope);
        };
    }
}
