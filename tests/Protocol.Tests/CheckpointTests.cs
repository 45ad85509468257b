using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>Heads of the log, and what a party checks before it cosigns one.</summary>
public sealed class CheckpointTests
{
    private static readonly Consortium s_consortium = Consortium.Of(5);
    private static readonly byte[] s_root = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void Note_has_the_three_lines_and_a_signature_and_reads_back()
    {
        var checkpoint = Head(7, s_root);

        var lines = checkpoint.Note.Split('\n');
        Assert.Equal([s_consortium.Roster.LogOrigin, "7", Convert.ToBase64String(s_root), ""], lines[..4]);
        Assert.StartsWith($"— {s_consortium.Roster.LogOrigin} ", lines[4], StringComparison.Ordinal);
        Assert.Equal(checkpoint.Note, Checkpoint.Parse(checkpoint.Note).Note);
        Checkpoint.Parse(checkpoint.Note).CheckStation(s_consortium.Roster);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\n1\n")]
    [InlineData("o\n+1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— o AAAA\n")]
    [InlineData("o\n1\nAAEC\n\n")]
    public void What_is_no_note_is_refused(string note) => Assert.Throws<TranscriptException>(() => Checkpoint.Parse(note));

    [Fact]
    public void Every_changed_character_is_refused_or_does_not_verify()
    {
        var note = Head(7, s_root).TryAdd(s_consortium.Roster, s_consortium.Roster.Parties[1], Head(7, s_root).Cosign(Consortium.PartyKey(1)))!.Note;
        for (var i = 0; i < note.Length; i++)
        {
            var changed = note[..i] + (char)(note[i] ^ 1) + note[(i + 1)..];
            Assert.Throws<TranscriptException>(() =>
            {
                var checkpoint = Checkpoint.Parse(changed);
                checkpoint.CheckStation(s_consortium.Roster);
                checkpoint.Cosigners(s_consortium.Roster);
            });
        }
    }

    [Fact]
    public void Signature_of_another_key_is_refused()
    {
        var forged = Checkpoint.Create(s_consortium.Roster.LogOrigin, 7, s_root, Consortium.Coordinator);

        Assert.Throws<TranscriptException>(() => forged.CheckStation(s_consortium.Roster));
        Assert.Throws<TranscriptException>(() => Checkpoint.Create("other.log", 7, s_root, Consortium.Station).CheckStation(s_consortium.Roster));
    }

    [Fact]
    public void Cosignatures_add_up_once_each_and_only_when_they_verify()
    {
        var head = Head(7, s_root);
        var (one, two) = (s_consortium.Roster.Parties[1], s_consortium.Roster.Parties[2]);

        var signed = head.TryAdd(s_consortium.Roster, one, head.Cosign(Consortium.PartyKey(1)))!;
        signed = signed.TryAdd(s_consortium.Roster, one, head.Cosign(Consortium.PartyKey(1)))!;
        signed = signed.TryAdd(s_consortium.Roster, two, head.Cosign(Consortium.PartyKey(2)))!;

        Assert.Null(head.TryAdd(s_consortium.Roster, two, head.Cosign(Consortium.PartyKey(1))));
        Assert.Equal(["party-1", "party-2"], Checkpoint.Parse(signed.Note).Cosigners(s_consortium.Roster).Select(p => p.Name));
    }

    [Fact]
    public void Publication_with_all_own_messages_in_a_log_that_extends_the_last_head_is_accepted()
    {
        var published = new PublishedRound();

        var head = PublishedRound.Check(published.Publication(previous: 2), published.HeadAt(2));

        Assert.Equal(published.Leaves.Count, head.Size);
        PublishedRound.Check(published.Publication(previous: 0), null);
    }

    [Fact]
    public void Message_that_came_too_late_to_be_taken_need_not_be_in_the_log()
    {
        var published = new PublishedRound();
        var late = published.Publication(0);
        late.Own.Clear();

        PublicationCheck.Check(late, s_consortium.Roster, 1, PublishedRound.Sent, new HashSet<MessageKind>(), null);
    }

    private static Checkpoint Head(long size, byte[] root) => Checkpoint.Create(s_consortium.Roster.LogOrigin, size, root, Consortium.Station);
}
