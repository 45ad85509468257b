using Google.Protobuf;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>What the station has of one invited party in a round.</summary>
internal sealed class Attendance(RosterMember member)
{
    private readonly Dictionary<MessageKind, Envelope> _accepted = [];

    public RosterMember Member => member;

    public RefusalCode Declined { get; private set; }

    /// <summary>The round that it names as the answer, 16 bytes; empty if it names none.</summary>
    public ByteString EarlierRound { get; private set; } = ByteString.Empty;

    public bool Left => Has(MessageKind.Decline);

    /// <summary>What the log convicts it of first; the station's own word gives way to what the party signed.</summary>
    public BlameCode Blamed { get; private set; }

    public int Evidence { get; set; }

    /// <summary>A signed message of this kind was wrong: there is nothing to wait for any more.</summary>
    public HashSet<MessageKind> Failed { get; } = [];

    public bool VectorStored { get; set; }

    public List<PhaseStamp> Stamps { get; } = [];

    /// <summary>What it dealt, once it has.</summary>
    public DealtEntries Entries { get; private set; } = null!;

    public Input? Input { get; private set; }

    public Unmask? Unmask { get; private set; }

    public Recover? Recover { get; private set; }

    public bool Has(MessageKind kind) => _accepted.ContainsKey(kind);

    public Envelope? Get(MessageKind kind) => _accepted.GetValueOrDefault(kind);

    /// <summary>Whether the station need not wait for a message of this kind.</summary>
    public bool Answered(MessageKind kind) => Left || Failed.Contains(kind) || (Has(kind) && (kind != MessageKind.Input || VectorStored));

    public void Convict(BlameCode code)
    {
        if (Blamed is BlameCode.Unspecified or BlameCode.VectorMismatch) Blamed = code;
    }

    public void Take(Envelope envelope, Judgement judgement, DateTimeOffset at)
    {
        _accepted.Add(envelope.Kind, envelope);
        switch (judgement.Message)
        {
            case Decline decline:
                (Declined, EarlierRound) = (decline.Code, decline.EarlierRound);
                return;
            case Share:
                Entries = judgement.Entries!;
                break;
            case Input input:
                Input = input;
                break;
            case Unmask unmask:
                Unmask = unmask;
                break;
            case Recover recover:
                Recover = recover;
                break;
        }

        Stamps.Add(new PhaseStamp(Phases.Of(envelope.Kind), at, envelope.CalculateSize()));
    }
}
