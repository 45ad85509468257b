using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>A round as the log gives it back: what is shown of one that ended, or the round itself when it has to go on.</summary>
internal sealed record LoadedRound(string Name, RoundCard? Ended, AggregatorRound? Round, RoundProjection? Projection, int Entries);

/// <summary>
/// Reads all rounds back at the start, several at a time. Each is replayed, which verifies the signature of every entry, the order of its phases and each
/// broadcast; the masked vectors that are kept are held against what their parties signed. A round that does not replay is shown as failed, and stops no other.
/// One that ended long ago is not replayed: its entries are those under the signed head, its vectors are gone, and its view is signed.
/// </summary>
internal sealed class RoundLoading(RoundServices services, RosterHistory rosters, IRoundMeaning meaning)
{
    /// <summary>All rounds of the log, oldest first.</summary>
    /// <exception cref="StartException">A vector is not the one that was signed.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public IReadOnlyList<LoadedRound> Load()
    {
        var rounds = services.Store.Rounds();
        CutVectors(rounds);
        var recent = rounds.TakeLast(services.Options.Limits.RecentRounds).ToHashSet(PublicBytes.Comparer);
        var withVectors = services.Blobs.Rounds().ToHashSet(PublicBytes.Comparer);
        return SideBySide.Map(rounds, roundId => !recent.Contains(roundId) && !withVectors.Contains(roundId) && TryShow(roundId) is { } past ? past : Load(roundId, recent.Contains(roundId)));
    }

    private LoadedRound Load(byte[] roundId, bool recent)
    {
        var name = PublicBytes.Hex(roundId);
        AggregatorRound round;
        RoundProjection projection;
        int entries;
        try
        {
            (round, projection, entries) = Replay(roundId);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or StoreException))
        {
            services.Logger.RoundUnreadable(name, e.Message);
            services.Alerts.Raise("unreadable", Severity.Critical, $"Round {name} cannot be read back from the log: {e.Message}", roundId);
            var unreadable = Unreadable(roundId, e.Message);
            return new LoadedRound(name, RoundCard.Of(unreadable) with { Kept = unreadable }, null, null, 0);
        }

        if (round.Survivors.Count > 0) RoundVectors.Check(services.Blobs, round, missing => Missing(name, roundId, missing, round));
        // A survivor that was not shown the end, or whose signature under it did not come in, is shown it again.
        var witnessed = round.State != RoundState.Done || round.Survivors.All(party => services.Witnesses.Reach(party) > projection.LastEntry);
        var stored = round.State == RoundState.Running ? null : services.Store.View(roundId);
        if (stored is null || (recent && !witnessed)) return new LoadedRound(name, null, round, projection, entries);
        if (Ended(name, roundId, stored) is { } ended) return ended;
        services.Logger.ViewRemade(name);
        return new LoadedRound(name, null, round, projection, entries);
    }

    private LoadedRound? TryShow(byte[] roundId) => services.Store.View(roundId) is { } stored ? Ended(PublicBytes.Hex(roundId), roundId, stored) : null;

    /// <summary>Null if the view is not this station's, or from before views had a content: such a one lacks that and more.</summary>
    private LoadedRound? Ended(string name, byte[] roundId, byte[] stored)
    {
        if (rosters.StationKeys.Select(key => SealedView.TryOpen(stored, roundId, key)).FirstOrDefault(opened => opened is not null) is not { Content.IsEmpty: false } view) return null;
        services.Parties.Count(view);
        return new LoadedRound(name, RoundCard.Of(view) with { Stored = SHA256.HashData(stored) }, null, null, 0);
    }

    private (AggregatorRound Round, RoundProjection Projection, int Entries) Replay(byte[] roundId)
    {
        AggregatorRound? round = null;
        RoundProjection? projection = null;
        var count = 0;
        foreach (var stored in services.Store.ReadRound(roundId))
        {
            var roster = rosters.At(stored.Index);
            round ??= new AggregatorRound(roster, meaning.Shape, services.Options.Cores);
            projection ??= new RoundProjection(roster, meaning.Results, stored.Index);
            try
            {
                round.Apply(Entry.Parser.ParseFrom(stored.Leaf));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                throw new TranscriptException($"entry {stored.Index}: {e.Message}");
            }

            projection.Extend(stored.Index);
            count++;
        }

        return (round!, projection!, count);
    }

    /// <summary>What can be said of a round that does not replay.</summary>
    private RoundView Unreadable(byte[] roundId, string reason)
    {
        var view = new RoundView { RoundId = ByteString.CopyFrom(roundId), State = RoundState.Aborted, Failure = $"The station cannot read this round back from its log: {reason}" };
        foreach (var stored in services.Store.ReadRound(roundId))
        {
            var entry = Entry.Parser.ParseFrom(stored.Leaf);
            (view.LastEntry, view.FinishedMs) = ((ulong)stored.Index, entry.TimeMs);
            if (view.StartedMs != 0) continue;
            (view.FirstEntry, view.StartedMs) = ((ulong)stored.Index, entry.TimeMs);
            try
            {
                var query = Query.Parser.ParseFrom(Proposal.Parser.ParseFrom(entry.Envelope?.Body ?? ByteString.Empty).Query);
                (view.QueryId, view.Title, view.Dataset, view.Study, view.EpsilonMicro, view.Noise) = (query.QueryId, query.Title, query.Dataset, query.Study, query.EpsilonMicro, query.Noise);
            }
            catch (Exception e) when (Protocol.Unreadable.Is(e))
            {
                // Then it has neither title nor query: the reason says it all.
            }
        }

        return view;
    }

    private void CutVectors(IReadOnlyList<byte[]> rounds)
    {
        if (services.Blobs.Cut > 0)
        {
            services.Logger.VectorsCut(services.Blobs.Cut);
            services.Alerts.Raise("tail", Severity.Warning, $"{services.Blobs.Cut} masked vectors were half-written when the station stopped, and have been cut; their outposts send them again.", outpost: "vectors");
        }

        var known = rounds.ToHashSet(PublicBytes.Comparer);
        foreach (var stranger in services.Blobs.Rounds().Where(id => !known.Contains(id)).ToList())
        {
            Removed(stranger, services.Blobs.Parties(stranger).Count);
            services.Blobs.Delete(stranger);
        }
    }

    /// <summary>Says that vectors have gone of which the log knows nothing.</summary>
    public void Removed(byte[] roundId, int count)
    {
        if (count == 0) return;
        var name = PublicBytes.Hex(roundId);
        services.Logger.VectorsWithoutEntry(name, count);
        services.Alerts.Raise("tail", Severity.Warning, $"{count} masked vectors of round {name} belong to nothing in the log and have been removed.", roundId);
    }

    private void Missing(string name, byte[] roundId, IReadOnlyList<uint> parties, AggregatorRound round)
    {
        // All of a finished round: they had reached their age.
        if (round.State != RoundState.Running && parties.Count == round.Survivors.Count) return;
        var names = string.Join(", ", parties.Select(services.Parties.Name));
        services.Logger.VectorsMissing(name, names);
        services.Alerts.Raise("vectors-missing", Severity.Critical, $"The masked vectors of {names} in round {name} are gone from the storage: {(round.State == RoundState.Running ? "the round cannot end with a total" : "its bundle does not verify any more")}.", roundId);
    }
}
