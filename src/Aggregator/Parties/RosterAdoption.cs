using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Parties;

/// <summary>
/// Puts the next roster in force while the station runs (docs/adr/0028): between two rounds it becomes an entry of the log, outposts are told what follows the
/// roster that they have, and streams of whoever is in it no more end.
/// </summary>
internal sealed class RosterAdoption(
    RosterHistory rosters,
    ActRecorder recorder,
    RoundBook rounds,
    PartyDirectory parties,
    Witnesses witnesses,
    StationKeys keys,
    Action<Roster> fit,
    TimeProvider clock,
    ILogger<RosterAdoption> log)
{
    // Rounds that run are waited for, and those that are asked for meanwhile wait as well. One of the default deadlines takes five minutes at most.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(15);

    // What fits into one frame beside an outpost's other messages.
    private const int LargestChain = 4 * Limits.Roster;

    /// <summary>Takes a roster that all of its founders have signed.</summary>
    /// <param name="signed">Encoding of a SignedRoster.</param>
    /// <param name="by">Who brought it.</param>
    /// <param name="stop">Gives up waiting for rounds that run.</param>
    /// <exception cref="RpcException">It breaks a rule, or cannot be written.</exception>
    public async Task<PublishRosterReply> Publish(ReadOnlyMemory<byte> signed, string by, CancellationToken stop)
    {
        try
        {
            var next = Open(signed.Span);
            Check(next);
            return await rounds.Between(() => Adopt(next, by), s_patience, stop);
        }
        catch (RpcException e)
        {
            log.RosterRefused(by, e.Status.Detail);
            throw;
        }
    }

    /// <summary>The rosters that followed one, as many as go into one message; null if that one is none of the log's.</summary>
    public RosterChain? After(ReadOnlySpan<byte> hash)
    {
        if (rosters.After(hash) is not { } following) return null;
        var chain = new RosterChain();
        var bytes = 0;
        foreach (var roster in following.Take(Succession.Longest))
        {
            if (chain.Rosters.Count > 0 && bytes + roster.Signed.Length > LargestChain) break;
            bytes += roster.Signed.Length;
            chain.Rosters.Add(UnsafeByteOperations.UnsafeWrap(roster.Signed));
        }

        return chain;
    }

    private async Task<PublishRosterReply> Adopt(Roster next, string by)
    {
        // Somebody may have published another one meanwhile.
        Check(next);
        var before = rosters.Current;
        long entry;
        try
        {
            var signer = next.Aggregator.Equals(before.Aggregator) ? null : keys.Find(next.Aggregator) ?? throw Failed(StatusCode.FailedPrecondition, KeyMissing(next)!);
            // Evidence of rounds so far is under a head of the time so far: another key of the station, or of an outpost, may sign the next.
            witnesses.KeepLast();
            entry = await recorder.AppendAsync(next, signer, RosterActs.Of(next, by));
        }
        catch (StoreException e)
        {
            throw Failed(StatusCode.Unavailable, $"The station cannot write its transcript, so roster epoch {before.Epoch} stays in force: {e.Message}");
        }

        // All outposts connect anew now.
        fit(next);
        var revoked = before.Parties.Concat(before.Coordinators).Concat(before.Auditors).Where(m => !Has(next, m)).ToList();
        witnesses.Forget(before.Parties.Where(p => next.FindParty(p.Index) is not { } now || !now.Key.Equals(p.Key)).Select(p => p.Index));
        foreach (var session in parties.Replace(next))
        {
            if (next.FindParty(session.Party) is not null) session.Retire(After(before.Hash)!);
            else session.Close(new Status(StatusCode.PermissionDenied, $"This outpost is not in the roster any more (epoch {next.Epoch})."));
        }

        log.RosterPublished(by, next.Epoch, string.Join(' ', next.Words), before.Epoch, revoked.Count == 0 ? "none" : string.Join(", ", revoked.Select(m => m.Name)));
        var reply = new PublishRosterReply { Entry = (ulong)entry };
        reply.Revoked.Add(revoked.Select(m => m.Name));
        return reply;
    }

    private static bool Has(Roster roster, RosterMember member) =>
        roster.FindParty(member.Key) is not null || roster.FindCoordinator(member.Key) is not null || roster.FindAuditor(member.Key) is not null;

    private static Roster Open(ReadOnlySpan<byte> signed)
    {
        try
        {
            return Roster.Open(signed);
        }
        catch (RosterException e)
        {
            throw Failed(StatusCode.InvalidArgument, e.Message);
        }
    }

    private void Check(Roster next)
    {
        var current = rosters.Current;
        if (PublicBytes.Equal(next.Hash, current.Hash)) throw Failed(StatusCode.AlreadyExists, $"Roster epoch {next.Epoch} is in force already.");
        var now = clock.GetUtcNow();
        var problem = Succession.Broken(next, current) ?? Succession.NotCarried(next, current);
        if (problem is null && now > next.NotAfter) problem = $"The roster expired at {next.NotAfter:u}.";
        problem ??= KeyMissing(next);
        if (problem is not null) throw Failed(StatusCode.FailedPrecondition, problem);
    }

    private string? KeyMissing(Roster next)
    {
        try
        {
            return keys.Has(next.Aggregator)
                ? null
                : $"The roster gives the station the key {next.Aggregator.Fingerprint}, which it does not have: its operator puts that key's file beside the present one, as {Path.GetFileName(keys.NextFile)}.";
        }
        catch (StartException e)
        {
            return $"The roster gives the station another key. {e.Message}";
        }
    }

    private static RpcException Failed(StatusCode code, string sentence) => new(new Status(code, sentence));
}
