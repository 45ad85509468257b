using Google.Protobuf;
using Google.Protobuf.Reflection;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>How often a field crossed the wire in a round, and the bytes of its values: a number its varint, bytes and text without tag and length.</summary>
/// <param name="Name">Message and place in it, e.g. "Unmask.dropped.seed".</param>
/// <param name="Count">Values.</param>
/// <param name="Bytes">Bytes of all of them.</param>
/// <param name="Shortest">Bytes of the shortest.</param>
/// <param name="Longest">Bytes of the longest.</param>
public sealed record WireField(string Name, long Count, long Bytes, long Shortest, long Longest);

/// <summary>
/// Everything of a round that crossed the wire and is in its log, by field (docs/transcript.md section 8). What may cross is a fixed list: a field that
/// is not in it fails the verification, so that a message cannot come to say more than people have agreed to without somebody changing the list.
/// </summary>
public sealed class WireManifest
{
    private static readonly string[] s_allowed =
    [
        "Entry.round_id", "Entry.time_ms", "Entry.sender", "Entry.rejection",
        "Envelope.kind", "Envelope.signature",
        "Proposal.suite", "Proposal.round_id", "Proposal.query_signature", "Proposal.invited", "Proposal.deadlines_ms",
        "Query.roster_hash", "Query.query_id", "Query.not_after", "Query.attempts", "Query.title", "Query.dataset", "Query.epsilon_micro", "Query.noise",
        "Query.min_survivors", "Query.analysis", "Query.coordinator_key", "Query.study",
        "Join.party",
        "Decline.party", "Decline.code", "Decline.earlier_round",
        "Advertise.party", "Advertise.public_key", "Advertise.fresh", "Advertise.key_not_after",
        "Advertised.advertisements.body", "Advertised.advertisements.signature",
        "Share.party", "Share.self_commitment", "Share.recovery_commitment", "Share.entries_root", "Share.entries",
        "Shared.shares.body", "Shared.shares.signature",
        "Input.party", "Input.vector_digest", "Input.input_commitment", "Input.complaints_root", "Input.charged_micro", "Input.complaints",
        "MaskedVector.data",
        "VectorFault.party", "VectorFault.received_digest",
        "Survivors.inputs.body", "Survivors.inputs.signature",
        "Agree.party", "Agree.survivors_digest",
        "Agreed.agreements.body", "Agreed.agreements.signature",
        "Unmask.party", "Unmask.self_seed", "Unmask.dropped.neighbour", "Unmask.dropped.seed",
        "Recovery.silent", "Recovery.dropped",
        "Recover.party", "Recover.self_shares.dealer", "Recover.self_shares.share", "Recover.self_shares.blinder", "Recover.self_shares.sibling",
        "Recover.recovery_shares.dealer", "Recover.recovery_shares.share", "Recover.recovery_shares.blinder", "Recover.recovery_shares.sibling",
        "Total.survivors", "Total.bits", "Total.length", "Total.entries", "Total.entries_root", "Total.blamed.party", "Total.blamed.code", "Total.packed",
        "Abort.reason", "Abort.blamed.party", "Abort.blamed.code", "Abort.entries", "Abort.entries_root",
        "Evidence.body", "Evidence.detached",
    ];

    private readonly Dictionary<string, WireField> _counts = s_allowed.ToDictionary(name => name, name => new WireField(name, 0, 0, 0, 0));

    internal WireManifest()
    {
    }

    /// <summary>Every field that may cross, in the order of the phases.</summary>
    public static IReadOnlyList<string> Allowed => s_allowed;

    /// <summary>The fields that did, in the same order.</summary>
    public IReadOnlyList<WireField> Fields => [.. s_allowed.Select(name => _counts[name]).Where(f => f.Count > 0)];

    /// <summary>The field that crossed and may not: the verification ended with it; else null.</summary>
    public WireField? Refused { get; private set; }

    /// <summary>The message that an envelope of this kind bears; null for what is not of a round.</summary>
    public static MessageParser? ParserOf(MessageKind kind) => kind switch
    {
        MessageKind.Propose => Proposal.Parser,
        MessageKind.Join => Join.Parser,
        MessageKind.Decline => Decline.Parser,
        MessageKind.Advertise => Advertise.Parser,
        MessageKind.Advertised => Advertised.Parser,
        MessageKind.Share => Share.Parser,
        MessageKind.Shared => Shared.Parser,
        MessageKind.Input => Input.Parser,
        MessageKind.VectorFault => VectorFault.Parser,
        MessageKind.Survivors => Survivors.Parser,
        MessageKind.Agree => Agree.Parser,
        MessageKind.Agreed => Agreed.Parser,
        MessageKind.Unmask => Unmask.Parser,
        MessageKind.Recovery => Recovery.Parser,
        MessageKind.Recover => Recover.Parser,
        MessageKind.Total => Total.Parser,
        MessageKind.Abort => Abort.Parser,
        _ => null,
    };

    /// <summary>Counts an entry that was replayed.</summary>
    /// <exception cref="TranscriptException">It holds a field that may not cross.</exception>
    internal void Add(Entry entry)
    {
        // Cannot be null: the replay would have stopped.
        var envelope = entry.Envelope!;
        AddFields(new Entry { RoundId = entry.RoundId, TimeMs = entry.TimeMs, Sender = entry.Sender, Rejection = entry.Rejection }, nameof(Entry));
        AddFields(new Envelope { Kind = envelope.Kind, Signature = envelope.Signature }, nameof(Envelope));
        if (entry.Rejection != RejectionCode.None)
        {
            if (entry.Sender == 0) throw new TranscriptException("the station rejects nothing that it says itself.");
            Count("Evidence.body", envelope.Body.Length);
            foreach (var part in envelope.Detached) Count("Evidence.detached", part.Length);
            return;
        }

        var body = ParserOf(envelope.Kind)?.ParseFrom(envelope.Body) ?? throw new TranscriptException($"a message of kind {envelope.Kind} does not belong to a round.");
        if (body is Proposal proposal)
        {
            AddFields(Query.Parser.ParseFrom(proposal.Query), nameof(Query));
            proposal.Query = ByteString.Empty;
        }

        AddFields(body, body.Descriptor.Name);
        var detached = $"{body.Descriptor.Name}.{(body is Input ? "complaints" : "entries")}";
        foreach (var part in envelope.Detached) Count(detached, part.Length);
    }

    /// <summary>Counts the masked vectors of the survivors.</summary>
    internal void AddVectors(int vectors, long each)
    {
        for (var i = 0; i < vectors; i++) Count("MaskedVector.data", each);
    }

    private void AddFields(IMessage message, string path)
    {
        foreach (var field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            var name = $"{path}.{field.Name}";
            var value = field.Accessor.GetValue(message);
            if (field.IsRepeated)
            {
                foreach (var item in (System.Collections.IEnumerable)value) AddValue(field, name, item);
            }
            else if (field.FieldType == FieldType.Message ? value is not null : !IsDefault(value))
            {
                AddValue(field, name, value);
            }
        }
    }

    private void AddValue(FieldDescriptor field, string name, object value)
    {
        if (value is IMessage nested) AddFields(nested, name);
        else Count(name, SizeOf(value) ?? throw new TranscriptException($"the field {name} has the type {field.FieldType}, which is not one that may cross."));
    }

    private void Count(string name, long bytes)
    {
        if (!_counts.TryGetValue(name, out var field))
        {
            Refused = new WireField(name, 1, bytes, bytes, bytes);
            throw new TranscriptException($"the field {name} may not cross the wire: it is not in the manifest.");
        }

        _counts[name] = new WireField(
            name, field.Count + 1, field.Bytes + bytes, field.Count == 0 ? bytes : Math.Min(field.Shortest, bytes), Math.Max(field.Longest, bytes));
    }

    private static bool IsDefault(object? value) => value switch
    {
        ByteString bytes => bytes.IsEmpty,
        string text => text.Length == 0,
        bool flag => !flag,
        uint number => number == 0,
        ulong number => number == 0,
        Enum number => Convert.ToInt32(number, System.Globalization.CultureInfo.InvariantCulture) == 0,
        _ => false,
    };

    private static long? SizeOf(object value) => value switch
    {
        ByteString bytes => bytes.Length,
        string text => System.Text.Encoding.UTF8.GetByteCount(text),
        bool => 1,
        uint number => CodedOutputStream.ComputeUInt32Size(number),
        ulong number => CodedOutputStream.ComputeUInt64Size(number),
        Enum number => CodedOutputStream.ComputeEnumSize(Convert.ToInt32(number, System.Globalization.CultureInfo.InvariantCulture)),
        _ => null,
    };
}
