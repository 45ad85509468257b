using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Config;

/// <summary>Reads the policy file; docs/policy.schema.json describes it for editors.</summary>
internal static class PolicyFile
{
    private const int MaxBytes = 256 * 1024;

    private static readonly string[] s_days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// <exception cref="ConfigurationException">Not there, not YAML, an unknown key, or a value out of range.</exception>
    public static Policy Load(string path)
    {
        var info = new FileInfo(path);
        if (!info.Exists)
            throw new ConfigurationException($"Policy file '{path}' does not exist; docs/outpost.md shows one. Without a policy nothing " +
                "is answered.");
        if (info.Length > MaxBytes)
            throw new ConfigurationException($"Policy file '{path}' has {info.Length} bytes; at most {MaxBytes} are read.");
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"Policy file '{path}' cannot be read; check its mode and owner.", inner: e);
        }
    }

    /// <inheritdoc cref="Load"/>
    public static Policy Parse(string text, string file)
    {
        var root = YamlMap.Parse(text, file);
        if (root.Text("policy") != "1") throw root.Fail("policy", "'policy' is the version of this file's format; it must be 1");
        var manual = root.Word("approval", "automatic", "manual") == "manual";
        var policy = new Policy
        {
            Coordinators = root.List("coordinators", Policy.Every).ToHashSet(StringComparer.Ordinal),
            Noise = root.Has("noise")
                ? root.List("noise").Select(n => Mode(root, n)).ToHashSet()
                : new HashSet<QueryNoise> { QueryNoise.Local },
            Manual = manual,
            AutomaticBelowMicro = root.MicroEpsilon("automatic_below") ?? 0,
            Hours = root.Map("hours") is { } hours ? Hours(hours) : null,
            Rate = root.Map("rate") is { } rate ? Rate(rate) : null,
            Datasets = Datasets(root),
        };
        if (root.Map("floors") is { } floors)
        {
            policy = policy with
            {
                MinParties = floors.Int("parties", 3, Limits.Parties, policy.MinParties),
                MinSurvivors = floors.Int("survivors", 3, Limits.Parties, policy.MinSurvivors),
                MinColluders = floors.Int("colluders", 0, Limits.Parties, policy.MinColluders),
            };
            floors.Done();
        }

        if (policy.AutomaticBelowMicro > 0 && !manual && policy.Datasets.Values.All(d => d.Rules.All(r => r.Manual != true)))
            throw root.Fail("automatic_below", "'automatic_below' says what is answered without a person where 'approval' is manual, but it is manual nowhere; add 'approval: manual'");
        root.Done();
        return policy;
    }

    private static Dictionary<string, DatasetPolicy> Datasets(YamlMap root)
    {
        var all = root.Map("datasets") ?? throw root.Fail("datasets", "'datasets' is missing; add it with one entry for each dataset " +
            "that may be asked about");
        var rules = new Dictionary<string, DatasetPolicy>(StringComparer.Ordinal);
        foreach (var name in all.Keys.ToList())
        {
            var map = all.Map(name) ?? throw all.Fail(name, $"'datasets.{name}' must hold further 'key: value' lines, indented");
            rules[name] = DatasetPolicyReader.Read(name, map);
        }

        all.Done();
        return rules;
    }

    private static WorkingHours Hours(YamlMap map)
    {
        var (from, to) = (map.TimeOfDay("from"), map.TimeOfDay("to"));
        if (from >= to) throw map.Fail("to", "'hours.to' must be later than 'hours.from'; hours do not go over midnight");
        var zone = map.Text("zone");
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found))
            throw map.Fail("zone", $"'hours.zone' is '{zone}', which this machine does not know; it must be a name like Europe/Berlin or UTC (Debian: package tzdata)");
        var days = map.List("days").SelectMany(d => Days(map, d)).ToHashSet();
        map.Done();
        return new WorkingHours(days, from, to, found);
    }

    /// <summary>"mon", or "mon..fri".</summary>
    private static IEnumerable<DayOfWeek> Days(YamlMap map, string text)
    {
        var ends = text.Split("..");
        var (first, last) = (Array.IndexOf(s_days, ends[0]), Array.IndexOf(s_days, ends[^1]));
        return ends.Length <= 2 && first >= 0 && last >= first
            ? Enumerable.Range(first, last - first + 1).Select(d => (DayOfWeek)((d + 1) % 7))
            : throw map.Fail("days", $"'hours.days' has '{text}'; it must list {string.Join(", ", s_days)}, or ranges such as mon..fri");
    }

    private static QueryRate Rate(YamlMap map)
    {
        var queries = map.Int("queries", 1, 1_000_000, 0);
        if (queries == 0) throw map.Fail("queries", "'rate.queries' is missing; it is how many queries a coordinator may ask");
        var per = map.Word("per", "hour", "day", "week") ?? throw map.Fail("per", "'rate.per' is missing; it must be hour, day or week");
        map.Done();
        return new QueryRate(queries, per switch { "hour" => TimeSpan.FromHours(1), "day" => TimeSpan.FromDays(1), _ => TimeSpan.FromDays(7) });
    }

    private static QueryNoise Mode(YamlMap root, string name) => name switch
    {
        "local" => QueryNoise.Local,
        "distributed" => QueryNoise.Distributed,
        "none" => QueryNoise.None,
        _ => throw root.Fail("noise", $"noise mode '{name}' is not one that there is; there are local, distributed and none"),
    };
}
