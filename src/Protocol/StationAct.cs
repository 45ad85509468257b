using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>An administrative act as an entry of the log (docs/transcript.md section 14): in no round, signed by the station of the roster in force.</summary>
public static class StationAct
{
    /// <summary>Most characters of the subject and of who did it.</summary>
    public const int LongestName = 128;

    /// <summary>Most characters of the words.</summary>
    public const int LongestDetail = 512;

    private const int LongestBody = 4096;
    private const int MarkLength = 32;

    /// <summary>The entry that says so.</summary>
    /// <param name="roster">The roster in force.</param>
    /// <param name="act">What was done.</param>
    /// <param name="key">The station's key.</param>
    /// <param name="now">The station's clock.</param>
    /// <exception cref="TranscriptException">The act breaks a rule of <see cref="Open"/>.</exception>
    public static Entry Create(Roster roster, Act act, IdentityKey key, DateTimeOffset now)
    {
        Check(act);
        var body = act.ToByteString();
        return new Entry
        {
            TimeMs = (ulong)now.ToUnixTimeMilliseconds(),
            Envelope = new Envelope { Kind = MessageKind.Act, Body = body, Signature = ByteString.CopyFrom(key.Sign(Digests.ActSignature(roster.LogOrigin, body.Span))) },
        };
    }

    /// <summary>Reads and checks an entry of kind act.</summary>
    /// <param name="roster">The roster in force at its place in the log.</param>
    /// <param name="entry">The entry.</param>
    /// <exception cref="TranscriptException">It is none, or not the station's.</exception>
    public static Act Open(Roster roster, Entry entry)
    {
        if (entry.Envelope is not { Kind: MessageKind.Act } envelope) throw new TranscriptException("the entry is no act.");
        if (!entry.RoundId.IsEmpty || entry.Sender != 0 || entry.Rejection != RejectionCode.None || envelope.Detached.Count > 0)
            throw new TranscriptException("an act belongs to no round, comes from the station, is not rejected and has no detached parts.");
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
        return roster.Aggregator.Verify(Digests.ActSignature(roster.LogOrigin, envelope.Body.Span), envelope.Signature.Span)
            ? act
            : throw new TranscriptException($"the act is not signed by the roster's station, {roster.Aggregator.Fingerprint}.");
    }

    private static void Check(Act act)
    {
        if (act.Code == ActCode.Unspecified) throw new TranscriptException("an act says what was done.");
        if (act.Subject.Length is 0 or > LongestName || act.By.Length is 0 or > LongestName)
            throw new TranscriptException($"an act names what it is about and who did it, each with 1 to {LongestName} characters.");
        if (act.Detail.Length > LongestDetail) throw new TranscriptException($"the words of an act have at most {LongestDetail} characters.");
        if (act.Mark.Length is not (0 or MarkLength)) throw new TranscriptException($"the mark of an act has {MarkLength} bytes, or none.");
    }
}
