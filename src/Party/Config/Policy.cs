using SecureAggregation.Crypto;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Config;

/// <summary>
/// What the operator allows, as docs/outpost.md describes the file. Decisions depend on the question, the roster and this
/// file, never on data, so a refusal tells nobody anything about patients.
/// </summary>
internal sealed record Policy
{
    /// <summary>"every": stands for all operations or columns.</summary>
    public const string Every = "*";

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

    /// <summary>Yes, or the code of the first rule that says no, with a sentence for the operator's own log.</summary>
    public PolicyDecision Decide(Request request)
    {
        if (!Coordinators.Contains(request.Coordinator) && !Coordinators.Contains(request.CoordinatorKey))
            return No(RefusalCode.Policy, $"coordinator '{request.Coordinator}' may not ask here (policy: coordinators)");
        if (!Datasets.TryGetValue(request.Dataset, out var dataset))
            return No(RefusalCode.UnknownDataset, "the policy names no such dataset (policy: datasets)");
        if (!Noise.Contains(request.Noise)) return No(RefusalCode.NoiseMode, $"noise mode {request.Noise} is not allowed (policy: noise)");
        if (request.Operations.FirstOrDefault(o => !Allows(dataset.Operations, o)) is { } operation)
            return No(RefusalCode.Policy, $"operation '{operation}' is not allowed on '{request.Dataset}' (policy: operations)");
        if (request.Columns.FirstOrDefault(c => !Allows(dataset.Columns, c)) is { } column)
            return No(RefusalCode.Policy, $"column '{column}' may not be asked about on '{request.Dataset}' (policy: columns)");
        if (request.EpsilonMicro > dataset.QueryMicro)
            return No(RefusalCode.Budget, $"one query may cost less (policy: datasets.{request.Dataset}.epsilon_per_query)");
        if (request.Invited < MinParties)
            return No(RefusalCode.Floors, $"{request.Invited} parties are invited, fewer than {MinParties} (policy: floors.parties)");
        if (request.MinSurvivors < MinSurvivors)
            return No(RefusalCode.Floors, $"the round may end with {request.MinSurvivors} parties, fewer than {MinSurvivors} (policy: " +
                "floors.survivors)");
        return request.Colluders < MinColluders
            ? No(RefusalCode.Floors, $"the roster withstands {request.Colluders} colluders, fewer than {MinColluders} (policy: " +
                "floors.colluders)")
            : new(RefusalCode.Unspecified, "", dataset.Caps);
    }

    private static bool Allows(IReadOnlySet<string> allowed, string name) => allowed.Contains(Every) || allowed.Contains(name);

    private static PolicyDecision No(RefusalCode code, string why) => new(code, why, null);
}

/// <summary>The rules of one dataset.</summary>
internal sealed record DatasetPolicy
{
    public required IReadOnlySet<string> Operations { get; init; }

    public required IReadOnlySet<string> Columns { get; init; }

    /// <summary>Most that one query may cost, in millionths of ε.</summary>
    public required long QueryMicro { get; init; }

    /// <summary>Most that all queries may cost together, and those of one coordinator.</summary>
    public required BudgetCaps Caps { get; init; }
}

/// <summary>What a policy looks at: facts of the question and the roster.</summary>
/// <param name="Coordinator">Name in the roster of who asks.</param>
/// <param name="CoordinatorKey">Fingerprint of that key.</param>
/// <param name="Dataset">Dataset asked about.</param>
/// <param name="Operations">Kinds of statistics asked for.</param>
/// <param name="Columns">Columns that occur anywhere in the question: measured, filtered or grouped by.</param>
/// <param name="EpsilonMicro">What the answer costs, in millionths of ε.</param>
/// <param name="Noise">The noise mode.</param>
/// <param name="Invited">Parties invited.</param>
/// <param name="MinSurvivors">Fewest parties of which a total will be opened: the larger of the query's and the roster's number.</param>
/// <param name="Colluders">The roster's c.</param>
internal sealed record Request(
    string Coordinator,
    string CoordinatorKey,
    string Dataset,
    IReadOnlyCollection<string> Operations,
    IReadOnlyCollection<string> Columns,
    long EpsilonMicro,
    QueryNoise Noise,
    int Invited,
    int MinSurvivors,
    int Colluders);

/// <summary>A policy's answer; <see cref="RefusalCode.Unspecified"/> is yes.</summary>
internal readonly record struct PolicyDecision(RefusalCode Code, string Why, BudgetCaps? Caps);
