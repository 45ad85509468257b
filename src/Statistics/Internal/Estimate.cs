namespace SecureAggregation.Statistics.Internal;

/// <summary>A value with its interval.</summary>
internal readonly record struct Estimate(double Value, double Low, double High);
