using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Config;

/// <summary>Reads the policy file.</summary>
internal static class PolicyFile
{
    private const int MaxBytes = 256 * 1024;

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
        var policy = new Policy
        {
            Coordinators = Set(root.List("coordinators")),
            Noise = root.Has("noise")
                ? new HashSet<QueryNoise>(root.List("noise").Select(n => Mode(root, n)))
                : new HashSet<QueryNoise> { QueryNoise.Local },
            Datasets = Datasets(root),
        };
        if (root.Map("floors") is { } floors)
        {
            policy = policy with
            {
                MinParties = floors.Int("parties", 3, Protocol.Limits.Parties, policy.MinParties),
                MinSurvivors = floors.Int("survivors", 3, Protocol.Limits.Parties, policy.MinSurvivors),
                MinColluders = floors.Int("colluders", 0, Protocol.Limits.Parties, policy.MinColluders),
            };
            floors.Done();
        }

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
            var map = all.Map(name)!;
            var total = map.MicroEpsilon("epsilon_total") ?? throw map.Fail("epsilon_total", $"'datasets.{name}.epsilon_total' is " +
                "missing; it is the most that all queries together may cost");
            rules[name] = new DatasetPolicy
            {
                Operations = Set(map.List("operations", Policy.Every)),
                Columns = Set(map.List("columns", Policy.Every)),
                QueryMicro = map.MicroEpsilon("epsilon_per_query")
                    ?? throw map.Fail("epsilon_per_query", $"'datasets.{name}.epsilon_per_query' is missing; it is the most that one " +
                        "query may cost"),
                Caps = new BudgetCaps(total, map.MicroEpsilon("epsilon_per_coordinator")),
            };
            if (rules[name].QueryMicro > total)
                throw map.Fail("epsilon_per_query", $"'datasets.{name}.epsilon_per_query' is larger than epsilon_total; it must not be");
            map.Done();
        }

        all.Done();
        return rules;
    }

    private static QueryNoise Mode(YamlMap root, string name) => name switch
    {
        "local" => QueryNoise.Local,
        _ => throw root.Fail("noise", $"noise mode '{name}' is not one that this outpost adds; write [ local ]"),
    };

    private static HashSet<string> Set(IReadOnlyList<string> names) => names.ToHashSet(StringComparer.Ordinal);
}
