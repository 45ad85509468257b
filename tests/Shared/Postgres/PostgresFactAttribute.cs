namespace SecureAggregation.Testing;

/// <summary>A test against a real PostgreSQL server, skipped where none is installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute()
    {
        if (PostgresServer.Missing is { } reason) Skip = reason;
    }
}
