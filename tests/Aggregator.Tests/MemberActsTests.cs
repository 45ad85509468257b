using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Acts that dashboards sign and bring.</summary>
public sealed class MemberActsTests
{
    [Fact]
    public async Task Act_is_an_entry_that_its_member_signed_and_the_same_again_is_the_same_entry()
    {
        await using var station = new TestStation(3);
        await station.Start();
        var members = station.Consortium;
        var first = Signed(members, members.Auditor, 1);
        var reply = await Record(station, members.Auditor, first);
        Assert.Equal((1ul, 2ul), (reply.Entry, reply.Next));
        Assert.Equal("ada", ActEntry.Open(members.Roster, station.Entries()[1]).Subject);
        Assert.Equal(members.Auditor.Public, ActEntry.Signer(members.Roster, ActEntry.Open(members.Roster, station.Entries()[1]))!.Key);

        Assert.Equal(reply, await Record(station, members.Auditor, first));
        Assert.Equal(new RecordActReply { Next = 2 }, await Record(station, members.Auditor, Signed(members, members.Auditor, 1, "bob")));
        Assert.Equal(new RecordActReply { Next = 2 }, await Record(station, members.Auditor, Signed(members, members.Auditor, 3)));
        Assert.Equal(2, station.Entries().Count);

        // Each key counts its own, and a station that was started again goes on counting.
        Assert.Equal(new RecordActReply { Entry = 2, Next = 2 }, await Record(station, members.Coordinator, Signed(members, members.Coordinator, 1)));
        await station.Stop();
        await station.Start();
        Assert.Equal(new RecordActReply { Entry = 1, Next = 2 }, await Record(station, members.Auditor, first));
        Assert.Equal(new RecordActReply { Entry = 3, Next = 3 }, await Record(station, members.Auditor, Signed(members, members.Auditor, 2)));
    }

    [Fact]
    public async Task What_is_not_the_callers_own_word_about_accounts_is_refused_with_a_sentence()
    {
        await using var station = new TestStation(3);
        await station.Start();
        var members = station.Consortium;
        await Refused("signed by another key than the caller's", Signed(members, members.Coordinator, 1));
        await Refused("holds no act", null);
        await Refused("is no act", new Envelope { Kind = MessageKind.Total });
        await Refused("signed by another key", ActEntry.Create(members.Roster, new Act { Code = ActCode.AccountAdded, Subject = "ada", By = "root" }, members.Station, members.Now).Envelope);
        var forged = Signed(members, members.Auditor, 1);
        forged.Signature = ByteString.CopyFrom([.. forged.Signature.Span[..63], (byte)(forged.Signature[63] ^ 1)]);
        await Refused("not signed by the member whom it names", forged);
        var long_ = Signed(members, members.Auditor, 1);
        long_.Body = ByteString.CopyFrom(new byte[5000]);
        await Refused("4096", long_);
        Assert.Single(station.Entries());
        Assert.Throws<TranscriptException>(() => ActEntry.Sign(members.Roster, new Act { Code = ActCode.RoundStopped, Subject = "00", By = "ada", Number = 1 }, members.Auditor));
        Assert.Throws<TranscriptException>(() => ActEntry.Sign(members.Roster, new Act { Code = ActCode.AccountAdded, Subject = "ada", By = "root", Number = 1 }, members.Parties[0]));

        async Task Refused(string why, Envelope? act)
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => Record(station, members.Auditor, act));
            Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
            Assert.Contains(why, refused.Status.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_came_beside_an_act_and_is_not_signed_is_not_in_the_log()
    {
        await using var station = new TestStation(3);
        await station.Start();
        var members = station.Consortium;
        var signed = Signed(members, members.Auditor, 1);
        // A field that no message of this version has: 100, with 10,000 bytes.
        var padded = Envelope.Parser.ParseFrom([.. signed.ToByteArray(), 0xA2, 0x06, 0x90, 0x4E, .. new byte[10_000]]);
        Assert.Equal(1ul, (await Record(station, members.Auditor, padded)).Entry);
        Assert.Equal(signed, station.Entries()[1].Envelope);
        Assert.True(station.Entries()[1].CalculateSize() < 1000);
    }

    [Fact]
    public async Task Flood_of_one_key_is_held_up_and_others_are_not()
    {
        await using var station = new TestStation(3);
        await station.Start();
        var members = station.Consortium;
        var again = Signed(members, members.Auditor, 1);
        for (var i = 0; i < 120; i++) await Record(station, members.Auditor, again);
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(() => Record(station, members.Auditor, again))).StatusCode);
        Assert.Equal(2ul, (await Record(station, members.Coordinator, Signed(members, members.Coordinator, 1))).Entry);
    }

    private static Envelope Signed(TestConsortium members, IdentityKey key, ulong number, string subject = "ada") =>
        ActEntry.Sign(members.Roster, new Act { Code = ActCode.AccountAdded, Subject = subject, By = "root", Mark = ByteString.CopyFrom(new byte[32]), Number = number }, key);

    private static async Task<RecordActReply> Record(TestStation station, IdentityKey key, Envelope? act)
    {
        using var channel = station.Consortium.Channel(station.Host!, key);
        return await new Coordination.CoordinationClient(channel).RecordActAsync(new RecordActRequest { Act = act }).ResponseAsync.Guard();
    }
}
