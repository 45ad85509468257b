using Google.Protobuf;
using Google.Protobuf.Collections;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests.SecondVerifier;

/// <summary>What a station can do: rewrite its log, and sign the end of the round and the head again. The steps up to the replay find nothing.</summary>
internal static class LogMutations
{
    private delegate void Change(List<Entry> log, SeededRandom random, RoundHarness round);

    /// <summary>Changes after which no replay can pass.</summary>
    private static readonly (string Name, Change Change)[] s_lies =
    [
        ("broadcast removed", (log, random, _) => log.Remove(Broadcast(log, random))),
        ("answer removed", (log, random, _) => log.RemoveAll(Answers(log).Pick(random).Contains)),
        ("broadcasts swapped", (log, random, _) => Swap(log, log.IndexOf(Broadcast(log, random)), log.IndexOf(Broadcast(log, random)))),
        ("signature of another", (log, random, _) => Accepted(log, random).Envelope.Signature = Accepted(log, random).Envelope.Signature),
        ("said again", (log, random, _) => Answers(log).Pick(random).ForEach(e => log.Insert(log.IndexOf(e), e.Clone()))),
        ("rejection changed", (log, random, _) => Any(log, random).Rejection ^= (RejectionCode)(1 + random.Next(7))),
        ("brought by another", (log, random, round) => Accepted(log, random).Sender = 1 + (uint)random.Next(round.Consortium.Roster.Parties.Count)),
        ("part changed", (log, random, _) => Parts(log).Pick(random).ForEach(parts => parts[0] = FileMutations.Flipped(parts[0], random))),
        ("part removed", (log, random, _) => Parts(log).Pick(random).ForEach(parts => parts.RemoveAt(random.Next(parts.Count)))),
        ("part twice", (log, random, _) => Parts(log).Pick(random).ForEach(parts => parts.Add(parts[random.Next(parts.Count)]))),
        ("total changed", (log, random, _) => ChangeTotal(log, m => m.Packed = FileMutations.Flipped(m.Packed, random))),
        ("survivor removed", (log, random, _) => ChangeTotal(log, m => m.Survivors.RemoveAt(random.Next(m.Survivors.Count)))),
        ("bits changed", (log, _, _) => ChangeTotal(log, m => m.Bits++)),
        ("length changed", (log, _, _) => ChangeTotal(log, m => m.Length--)),
        ("another blamed", (log, random, _) => ChangeBlamed(log, b => b.Add(new Blame { Party = (uint)random.Next(9), Code = BlameCode.BadShare }))),
        ("nobody blamed", (log, _, _) => ChangeBlamed(log, b => b.Clear())),
    ];

    /// <summary>Changes of which some are found and some change nothing that matters; both verifiers must say the same.</summary>
    private static readonly (string Name, Change Change)[] s_others =
    [
        ("entry removed", (log, random, _) => log.RemoveAt(random.Next(log.Count - 1))),
        ("neighbours swapped", (log, random, _) => log.Reverse(random.Next(log.Count - 2), 2)),
        ("time changed", (log, random, _) => Any(log, random).TimeMs += (ulong)random.Next(8_000_000)),
        ("end of time", (log, random, _) => Any(log, random).TimeMs = ulong.MaxValue - (ulong)random.Next(2)),
        ("kind changed", (log, random, _) => Any(log, random).Envelope.Kind = (MessageKind)random.Next(20)),
        ("rejected", (log, random, _) => Any(log, random).Rejection = (RejectionCode)random.Next(9)),
        ("bit flipped, signed", (log, random, round) => Resign(Any(log, random), round, b => FileMutations.Flipped(b, random))),
        ("body of another, signed", (log, random, round) => Resign(Any(log, random), round, _ => Any(log, random).Envelope.Body)),
        ("body cut, signed", (log, random, round) => Resign(Any(log, random), round, b => ByteString.CopyFrom(b.Span[..random.Next(b.Length)]))),
        ("body longer, signed", (log, random, round) => Resign(Any(log, random), round, b => ByteString.CopyFrom([.. b.Span, (byte)random.Next(256), 1]))),
        ("part added", (log, random, _) => Any(log, random).Envelope.Detached.Add(ByteString.CopyFrom(new byte[random.Next(60)]))),
        ("no envelope", (log, random, _) => Any(log, random).Envelope = null),
        ("moved", (log, random, _) => Move(log, random.Next(log.Count - 1), random.Next(log.Count - 1))),
        ("copied", (log, random, _) => log.Insert(random.Next(log.Count - 1), Any(log, random).Clone())),
        ("sender changed", (log, random, _) => Any(log, random).Sender = random.Next(4) == 0 ? uint.MaxValue : (uint)random.Next(11)),
    ];

    /// <summary>The evidence of a round after one lie of its station, which must be found.</summary>
    public static (string Name, byte[] Bytes) Lie(RoundHarness round, SeededRandom random, ulong seed) => Apply(round, random, seed, s_lies);

    /// <summary>The evidence of a round after a change that may be allowed.</summary>
    public static (string Name, byte[] Bytes) Alter(RoundHarness round, SeededRandom random, ulong seed) => Apply(round, random, seed, s_others);

    private static (string, byte[]) Apply(RoundHarness round, SeededRandom random, ulong seed, (string, Change)[] changes)
    {
        while (true)
        {
            var evidence = Evidence.Of(round, seed);
            var (name, change) = changes[random.Next(changes.Length)];
            change(evidence.Entries, random, round);
            if (!evidence.Entries.SequenceEqual(round.Station.Log)) return (name, Evidence.Bytes(evidence.Write(e => End(e, round, evidence.Entries))));
        }
    }

    /// <summary>The end of the round over the entries as they are, signed.</summary>
    public static Entry End(Entry entry, RoundHarness round, List<Entry> log)
    {
        var before = log.SkipLast(1).Select(e => MerkleTree.LeafHash(e.ToByteArray())).ToList();
        var (count, root) = ((uint)before.Count, ByteString.CopyFrom(MerkleTree.Root(before)));
        return Kind(entry) switch
        {
            MessageKind.Total => new Entry(entry) { Envelope = round.Lie(MessageKind.Total, new Total(Total.Parser.ParseFrom(entry.Envelope.Body)) { Entries = count, EntriesRoot = root }) },
            MessageKind.Abort => new Entry(entry) { Envelope = round.Lie(MessageKind.Abort, new Abort(Abort.Parser.ParseFrom(entry.Envelope.Body)) { Entries = count, EntriesRoot = root }) },
            _ => entry,
        };
    }

    private static MessageKind Kind(Entry entry) => entry.Envelope is { } envelope && Parses(envelope) ? envelope.Kind : MessageKind.Unspecified;

    private static bool Parses(Envelope envelope)
    {
        try
        {
            return envelope.Kind == MessageKind.Total ? Total.Parser.ParseFrom(envelope.Body) is not null : Abort.Parser.ParseFrom(envelope.Body) is not null;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    /// <summary>Changes a body and signs it with the key of whoever sent it, if it is of a kind that is signed in this round.</summary>
    private static void Resign(Entry entry, RoundHarness round, Func<ByteString, ByteString> change)
    {
        var envelope = entry.Envelope;
        if (envelope.Body.Length == 0 || entry.Sender > round.Consortium.Roster.Parties.Count) return;
        var key = entry.Sender == 0 ? Consortium.Station : Consortium.PartyKey(entry.Sender - 1);
        var body = change(envelope.Body);
        envelope.Signature = RoundHarness.Sign(key, envelope.Kind, body, round.Station.Record.Contexts).Signature;
        envelope.Body = body;
    }

    private static Entry Any(List<Entry> log, SeededRandom random) => log[random.Next(log.Count)];

    private static Entry Broadcast(List<Entry> log, SeededRandom random) =>
        log.SkipLast(1).Where(e => e.Sender == 0 && e.Envelope.Kind != MessageKind.VectorFault).Pick(random).Single();

    /// <summary>Accepted messages that a broadcast repeats.</summary>
    private static IEnumerable<Entry> Answers(List<Entry> log) => log.Where(e => e.Sender > 0 && e.Rejection == RejectionCode.None && e.Envelope.Body.Length > 30
        && log.Exists(b => b.Sender == 0 && b.Envelope.Body.Span.IndexOf(e.Envelope.Body.Span) >= 0));

    private static Entry Accepted(List<Entry> log, SeededRandom random) => log.SkipLast(1).Where(e => e.Rejection == RejectionCode.None).Pick(random).Single();

    private static IEnumerable<RepeatedField<ByteString>> Parts(List<Entry> log) =>
        log.Where(e => e.Rejection == RejectionCode.None && e.Envelope.Detached.Count > 0).Select(e => e.Envelope.Detached);

    /// <summary>One of them, or none if there is none.</summary>
    private static List<T> Pick<T>(this IEnumerable<T> all, SeededRandom random)
    {
        var list = all.ToList();
        return list.Count == 0 ? [] : [list[random.Next(list.Count)]];
    }

    private static void Swap(List<Entry> log, int i, int j) => (log[i], log[j]) = (log[j], log[i]);

    private static void Move(List<Entry> log, int from, int to)
    {
        var entry = log[from];
        log.RemoveAt(from);
        log.Insert(to, entry);
    }

    private static void ChangeTotal(List<Entry> log, Action<Total> change)
    {
        if (log[^1].Envelope.Kind == MessageKind.Total) log[^1].Envelope.Body = Changed(Total.Parser.ParseFrom(log[^1].Envelope.Body), change);
    }

    private static void ChangeBlamed(List<Entry> log, Action<RepeatedField<Blame>> change)
    {
        ChangeTotal(log, m => change(m.Blamed));
        if (log[^1].Envelope.Kind == MessageKind.Abort) log[^1].Envelope.Body = Changed(Abort.Parser.ParseFrom(log[^1].Envelope.Body), m => change(m.Blamed));
    }

    private static ByteString Changed<T>(T body, Action<T> change)
        where T : IMessage
    {
        change(body);
        return body.ToByteString();
    }
}
