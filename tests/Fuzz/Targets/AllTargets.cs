using SecureAggregation.Fuzz.Engine;

namespace SecureAggregation.Fuzz.Targets;

/// <summary>Every target; README.md says which decoders each stands for.</summary>
internal static class AllTargets
{
    public static IReadOnlyList<Target> List { get; } = [.. CodecTargets.All, .. SignedTargets.All, .. RoundTargets.All, .. TextTargets.All, .. DataTargets.All, .. GrpcTargets.All, .. TileTargets.All, .. StateTargets.All];

    public static Target Named(string name) =>
        List.FirstOrDefault(t => t.Name == name) ?? throw new ArgumentException($"There is no target '{name}'; there are {string.Join(", ", List.Select(t => t.Name))}.", nameof(name));
}
