using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// The station's judgement on messages of parties: whether one is expected, signed and right in this round. Changes nothing; the same judgement is
/// made again by whoever replays the log.
/// </summary>
internal sealed class MessageJudge(RoundRecord record, IReadOnlyDictionary<uint, Attendance> parties, Unmasking masks)
{
    /// <summary>What phase 5b asks for, once it does.</summary>
    public Recovery? Recovery { get; set; }

    /// <summary>Judges a message that comes while a phase is open.</summary>
    public Offer Judge(RoundPhase open, uint party, Envelope envelope, DateTimeOffset now)
    {
        if (!parties.TryGetValue(party, out var from)) return Offer.Ignored;
        var phase = Phases.Of(envelope.Kind);
        if (phase == RoundPhase.Unspecified) return Offer.Rejected(RejectionCode.BadMessage, $"A party does not send a {envelope.Kind}.");
        if (envelope.CalculateSize() > record.PartyLimit)
        {
            return Offer.Rejected(RejectionCode.BadMessage, $"The {envelope.Kind} of {from.Member.Name} is over its limit of {record.PartyLimit} bytes.");
        }

        // An unknown field outside of the signed body would stay in the leaf of the log and make it unreadable for strict decoders.
        if (!envelope.Equals(Plain(envelope))) return Offer.Ignored;
        var earlier = from.Get(envelope.Kind);
        if (earlier is not null && earlier.Body.Equals(envelope.Body) && earlier.Detached.Equals(envelope.Detached)) return Offer.Ignored;
        if (from.Left || from.Failed.Contains(envelope.Kind)) return Offer.Ignored;
        if (envelope.Kind != MessageKind.Decline)
        {
            if (phase > open && !(phase == RoundPhase.Advertise && open == RoundPhase.Propose))
            {
                return Offer.Rejected(RejectionCode.WrongPhase, $"A {envelope.Kind} of {from.Member.Name} came before its phase.");
            }

            var late = phase < open && !(phase == RoundPhase.Propose && open == RoundPhase.Advertise);
            if (earlier is null && (late || !Concerned(envelope.Kind, party))) return Offer.Ignored;
        }

        try
        {
            CheckContent(from, envelope, now);
            return earlier is null
                ? Offer.Accepted
                : Offer.Rejected(RejectionCode.Conflict, $"{from.Member.Name} signed two different messages of kind {envelope.Kind}.");
        }
        catch (RefusalException e)
        {
            return Offer.Rejected(RejectionOf(e), e.Message);
        }
        catch (ContentException e)
        {
            return Offer.Rejected(e.Code, e.Message);
        }
    }

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

    private void CheckContent(Attendance from, Envelope envelope, DateTimeOffset now)
    {
        var named = envelope.Kind switch
        {
            MessageKind.Join => record.CheckMessage(Join.Parser, envelope, m => m.Party).Party,
            MessageKind.Decline => record.CheckMessage(Decline.Parser, envelope, m => m.Party).Party,
            MessageKind.Advertise => CheckAdvertise(envelope, now),
            MessageKind.Share => CheckShare(envelope),
            MessageKind.Input => record.CheckInput(envelope.Body, envelope.Signature).Party,
            MessageKind.Agree => record.CheckAgree(envelope.Body, envelope.Signature).Party,
            MessageKind.Unmask => CheckUnmask(from, envelope),
            _ => CheckRecover(from, envelope),
        };
        if (named != from.Member.Index) throw new ContentException(RejectionCode.WrongParty, $"The stream of {from.Member.Name} brought a message of party {named}.");
        if (envelope.Kind != MessageKind.Share && envelope.Detached.Count != 0)
        {
            throw new ContentException(RejectionCode.BadMessage, $"A {envelope.Kind} has no detached parts.");
        }
    }

    private uint CheckAdvertise(Envelope envelope, DateTimeOffset now)
    {
        var advertise = record.CheckAdvertise(envelope.Body, envelope.Signature, now, Limits.ClockSkew);
        foreach (var other in parties.Values.Where(a => a.Member.Index != advertise.Party && a.Has(MessageKind.Advertise)))
        {
            if (Advertise.Parser.ParseFrom(other.Get(MessageKind.Advertise)!.Body).PublicKey.Equals(advertise.PublicKey))
            {
                throw new ContentException(RejectionCode.BadContent, $"The key is that of {other.Member.Name}.");
            }
        }

        return advertise.Party;
    }

    private uint CheckShare(Envelope envelope)
    {
        var share = record.CheckShare(envelope.Body, envelope.Signature);
        if (ReadEntries(share, envelope) is null) throw new ContentException(RejectionCode.BadContent, "The dealt entries are not one for each neighbour under the signed root.");
        return share.Party;
    }

    /// <summary>What a dealer published, one entry for each neighbour; null if it is not under the root that it signed.</summary>
    public List<ShareEntry>? ReadEntries(Share share, Envelope envelope)
    {
        var neighbours = record.Neighbours(share.Party);
        if (envelope.Detached.Count != neighbours.Count) return null;
        var entries = neighbours.Select((v, i) => ShareEntry.TryRead(envelope.Detached[i].Span, v)).OfType<ShareEntry>().ToList();
        return entries.Count == neighbours.Count
            && PublicBytes.Equal(MerkleTree.Root([.. entries.Select(e => MerkleTree.LeafHash(e.Bytes))]), share.EntriesRoot.Span)
            ? entries
            : null;
    }

    private uint CheckUnmask(Attendance from, Envelope envelope)
    {
        var unmask = record.CheckMessage(Unmask.Parser, envelope, m => m.Party);
        if (unmask.Party == from.Member.Index && masks.Wrong(unmask) is { } wrong) throw new ContentException(RejectionCode.WrongSecret, $"Unmask of {from.Member.Name}: {wrong}.");
        return unmask.Party;
    }

    private uint CheckRecover(Attendance from, Envelope envelope)
    {
        var recover = record.CheckMessage(Recover.Parser, envelope, m => m.Party);
        if (recover.Party == from.Member.Index && masks.Wrong(recover, Recovery!) is { } wrong)
        {
            throw new ContentException(RejectionCode.WrongSecret, $"Recover of {from.Member.Name}: {wrong}.");
        }

        return recover.Party;
    }

    /// <summary>A message that is signed rightly but says what cannot be.</summary>
    private sealed class ContentException(RejectionCode code, string message) : Exception(message)
    {
        public RejectionCode Code { get; } = code;
    }
}
