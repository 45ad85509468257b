using SecureAggregation.Protocol;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Config;

/// <summary>Reads what a policy file says about one dataset.</summary>
internal static class DatasetPolicyReader
{
    private const int MostOverlap = Limits.Parties;
    private static readonly HashSet<string> s_everybody = [Policy.Every];

    public static DatasetPolicy Read(string name, YamlMap map)
    {
        var total = map.MicroEpsilon("epsilon_total") ?? throw map.Fail("epsilon_total", $"'datasets.{name}.epsilon_total' is " +
            "missing; it is the most that all queries together may cost");
        var query = map.MicroEpsilon("epsilon_per_query") ?? throw map.Fail("epsilon_per_query", $"'datasets.{name}.epsilon_per_query' is " +
            "missing; it is the most that one query may cost");
        if (query > total) throw map.Fail("epsilon_per_query", $"'datasets.{name}.epsilon_per_query' is larger than epsilon_total; it must not be");
        var rules = new DatasetPolicy
        {
            Rules = Rules(name, map),
            QueryMicro = query,
            TotalMicro = total,
            CoordinatorMicro = map.MicroEpsilon("epsilon_per_coordinator"),
            StudyMicro = map.MicroEpsilon("epsilon_per_study"),
            Studies = map.Map("studies") is { } studies ? Studies(studies) : new Dictionary<string, long>(StringComparer.Ordinal),
            Overlap = map.Int("overlap", 1, MostOverlap, 1),
            RowsPerPerson = map.Int("rows_per_person", 1, Analysis.MaxRowsPerPerson, int.MaxValue),
            GroupsPerPerson = map.Int("groups_per_person", 1, Analysis.MaxGroups, int.MaxValue),
            RefreshRows = Nested(map, "refresh", "rows", 1, int.MaxValue),
            DifferencingParties = Nested(map, "differencing", "parties", 2, Limits.Parties),
        };
        map.Done();
        return rules;
    }

    /// <summary>A list of rules, or the keys of a single one that is about everybody.</summary>
    private static List<AccessRule> Rules(string name, YamlMap map)
    {
        if (!map.Has("rules")) return [Rule(map, s_everybody, s_everybody)];
        foreach (var key in (string[])["operations", "columns", "filters"])
        {
            if (map.Has(key)) throw map.Fail(key, $"'datasets.{name}.{key}' stands beside 'rules'; where there is a list of rules, each rule has its own '{key}'");
        }

        var rules = new List<AccessRule>();
        foreach (var item in map.Maps("rules"))
        {
            var manual = item.Word("approval", "automatic", "manual");
            rules.Add(Rule(item, Names(item, "coordinators"), Names(item, "studies")) with { Manual = manual is null ? null : manual == "manual" });
            item.Done();
        }

        return rules;
    }

    private static AccessRule Rule(YamlMap map, IReadOnlySet<string> coordinators, IReadOnlySet<string> studies) => new()
    {
        Coordinators = coordinators,
        Studies = studies,
        Operations = map.List("operations", Policy.Every).ToHashSet(StringComparer.Ordinal),
        Columns = map.List("columns", Policy.Every).ToHashSet(StringComparer.Ordinal),
        Filters = map.Flag("filters", missing: true),
    };

    private static HashSet<string> Names(YamlMap map, string key) =>
        map.Has(key) ? map.List(key, Policy.Every).ToHashSet(StringComparer.Ordinal) : s_everybody;

    private static Dictionary<string, long> Studies(YamlMap map)
    {
        var caps = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var study in map.Keys.ToList())
        {
            if (study.Length > Limits.Study) throw map.Fail(study, $"the study's name '{study}' has {study.Length} characters; it must have at most {Limits.Study}");
            caps[study] = map.MicroEpsilon(study) ?? throw map.Fail(study, $"'studies.{study}' must be the most that its queries may cost together, e.g. 2");
        }

        map.Done();
        return caps;
    }

    /// <summary>A whole number that stands alone in a mapping, so that the line reads as a sentence; 0 where it is absent.</summary>
    private static int Nested(YamlMap map, string key, string inner, int least, int most)
    {
        if (map.Map(key) is not { } nested) return 0;
        var value = nested.Int(inner, least, most, 0);
        if (value == 0) throw nested.Fail(inner, $"'{key}.{inner}' is missing; write '{key}: {{ {inner}: {Math.Max(least, 3)} }}'");
        nested.Done();
        return value;
    }
}
