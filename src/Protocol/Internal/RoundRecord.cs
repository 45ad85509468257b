using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.Collections;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// The public part of a round, as its broadcasts fix it: who is in, the contexts, what was committed to. Parties, the station and the verifier
/// all read broadcasts through this one class, so a broadcast that one of them would refuse is refused by all.
/// </summary>
internal sealed class RoundRecord
{
    private const int DeadlineCount = 7;

    private readonly Dictionary<(MessageKind Kind, ByteString Body), (ByteString Signature, IMessage Message)> _known = [];
    private readonly HashSet<uint> _invited;
    private readonly int _cores;
    private RoundGraph? _graph;
    private RepeatedField<SignedBody> _advertisements = [];
    private RepeatedField<SignedBody> _inputs = [];

    private RoundRecord(Roster roster, Proposal proposal, Question question, int cores)
    {
        _invited = [.. proposal.Invited];
        _cores = cores;
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

    /// <summary>Largest envelope of a party: its entries are one a neighbour, of whom there are fewer than invited parties once U1 is fixed.</summary>
    public int PartyLimit => Limits.PartyEnvelope(_graph is null ? Proposal.Invited.Count : Rules.Degree + 1);

    public int BroadcastLimit => Limits.Broadcast(Proposal.Invited.Count);

    public TimeSpan DeadlineOf(RoundPhase phase) => TimeSpan.FromMilliseconds(Proposal.DeadlinesMs[(int)phase - (int)RoundPhase.Propose]);

    /// <summary>Checks a proposal and its query.</summary>
    /// <param name="roster">The roster.</param>
    /// <param name="envelope">The proposal.</param>
    /// <param name="now">The time; null at a replay.</param>
    /// <param name="cores">Threads that check the signatures of a broadcast.</param>
    public static RoundRecord Open(Roster roster, Envelope envelope, DateTimeOffset? now, int cores = 1)
    {
        if (envelope.Kind != MessageKind.Propose) throw Refuse(RefusalCode.OutOfOrder, "A round begins with a proposal.");
        var proposal = Decode(Proposal.Parser, envelope.Body, Limits.Broadcast(Limits.Parties) + Limits.Query);
        if (proposal.Suite != RoundRules.Suite) throw Refuse(RefusalCode.BadMessage, $"Suite {proposal.Suite} is not known; this version speaks suite {RoundRules.Suite}.");
        if (proposal.RoundId.Length != 16) throw Refuse(RefusalCode.BadMessage, "A round id has 16 bytes.");
        CheckAscending(proposal.Invited, "the invited parties");
        if (proposal.Invited.Any(i => roster.FindParty(i) is null)) throw Refuse(RefusalCode.WrongRoster, "The proposal invites a party that is not in the roster.");
        if (proposal.DeadlinesMs.Count != DeadlineCount || proposal.DeadlinesMs.Any(d => d == 0 || d > Limits.Deadline.TotalMilliseconds))
        {
            throw Refuse(RefusalCode.BadMessage, $"A proposal has {DeadlineCount} deadlines, each above 0 and at most {Limits.Deadline.TotalMinutes} minutes.");
        }

        var question = Question.Open(new SignedQuery { Body = proposal.Query, Signature = proposal.QuerySignature }, roster, now);
        var record = new RoundRecord(roster, proposal, question, cores);
        record.CheckStation(envelope);
        return record.RulesBroken(proposal.Invited.Count) is { } rule ? throw Refuse(RefusalCode.Floors, rule) : record;
    }

    /// <summary>Null, or why a round of so many advertised keys may not run.</summary>
    public string? RulesBroken(int advertised) => RoundRules.TryFor(advertised, Roster, Question.Query, out _);

    /// <param name="envelope">The broadcast.</param>
    /// <param name="joined">When this party joined; null at the station, which judged each key when it came.</param>
    public Advertised AcceptAdvertised(Envelope envelope, DateTimeOffset? joined)
    {
        var body = Open(Wire.Advertised.Parser, envelope, MessageKind.Advertised, Advertised.Count == 0);
        CheckStation(envelope);
        var advertisements = Each(body.Advertisements, s => Sound(Read(MessageKind.Advertise, Advertise.Parser, s.Body), joined, Limits.KeyTolerance));
        CheckParties(advertisements, a => a.Party, _invited.Contains);
        foreach (var advertise in advertisements) Advertised.Add(advertise.Party, advertise);
        if (RoundRules.TryFor(Advertised.Count, Roster, Question.Query, out var rules) is { } rule) throw Refuse(RefusalCode.Floors, rule);
        Rules = rules;
        Contexts.Context1 = Digests.Context1(Contexts.Context0, rules, body.Advertisements.Select(s => s.Body));
        _graph = new RoundGraph(rules, Advertised.Keys, Digests.Graph(Contexts.Context1));
        _advertisements = body.Advertisements;
        return body;
    }

    public Shared AcceptShared(Envelope envelope)
    {
        var body = Open(Wire.Shared.Parser, envelope, MessageKind.Shared, Shared.Count == 0 && Advertised.Count != 0);
        CheckStation(envelope);
        var shares = Each(body.Shares, s => CheckShare(s.Body, s.Signature));
        CheckParties(shares, s => s.Party, Advertised.ContainsKey);
        foreach (var share in shares) Shared.Add(share.Party, share);
        CheckUnless(Shared.ContainsKey, MessageKind.Advertise, Advertised.Keys, _advertisements);
        if (Shared.Count < Rules.Threshold) throw Refuse(RefusalCode.Floors, $"{Shared.Count} parties shared their seeds; the threshold is {Rules.Threshold}.");
        Contexts.Context2 = Digests.Context2(Contexts.Context1, Shared.Keys, body.Shares.Select(s => s.Body));
        return body;
    }

    public Survivors AcceptSurvivors(Envelope envelope)
    {
        var body = Open(Wire.Survivors.Parser, envelope, MessageKind.Survivors, Survivors.Count == 0 && Shared.Count != 0);
        CheckStation(envelope);
        var inputs = Each(body.Inputs, s => Sound(Read(MessageKind.Input, Input.Parser, s.Body)));
        CheckParties(inputs, i => i.Party, Shared.ContainsKey, RefusalCode.SurvivorSet);
        foreach (var input in inputs) Survivors.Add(input.Party, input);

        if (Survivors.Count < Rules.Threshold) throw Refuse(RefusalCode.SurvivorSet, $"{Survivors.Count} parties survive; the threshold is {Rules.Threshold}.");
        if (Graph.FindCut(Survivors.ContainsKey) is var (one, other))
        {
            throw Refuse(RefusalCode.SurvivorSet, $"Fewer than {Rules.SuccessorFloor} of the {Rules.Degree} successors of parties {one} and {other} survive: the graph may be cut there.");
        }

        Contexts.Survivors = Digests.Survivors(Contexts.Context2, Survivors.Keys, Survivors.Values.Select(i => i.VectorDigest));
        _inputs = body.Inputs;
        return body;
    }

    /// <summary>Checks that enough distinct survivors signed the set of this record, and that the others signed their vectors in it.</summary>
    public void AcceptAgreed(Envelope envelope)
    {
        var body = Open(Agreed.Parser, envelope, MessageKind.Agreed, Survivors.Count != 0);
        CheckStation(envelope);
        var agreements = Each(body.Agreements, s => CheckAgree(s.Body, s.Signature));
        CheckParties(agreements, a => a.Party, Survivors.ContainsKey);
        if (agreements.Length < Rules.Threshold) throw Refuse(RefusalCode.NoQuorum, $"{agreements.Length} survivors agreed on the set; the threshold is {Rules.Threshold}.");
        CheckUnless(agreements.Select(a => a.Party).ToHashSet().Contains, MessageKind.Input, Survivors.Keys, _inputs);
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

    public Advertise CheckAdvertise(ByteString body, ByteString signature, DateTimeOffset? now, TimeSpan tolerance) =>
        Sound(Signed(MessageKind.Advertise, Advertise.Parser, body, signature, a => a.Party), now, tolerance);

    public Share CheckShare(ByteString body, ByteString signature)
    {
        var share = Signed(MessageKind.Share, Share.Parser, body, signature, s => s.Party);
        CheckDigests(share.SelfCommitment, share.RecoveryCommitment, share.EntriesRoot);
        return share;
    }

    public Input CheckInput(ByteString body, ByteString signature) => Sound(Signed(MessageKind.Input, Input.Parser, body, signature, i => i.Party));

    public Agree CheckAgree(ByteString body, ByteString signature)
    {
        var agree = Signed(MessageKind.Agree, Agree.Parser, body, signature, a => a.Party);
        if (!PublicBytes.Equal(agree.SurvivorsDigest.Span, Contexts.Survivors)) throw Refuse(RefusalCode.SurvivorSet, $"Party {agree.Party} signed another survivor set.");
        return agree;
    }

    /// <summary>Decodes and checks the signature of a party's message of any other kind.</summary>
    public T CheckMessage<T>(MessageParser<T> parser, Envelope envelope, Func<T, uint> party)
        where T : IMessage<T> => Signed(envelope.Kind, parser, envelope.Body, envelope.Signature, party);

    /// <summary>Remembers a message of a party that has been checked: a broadcast that repeats it, bit for bit, needs no second check.</summary>
    public void Remember(Envelope envelope, IMessage message) => _known[(envelope.Kind, envelope.Body)] = (envelope.Signature, message);

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

    private static Advertise Sound(Advertise advertise, DateTimeOffset? now, TimeSpan tolerance)
    {
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

    private Input Sound(Input input)
    {
        CheckDigests(input.VectorDigest, input.InputCommitment);
        if (!input.ComplaintsRoot.IsEmpty) CheckDigests(input.ComplaintsRoot);
        var least = Question.ChargeMicro;
        if (input.ChargedMicro < least || (least == 0 && input.ChargedMicro != 0))
        {
            throw Refuse(RefusalCode.BadMessage, $"Party {input.Party} says that it was charged {input.ChargedMicro} millionths of ε; the query costs {(least == 0 ? "0 without noise" : $"at least {least}")}.");
        }

        return input;
    }

    private T Signed<T>(MessageKind kind, MessageParser<T> parser, ByteString body, ByteString signature, Func<T, uint> party)
        where T : IMessage<T>
    {
        var message = Read(kind, parser, body);
        CheckSignature(kind, party(message), body, signature);
        return message;
    }

    private T Read<T>(MessageKind kind, MessageParser<T> parser, ByteString body)
        where T : IMessage<T> => _known.TryGetValue((kind, body), out var known) ? (T)known.Message : Decode(parser, body, PartyLimit);

    private T[] Each<T>(RepeatedField<SignedBody> bodies, Func<SignedBody, T> check)
    {
        var messages = new T[bodies.Count];
        Workers.Run(messages.Length, _cores, i => messages[i] = check(bodies[i]));
        return messages;
    }

    /// <summary>
    /// Checks the signatures under a broadcast's messages, except of parties that have vouched for the whole broadcast since: a share is signed over a context
    /// that has every advertisement in it, and an agreement over every vector's digest, and each party looks for its own first. So one signature of a party
    /// does for two, and all are checked before the vector leaves, or the seeds (docs/protocol.md section 6).
    /// </summary>
    private void CheckUnless(Func<uint, bool> vouched, MessageKind kind, IEnumerable<uint> parties, RepeatedField<SignedBody> bodies)
    {
        var rest = parties.Zip(bodies).Where(pair => !vouched(pair.First)).ToList();
        Workers.Run(rest.Count, _cores, i => CheckSignature(kind, rest[i].First, rest[i].Second.Body, rest[i].Second.Signature));
    }

    private void CheckSignature(MessageKind kind, uint party, ByteString body, ByteString signature)
    {
        if (_known.TryGetValue((kind, body), out var known) && known.Signature.Equals(signature)) return;
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

    private static void CheckParties<T>(T[] messages, Func<T, uint> partyOf, Func<uint, bool> allowed, RefusalCode code = RefusalCode.BadMessage)
    {
        for (var i = 0; i < messages.Length; i++)
        {
            var party = partyOf(messages[i]);
            if (i > 0 && party <= partyOf(messages[i - 1])) throw Refuse(code, "A broadcast must list each party once, in ascending order.");
            if (!allowed(party)) throw Refuse(code, $"Party {party} is listed but was not in the phase before.");
        }
    }

    private static void CheckAscending(RepeatedField<uint> indices, string what, bool allowEmpty = false)
    {
        if (indices.Count == 0 && !allowEmpty) throw Refuse(RefusalCode.BadMessage, $"The list of {what} is empty.");
        for (var i = 1; i < indices.Count; i++)
        {
            if (indices[i] <= indices[i - 1]) throw Refuse(RefusalCode.BadMessage, $"The list of {what} is not in ascending order.");
        }
    }
}
