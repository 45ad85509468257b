namespace SecureAggregation.Statistics.Internal;

/// <summary>How an interval was found, in words for people.</summary>
internal static class Methods
{
    public const string NoNoise = "exact";
    public const string Exact = "exact distribution of the noise";
    public const string Fieller = "Fieller's method with the exact distribution of the noise";
    public const string Rank = "ranks within the exact distribution of the noise";
    public const string Profile = "profile over the mean's interval with the exact distribution of the noise";
}
