using SecureAggregation.Party.Data;

namespace SecureAggregation.Party.Tests.Data;

internal static class TestSelection
{
    /// <summary>For sources that read all of a file whatever is asked.</summary>
    public static Selection Everything { get; } = new([], null, false);
}
