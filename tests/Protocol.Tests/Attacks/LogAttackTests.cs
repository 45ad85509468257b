using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Attacks;

/// <summary>A station that publishes another log than the one that it kept, or puts cosignatures where they were not given. The outpost gives its own only to a log that it has checked.</summary>
public sealed class LogAttackTests
{
    private static readonly byte[] s_root = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void Forked_log_is_refused()
    {
        var published = new PublishedRound();
        Refused(published.Publication(previous: 2), new LogPosition(2, s_root));

        // Two logs that differ in one entry long ago, each right in itself.
        var fork = new PublishedRound(log => log.Select((e, i) => i == 1 ? Later(e) : e));
        Refused(fork.Publication(previous: 5), published.HeadAt(5));
    }

    [Fact]
    public void Log_that_was_rolled_back_is_refused()
    {
        var (published, shorter) = (new PublishedRound(), new PublishedRound(log => log.SkipLast(1)));
        Refused(shorter.Publication(shorter.Leaves.Count), published.HeadAt(published.Leaves.Count));
        Refused(shorter.Publication(published.Leaves.Count), published.HeadAt(published.Leaves.Count));
    }

    [Fact]
    public void Proof_from_another_head_than_the_last_is_refused()
    {
        var published = new PublishedRound();
        Refused(published.Publication(previous: 2), published.HeadAt(3));
        Refused(published.Publication(previous: 0), published.HeadAt(2));
    }

    [Fact]
    public void Log_without_an_own_message_is_refused()
    {
        var published = new PublishedRound();
        for (var i = 0; i < published.Own.Count; i++)
        {
            var kind = published.Log[published.Own[i]].Envelope.Kind;
            if (!PublishedRound.Confirmed.Contains(kind)) continue;
            var hidden = published.Publication(0);
            hidden.Own.RemoveAt(i);
            Refused(hidden, null);
            Refused(new PublishedRound(log => log.Where((_, at) => at != published.Own[i])).Publication(0), null);
        }
    }

    [Fact]
    public void Log_with_another_message_than_the_own_is_refused()
    {
        var published = new PublishedRound();
        foreach (var at in published.Own)
        {
            Refused(new PublishedRound(log => log.Select((e, i) => i == at ? Flipped(e) : e)).Publication(0), null);
        }
    }

    [Fact]
    public void Log_with_an_own_message_under_another_signature_is_refused()
    {
        var published = new PublishedRound();
        foreach (var at in published.Own)
        {
            Refused(new PublishedRound(log => log.Select((e, i) => i == at ? Unsigned(e) : e)).Publication(0), null);
        }
    }

    [Fact]
    public void Own_message_that_is_logged_as_rejected_or_as_anothers_is_refused()
    {
        var at = new PublishedRound().Own[0];
        Refused(new PublishedRound(log => log.Select((e, i) => i == at ? Rejected(e) : e)).Publication(0), null);
        Refused(new PublishedRound(log => log.Select((e, i) => i == at ? By(e, 3) : e)).Publication(0), null);
    }

    [Fact]
    public void Entry_at_another_place_of_the_log_is_refused()
    {
        var published = new PublishedRound();
        for (var i = 0; i < published.Own.Count; i++)
        {
            var changed = published.Publication(0);
            changed.Own[i].Index++;
            Refused(changed, null);
        }
    }

    [Fact]
    public void Entry_of_another_round_is_refused()
    {
        // The log has the party's messages, as those of another round.
        Refused(new PublishedRound(log => log.Select(e => e.Sender == 2 ? Elsewhere(e) : e)).Publication(0), null);
    }

    [Fact]
    public void Head_that_the_station_did_not_sign_or_of_another_log_is_refused()
    {
        var published = new PublishedRound();
        foreach (var (origin, key) in new[] { (PublishedRound.Roster.LogOrigin, Consortium.PartyKey(2)), ("other.log", Consortium.Station) })
        {
            var forged = published.Publication(0);
            var head = published.HeadAt(published.Leaves.Count);
            forged.Checkpoint = Checkpoint.Create(origin, head.Size, head.Root, key).Note;
            Refused(forged, null);
        }
    }

    [Fact]
    public void Cosignature_counts_for_its_head_its_party_and_once()
    {
        var roster = PublishedRound.Roster;
        var (head, other, longer) = (Head(7, s_root), Head(7, new byte[32]), Head(8, s_root));
        var (one, two) = (roster.Parties[1], roster.Parties[2]);
        Assert.Null(other.TryAdd(roster, one, head.Cosign(Consortium.PartyKey(1))));
        Assert.Null(longer.TryAdd(roster, one, head.Cosign(Consortium.PartyKey(1))));
        Assert.Null(head.TryAdd(roster, two, head.Cosign(Consortium.PartyKey(1))));
        var cosigned = head.TryAdd(roster, one, head.Cosign(Consortium.PartyKey(1)))!;
        cosigned = cosigned.TryAdd(roster, one, head.Cosign(Consortium.PartyKey(1)))!;
        Assert.Equal([one], Checkpoint.Parse(cosigned.Note).Cosigners(roster));

        // Moved under another head by hand.
        var moved = Checkpoint.Parse(other.Note.TrimEnd('\n') + "\n" + cosigned.Note.Split('\n')[^2] + "\n");
        Assert.Throws<TranscriptException>(() => moved.Cosigners(roster));
    }

    /// <summary>One identity key signs messages, heads as station and heads as witness: none of them can stand for another.</summary>
    [Fact]
    public void Cosignature_is_no_signature_of_anything_else()
    {
        var roster = PublishedRound.Roster;
        var head = Head(7, s_root);
        var key = Consortium.PartyKey(1);
        var contexts = new RoundContexts { Context0 = new byte[32], Context1 = new byte[32], Context2 = new byte[32], Survivors = new byte[32] };
        foreach (var kind in Enum.GetValues<MessageKind>().Where(k => k is >= MessageKind.Propose and <= MessageKind.Abort))
        {
            var text = System.Text.Encoding.UTF8.GetBytes(head.Text);
            Assert.Null(head.TryAdd(roster, roster.Parties[1], key.Sign(Digests.Message(kind, contexts, text))));
            Assert.False(key.Public.Verify(Digests.Message(kind, contexts, text), head.Cosign(key)));
        }

        Assert.Throws<TranscriptException>(() => Checkpoint.Parse(Checkpoint.Create(roster.LogOrigin, 7, s_root, key).Note).CheckStation(roster));
    }

    private static Checkpoint Head(long size, byte[] root) => Checkpoint.Create(PublishedRound.Roster.LogOrigin, size, root, Consortium.Station);

    private static Entry Later(Entry entry)
    {
        entry.TimeMs++;
        return entry;
    }

    private static Entry Flipped(Entry entry)
    {
        entry.Envelope.Body = ByteString.CopyFrom([.. entry.Envelope.Body.SkipLast(1), (byte)(entry.Envelope.Body[^1] ^ 1)]);
        return entry;
    }

    private static Entry Unsigned(Entry entry)
    {
        entry.Envelope.Signature = ByteString.CopyFrom(new byte[IdentityKey.SignatureSize]);
        return entry;
    }

    private static Entry Rejected(Entry entry)
    {
        entry.Rejection = RejectionCode.BadContent;
        return entry;
    }

    private static Entry By(Entry entry, uint sender)
    {
        entry.Sender = sender;
        return entry;
    }

    private static Entry Elsewhere(Entry entry)
    {
        entry.RoundId = ByteString.CopyFrom(new byte[16]);
        return entry;
    }

    private static void Refused(Publication publication, LogPosition? last) =>
        Assert.Equal(RefusalCode.Log, Assert.Throws<RefusalException>(() => PublishedRound.Check(publication, last)).Code);
}
