using SecureAggregation.Party.Storage;

namespace SecureAggregation.Party.Config;

/// <summary>The rules of one dataset.</summary>
internal sealed record DatasetPolicy
{
    /// <summary>Who may ask what; the first rule that is about who asks decides.</summary>
    public required IReadOnlyList<AccessRule> Rules { get; init; }

    /// <summary>Most that one query may cost, in millionths of ε.</summary>
    public required long QueryMicro { get; init; }

    /// <summary>Most that all queries may ever cost together: the hard cap.</summary>
    public required long TotalMicro { get; init; }

    public long? CoordinatorMicro { get; init; }

    /// <summary>Most that the queries of one study may cost, where <see cref="Studies"/> has no number of its own for it.</summary>
    public long? StudyMicro { get; init; }

    public IReadOnlyDictionary<string, long> Studies { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>m: in how many parties' data one person may be. A query costs m times its ε.</summary>
    public int Overlap { get; init; } = 1;

    public int RowsPerPerson { get; init; } = int.MaxValue;

    public int GroupsPerPerson { get; init; } = int.MaxValue;

    /// <summary>Rows that the data's versions must have grown by before the same query is answered anew.</summary>
    public long RefreshRows { get; init; }

    /// <summary>k: fewest parties by which survivors of queries with one filter must differ if they differ; 0: not looked at.</summary>
    public int DifferencingParties { get; init; }

    /// <summary>What may be spent by a coordinator and for a study.</summary>
    public BudgetCaps CapsFor(string study) => new(TotalMicro, CoordinatorMicro, Studies.TryGetValue(study, out var own) ? own : StudyMicro);
}

/// <summary>Who may ask what.</summary>
internal sealed record AccessRule
{
    /// <summary>Whom the rule is about: names in the roster, fingerprints, or <see cref="Policy.Every"/>.</summary>
    public required IReadOnlySet<string> Coordinators { get; init; }

    /// <summary>Which studies the rule is about, or <see cref="Policy.Every"/>.</summary>
    public required IReadOnlySet<string> Studies { get; init; }

    public required IReadOnlySet<string> Operations { get; init; }

    public required IReadOnlySet<string> Columns { get; init; }

    /// <summary>Whether a question may count some of the rows only.</summary>
    public bool Filters { get; init; } = true;

    /// <summary>Whether a person must look at the question; null: as the policy has it for all.</summary>
    public bool? Manual { get; init; }

    public bool IsAbout(Request request) =>
        (Policy.Allows(Coordinators, request.Coordinator) || Coordinators.Contains(request.CoordinatorKey)) && Policy.Allows(Studies, request.Study);
}
