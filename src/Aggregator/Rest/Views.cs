using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Aggregator.Rest;

// What REST shows; names become snake_case. Times are RFC 3339 in UTC, null where there is none; ε is a number; hashes are lower-case hexadecimal.

internal sealed record DiscoveryView(string Software, string Api, ConsortiumView Consortium, SignInView SignIn, IReadOnlyDictionary<string, string> Links);

/// <param name="Roster">The signed roster, base64: compare it with the one that you pinned.</param>
/// <param name="Words">The roster's fingerprint in words.</param>
/// <param name="Quorum">Outposts that a round needs.</param>
internal sealed record ConsortiumView(string Name, ulong Epoch, string RosterHash, string Words, string Roster, string LogOrigin, int Quorum);

/// <param name="Password">Where name and password become a token.</param>
/// <param name="OidcAuthority">The OpenID Connect provider whose tokens are taken; null for none.</param>
internal sealed record SignInView(string Password, string? OidcAuthority, string? OidcAudience);

internal sealed record NodesView(IReadOnlyList<NodeView> Nodes);

internal sealed record NodeView(
    uint Index, string Name, bool Online, DateTimeOffset? LastSeenAt, DateTimeOffset? ConnectedSince, string Software, string KeyFingerprint, IReadOnlyList<string> Datasets, uint RoundsJoined, uint RoundsDropped, long? ClockAheadMs)
{
    public static NodeView Of(OutpostView view) => new(
        view.Index, view.Name, view.Online, Values.Time(view.LastSeenMs), Values.Time(view.ConnectedSinceMs), view.Software, view.KeyFingerprint, [.. view.Datasets.Select(d => d.Name)], view.RoundsJoined,
        view.RoundsDropped, view.HasClockAheadMs ? view.ClockAheadMs : null);
}

internal sealed record CatalogsView(IReadOnlyList<CatalogLine> Catalogs);

/// <param name="Id">The dataset's name in queries.</param>
/// <param name="Nodes">Outposts that offer it.</param>
internal sealed record CatalogLine(string Id, IReadOnlyList<string> Nodes);

/// <param name="Id">The dataset's name in queries.</param>
/// <param name="Schema">Of most outposts that offer the dataset; those with another one decline.</param>
/// <param name="SchemaBytes">The same as its canonical bytes, base64.</param>
internal sealed record CatalogView(string Id, IReadOnlyList<CatalogNode> Nodes, SchemaView? Schema, string SchemaBytes);

/// <param name="SameSchema">Whether this outpost offers the schema that is shown.</param>
internal sealed record CatalogNode(uint Index, string Name, bool Online, uint Version, bool SameSchema);

internal sealed record SchemaView(string Name, string Description, string RowRule, string Owner, string Access, IReadOnlyList<ColumnView> Columns)
{
    /// <summary>Null if the bytes are no schema: they are an outpost's word.</summary>
    public static SchemaView? Of(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var schema = Statistics.DatasetSchema.Decode(bytes);
            return new SchemaView(
                schema.Name, schema.Description, Values.Word(schema.RowRule), schema.Owner, Values.Word(schema.Access),
                [.. schema.Columns.Select(c => new ColumnView(c.Name, Values.Word(c.Type), c.Unit, c.Description, c.Low, c.High, c.Resolution, c.TopCode, c.Categories))]);
        }
        catch (AnalysisException)
        {
            return null;
        }
    }
}

internal sealed record ColumnView(string Name, string Type, string Unit, string Description, double? Low, double? High, double? Resolution, double? TopCode, IReadOnlyList<string> Categories);

/// <param name="Query">SignedQuery.body, base64: the canonical encoding of secagg.v1.Query.</param>
/// <param name="Signature">SignedQuery.signature, base64: 64 bytes.</param>
/// <param name="DeadlineMs">Time for each phase, at most 600000; absent: the station's own.</param>
internal sealed record JobRequest(string Query, string Signature, int? DeadlineMs = null);

internal sealed record JobsView(IReadOnlyList<JobView> Jobs, int Total, int Offset, int Limit);

internal sealed record JobView(
    string Id, string QueryId, string Title, string Dataset, string Study, string Coordinator, double Epsilon, string Noise, string State, string Phase, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt,
    DateTimeOffset? PhaseDeadlineAt, uint Threshold, uint MinSurvivors, string Failure, ulong FirstEntry, ulong LastEntry, uint Cosignatures, string Content, IReadOnlyList<JobNode> Nodes)
{
    public static JobView Of(RoundView view) => new(
        PublicBytes.Hex(view.RoundId.Span), PublicBytes.Hex(view.QueryId.Span), view.Title, view.Dataset, view.Study, view.Coordinator, view.EpsilonMicro / 1e6, Values.Word(view.Noise), Values.Word(view.State), Values.Word(view.Phase),
        Values.Time(view.StartedMs), Values.Time(view.FinishedMs), Values.Time(view.PhaseDeadlineMs), view.Threshold, view.MinSurvivors, view.Failure, view.FirstEntry, view.LastEntry, view.Cosignatures, PublicBytes.Hex(view.Content.Span),
        [.. view.Parties.Select(p => new JobNode(p.Index, p.Name, Values.Word(p.State), p.Reason, p.Refusal == RefusalCode.Unspecified ? null : Values.Word(p.Refusal), p.ChargedMicro / 1e6, p.EarlierRound.IsEmpty ? null : PublicBytes.Hex(p.EarlierRound.Span)))]);
}

/// <param name="ChargedEpsilon">What the outpost's ledger was charged, by its signed input.</param>
/// <param name="EarlierJob">The job that answered the same before.</param>
internal sealed record JobNode(uint Index, string Name, string State, string Reason, string? Refusal, double ChargedEpsilon, string? EarlierJob);

internal sealed record ResultView(string JobId, string Title, string Dataset, string TotalHash, uint Contributors, string Failure, IReadOnlyList<NumberView> Statistics)
{
    public static ResultView Of(RoundView view) => new(
        PublicBytes.Hex(view.RoundId.Span), view.Title, view.Dataset, PublicBytes.Hex(view.TotalHash.Span), (uint)view.Parties.Count(p => p.State == PartyState.Done), view.Failure, [.. view.Statistics.Select(NumberView.Of)]);
}

/// <param name="Value">Null when withheld, or not a finite number.</param>
/// <param name="Low">The noise alone moves the value from low to high with the probability `confidence`.</param>
internal sealed record NumberView(
    string Name, string Measure, string Kind, string Column, string Group, string Bin, string Quantity, string Unit, double? Value, double? Low, double? High, double Confidence, double Epsilon, uint Contributors, string Withheld, string Method,
    double? BoundLow, double? BoundHigh)
{
    public static NumberView Of(StatisticView s) => new(
        s.Name, s.Measure, s.Kind, s.Column, s.Group, s.Bin, s.Quantity, s.Unit, Shown(s, s.Value), Shown(s, s.Low), Shown(s, s.High), s.Confidence, s.EpsilonMicro / 1e6, s.Contributors, s.Withheld, s.Method,
        s.HasBoundLow ? Values.Finite(s.BoundLow) : null, s.HasBoundHigh ? Values.Finite(s.BoundHigh) : null);

    private static double? Shown(StatisticView s, double value) => s.Withheld.Length > 0 ? null : Values.Finite(value);
}

internal sealed record PlanView(IReadOnlyList<PlanNode> Nodes, uint TypicalMs);

internal sealed record PlanNode(uint Index, string Name, bool Online, bool Answered, string? Refusal, double CostEpsilon, uint Overlap, IReadOnlyList<PlanBudget> Budgets, uint ApprovalsNeeded, uint ApprovalsGiven, string? EarlierJob)
{
    public static PlanNode Of(OutpostPlan plan) => new(
        plan.Index, plan.Name, plan.Online, plan.Answer is not null, plan.Answer is null or { Code: RefusalCode.Unspecified } ? null : Values.Word(plan.Answer.Code), (plan.Answer?.CostMicro ?? 0) / 1e6, plan.Answer?.Overlap ?? 0,
        [.. (plan.Answer?.Budgets ?? []).Select(b => new PlanBudget(Values.Word(b.Scope), b.LeftMicro / 1e6, b.CapMicro / 1e6))], plan.Answer?.ApprovalsNeeded ?? 0, plan.Answer?.ApprovalsGiven ?? 0,
        plan.Answer is null or { EarlierRound.IsEmpty: true } ? null : PublicBytes.Hex(plan.Answer.EarlierRound.Span));
}

internal sealed record PlanBudget(string Scope, double LeftEpsilon, double CapEpsilon);

internal sealed record BudgetsView(IReadOnlyList<BudgetView> Budgets);

/// <param name="Subject">The study, or the fingerprint of the coordinator's key; empty for the dataset.</param>
/// <param name="SaidAt">The outpost's unsigned word, at this time.</param>
internal sealed record BudgetView(string Node, string Dataset, string Scope, string Subject, double CapEpsilon, double LeftEpsilon, DateTimeOffset? SaidAt);

/// <param name="Checkpoint">The signed note with the cosignatures that it has.</param>
/// <param name="Consistency">With `from`: the proof that the log of that size is the beginning of this one, hashes in hexadecimal.</param>
internal sealed record CheckpointView(string Origin, long Size, string Root, uint Cosignatures, string Checkpoint, IReadOnlyList<string> Consistency);

internal sealed record ActsView(IReadOnlyList<ActView> Acts);

/// <param name="Signer">The member whose dashboard it was done in; absent: at the station.</param>
internal sealed record ActView(long Entry, DateTimeOffset? At, string What, string Subject, string By, string Detail, string? Signer);

internal sealed record TokenRequest(string GrantType, string? Username = null, string? Password = null, string? RefreshToken = null)
{
    public override string ToString() => nameof(TokenRequest);
}

internal sealed record TokenView(string AccessToken, string TokenType, int ExpiresIn, string RefreshToken)
{
    public override string ToString() => nameof(TokenView);
}

internal sealed record EndRequest(string RefreshToken)
{
    public override string ToString() => nameof(EndRequest);
}

internal sealed record PasswordRequest(string Username, string Password, string NewPassword)
{
    public override string ToString() => nameof(PasswordRequest);
}

internal sealed record AccountsView(IReadOnlyList<AccountView> Accounts);

/// <param name="Studies">Null for all.</param>
internal sealed record AccountView(string Name, IReadOnlyList<string> Roles, IReadOnlyList<string>? Studies, DateTimeOffset CreatedAt)
{
    public static AccountView Of(Accounts.Account account) => new(account.Name, [.. account.Roles.Select(r => Values.Word(r))], account.Studies, account.Created);
}

internal sealed record NewAccount(string Name, string Password, IReadOnlyList<string> Roles, IReadOnlyList<string>? Studies = null)
{
    public override string ToString() => nameof(NewAccount);
}

/// <param name="Studies">Those from now on; together with `all_studies` false or absent.</param>
internal sealed record AccountChange(IReadOnlyList<string>? Roles = null, IReadOnlyList<string>? Studies = null, bool? AllStudies = null, string? Password = null)
{
    public override string ToString() => nameof(AccountChange);
}

internal sealed record KeysView(IReadOnlyList<KeyView> Keys);

/// <param name="Key">The key itself, in the answer to its making and never again.</param>
internal sealed record KeyView(string Name, IReadOnlyList<string> May, IReadOnlyList<string>? Studies, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, string? Key)
{
    /// <summary>The name alone: once the key itself is in it.</summary>
    public override string ToString() => Name;

    public static KeyView Of(Accounts.ApiKey key, string? text = null) => new(key.Name, [.. key.Permissions.Select(p => Accounts.Permissions.Word(p))], key.Studies, key.Created, key.Expires, text);
}

/// <param name="Days">How long the key may be used, 1 to 366; absent: 90.</param>
internal sealed record NewKey(string Name, IReadOnlyList<string> May, IReadOnlyList<string>? Studies = null, int? Days = null);

internal sealed record ReadyView(bool Ready, long LogSize, string? Reason);

/// <summary>One event; `kind` says which of the others is there.</summary>
internal sealed record EventView(ulong Sequence, DateTimeOffset? At, string Kind, JobView? Job, NodeView? Node, AlertEvent? Alert, LogEvent? Log, HeadEvent? Head);

internal sealed record AlertEvent(string Id, string Severity, string Text, string? JobId, string Outpost);

internal sealed record LogEvent(uint EventId, string Severity, string Text, string? JobId, string Outpost);

internal sealed record HeadEvent(ulong Size, string Root, uint Cosignatures);

/// <summary>How values are shown.</summary>
internal static class Values
{
    public static DateTimeOffset? Time(ulong milliseconds) => milliseconds == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(milliseconds, 253_402_300_799_000));

    public static double? Finite(double value) => double.IsFinite(value) ? value : null;

    /// <summary>A name of the contract in lower case, words joined by underscores.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
