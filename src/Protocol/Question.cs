using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>A query whose signature, rules and time have been checked against a roster.</summary>
public sealed class Question
{
    private Question(SignedQuery signed, Query query, RosterMember coordinator, int honestFloor)
    {
        HonestFloor = honestFloor;
        Signed = signed;
        Query = query;
        Coordinator = coordinator;
        Hash = Digests.Query(signed.Body.Span);
    }

    /// <summary>As it was signed.</summary>
    public SignedQuery Signed { get; }

    /// <summary>The decoded body.</summary>
    public Query Query { get; }

    /// <summary>Who signed it.</summary>
    public RosterMember Coordinator { get; }

    /// <summary>h of the query under its roster: <see cref="RoundRules.HonestFloor(Roster, int)"/>.</summary>
    public int HonestFloor { get; }

    /// <summary>Least that a party's ledger must be charged for an answer, in millionths of ε: the query's ε, and exactly 0 without noise, where there is none.</summary>
    public ulong ChargeMicro => Query.Noise == QueryNoise.None ? 0 : Query.EpsilonMicro;

    /// <summary>16 bytes that name the question over all its attempts.</summary>
    public byte[] Id => Query.QueryId.ToByteArray();

    /// <summary>Hash of the body, 32 bytes.</summary>
    public byte[] Hash { get; }

    /// <summary>The hash by which a signed query is known, 32 bytes.</summary>
    public static byte[] HashOf(SignedQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return Digests.Query(query.Body.Span);
    }

    /// <summary>
    /// Hash of what is asked, whoever asks it and whenever, 32 bytes: equal for two queries with the same analysis, dataset, study, ε and noise. The
    /// answer to the one answers the other.
    /// </summary>
    public static byte[] ContentOf(Query query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return Digests.QueryContent(query);
    }

    /// <summary>Signs a query for the roster that it names.</summary>
    public static SignedQuery Sign(Query query, IdentityKey coordinator)
    {
        ArgumentNullException.ThrowIfNull(query);
        var body = query.ToByteArray();
        return new SignedQuery
        {
            Body = ByteString.CopyFrom(body),
            Signature = ByteString.CopyFrom(coordinator.Sign(Digests.QuerySignature(query.RosterHash.Span, body))),
        };
    }

    /// <summary>Checks a signed query.</summary>
    /// <param name="signed">The query.</param>
    /// <param name="roster">The roster that it must have been made for.</param>
    /// <param name="now">The time that it is held against, or null to leave out the check (a transcript is read later).</param>
    /// <exception cref="RefusalException">It may not be answered; the code says why.</exception>
    public static Question Open(SignedQuery signed, Roster roster, DateTimeOffset? now) =>
        Open(signed, roster, now, query => query.Attempts is >= 1 and <= Limits.Attempts ? null : $"Attempts is {query.Attempts}; it must be from 1 to {Limits.Attempts}.");

    /// <summary>
    /// Checks a query that is only planned: signed with no attempts, so that <see cref="Open(SignedQuery, Roster, DateTimeOffset?)"/> refuses it and no
    /// station can make a round of it.
    /// </summary>
    /// <exception cref="RefusalException">It could not be answered; the code says why.</exception>
    public static Question OpenPlan(SignedQuery signed, Roster roster, DateTimeOffset now) =>
        Open(signed, roster, now, query => query.Attempts == 0 ? null : $"Attempts is {query.Attempts}; a query that is only planned has 0, so that nobody can run it.");

    private static Question Open(SignedQuery signed, Roster roster, DateTimeOffset? now, Func<Query, string?> attempts)
    {
        ArgumentNullException.ThrowIfNull(signed);
        ArgumentNullException.ThrowIfNull(roster);
        Query query;
        try
        {
            query = Canonical.Decode(Query.Parser, signed.Body.Span, Limits.Query);
        }
        catch (WireException e)
        {
            throw new RefusalException(RefusalCode.BadMessage, e.Message, e);
        }

        if (!PublicBytes.Equal(query.RosterHash.Span, roster.Hash))
        {
            throw new RefusalException(RefusalCode.WrongRoster, "The query was made for another roster; ask again under the roster in force.");
        }

        var coordinator = FindCoordinator(query, roster);
        if (!coordinator.Key.Verify(Digests.QuerySignature(roster.Hash, signed.Body.Span), signed.Signature.Span))
        {
            throw new RefusalException(RefusalCode.BadSignature, $"The query's signature by {coordinator.Name} does not verify.");
        }

        if ((attempts(query) ?? Broken(query)) is { } rule) throw new RefusalException(RefusalCode.BadMessage, rule);
        if (now is { } time) CheckTime(query, roster, time);
        return new Question(signed, query, coordinator, RoundRules.HonestFloor(roster, (int)query.MinSurvivors));
    }

    private static RosterMember FindCoordinator(Query query, Roster roster)
    {
        try
        {
            return roster.FindCoordinator(new IdentityPublicKey(query.CoordinatorKey.Span))
                ?? throw new RefusalException(RefusalCode.BadSignature, "The query is signed by a key that is not one of the roster's coordinators.");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new RefusalException(RefusalCode.BadSignature, "The query is unsigned or names a coordinator key that is not a point on P-256; sign it with a coordinator's key.");
        }
    }

    private static string? Broken(Query query) => query switch
    {
        { QueryId.Length: not 16 } => $"The query id has {query.QueryId.Length} bytes; it must have 16.",
        { EpsilonMicro: 0 } => "epsilon is 0; it must be greater than 0, e.g. 0.5.",
        { EpsilonMicro: > 100_000_000 } => $"epsilon is {query.EpsilonMicro / 1e6}; it must be at most 100, for more would protect nobody.",
        { MinSurvivors: > Limits.Parties } => $"Minimum survivors is {query.MinSurvivors}; a round has at most {Limits.Parties} parties.",
        { Noise: not (QueryNoise.Local or QueryNoise.Distributed or QueryNoise.None) } => "The query names no noise mode; it must be local, distributed or none.",
        { Dataset.Length: 0 or > 128 } => $"The dataset's name has {query.Dataset.Length} characters; it must have 1 to 128.",
        { Study.Length: > Limits.Study } => $"The study's name has {query.Study.Length} characters; it must have at most {Limits.Study}.",
        { Title.Length: > 256 } => $"The title has {query.Title.Length} characters; it must have at most 256.",
        { Analysis.Length: 0 } => "The query asks for nothing: its analysis is empty; name at least one statistic.",
        { NotAfter: 0 or >= 253402300800 } => "The query has no end; it must say until when it may be answered, before the year 10000.",
        _ => null,
    };

    private static void CheckTime(Query query, Roster roster, DateTimeOffset now)
    {
        if (now > roster.NotAfter)
        {
            throw new RefusalException(RefusalCode.Expired, $"The roster expired at {roster.NotAfter:u}; the founders must sign a new epoch.");
        }

        var end = DateTimeOffset.FromUnixTimeSeconds((long)query.NotAfter);
        if (now > end) throw new RefusalException(RefusalCode.Expired, $"The query expired at {end:u}; sign it again with a later time.");
    }
}
