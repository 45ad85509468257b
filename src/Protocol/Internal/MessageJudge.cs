using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// The station's judgement on messages of parties: whether one is expected, signed and right in this round. Changes nothing; the same judgement is
/// made again by whoever replays the log.
/// </summary>
internal sealed class MessageJudge(RoundRecord record, IReadOnlyDictionary<uint, Attendance> parties, Ties ties, Unmasking masks)
{
    private static readonly Judgement s_ignored = new(Offer.Ignored);

    /// <summary>What phase 5b asks for, once it does.</summary>
    public Recovery? Recovery { get; set; }

    /// <summary>Judges a message that comes while a phase is open.</summary>
    public Judgement Judge(RoundPhase open, uint party, Envelope envelope, DateTimeOffset now)
    {
        if (!parties.TryGetValue(party, out var from)) return s_ignored;
        var phase = Phases.Of(envelope.Kind);
        if (phase == RoundPhase.Unspecified) return Rejected(RejectionCode.BadMessage, $"A party does not send a {envelope.Kind}.");
        if (envelope.CalculateSize() > record.PartyLimit)
        {
            return Rejected(RejectionCode.BadMessage, $"The {envelope.Kind} of {from.Member.Name} is over its limit of {record.PartyLimit} bytes.");
        }

        // An unknown field outside of the signed body would stay in the leaf of the log and make it unreadable for strict decoders.
        if (!envelope.Equals(Plain(envelope))) return s_ignored;
        var earlier = from.Get(envelope.Kind);
        if (earlier is not null && earlier.Body.Equals(envelope.Body) && earlier.Detached.Equals(envelope.Detached)) return s_ignored;
        if (from.Left || from.Failed.Contains(envelope.Kind)) return s_ignored;
        if (envelope.Kind != MessageKind.Decline)
        {
            if (phase > open && !(phase == RoundPhase.Advertise && open == RoundPhase.Propose))
            {
                return Rejected(RejectionCode.WrongPhase, $"A {envelope.Kind} of {from.Member.Name} came before its phase.");
            }

            var late = phase < open && !(phase == RoundPhase.Propose && open == RoundPhase.Advertise);
            if (earlier is null && (late || !Concerned(envelope.Kind, party))) return s_ignored;
        }

        try
        {
            var accepted = ReadContent(from, envelope, now);
            return earlier is null
                ? accepted
                : Rejected(RejectionCode.Conflict, $"{from.Member.Name} signed two different messages of kind {envelope.Kind}.");
        }
        catch (RefusalException e)
        {
            return Rejected(RejectionOf(e), e.Message);
        }
        catch (ContentException e)
        {
            return Rejected(e.Code, e.Message);
        }
    }

    private static Judgement Rejected(RejectionCode code, string detail) => new(Offer.Rejected(code, detail));

    /// <summary>The four fields that an envelope has, and nothing else.</summary>
    private static Envelope Plain(Envelope envelope) => new()
    {
        Kind = envelope.Kind, Body = envelope.Body, Signature = envelope.Signature, Detached = { envelope.Detached },
    };

    private static RejectionCode RejectionOf(RefusalException refusal) => refusal switch
    {
        { InnerException: WireException } => RejectionCode.BadMessage,
        { Code: RefusalCode.BadSignature } => RejectionCode.BadSignature,
        { Code: RefusalCode.WrongRoster } => RejectionCode.WrongParty,
        _ => RejectionCode.BadContent,
    };

    /// <summary>Whether a message of this kind is expected of this party, its phase being open.</summary>
    private bool Concerned(MessageKind kind, uint party) => kind switch
    {
        MessageKind.Advertise => parties[party].Has(MessageKind.Join),
        MessageKind.Share => record.Advertised.ContainsKey(party),
        MessageKind.Input => record.Shared.ContainsKey(party),
        MessageKind.Agree or MessageKind.Unmask => record.Survivors.ContainsKey(party),
        MessageKind.Recover => Recovery is { } request && masks.IsAsked(party, request),
        _ => true,
    };

    /// <summary>Checks what a message says, and gives what was read of it.</summary>
    private Judgement ReadContent(Attendance from, Envelope envelope, DateTimeOffset now)
    {
        (IMessage Message, uint Party) read = envelope.Kind switch
        {
            MessageKind.Join => Read(Join.Parser, m => m.Party),
            MessageKind.Decline => Read(Decline.Parser, m => m.Party),
            MessageKind.Advertise => record.CheckAdvertise(envelope.Body, envelope.Signature, now, Limits.ClockSkew) is var m ? (m, m.Party) : default,
            MessageKind.Share => record.CheckShare(envelope.Body, envelope.Signature) is var m ? (m, m.Party) : default,
            MessageKind.Input => record.CheckInput(envelope.Body, envelope.Signature) is var m ? (m, m.Party) : default,
            MessageKind.Agree => record.CheckAgree(envelope.Body, envelope.Signature) is var m ? (m, m.Party) : default,
            MessageKind.Unmask => Read(Unmask.Parser, m => m.Party),
            _ => Read(Recover.Parser, m => m.Party),
        };
        if (read.Party != from.Member.Index) throw new ContentException(RejectionCode.WrongParty, $"The stream of {from.Member.Name} brought a message of party {read.Party}.");
        if (envelope.Kind is not (MessageKind.Share or MessageKind.Input) && envelope.Detached.Count != 0)
        {
            throw new ContentException(RejectionCode.BadMessage, $"A {envelope.Kind} has no detached parts.");
        }

        CheckTruth(from, read.Message);
        return read.Message switch
        {
            Share share => new Judgement(Offer.Accepted, share, ReadEntries(share, envelope)),
            Input input => new Judgement(Offer.Accepted, input, Complaints: ReadComplaints(input, envelope)),
            _ => new Judgement(Offer.Accepted, read.Message),
        };

        (IMessage, uint) Read<T>(MessageParser<T> parser, Func<T, uint> party)
            where T : IMessage<T> => record.CheckMessage(parser, envelope, party) is var message ? (message, party(message)) : default;
    }

    /// <summary>What is rightly signed can still not be true.</summary>
    private void CheckTruth(Attendance from, IMessage message)
    {
        if (message is Decline decline && decline.EarlierRound.Length != (decline.Code == RefusalCode.AlreadyAnswered ? 16 : 0))
        {
            throw new ContentException(RejectionCode.BadContent, "A refusal names an earlier round, with 16 bytes, exactly when the same was answered there.");
        }

        if (message is Recover answer && !masks.IsAnswer(answer, Recovery!))
        {
            throw new ContentException(RejectionCode.BadMessage, $"The shares of {from.Member.Name} are not those that were asked for.");
        }

        var wrong = message switch
        {
            Unmask unmask => masks.Wrong(unmask),
            Recover recover => masks.Wrong(recover),
            _ => null,
        };
        if (wrong is not null) throw new ContentException(RejectionCode.WrongSecret, $"{message.Descriptor.Name} of {from.Member.Name}: {wrong}.");
    }

    private DealtEntries ReadEntries(Share share, Envelope envelope) =>
        DealtEntries.TryRead(envelope.Detached, record.Neighbours(share.Party)) is { } entries && PublicBytes.Equal(entries.Root, share.EntriesRoot.Span)
            ? entries
            : throw new ContentException(RejectionCode.BadContent, "The dealt entries are not one for each neighbour under the signed root.");

    private IReadOnlyList<Complaint> ReadComplaints(Input input, Envelope envelope)
    {
        if (Complaint.TryRead(envelope.Detached) is not { } complaints || !Complaint.Root(envelope.Detached).Equals(input.ComplaintsRoot))
        {
            throw new ContentException(RejectionCode.BadContent, "The complaints are not ascending ones under the signed root.");
        }

        foreach (var complaint in complaints)
        {
            if (WhyFalse(input.Party, complaint) is { } why) throw new ContentException(RejectionCode.WrongSecret, $"The complaint of party {input.Party} about party {complaint.Dealer} is false: {why}.");
        }

        return complaints;
    }

    /// <summary>Null if a dealer is rightly complained of. The commitment of the holder that complains is the dealer's too, for else the pair were disputed.</summary>
    private string? WhyFalse(uint holder, Complaint complaint)
    {
        if (!record.Shared.ContainsKey(complaint.Dealer) || !ties.AreSound(holder, complaint.Dealer)) return "it holds no shares of that party, which is none of its neighbours or disputes their keys";
        var context1 = record.Contexts.Context1;
        if (!complaint.Fits(context1, holder, parties[holder].Entries[complaint.Dealer].SealCommitment)) return "the key is not the one that the pair committed to";
        using var shares = ReceivedShares.TryOpen(parties[complaint.Dealer].Entries[holder], complaint.SealKey, context1, complaint.Dealer);
        return shares is null ? null : "what was dealt opens and fits its commitment";
    }

    /// <summary>A message that is signed rightly but says what cannot be.</summary>
    private sealed class ContentException(RejectionCode code, string message) : Exception(message)
    {
        public RejectionCode Code { get; } = code;
    }
}
