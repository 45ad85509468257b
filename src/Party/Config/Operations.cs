using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Config;

/// <summary>Operations by the names that a policy file uses, which are those of queries.</summary>
internal static class Operations
{
    public static IReadOnlyList<string> Names { get; } = [.. MeasureKinds.All.Select(Name)];

    public static string Name(MeasureKind kind) => kind.Word();
}
