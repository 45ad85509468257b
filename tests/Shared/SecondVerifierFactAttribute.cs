namespace SecureAggregation.Testing;

/// <summary>A test with the second verifier, skipped where Python has no cryptography.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SecondVerifierFactAttribute : FactAttribute
{
    public SecondVerifierFactAttribute()
    {
        if (SecondVerifier.Missing is { } reason) Skip = reason;
    }
}
