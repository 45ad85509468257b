namespace SecureAggregation.Party;

/// <summary>What this program calls itself.</summary>
internal static class Software
{
    public static string Text { get; } = $"secagg-outpost/{typeof(Software).Assembly.GetName().Version?.ToString(3)}";
}
