using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Config;

/// <summary>What a policy looks at: facts of the question and the roster, nothing else.</summary>
internal sealed record Request
{
    /// <summary>Name in the roster of who asks.</summary>
    public required string Coordinator { get; init; }

    /// <summary>Fingerprint of that key.</summary>
    public required string CoordinatorKey { get; init; }

    /// <summary>The study that the question names; empty if none.</summary>
    public string Study { get; init; } = "";

    public required string Dataset { get; init; }

    /// <summary>Kinds of statistics asked for.</summary>
    public required IReadOnlyCollection<string> Operations { get; init; }

    /// <summary>Columns that occur anywhere in the question: measured, filtered or grouped by.</summary>
    public required IReadOnlyCollection<string> Columns { get; init; }

    public bool HasFilter { get; init; }

    public bool HasGroups { get; init; }

    public int RowsPerPerson { get; init; } = 1;

    public int GroupsPerPerson { get; init; } = 1;

    /// <summary>The question's ε in millionths.</summary>
    public required long EpsilonMicro { get; init; }

    public required QueryNoise Noise { get; init; }

    /// <summary>Parties invited.</summary>
    public required int Invited { get; init; }

    /// <summary>Fewest parties of which a total will be opened: the larger of the query's and the roster's number.</summary>
    public required int MinSurvivors { get; init; }

    /// <summary>The roster's c.</summary>
    public required int Colluders { get; init; }
}

/// <summary>A policy's answer: a grant, or the code of the first rule that says no, with a sentence for the operator's own log.</summary>
internal readonly record struct PolicyDecision(RefusalCode Code, string Why, PolicyGrant? Grant);

/// <summary>What a question gets, so far as the policy alone decides.</summary>
/// <param name="CostMicro">What it is charged, in millionths of ε: the question's ε times the overlap.</param>
/// <param name="Rules">The rules of its dataset.</param>
/// <param name="Caps">What may be spent in all, by its coordinator and for its study.</param>
/// <param name="Approvals">How many persons must have looked at it; 0 if none.</param>
internal sealed record PolicyGrant(long CostMicro, DatasetPolicy Rules, BudgetCaps Caps, int Approvals);
