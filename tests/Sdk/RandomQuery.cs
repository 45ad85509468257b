using System.Text.Json.Nodes;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Sdk;

/// <summary>Queries of every form to one dataset, some of which break a rule.</summary>
internal sealed class RandomQuery(SeededRandom random)
{
    private static readonly string[] s_numbers = ["age", "chol", "score", "days", "visits", "ratio", "years", "since"];
    private static readonly string[] s_categories = ["sex", "ill", "site", "old", "code", "young", "when"];

    public static DatasetSchema Schema { get; } = new("heart", "Made for a test", RowRule.PersonKey,
    [
        new("visits", ColumnType.Integer) { Low = 0, High = 12, Description = "in a year" },
        new("age", ColumnType.Integer) { Unit = "years", Low = 0, High = 90, TopCode = 89 },
        new("chol", ColumnType.Number) { Unit = "mg/dl", Low = 80.5, High = 620, Resolution = 0.1 },
        new("score", ColumnType.Number) { Low = -1.25, High = 3 },
        new("days", ColumnType.Integer) { Low = -5, High = 365 },
        new("free", ColumnType.Number) { Unit = "µmol" },
        new("seen", ColumnType.Date) { Low = 0, High = 20_000 },
        new("born", ColumnType.Date) { Low = -20_000, High = 10_000 },
        new("sex", ColumnType.Category) { Categories = ["female", "male"] },
        new("ill", ColumnType.Category) { Categories = ["no", "yes"] },
        new("site", ColumnType.Category) { Categories = ["1", "2.5", "Ünïversity 🏥", "1E+17"] },
        new("num", ColumnType.Integer) { Low = 0, High = 4 },
    ],
    "Ward 3");

    public JsonObject Next()
    {
        var query = new JsonObject { ["dataset"] = "heart", ["epsilon"] = Pick(0.1, 1.0, 12.5) };
        if (Often(7)) query["derive"] = Derive();
        query["measures"] = List(1 + random.Next(4), Measure);
        if (Often(4)) query["where"] = Condition(0);
        if (Often(4)) query["group_by"] = Groups();
        if (Often(2)) query["rows_per_person"] = 1 + random.Next(5);
        if (Often(2)) query["groups_per_person"] = 1 + random.Next(3);
        if (Often(2)) query["rows_per_party"] = Pick(1000L, 10_000_000L, 4_000_000_000L);
        return query;
    }

    private JsonNode Measure()
    {
        if (Often(1)) return "count";
        var (number, category) = (Pick(s_numbers), Pick(s_categories));
        JsonObject measure = random.Next(17) switch
        {
            0 => new() { ["count"] = Pick(s_numbers) },
            1 or 2 => Moment(Pick("sum", "mean", "variance", "sd", "compare"), number),
            3 => Binned(new() { ["histogram"] = number }, always: true),
            4 => new() { ["histogram"] = category },
            5 => Binned(new() { [Pick("median", "iqr", "box")] = number }),
            6 => Binned(new() { ["quantiles"] = number, ["at"] = List(2, () => JsonValue.Create((10 + random.Next(980)) / 1000.0)) }),
            7 => Often(5) ? new() { ["contingency"] = new JsonArray("sex", "ill") } : new() { ["contingency"] = new JsonObject { ["rows"] = "num", ["columns"] = category }, ["keys"] = new JsonObject { ["num"] = new JsonArray(0, 2, 4) } },
            8 => Bounded(new() { [Pick("covariance", "correlation", "pca")] = new JsonArray("age", "chol", number) }),
            9 => Bounded(new() { ["linear"] = new JsonObject { ["outcome"] = "chol", ["predictors"] = new JsonArray("age", category) } }),
            10 => new() { ["logistic"] = new JsonObject { ["outcome"] = "ill", ["predictors"] = new JsonArray(number, "site"), ["iterations"] = 5 } },
            11 => new() { ["poisson"] = new JsonObject { ["outcome"] = "visits", ["predictors"] = new JsonArray("age"), ["residual_bound"] = 6 } },
            12 => Binned(new() { ["survival"] = new JsonObject { ["time"] = "days", ["event"] = "ill" } }),
            13 => new() { ["incidence"] = new JsonObject { ["time"] = "visits", ["event"] = "ill" }, ["per"] = Pick(1.0, 365.25, 1000) },
            14 => Binned(new() { ["roc"] = new JsonObject { ["score"] = "score", ["outcome"] = "ill" } }),
            15 => new() { ["distinct"] = category },
            _ => new() { ["top"] = category, ["k"] = 1 + random.Next(3) },
        };
        if (Often(2)) measure["weight"] = 1 + random.Next(9);
        return measure;
    }

    private JsonObject Moment(string word, string number)
    {
        var measure = new JsonObject { [word] = number };
        if (Often(2)) (measure["low"], measure["high"]) = (Pick(0, 1, 2.5), Pick(70, 80.25, 400));
        return measure;
    }

    private JsonObject Bounded(JsonObject measure)
    {
        if (Often(3)) measure["bounds"] = new JsonObject { ["age"] = new JsonArray(18, 95), ["chol"] = new JsonArray(100.5, 400) };
        return measure;
    }

    private JsonObject Binned(JsonObject measure, bool always = false)
    {
        switch (random.Next(always ? 3 : 4))
        {
            case 0: measure["edges"] = new JsonArray(-0.5, 0, 0.1, 7, 40.25); break;
            case 1: (measure["from"], measure["to"], measure["step"]) = Pick<(JsonNode, JsonNode, JsonNode)>((0, 1, 0.1), (-3, 9, 0.75), ("2000-01-01", "2000-03-01", 30), (0.3, 33.3, 1.1)); break;
            case 2: measure["bins"] = 1 + random.Next(300); break;
        }

        return measure;
    }

    private JsonObject Groups()
    {
        var groups = new JsonObject();
        foreach (var column in s_categories.Where(_ => Often(3)).Take(2)) groups[column] = null;
        if (groups.Count == 0) groups["num"] = new JsonArray(0, 1, 3);
        if (Often(3)) groups["sex"] = new JsonArray("male");
        return groups;
    }

    private static JsonObject Derive() => new()
    {
        ["old"] = new JsonObject { ["bins"] = "age", ["edges"] = new JsonArray(0, 40, 62.5, 91) },
        ["code"] = new JsonObject { ["recode"] = "num", ["map"] = new JsonObject { ["none"] = new JsonArray(0), ["some"] = new JsonArray(1, 2) }, ["else"] = "more" },
        ["ratio"] = new JsonObject { ["ratio"] = new JsonObject { ["numerator"] = "chol", ["denominator"] = "age" }, ["low"] = 0, ["high"] = 12.5, ["resolution"] = 0.5, ["unit"] = "r" },
        ["years"] = new JsonObject { ["age"] = new JsonObject { ["from"] = "born", ["to"] = "seen" } },
        ["since"] = new JsonObject { ["days"] = new JsonObject { ["from"] = "seen", ["to"] = "2026-01-01" }, ["low"] = -10, ["high"] = 3650 },
        ["when"] = new JsonObject { ["bins"] = "seen", ["edges"] = new JsonArray("2000-01-01", "2010-06-30"), ["labels"] = new JsonArray("before", "between", "after") },
        ["young"] = new JsonObject { ["bins"] = "ratio", ["edges"] = new JsonArray(0.00001, 0.1, 1e15) },
    };

    private JsonObject Condition(int depth) => random.Next(depth > 3 ? 7 : 10) switch
    {
        0 => new() { ["column"] = Pick(s_numbers), [Pick("eq", "ne", "lt", "le", "gt", "ge")] = Number() },
        1 => new() { ["column"] = "sex", [Pick("eq", "ne")] = Pick("female", "male") },
        2 => new() { ["column"] = "site", ["in"] = new JsonArray(1, 2.5, "Ünïversity 🏥", 1e17) },
        3 => new() { ["column"] = "seen", [Pick("ge", "lt")] = Pick("2020-02-29", "1969-12-31") },
        4 => new() { ["column"] = "age", ["between"] = new JsonArray(Number(), 70) },
        5 => new() { ["column"] = "seen", ["between"] = new JsonArray("2001-01-01", "2002-01-01") },
        6 => new() { ["column"] = Pick("age", "free", "when"), ["is_null"] = Often(5) },
        7 => new() { ["not"] = Condition(depth + 1) },
        8 => new() { ["column"] = "chol", ["ge"] = Number(), ["lt"] = 300.125, ["ne"] = 200 },
        _ => new() { [Pick("and", "or")] = List(1 + random.Next(3), () => Condition(depth + 1)) },
    };

    private JsonNode Number() => Pick(0, 1, -3, 17.5, 1e-7, 123456789, -0.0);

    private static JsonArray List(int count, Func<JsonNode> make) => [.. Enumerable.Range(0, count).Select(_ => make())];

    private bool Often(int tenths) => random.Next(10) < tenths;

    private T Pick<T>(params T[] of) => of[random.Next(of.Length)];
}
