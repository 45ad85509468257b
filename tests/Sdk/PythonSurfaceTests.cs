using System.Reflection;
using System.Text.Json.Nodes;
using SecureAggregation.Client;
using SecureAggregation.Testing;

namespace SecureAggregation.Sdk;

/// <summary>Both languages have the same verbs. What only one has stands here, with the reason.</summary>
public sealed class PythonSurfaceTests
{
    /// <summary>Of a question: awaiting it is C#'s way of asking.</summary>
    private static readonly Dictionary<string, string> s_question = new()
    {
        ["iqr"] = "Python only: Quantiles at 0.25 and 0.75 in C#, as the query language has the word",
        ["measure"] = "Python only: any measure by its word and keys, as C# has AnalysisQuery.Parse",
        ["get_awaiter"] = "C# only",
    };

    /// <summary>Of a consortium: C#'s name and Python's, null where a language has none.</summary>
    private static readonly (string? Sharp, string? Python, string Why)[] s_consortium =
    [
        ("dataset", "dataset", ""), ("ask", "sign", "C#'s signs and hands in"), ("submit", "submit", ""), ("plan", "plan", ""), ("answer", "ask", ""), (null, "answer", "of a query that is signed already: Submit and then the handle in C#"),
        ("fit", "ask", "a regression is asked as any other question"), (null, "wait", "of the round's handle in C#"), ("get_consortium", "discovery", ""), (null, "nodes", "in GetConsortium in C#"),
        (null, "datasets", "in GetConsortium in C#"), (null, "budgets", "in GetConsortium in C#"), (null, "schema", "in GetConsortium in C#"), ("list_rounds", "jobs", ""), ("get_round", "job", ""), ("round", "job", "C#'s is a handle"), ("abort_round", "cancel", ""),
        ("watch", "watch", ""), ("export_bundle", "export", ""), ("verify", "verify", ""), ("get_checkpoint", "checkpoint", ""), ("get_consistency", "checkpoint", "with a size"), ("get_evidence_head", null, "for publishing the log: evidence has its own"), ("read_head", null, "a head is the note of the evidence"),
        ("get_inclusion", null, "not in REST: evidence has it"), ("list_entries", null, "not in REST: evidence has a round's"), ("check_entry", null, "not in REST: the auditor's page"),
        ("get_question", null, "in the evidence"), ("publish_roster", null, "not in REST: rosters come from founders"), ("get_succession", null, "not in REST: rosters come from founders"),
        ("go_on_under", null, "for programs that stay open over a change of the roster"), ("record_act", null, "not in REST: what a dashboard signs about its accounts"),
    ];

    private static readonly (string Sharp, string Python)[] s_asking =
    [
        (nameof(AskOptions.Attempts), "attempts"), (nameof(AskOptions.Validity), "valid_seconds"), (nameof(AskOptions.PhaseDeadline), "deadline_ms"), (nameof(AskOptions.Progress), "progress"),
    ];

    [PythonFact]
    public async Task Both_languages_have_the_same_verbs()
    {
        var (code, said) = await Python.RunAsync([Path.Combine("tests", "surface.py")]);
        Assert.True(code == 0, said);
        var python = JsonNode.Parse(said)!;

        var sharp = Verbs(typeof(DatasetQuery)).Except(s_question.Keys).Order(StringComparer.Ordinal);
        Assert.Equal(sharp, Names(python, "question").Except(s_question.Keys).Order(StringComparer.Ordinal));
        Assert.Equal(Verbs(typeof(IConsortium)).Append("dataset").Order(StringComparer.Ordinal), s_consortium.Select(v => v.Sharp).OfType<string>().Order(StringComparer.Ordinal));
        Assert.Equal(s_consortium.Select(v => v.Python).OfType<string>().Distinct().Order(StringComparer.Ordinal), Names(python, "consortium").Order(StringComparer.Ordinal));
        foreach (var (option, name) in s_asking)
        {
            Assert.NotNull(typeof(AskOptions).GetProperty(option));
            Assert.Contains(name, Names(python, "asking"));
        }
    }

    [PythonFact]
    public async Task Words_make_the_same_question_in_both_languages()
    {
        const string Script = """
            import json, sys
            from secagg import Dataset
            from secagg.analysis import compile_query
            from secagg.wire import decode
            schema = decode("DatasetSchema", bytes.fromhex(sys.argv[1]))
            start = Dataset(None, {"dataset": "heart", "measures": []}, None).epsilon(1)
            for asked in (start.count().clamp("age", 20, 80).mean("age").weight(3).median("age", bins=6), start.clamp("chol", 100, 300).median("chol"),
                          start.logistic("ill", "age", "sex", iterations=4), start.poisson("visits", "age", iterations=3).weight(2)):
                print(compile_query(asked.query, schema).hex())
            """;
        var (code, said) = await Python.RunAsync(["-c", Script, Convert.ToHexString(RandomQuery.Schema.Encode())]);
        Assert.True(code == 0, said);

        using var members = new Members();
        await using var consortium = Consortium.Connect(new ConsortiumOptions { Address = new Uri("https://127.0.0.1:1"), Roster = members.Roster, Identity = members.Coordinator, Time = TimeProvider.System });
        var start = consortium.Dataset("heart").Epsilon(1);
        DatasetQuery[] asked =
        [
            start.Count().Clamp("age", 20, 80).Mean("age").Weight(3).Median("age", Bins.Equal(6)), start.Clamp("chol", 100, 300).Median("chol"),
            start.Logistic("ill", ["age", "sex"], 4), start.Poisson("visits", ["age"], 3).Weight(2),
        ];
        Assert.Equal(asked.Select(q => Convert.ToHexStringLower(q.Query.Resolve(RandomQuery.Schema).Encode())), said.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static IEnumerable<string> Names(JsonNode python, string of) => python[of]!.AsArray().Select(n => (string)n!);

    /// <summary>The names of public methods as Python writes them.</summary>
    private static IEnumerable<string> Verbs(Type type) => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Where(m => !m.IsSpecialName)
        .Select(m => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(m.Name.EndsWith("Async", StringComparison.Ordinal) ? m.Name[..^5] : m.Name))
        .Distinct();
}
