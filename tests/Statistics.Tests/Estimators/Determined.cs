using SecureAggregation.Statistics.Internal.Estimators;

namespace SecureAggregation.Statistics.Tests.Estimators;

internal static class Determined
{
    /// <summary>The value of an answer that must have one.</summary>
    public static T Value<T>(this Answer<T> answer)
    {
        Assert.True(answer.TryGet(out var value), $"not determined: {answer.Reason}");
        return value!;
    }
}
