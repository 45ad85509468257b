using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party;

/// <summary>Everything that an outpost is configured with, read and held against each other before anything runs.</summary>
internal sealed record OutpostSetup(
    OutpostOptions Options, Identity Identity, PairSecrets PairSecrets, Policy Policy, IReadOnlyDictionary<string, Dataset> Datasets)
{
    /// <summary>Reads all files but the data's rows.</summary>
    /// <exception cref="ConfigurationException">Configuration, key, roster or policy cannot be used.</exception>
    /// <exception cref="DataSourceException">A schema cannot be used, or does not fit its data's header.</exception>
    public static OutpostSetup Load(OutpostOptions options, DateTimeOffset now)
    {
        Settings.Validate(options);
        var identity = Identity.Load(options, now);
        try
        {
            var secrets = PairSecrets.Load(options.PreSharedKeys, identity.Roster, identity.Member);
            var policy = PolicyFile.Load(options.Policy);
            var datasets = options.Datasets.ToDictionary(d => d.Key, d => Dataset.Open(d.Key, d.Value), StringComparer.Ordinal);
            CheckPolicy(policy, datasets, options.Policy);
            foreach (var dataset in datasets.Values) dataset.CheckHeader();
            return new OutpostSetup(options, identity, secrets, policy, datasets);
        }
        catch
        {
            identity.Dispose();
            throw;
        }
    }

    /// <summary>The same with the roster that is pinned now, after a <see cref="RosterSwitch"/>; what was loaded before is disposed.</summary>
    /// <exception cref="ConfigurationException">Key, roster or pin cannot be used.</exception>
    public OutpostSetup Renew(DateTimeOffset now)
    {
        Identity.Dispose();
        PairSecrets.Dispose();
        var identity = Identity.Load(Options, now);
        return this with { Identity = identity, PairSecrets = PairSecrets.Load(Options.PreSharedKeys, identity.Roster, identity.Member) };
    }

    /// <summary>Coordinators of the policy whom the roster does not know: a misspelt name, or one who has left.</summary>
    public IEnumerable<string> UnknownCoordinators() => Policy.Coordinators
        .Concat(Policy.Datasets.Values.SelectMany(d => d.Rules).SelectMany(r => r.Coordinators)).Distinct(StringComparer.Ordinal)
        .Where(c => c != Policy.Every && !Identity.Roster.Coordinators.Any(m => m.Name == c || m.Key.Fingerprint == c));

    /// <summary>Floors of the policy that no round under this roster reaches: nothing would ever be answered.</summary>
    public IEnumerable<string> UnreachableFloors()
    {
        var (parties, colluders) = (Identity.Roster.Parties.Count, Identity.Roster.MaxColluders);
        if (Policy.MinParties > parties) yield return $"floors.parties is {Policy.MinParties}, but the roster has {parties} parties";
        if (Policy.MinSurvivors > parties) yield return $"floors.survivors is {Policy.MinSurvivors}, but the roster has {parties} parties";
        if (Policy.MinColluders > colluders) yield return $"floors.colluders is {Policy.MinColluders}, but the roster withstands {colluders}";
    }

    /// <summary>A rule about something that does not exist is most likely a misspelt rule about something that does.</summary>
    private static void CheckPolicy(Policy policy, Dictionary<string, Dataset> datasets, string file)
    {
        if (policy.Datasets.Keys.FirstOrDefault(d => !datasets.ContainsKey(d)) is { } stray)
            throw new ConfigurationException($"{file}: dataset '{stray}' is not configured; Outpost:Datasets has " +
                $"{string.Join(", ", datasets.Keys)}.");
        foreach (var (name, dataset) in datasets)
        {
            if (!policy.Datasets.TryGetValue(name, out var rules))
                throw new ConfigurationException($"{file}: there are no rules for dataset '{name}'; add it under 'datasets:', or take it " +
                    "out of Outpost:Datasets.");
            if (dataset.Schema.Schema.Access == DatasetAccess.Approval && (policy.AutomaticBelowMicro > 0 || rules.Rules.Any(r => !(r.Manual ?? policy.Manual))))
                throw new ConfigurationException($"{file}: dataset '{name}' tells everybody that a person approves each query (access: approval in its " +
                    "schema), but the policy lets some be answered without; set 'approval: manual' for all of its rules and no 'automatic_below', or " +
                    "say 'access: members'.");
            var columns = dataset.Schema.Schema.Columns.Select(c => c.Name).ToList();
            foreach (var rule in rules.Rules)
            {
                if (rule.Columns.FirstOrDefault(c => c != Policy.Every && !columns.Contains(c)) is { } column)
                    throw new ConfigurationException($"{file}: dataset '{name}' has no column '{column}'; its columns are " +
                        $"{string.Join(", ", columns)}.");
                if (rule.Operations.FirstOrDefault(o => o != Policy.Every && !Operations.Names.Contains(o)) is { } operation)
                    throw new ConfigurationException($"{file}: '{operation}' is no operation; there are " +
                        $"{string.Join(", ", Operations.Names)}, or \"*\" for all.");
            }
        }
    }
}
