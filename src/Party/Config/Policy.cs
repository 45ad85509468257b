using System.Globalization;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Config;

/// <summary>
/// What the operator allows, as docs/outpost.md describes the file. Decisions depend on the question, the roster and this
/// file, never on data, so a refusal tells nobody anything about patients.
/// </summary>
internal sealed record Policy
{
    /// <summary>"every": stands for all operations, columns, coordinators or studies.</summary>
    public const string Every = "*";

    /// <summary>Persons who must agree before anything leaves without noise.</summary>
    public const int ExactApprovals = 2;

    /// <summary>Fewest parties by which survivors must differ where there is no noise, whatever the policy says.</summary>
    public const int ExactDifferencing = 3;

    /// <summary>Who may ask: names in the roster, or fingerprints of keys.</summary>
    public required IReadOnlySet<string> Coordinators { get; init; }

    public required IReadOnlyDictionary<string, DatasetPolicy> Datasets { get; init; }

    /// <summary>Fewest parties that must be invited.</summary>
    public int MinParties { get; init; } = 3;

    /// <summary>Fewest parties that a total must be of.</summary>
    public int MinSurvivors { get; init; } = 3;

    /// <summary>c: the roster must withstand at least so many parties that work together with the station.</summary>
    public int MinColluders { get; init; }

    /// <summary>Noise modes that are answered.</summary>
    public IReadOnlySet<QueryNoise> Noise { get; init; } = new HashSet<QueryNoise> { QueryNoise.Local };

    /// <summary>Whether a person must look at each question.</summary>
    public bool Manual { get; init; }

    /// <summary>Where a person must look: questions that cost less than this are answered without one.</summary>
    public long AutomaticBelowMicro { get; init; }

    /// <summary>When questions are answered; null: always.</summary>
    public WorkingHours? Hours { get; init; }

    /// <summary>How many questions of one coordinator are answered in a period; null: any number.</summary>
    public QueryRate? Rate { get; init; }

    /// <summary>Yes, or the code of the first rule that says no. Hours, rate, budget and approvals are looked at later: they change.</summary>
    public PolicyDecision Decide(Request request)
    {
        if (!Allows(Coordinators, request.Coordinator) && !Coordinators.Contains(request.CoordinatorKey))
            return No(RefusalCode.Policy, $"coordinator '{request.Coordinator}' may not ask here (policy: coordinators)");
        if (!Datasets.TryGetValue(request.Dataset, out var dataset))
            return No(RefusalCode.UnknownDataset, "the policy names no such dataset (policy: datasets)");
        if (!Noise.Contains(request.Noise)) return No(RefusalCode.NoiseMode, $"noise mode {request.Noise} is not allowed (policy: noise)");
        if (request.Noise == QueryNoise.None && NotExact(request) is { } exact) return No(RefusalCode.NoiseMode, exact);
        if (dataset.Rules.FirstOrDefault(r => r.IsAbout(request)) is not { } rule)
            return No(RefusalCode.Policy, $"no rule is about coordinator '{request.Coordinator}' and study '{request.Study}' (policy: datasets.{request.Dataset}.rules)");
        if (Forbidden(rule, request) is { } forbidden) return No(RefusalCode.Policy, forbidden);
        if (TooMany(dataset, request) is { } limit) return No(RefusalCode.Policy, limit);
        var cost = checked(request.EpsilonMicro * dataset.Overlap);
        if (cost > dataset.QueryMicro)
        {
            return No(RefusalCode.Budget, string.Create(
                CultureInfo.InvariantCulture,
                $"the query costs {cost / 1e6:0.######}, one may cost {dataset.QueryMicro / 1e6:0.######} at most (policy: datasets.{request.Dataset}.epsilon_per_query)"));
        }

        return Floors(request) is { } floor
            ? No(RefusalCode.Floors, floor)
            : new(RefusalCode.Unspecified, "", new PolicyGrant(cost, dataset, dataset.CapsFor(request.Study), Approvals(rule, request, cost)));
    }

    internal static bool Allows(IReadOnlySet<string> allowed, string name) => allowed.Contains(Every) || allowed.Contains(name);

    private int Approvals(AccessRule rule, Request request, long cost) => request.Noise == QueryNoise.None ? ExactApprovals
        : (rule.Manual ?? Manual) && cost >= AutomaticBelowMicro ? 1
        : 0;

    /// <summary>Station and auditors see the total before anything is withheld, so without noise only numbers over all rows that are asked for may leave.</summary>
    private static string? NotExact(Request request)
    {
        if (request.HasGroups) return "without noise nothing is answered by groups; ask with noise";
        return request.Operations.FirstOrDefault(o => !Config.Operations.Exact.Contains(o)) is { } operation
            ? $"without noise '{operation}' is not answered, only {string.Join(", ", Config.Operations.Exact)}; ask with noise"
            : null;
    }

    private static string? Forbidden(AccessRule rule, Request request)
    {
        if (request.Operations.FirstOrDefault(o => !Allows(rule.Operations, o)) is { } operation)
            return $"operation '{operation}' is not allowed on '{request.Dataset}' (policy: operations)";
        if (request.Columns.FirstOrDefault(c => !Allows(rule.Columns, c)) is { } column)
            return $"column '{column}' may not be asked about on '{request.Dataset}' (policy: columns)";
        return request.HasFilter && !rule.Filters ? $"a question on '{request.Dataset}' may not have a filter (policy: filters)" : null;
    }

    private static string? TooMany(DatasetPolicy dataset, Request request)
    {
        if (request.RowsPerPerson > dataset.RowsPerPerson)
            return $"{request.RowsPerPerson} rows of a person would count, more than {dataset.RowsPerPerson} (policy: datasets.{request.Dataset}.rows_per_person)";
        return request.GroupsPerPerson > dataset.GroupsPerPerson
            ? $"a person would count in {request.GroupsPerPerson} groups, more than {dataset.GroupsPerPerson} (policy: datasets.{request.Dataset}.groups_per_person)"
            : null;
    }

    private string? Floors(Request request)
    {
        if (request.Invited < MinParties) return $"{request.Invited} parties are invited, fewer than {MinParties} (policy: floors.parties)";
        if (request.MinSurvivors < MinSurvivors)
            return $"the round may end with {request.MinSurvivors} parties, fewer than {MinSurvivors} (policy: floors.survivors)";
        return request.Colluders < MinColluders
            ? $"the roster withstands {request.Colluders} colluders, fewer than {MinColluders} (policy: floors.colluders)"
            : null;
    }

    private static PolicyDecision No(RefusalCode code, string why) => new(code, why, null);
}
