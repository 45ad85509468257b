using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>
/// An administrative act as an entry of the log (docs/transcript.md section 14): in no round, signed by the station of the roster in force or, for the accounts of a
/// dashboard, by the coordinator or auditor whose key that dashboard has.
/// </summary>
public static class ActEntry
{
    /// <summary>Most characters of the subject and of who did it.</summary>
    public const int LongestName = 128;

    /// <summary>Most characters of the words.</summary>
    public const int LongestDetail = 512;

    private const int LongestBody = 4096;
    private const int MarkLength = 32;

    /// <summary>The station's entry that says so.</summary>
    /// <param name="roster">The roster in force.</param>
    /// <param name="act">What was done; without a signer.</param>
    /// <param name="key">The station's key.</param>
    /// <param name="now">The station's clock.</param>
    /// <exception cref="TranscriptException">The act breaks a rule of <see cref="Open(Roster, Entry)"/>.</exception>
    public static Entry Create(Roster roster, Act act, IdentityKey key, DateTimeOffset now) => Of(Signed(roster, act, key), now);

    /// <summary>A member's word for what was done in a dashboard of its own, for the station to put into the log.</summary>
    /// <param name="roster">The roster in force.</param>
    /// <param name="act">What was done, with its number (<see cref="ActOrder"/>); its signer is set here.</param>
    /// <param name="key">Key of a coordinator or an auditor of the roster.</param>
    /// <exception cref="TranscriptException">The act breaks a rule of <see cref="Open(Roster, Envelope)"/>.</exception>
    public static Envelope Sign(Roster roster, Act act, IdentityKey key)
    {
        var own = act.Clone();
        own.Signer = ByteString.CopyFrom(key.Public.Point);
        _ = Key(roster, own);
        return Signed(roster, own, key);
    }

    /// <summary>The entry of a signed act: what its signature covers, and nothing that came beside it.</summary>
    /// <param name="signed">The act, which <see cref="Open(Roster, Envelope)"/> has read.</param>
    /// <param name="now">The station's clock.</param>
    public static Entry Of(Envelope signed, DateTimeOffset now) => new()
    {
        TimeMs = (ulong)now.ToUnixTimeMilliseconds(),
        Envelope = new Envelope { Kind = signed.Kind, Body = signed.Body, Signature = signed.Signature },
    };

    /// <summary>Reads and checks an entry of kind act. That a member's acts are in order and complete is for <see cref="ActOrder"/>.</summary>
    /// <param name="roster">The roster in force at its place in the log.</param>
    /// <param name="entry">The entry.</param>
    /// <exception cref="TranscriptException">It is none, or not signed by who may.</exception>
    public static Act Open(Roster roster, Entry entry)
    {
        if (entry.Envelope is not { Kind: MessageKind.Act } envelope) throw new TranscriptException("the entry is no act.");
        if (!entry.RoundId.IsEmpty || entry.Sender != 0 || entry.Rejection != RejectionCode.None)
            throw new TranscriptException("an act belongs to no round, has no party as its sender and is not rejected.");
        return Open(roster, envelope);
    }

    /// <summary>Reads and checks a signed act.</summary>
    /// <param name="roster">The roster in force.</param>
    /// <param name="envelope">The act.</param>
    /// <exception cref="TranscriptException">It is none, or not signed by who may.</exception>
    public static Act Open(Roster roster, Envelope envelope)
    {
        if (envelope.Kind != MessageKind.Act) throw new TranscriptException("the message is no act.");
        if (envelope.Detached.Count > 0) throw new TranscriptException("an act has no detached parts.");
        Act act;
        try
        {
            act = Canonical.Decode(Act.Parser, envelope.Body.Span, LongestBody);
        }
        catch (WireException e)
        {
            throw new TranscriptException(e.Message);
        }

        Check(act);
        var key = Key(roster, act);
        if (key.Verify(Digests.ActSignature(roster.LogOrigin, envelope.Body.Span), envelope.Signature.Span)) return act;
        throw new TranscriptException(act.Signer.IsEmpty ? $"the act is not signed by the roster's station, {key.Fingerprint}." : $"the act is not signed by the member whom it names, {key.Fingerprint}.");
    }

    /// <summary>The coordinator or auditor who signed an act; null for the station's own.</summary>
    /// <param name="roster">The roster in force at its place in the log.</param>
    /// <param name="act">The act.</param>
    public static RosterMember? Signer(Roster roster, Act act) =>
        act.Signer.IsEmpty ? null : roster.Coordinators.Concat(roster.Auditors).FirstOrDefault(m => PublicBytes.Equal(m.Key.Point, act.Signer.Span));

    private static Envelope Signed(Roster roster, Act act, IdentityKey key)
    {
        Check(act);
        var body = act.ToByteString();
        return new Envelope { Kind = MessageKind.Act, Body = body, Signature = ByteString.CopyFrom(key.Sign(Digests.ActSignature(roster.LogOrigin, body.Span))) };
    }

    private static IdentityPublicKey Key(Roster roster, Act act)
    {
        if (act.Signer.IsEmpty) return roster.Aggregator;
        return Signer(roster, act)?.Key ?? throw new TranscriptException("the act is signed by a key that is no coordinator's and no auditor's of the roster in force.");
    }

    private static void Check(Act act)
    {
        if (act.Code == ActCode.Unspecified) throw new TranscriptException("an act says what was done.");
        if (act.Subject.Length is 0 or > LongestName || act.By.Length is 0 or > LongestName)
            throw new TranscriptException($"an act names what it is about and who did it, each with 1 to {LongestName} characters.");
        if (act.Detail.Length > LongestDetail) throw new TranscriptException($"the words of an act have at most {LongestDetail} characters.");
        if (act.Mark.Length is not (0 or MarkLength)) throw new TranscriptException($"the mark of an act has {MarkLength} bytes, or none.");
        if (act.Signer.IsEmpty != (act.Number == 0)) throw new TranscriptException("an act that a member signs has a number from 1, and one of the station has none.");
        if (!act.Signer.IsEmpty && act.Code is not (ActCode.AccountAdded or ActCode.AccountChanged or ActCode.AccountRemoved))
            throw new TranscriptException("a member signs for accounts of its dashboard and for nothing else.");
    }
}
