namespace SecureAggregation.Testing;

/// <summary>No test can hang: every await that could wait for the outside goes through here.</summary>
public static class AsyncGuard
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Task<T> Guard<T>(this Task<T> task) => task.WaitAsync(Limit);

    public static Task Guard(this Task task) => task.WaitAsync(Limit);
}
