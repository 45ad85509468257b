using Dapper;

namespace SecureAggregation.Party.Storage;

/// <summary>Questions that a person must look at, and what persons said. Commands write here while the outpost runs.</summary>
internal sealed class Approvals(OutpostStore store, TimeProvider clock)
{
    /// <summary>Questions of one coordinator that wait at a time: whoever asks must not be able to fill the disk.</summary>
    public const int MostWaiting = 100;

    private const string All =
        """
        SELECT a.query_hash AS QueryHash, a.body AS Body, a.signature AS Signature, a.coordinator AS Coordinator, a.cost_micro AS CostMicro, a.needed AS Needed,
               a.not_after_ms AS NotAfterMs, a.at_ms AS AtMs,
               (SELECT count(*) FROM approval_votes v WHERE v.query_hash = a.query_hash AND v.accepted = 1) AS Accepted,
               (SELECT count(*) FROM approval_votes v WHERE v.query_hash = a.query_hash AND v.accepted = 0) AS Rejected
        FROM approvals a
        """;

    /// <summary>What persons have said about a question; null if it was never stored.</summary>
    public Approval? Find(byte[] queryHash) => store.Read(connection =>
        connection.QueryFirstOrDefault<Approval>(All + " WHERE a.query_hash = @queryHash", new { queryHash }));

    /// <summary>Those whose hash begins with these bytes in hexadecimal digits.</summary>
    public IReadOnlyList<Approval> StartingWith(string digits) => store.Read(connection =>
        connection.Query<Approval>(All + " WHERE lower(hex(a.query_hash)) LIKE @pattern", new { pattern = digits + "%" }).ToList());

    /// <summary>All of them, oldest first.</summary>
    public IReadOnlyList<Approval> List() => store.Read(connection => connection.Query<Approval>(All + " ORDER BY a.at_ms, a.rowid").ToList());

    public IReadOnlyList<ApprovalVote> Votes(byte[] queryHash) => store.Read(connection => connection.Query<ApprovalVote>(
        "SELECT approver AS Approver, account AS Account, accepted AS Accepted, reason AS Reason, at_ms AS AtMs FROM approval_votes WHERE query_hash = @queryHash ORDER BY at_ms, rowid",
        new { queryHash }).ToList());

    /// <summary>Stores a question for persons to look at; of one that is stored already only the number of persons is brought up to date.</summary>
    /// <returns>False if too many of its coordinator wait.</returns>
    public bool TryStore(Approval asked) => store.Write((connection, transaction) =>
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        connection.Execute(
            "DELETE FROM approvals WHERE not_after_ms < @now AND query_hash NOT IN (SELECT query_hash FROM approval_votes)", new { now }, transaction);
        var waiting = connection.ExecuteScalar<int>(
            """
            SELECT count(*) FROM approvals a WHERE a.coordinator = @Coordinator AND a.query_hash <> @QueryHash
            AND a.not_after_ms >= @now AND NOT EXISTS (SELECT 1 FROM approval_votes v WHERE v.query_hash = a.query_hash AND v.accepted = 0)
            AND a.needed > (SELECT count(*) FROM approval_votes v WHERE v.query_hash = a.query_hash AND v.accepted = 1)
            """,
            new { asked.Coordinator, asked.QueryHash, now },
            transaction);
        if (waiting >= MostWaiting) return false;
        connection.Execute(
            """
            INSERT INTO approvals (query_hash, body, signature, coordinator, cost_micro, needed, not_after_ms, at_ms)
            VALUES (@QueryHash, @Body, @Signature, @Coordinator, @CostMicro, @Needed, @NotAfterMs, @AtMs)
            ON CONFLICT (query_hash) DO UPDATE SET needed = @Needed, cost_micro = @CostMicro
            """,
            asked with { AtMs = now },
            transaction);
        return true;
    });

    /// <summary>Stores what a person says; null if it was stored, else the reason why not.</summary>
    public string? Vote(byte[] queryHash, ApprovalVote vote) => store.Write((connection, transaction) =>
    {
        var asked = connection.QueryFirstOrDefault<Approval>(All + " WHERE a.query_hash = @queryHash", new { queryHash }, transaction);
        if (asked is null) return "there is no such question";
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        switch (asked.StateAt(now))
        {
            case ApprovalState.Rejected: return "it was rejected before; the coordinator may ask anew";
            case ApprovalState.Accepted when vote.Accepted: return "it has all the approvals that it needs";
            case ApprovalState.Expired: return "its time is over; the coordinator must ask anew";
        }

        var stored = connection.Execute(
            "INSERT OR IGNORE INTO approval_votes (query_hash, approver, account, accepted, reason, at_ms) VALUES (@queryHash, @Approver, @Account, @Accepted, @Reason, @now)",
            new { queryHash, vote.Approver, vote.Account, vote.Accepted, vote.Reason, now },
            transaction);
        if (stored == 1) return null;

        // Whoever has said yes may still say no; a second yes is nobody else's.
        if (vote.Accepted) return $"{vote.Approver} has approved it before; it needs {asked.Needed} different persons";
        connection.Execute(
            "UPDATE approval_votes SET accepted = 0, reason = @Reason, account = @Account, at_ms = @now WHERE query_hash = @queryHash AND approver = @Approver",
            new { queryHash, vote.Approver, vote.Account, vote.Reason, now },
            transaction);
        return null;
    });
}
