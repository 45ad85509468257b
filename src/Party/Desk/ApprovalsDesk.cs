using System.Globalization;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Desk;

/// <summary>`secagg-outpost approvals`: the questions that wait for a person, and what the person says.</summary>
internal static class ApprovalsDesk
{
    private const int ShortId = 12;

    /// <exception cref="ConfigurationException">The id names none or several, or what is said cannot be taken.</exception>
    /// <exception cref="StoreException">The state cannot be read or written.</exception>
    public static string Run(DeskOptions options, TimeProvider clock)
    {
        using var store = OutpostStore.OpenBeside(options.StateFolder());
        var approvals = new Approvals(store, clock);
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        if (options.Action == "list") return List(options, approvals.List(), now);
        var asked = Find(approvals, options.Id);
        if (options.Action == "show") return Show(options, asked, approvals.Votes(asked.QueryHash), new PastReleases(store, clock), now);
        var vote = new ApprovalVote { Approver = options.Approver, Account = Environment.UserName, Accepted = options.Action == "accept", Reason = options.Reason };
        if (approvals.Vote(asked.QueryHash, vote) is { } problem) throw new ConfigurationException($"{Id(asked)} was not changed: {problem}.");
        var after = approvals.Find(asked.QueryHash)!;
        if (options.Json) return DeskText.Json(Document(after, now));
        return after.StateAt(now) switch
        {
            ApprovalState.Rejected => $"{Id(after)} is rejected",
            ApprovalState.Accepted => $"{Id(after)} is approved; it is answered when the coordinator submits the same signed query again, until {DeskText.Time(after.NotAfterMs)}",
            _ => string.Create(CultureInfo.InvariantCulture, $"{Id(after)} has {after.Accepted} of {after.Needed} approvals; another person must approve it too"),
        };
    }

    private static string List(DeskOptions options, IReadOnlyList<Approval> all, long now)
    {
        var shown = all.Where(a => options.All || a.StateAt(now) == ApprovalState.Waiting).ToList();
        if (options.Json) return DeskText.Json(shown.Select(a => Document(a, now)));
        if (shown.Count == 0) return options.All ? "nothing was ever asked that a person must look at" : "nothing waits";
        return DeskText.Table(
            ["id", "state", "by", "dataset", "study", "noise", "ε charged", "approvals", "asked", "until", "title"],
            [.. shown.Select(a => (Asked: a, Query: Query.Parser.ParseFrom(a.Body))).Select(q => (IReadOnlyList<string>)[
                Id(q.Asked), State(q.Asked, now), DeskText.OneLine(q.Asked.Coordinator), q.Query.Dataset, DeskText.OneLine(q.Query.Study), DeskText.Noise((int)q.Query.Noise),
                DeskText.Epsilon(q.Asked.CostMicro), Votes(q.Asked), DeskText.Time(q.Asked.AtMs), DeskText.Time(q.Asked.NotAfterMs), DeskText.OneLine(q.Query.Title)])]);
    }

    private static string Show(DeskOptions options, Approval asked, IReadOnlyList<ApprovalVote> votes, PastReleases releases, long now)
    {
        var query = Query.Parser.ParseFrom(asked.Body);
        var question = QuestionText.Of(Analysis.Decode(query.Analysis.Span)).ToList();
        var exact = query.Noise == QueryNoise.None ? releases.With(query.Dataset, (int)QueryNoise.None) : [];
        if (options.Json)
        {
            return DeskText.Json(new
            {
                Asked = Document(asked, now),
                Question = question.ToDictionary(q => q.Key, q => q.Value),
                Votes = votes.Select(v => new { v.Approver, v.Account, v.Accepted, v.Reason, At = DeskText.Time(v.AtMs) }),
                WithoutNoiseBefore = exact.Select(e => new { Round = PublicBytes.Hex(e.RoundId), Filter = PublicBytes.Hex(e.Filter), Parties = e.Survivors.Count }),
            });
        }

        var lines = new List<(string Key, string Value)>
        {
            ("id", PublicBytes.Hex(asked.QueryHash)),
            ("state", $"{State(asked, now)}, {Votes(asked)} approvals"),
            ("title", DeskText.OneLine(query.Title)),
            ("by", DeskText.OneLine(asked.Coordinator)),
            ("study", query.Study.Length == 0 ? "(none)" : DeskText.OneLine(query.Study)),
            ("dataset", query.Dataset),
            ("noise", DeskText.Noise((int)query.Noise)),
            ("ε", $"{DeskText.Epsilon((long)query.EpsilonMicro)}, charged {DeskText.Epsilon(asked.CostMicro)}"),
            ("asked", DeskText.Time(asked.AtMs)),
            ("until", DeskText.Time(asked.NotAfterMs)),
        };
        lines.AddRange(question.Select(q => (q.Key, DeskText.OneLine(q.Value))));
        lines.AddRange(votes.Select(v => (v.Accepted ? "approved by" : "rejected by",
            $"{DeskText.OneLine(v.Approver)} (account {v.Account}), {DeskText.Time(v.AtMs)}{(v.Reason.Length > 0 ? ": " + DeskText.OneLine(v.Reason) : "")}")));
        lines.AddRange(exact.Select(e => ("before", $"round {PublicBytes.Hex(e.RoundId.AsSpan(0, 4))} without noise, {e.Survivors.Count} outposts, filter {PublicBytes.Hex(e.Filter.AsSpan(0, 4))}")));
        return string.Join(Environment.NewLine, lines.Select(l => $"{l.Key,-12} {l.Value}"));
    }

    private static Approval Find(Approvals approvals, string id)
    {
        if (id.Length < 4 || !id.All(char.IsAsciiHexDigit))
            throw new ConfigurationException($"'{id}' is no id; give at least the first four hexadecimal digits that `secagg-outpost approvals list` shows.");
        return approvals.StartingWith(id) switch
        {
            [var one] => one,
            [] => throw new ConfigurationException($"No question has an id that begins with {id}; see secagg-outpost approvals list --all."),
            var several => throw new ConfigurationException($"{several.Count} questions have ids that begin with {id}; give more digits."),
        };
    }

    private static object Document(Approval a, long now)
    {
        var query = Query.Parser.ParseFrom(a.Body);
        return new
        {
            Id = PublicBytes.Hex(a.QueryHash),
            State = State(a, now),
            a.Coordinator,
            query.Dataset,
            query.Study,
            query.Title,
            Noise = DeskText.Noise((int)query.Noise),
            Epsilon = DeskText.Units((long)query.EpsilonMicro),
            Charged = DeskText.Units(a.CostMicro),
            a.Needed,
            a.Accepted,
            Asked = DeskText.Time(a.AtMs),
            Until = DeskText.Time(a.NotAfterMs),
        };
    }

    private static string Id(Approval a) => PublicBytes.Hex(a.QueryHash)[..ShortId];

    private static string State(Approval a, long now) => a.StateAt(now).ToString().ToLowerInvariant();

    private static string Votes(Approval a) => string.Create(CultureInfo.InvariantCulture, $"{a.Accepted} of {a.Needed}");
}
