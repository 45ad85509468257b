using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// The public part of a round, as its broadcasts fix it: who is in, the contexts, what was committed to. Parties, the station and the verifier
/// all read broadcasts through this one class, so a broadcast that one of them would refuse is refused by all.
/// </summary>
internal sealed class RoundRecord
{
    private const int Suite = 1;
    private const int DeadlineCount = 7;

    private RoundGraph? _graph;

    private RoundRecord(Roster roster, Proposal proposal, Question question)
    {
        Roster = roster;
        Proposal = proposal;
        Question = question;
        RoundId = proposal.RoundId.ToByteArray();
        Contexts = new RoundContexts { Context0 = Digests.Context0(roster.Hash, proposal) };
    }

    public Roster Roster { get; }

    public Proposal Proposal { get; }

    public Question Question { get; }

    public byte[] RoundId { get; }

    public RoundContexts Contexts { get; }

    public RoundRules Rules { get; private set; }

    /// <summary>U1, by party.</summary>
    public SortedDictionary<uint, Advertise> Advertised { get; } = [];

    /// <summary>U2, by party.</summary>
    public SortedDictionary<uint, Share> Shared { get; } = [];

    /// <summary>U3, by party.</summary>
    public SortedDictionary<uint, Input> Survivors { get; } = [];

    /// <summary>U2∖U3, once U3 is fixed.</summary>
    public IEnumerable<uint> Dropped => Shared.Keys.Where(p => !Survivors.ContainsKey(p));

    /// <summary>Who is joined to whom, once U1 is fixed.</summary>
    public RoundGraph Graph => _graph ?? throw new InvalidOperationException("The round has no graph before its keys are out.");

    /// <summary>Disputes above which somebody is surely corrupt: no honest party has more corrupt neighbours.</summary>
    public int MostDisputes => Math.Min(Roster.MaxColluders, Rules.ShareThreshold - 1);

    /// <summary>Neighbours of a party in phase 2, ascending; whatever becomes of them.</summary>
    public IReadOnlyList<uint> Neighbours(uint party) => Graph.Neighbours(party);

    /// <summary>Neighbours of a party in U2, ascending.</summary>
    public IEnumerable<uint> Peers(uint party) => Neighbours(party).Where(Shared.ContainsKey);

    /// <summary>Neighbours of a party in U2∖U3, ascending, once U3 is fixed.</summary>
    public IEnumerable<uint> DroppedPeers(uint party) => Peers(party).Where(p => !Survivors.ContainsKey(p));

    public int PartyLimit => Limits.PartyEnvelope(Proposal.Invited.Count);

    public int BroadcastLimit => Limits.Broadcast(Proposal.Invited.Count);

    public TimeSpan DeadlineOf(RoundPhase phase) => TimeSpan.FromMilliseconds(Proposal.DeadlinesMs[(int)phase - (int)RoundPhase.Propose]);

    /// <summary>Checks a proposal and its query.</summary>
    public static RoundRecord Open(Roster roster, Envelope envelope, DateTimeOffset? now)
    {
        if (envelope.Kind != MessageKind.Propose) throw Refuse(RefusalCode.OutOfOrder, "A round begins with a proposal.");
        var proposal = Decode(Proposal.Parser, envelope.Body, Limits.Broadcast(Limits.Parties) + Limits.Query);
        if (proposal.Suite != Suite) throw Refuse(RefusalCode.BadMessage, $"Suite {proposal.Suite} is not known; this version speaks suite {Suite}.");
        if (proposal.RoundId.Length != 16) throw Refuse(RefusalCode.BadMessage, "A round id has 16 bytes.");
        CheckAscending(proposal.Invited, "the invited parties");
        if (proposal.Invited.Any(i => roster.FindParty(i) is null)) throw Refuse(RefusalCode.WrongRoster, "The proposal invites a party that is not in the roster.");
        if (proposal.DeadlinesMs.Count != DeadlineCount || proposal.DeadlinesMs.Any(d => d == 0 || d > Limits.Deadline.TotalMilliseconds))
        {
            throw Refuse(RefusalCode.BadMessage, $"A proposal has {DeadlineCount} deadlines, each above 0 and at most {Limits.Deadline.TotalMinutes} minutes.");
        }

        var question = Question.Open(new SignedQuery { Body = proposal.Query, Signature = proposal.QuerySignature }, roster, now);
        var record = new RoundRecord(roster, proposal, question);
        record.CheckStation(envelope);
        return record.RulesBroken(proposal.Invited.Count) is { } rule ? throw Refuse(RefusalCode.Floors, rule) : record;
    }

    /// <summary>Null, or why a round of so many advertised keys may not run.</summary>
    public string? RulesBroken(int advertised) => RoundRules.TryFor(advertised, Roster, Question.Query, out _);

    /// <param name="envelope">The broadcast.</param>
    /// <param name="joined">When this party joined; null at the station, which judged each key when it came.</param>
    public void AcceptAdvertised(Envelope envelope, DateTimeOffset? joined)
    {
        var body = Open(Wire.Advertised.Parser, envelope, MessageKind.Advertised, Advertised.Count == 0);
        CheckStation(envelope);
        var keys = new HashSet<byte[]>(PublicBytes.Comparer);
        var invited = Proposal.Invited.ToHashSet();
        long last = -1;
        foreach (var (signed, advertise) in body.Advertisements.Select(s => (s, CheckAdvertise(s.Body, s.Signature, joined, Limits.KeyTolerance))))
        {
            CheckNext(ref last, advertise.Party, invited.Contains);
            if (!keys.Add(advertise.PublicKey.ToByteArray())) throw Refuse(RefusalCode.BadMessage, $"Party {advertise.Party} advertises the key of another party.");
            Advertised.Add(advertise.Party, advertise);
        }

        if (RoundRules.TryFor(Advertised.Count, Roster, Question.Query, out var rules) is { } rule) throw Refuse(RefusalCode.Floors, rule);
        Rules = rules;
        Contexts.Context1 = Digests.Context1(Contexts.Context0, rules, body.Advertisements.Select(s => s.Body));
        _graph = new RoundGraph(rules, Advertised.Keys, Digests.Graph(Contexts.Context1));
    }

    public void AcceptShared(Envelope envelope)
    {
        var body = Open(Wire.Shared.Parser, envelope, MessageKind.Shared, Shared.Count == 0 && Advertised.Count != 0);
        CheckStation(envelope);
        long last = -1;
        foreach (var signed in body.Shares)
        {
            var share = CheckShare(signed.Body, signed.Signature);
            CheckNext(ref last, share.Party, Advertised.ContainsKey);
            Shared.Add(share.Party, share);
        }

        if (Shared.Count < Rules.Threshold) throw Refuse(RefusalCode.Floors, $"{Shared.Count} parties shared their seeds; the threshold is {Rules.Threshold}.");
        Contexts.Context2 = Digests.Context2(Contexts.Context1, Shared.Keys, body.Shares.Select(s => s.Body));
    }

    public void AcceptSurvivors(Envelope envelope)
    {
        var body = Open(Wire.Survivors.Parser, envelope, MessageKind.Survivors, Survivors.Count == 0 && Shared.Count != 0);
        CheckStation(envelope);
        long last = -1;
        foreach (var signed in body.Inputs)
        {
            var input = CheckInput(signed.Body, signed.Signature);
            CheckNext(ref last, input.Party, Shared.ContainsKey, RefusalCode.SurvivorSet);
            Survivors.Add(input.Party, input);
        }

        if (Survivors.Count < Rules.Threshold) throw Refuse(RefusalCode.SurvivorSet, $"{Survivors.Count} parties survive; the threshold is {Rules.Threshold}.");
        if (Graph.FindCut(Survivors.ContainsKey) is var (one, other))
        {
            throw Refuse(RefusalCode.SurvivorSet, $"Fewer than {Rules.SuccessorFloor} of the {Rules.Degree} successors of parties {one} and {other} survive: the graph may be cut there.");
        }

        Contexts.Survivors = Digests.Survivors(Contexts.Context2, Survivors.Keys, Survivors.Values.Select(i => i.VectorDigest));
    }

    /// <summary>Checks that enough distinct survivors signed the set of this record.</summary>
    public void AcceptAgreed(Envelope envelope)
    {
        var body = Open(Agreed.Parser, envelope, MessageKind.Agreed, Survivors.Count != 0);
        CheckStation(envelope);
        long last = -1;
        foreach (var signed in body.Agreements)
        {
            var agree = CheckAgree(signed.Body, signed.Signature);
            CheckNext(ref last, agree.Party, Survivors.ContainsKey);
        }

        if (body.Agreements.Count < Rules.Threshold) throw Refuse(RefusalCode.NoQuorum, $"{body.Agreements.Count} survivors agreed on the set; the threshold is {Rules.Threshold}.");
    }

    public Recovery AcceptRecovery(Envelope envelope)
    {
        var body = Open(Recovery.Parser, envelope, MessageKind.Recovery, Survivors.Count != 0);
        CheckStation(envelope);
        CheckAscending(body.Silent, "the silent parties", allowEmpty: true);
        CheckAscending(body.Dropped, "the dropped parties", allowEmpty: true);

        // b only of survivors, q only of those who are not: of nobody can both be asked.
        if (body.Silent.Any(p => !Survivors.ContainsKey(p)) || body.Dropped.Any(p => Survivors.ContainsKey(p) || !Shared.ContainsKey(p)))
        {
            throw Refuse(RefusalCode.BothSecrets, "Recovery asks for the self seed of a party that is not in the survivor set, or for the recovery seed of one that is.");
        }

        return body;
    }

    public Advertise CheckAdvertise(ByteString body, ByteString signature, DateTimeOffset? now, TimeSpan tolerance)
    {
        var advertise = Decode(Advertise.Parser, body, PartyLimit);
        CheckParty(MessageKind.Advertise, advertise.Party, body, signature);
        if (advertise.Fresh.Length != 32) throw Refuse(RefusalCode.BadMessage, "An advertisement has 32 fresh bytes.");
        if (!AgreementKey.IsValidPublicKey(advertise.PublicKey.Span)) throw Refuse(RefusalCode.BadMessage, $"The key of party {advertise.Party} is not a point on P-256 in 65 bytes.");
        if (now is { } time)
        {
            var end = DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(advertise.KeyNotAfter, 253402300799));
            if (end < time - tolerance || end > time + Limits.KeyLife + tolerance)
            {
                throw Refuse(RefusalCode.Expired, $"The key of party {advertise.Party} is outside its hour of life by more than {tolerance.TotalMinutes} minutes; check both clocks.");
            }
        }

        return advertise;
    }

    public Share CheckShare(ByteString body, ByteString signature)
    {
        var share = Decode(Share.Parser, body, PartyLimit);
        CheckParty(MessageKind.Share, share.Party, body, signature);
        CheckDigests(share.SelfCommitment, share.RecoveryCommitment, share.EntriesRoot);
        return share;
    }

    public Input CheckInput(ByteString body, ByteString signature)
    {
        var input = Decode(Input.Parser, body, PartyLimit);
        CheckParty(MessageKind.Input, input.Party, body, signature);
        CheckDigests(input.VectorDigest, input.InputCommitment);
        return input;
    }

    public Agree CheckAgree(ByteString body, ByteString signature)
    {
        var agree = Decode(Agree.Parser, body, PartyLimit);
        CheckParty(MessageKind.Agree, agree.Party, body, signature);
        if (!PublicBytes.Equal(agree.SurvivorsDigest.Span, Contexts.Survivors)) throw Refuse(RefusalCode.SurvivorSet, $"Party {agree.Party} signed another survivor set.");
        return agree;
    }

    /// <summary>Decodes and checks the signature of a party's message of any other kind.</summary>
    public T CheckMessage<T>(MessageParser<T> parser, Envelope envelope, Func<T, uint> party)
        where T : IMessage<T>
    {
        var message = Decode(parser, envelope.Body, PartyLimit);
        CheckParty(envelope.Kind, party(message), envelope.Body, envelope.Signature);
        return message;
    }

    public void CheckStation(Envelope envelope)
    {
        if (!Roster.Aggregator.Verify(Digests.Message(envelope.Kind, Contexts, envelope.Body.Span), envelope.Signature.Span))
        {
            throw Refuse(RefusalCode.BadSignature, $"The station's signature under its {envelope.Kind} does not verify in this round.");
        }
    }

    public static T Decode<T>(MessageParser<T> parser, ByteString bytes, int limit)
        where T : IMessage<T>
    {
        try
        {
            return Canonical.Decode(parser, bytes.Span, limit);
        }
        catch (WireException e)
        {
            throw new RefusalException(RefusalCode.BadMessage, e.Message, e);
        }
    }

    public static RefusalException Refuse(RefusalCode code, string message) => new(code, message);

    private T Open<T>(MessageParser<T> parser, Envelope envelope, MessageKind kind, bool inOrder)
        where T : IMessage<T> =>
        envelope.Kind == kind && inOrder
            ? Decode(parser, envelope.Body, BroadcastLimit)
            : throw Refuse(RefusalCode.OutOfOrder, $"A broadcast of kind {envelope.Kind} came where it may not come.");

    private void CheckParty(MessageKind kind, uint party, ByteString body, ByteString signature)
    {
        var member = Roster.FindParty(party) ?? throw Refuse(RefusalCode.WrongRoster, $"Party {party} is not in the roster.");
        if (!member.Key.Verify(Digests.Message(kind, Contexts, body.Span), signature.Span))
        {
            throw Refuse(RefusalCode.BadSignature, $"The signature of {member.Name} under its {kind} does not verify in this round.");
        }
    }

    private static void CheckDigests(params ReadOnlySpan<ByteString> digests)
    {
        foreach (var digest in digests)
        {
            if (digest.Length != SHA256.HashSizeInBytes) throw Refuse(RefusalCode.BadMessage, "A digest has 32 bytes.");
        }
    }

    private static void CheckNext(ref long last, uint next, Func<uint, bool> isAllowed, RefusalCode code = RefusalCode.BadMessage)
    {
        if (next <= last) throw Refuse(code, "A broadcast must list each party once, in ascending order.");
        if (!isAllowed(next)) throw Refuse(code, $"Party {next} is listed but was not in the phase before.");
        last = next;
    }

    private static void CheckAscending(Google.Protobuf.Collections.RepeatedField<uint> indices, string what, bool allowEmpty = false)
    {
        if (indices.Count == 0 && !allowEmpty) throw Refuse(RefusalCode.BadMessage, $"The list of {what} is empty.");
        for (var i = 1; i < indices.Count; i++)
        {
            if (indices[i] <= indices[i - 1]) throw Refuse(RefusalCode.BadMessage, $"The list of {what} is not in ascending order.");
        }
    }
}
